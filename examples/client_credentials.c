/* A service without a person: finds its server, proves who it is by a private key, gets and renews its tokens by itself.
 * ./client_credentials https://auth.example.com https://api.example.com/v1 my-service key.pem lights  */
#include <bearer.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    const uint8_t *body;
    size_t len;
    char config[2048];
    if (argc != 6)
        return 2;

    /* A real program leaves this to its JSON library: names with quotes in them would break it. */
    snprintf(config, sizeof config,
             "{\"issuer\": \"%s\", \"base_url\": \"%s\", \"grant\": {\"grant_type\": \"client_credentials\"},"
             " \"client\": {\"client_id\": \"%s\", \"private_key_file\": \"%s\"}}",
             argv[1], argv[2], argv[3], argv[4]);
    bearer_status status = bearer_client_new(config, &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[5], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        status = bearer_response_body(response, &body, &len, &error);
    if (status == BEARER_OK)
        printf("%d\n%s\n", bearer_response_status(response), (const char *)body);
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    return status != BEARER_OK;
}
