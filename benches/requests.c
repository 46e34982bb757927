/* N requests on one kept connection, for whoever counts system calls. */
#include "bench.h"

int main(int argc, char **argv)
{
    CHECK_NUMBER(argc, 3);
    bearer_client *client = client_of(json("{'authorization':'secret','base_url':'%s'}", argv[1]));
    /* The first one connects. */
    for (long i = -1; i < strtol(argv[2], NULL, 10); i++) {
        bearer_response *response;
        OK(bearer_client_request(client, "GET", "fixed/bytes/100", NULL, 0, &response, &error));
        CHECK_NUMBER(bearer_response_status(response), 200);
        size_t len;
        OK(bearer_response_body(response, NULL, &len, &error));
        CHECK_NUMBER(len, 100);
        bearer_response_free(response);
    }
    return 0;
}
