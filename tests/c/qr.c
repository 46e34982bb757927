/* QR codes for a terminal. That they can be read again is seen in src/qr.rs and tests/examples.rs. */
#include "check.h"

int main(int argc, char **argv)
{
    begin(argc, argv);
    char *qr = "x";
    if (!strstr(bearer_build_json(), "\"qr\"")) {
        EXPECT(bearer_qr_text("x", &qr, &error), BEARER_UNSUPPORTED, "not_built");
        CHECK(qr == NULL);
        return finish();
    }
    OK(bearer_qr_text("https://auth.example.com/device?user_code=WDJB-MJHT", &qr, &error));
    size_t lines = 0, cells = 0;
    for (const char *at = qr; *at; at++) {
        lines += *at == '\n';
        cells += *at == ' ' || (*at & 0xc0) == 0xc0;
    }
    /* Version 4: 33 modules and the margin, two rows in a line. */
    CHECK_NUMBER(lines, 21);
    CHECK_NUMBER(cells, 41 * 21);
    bearer_free(qr);
    OK(bearer_qr_text("x", NULL, &error));

    qr = "x";
    EXPECT(bearer_qr_text(format("%03000d", 0), &qr, &error), BEARER_TOO_LARGE, "qr_size");
    CHECK(qr == NULL);
    EXPECT(bearer_qr_text("\xff", &qr, &error), BEARER_INVALID_ARGUMENT, "utf8");
    EXPECT(bearer_qr_text(NULL, &qr, &error), BEARER_INVALID_ARGUMENT, "null");
    return finish();
}
