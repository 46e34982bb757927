/* A request with a token that is kept valid:  ./quickstart "$(cat config.json)" lights  */
#include <bearer.h>
#include <stdio.h>

/* Told of every new token set before it is used. Here is where yours is stored (store_token.c shows how). */
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    puts("a new token, to be saved");
    return BEARER_OK;
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    const uint8_t *body;
    size_t len;
    if (argc != 3)
        return 2;

    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_on_token(client, save, NULL, NULL, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
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
