/* An API whose key never changes:  ./fixed_token http://example.com/api lights  */
#include <bearer.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    const uint8_t *body;
    size_t len;
    char config[512];
    if (argc != 3)
        return 2;

    /* The value is sent as it stands: "authorization: secret". */
    snprintf(config, sizeof config, "{\"base_url\": \"%s\", \"authorization\": \"secret\"}", argv[1]);
    bearer_status status = bearer_client_new(config, &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        status = bearer_response_body(response, &body, &len, &error);
    if (status == BEARER_OK)
        printf("HTTP response status code %d\n%s\n", bearer_response_status(response), (const char *)body);
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    return status != BEARER_OK;
}
