/* TLS: what is trusted, and a reason for each refusal (L-1 to L-5, L-8 to L-10). */
#include "check.h"
#include <fcntl.h>

static bearer_client *client_at(const char *url_member, const char *http_members)
{
    char *http = swap_quotes(http_members);
    return client_of(json("{'base_url':'%s','token':{'access_token':'%s'},'http':{%s}}", json_text(server, url_member),
                          json_text(issue("{}"), "access_token"), http));
}

static char *trusting(void)
{
    return format("'ca_file':'%s'", json_text(server, "ca_file"));
}

static void works(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'token':%s,'http':{'ca_file':'%s'}}",
                                           json_text(server, "https_url"), issue_expired(), json_text(server, "ca_file")));
    reset();
    char *echo = get_text(client, "api/lights");
    CHECK_TEXT(json_text(echo, "path"), "/api/lights");
    CHECK_NUMBER(counter("refreshes"), 1);
    const uint8_t *bytes;
    size_t len;
    bearer_response *response = ask(client, "GET", "api/bytes/1000000");
    OK(bearer_response_body(response, &bytes, &len, &error));
    CHECK_NUMBER(len, 1000000);
    bearer_response_free(response);
    char *body = malloc(1000000);
    memset(body, 'b', 1000000);
    OK(bearer_client_request(client, "PUT", "api/x", body, 1000000, &response, &error));
    CHECK_NUMBER(json_number(body_of(response), "body_length"), 1000000);
    free(body);
    /* One connection for them all. */
    char *connections = json_raw(control("GET", "state", NULL), "connections");
    CHECK_NUMBER(json_number(connections, "https"), 1);
    bearer_client_free(client);
}

static void refused(void)
{
    static const struct {
        const char *url, *reason;
    } rows[] = {
        {"expired_url", "certificate_expired"}, /* L-1 */
        {"not_yet_url", "not_yet"},             /* L-2 */
        {"wrong_name_url", "wrong_name"},       /* L-3 */
        {"unknown_ca_url", "unknown_issuer"},   /* L-5 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bearer_client *client = client_at(rows[i].url, trusting());
        bearer_response *response;
        reset();
        EXPECT(bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error), BEARER_TLS, rows[i].reason);
        CHECK(response == NULL);
        CHECK_NUMBER(counter("api_requests"), 0);
        /* A renewal as well; nothing was sent, so the refresh token is not in doubt. */
        char *token = issue_expired();
        OK(bearer_client_set_token(client, token, &error));
        EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_TLS, rows[i].reason);
        CHECK_TEXT(held_token(client), token);
        CHECK_NUMBER(counter("token_requests"), 0);
        bearer_client_free(client);
    }
    /* Mozilla's authorities, where they are built in, know nothing of the test server's. */
    bearer_client *client;
    bearer_response *response;
    const char *mozilla = json("{'base_url':'%s','token':{'access_token':'a'},'http':{'roots':'mozilla'}}",
                               json_text(server, "https_url"));
    if (strstr(bearer_build_json(), "mozilla-roots")) {
        OK(bearer_client_new(mozilla, &client, &error));
        EXPECT(bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error), BEARER_TLS, "unknown_issuer");
        bearer_client_free(client);
    } else {
        EXPECT(bearer_client_new(mozilla, &client, &error), BEARER_UNSUPPORTED, "not_built");
    }
    /* https to a plain port. */
    client = client_of(json("{'base_url':'https%s','token':{'access_token':'a'},'http':{'timeout_s':10}}", server_url + 4));
    EXPECT(bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error), BEARER_TLS, "handshake");
    bearer_client_free(client);
}

static void client_certificates(void)
{
    bearer_client *client = client_at("mtls_url", trusting());
    bearer_response *response;
    /* L-8 */
    bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    EXPECT(status, BEARER_TLS, "handshake");
    bearer_client_free(client);
    client = client_at("mtls_url", format("%s,'client_cert_file':'%s','client_key_file':'%s'", trusting(),
                                          json_text(server, "client_cert_file"), json_text(server, "client_key_file")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

static char *file_with(const char *name, const void *bytes, size_t len)
{
    char *path = format("/tmp/libbearer-https-%ld-%s", (long)getpid(), name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file >= 0 && write(file, bytes, len) == (ssize_t)len);
    close(file);
    return path;
}

static void bad_files(void)
{
    const char *ca = json_text(server, "ca_file"), *cert = json_text(server, "client_cert_file"),
               *key = json_text(server, "client_key_file");
    char *garbage = file_with("garbage", "\0\1\2garbage", 10), *empty = file_with("empty", "", 0);
    static const char broken_pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    char *broken = file_with("broken", broken_pem, sizeof broken_pem - 1);
    const struct {
        const char *http, *reason;
    } rows[] = {
        /* L-10 */
        {format("'ca_file':'%s'", garbage), "file"},
        {format("'ca_file':'%s'", empty), "file"},
        {format("'ca_file':'%s'", broken), "file"},
        {format("'ca_file':'%s'", key), "file"},
        {"'ca_file':'/nonexistent/ca.pem'", "file"},
        {"'ca_file':'/'", "file"},
        /* L-9 */
        {format("'client_cert_file':'%s','client_key_file':'%s'", cert, garbage), "file"},
        {format("'client_cert_file':'%s','client_key_file':'%s'", garbage, key), "file"},
        {format("'client_cert_file':'%s','client_key_file':'%s'", cert, cert), "file"},
        {format("'client_cert_file':'%s','client_key_file':'%s'", key, key), "file"},
        {format("'client_cert_file':'%s','client_key_file':'%s'", ca, key), "file"}, /* of another pair */
        {format("'client_cert_file':'%s'", cert), "conflict"},
        {format("'client_key_file':'%s'", key), "conflict"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bearer_client *client;
        char *http = swap_quotes(rows[i].http);
        bearer_status status = bearer_client_new(json("{'base_url':'https://api.example','http':{%s}}", http), &client, &error);
        char *reason = json_text(bearer_error_json(error), "reason");
        SOFT_CHECK(status == BEARER_INVALID_ARGUMENT && reason && strcmp(reason, rows[i].reason) == 0, "row %zu, %s: %s %s", i,
                   http, bearer_status_name(status), error ? bearer_error_json(error) : "");
        SOFT_CHECK(client == NULL, "row %zu", i);
        if (status != BEARER_OK) {
            SOFT_CHECK(strncmp(bearer_error_message(error), "http.", 5) == 0, "row %zu: %s", i, bearer_error_message(error));
        }
        bearer_client_free(client);
        bearer_error_free(error);
        error = NULL;
    }
    unlink(garbage);
    unlink(empty);
    unlink(broken);
}

/* An end without close_notify is no end. */
static void cut_short(void)
{
    bearer_client *client = client_at("https_url", trusting());
    const uint8_t *bytes;
    size_t len;
    bearer_response *response;
    for (int abrupt = 0; abrupt < 2; abrupt++) {
        fault(json("{'path':'/api/','truncate_at':500%s}", abrupt ? ",\"no_close_notify\":true" : ""));
        response = ask(client, "GET", "api/bytes/1000");
        EXPECT(bearer_response_body(response, &bytes, &len, &error), BEARER_PROTOCOL, "truncated");
        bearer_response_free(response);
    }
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    works();
    refused();
    client_certificates();
    cut_short();
    bad_files();
    return finish();
}
