/* Your own token manager decides which token is valid:  ./token_provider URL lights TOKEN NEXT_TOKEN  */
#include <bearer.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct token_manager {
    const char *access_token;
    const char *next; /* what fetching brings: a stand-in for however yours gets a token */
};

/*
 * "Return a valid access token", asked at every request. `rejected` is the token that the API has just answered
 * 401 to, or NULL. One client may be used by many threads, so a real manager takes its lock here.
 */
static bearer_status access_token(void *user_data, const char *rejected, bearer_reply *reply)
{
    struct token_manager *manager = user_data;
    bool is_valid = rejected == NULL || strcmp(rejected, manager->access_token) != 0;
    if (!is_valid) {
        puts("the token manager fetches another token");
        manager->access_token = manager->next;
    }
    return bearer_reply_token(reply, manager->access_token);
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    char config[512];
    if (argc != 5)
        return 2;

    struct token_manager manager = {argv[3], argv[4]};
    snprintf(config, sizeof config, "{\"base_url\": \"%s\"}", argv[1]);
    bearer_status status = bearer_client_new(config, &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_on_access_token(client, access_token, &manager, NULL, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        printf("HTTP status %d\n", bearer_response_status(response));
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    return status != BEARER_OK;
}
