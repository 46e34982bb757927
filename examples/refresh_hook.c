/*
 * Renewal through a service of your own, which holds the client secret:
 *     ./refresh_hook CONFIG lights SERVICE_URL refresh_token/netatmo
 */
#include <bearer.h>
#include <stdio.h>
#include <string.h>

struct service {
    bearer_client *client;
    const char *path;
};

/* Asked for a new token set in place of the token endpoint; token_json is the set to renew. */
static bearer_status refresh(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct service *service = user_data;
    bearer_response *response = NULL;
    const uint8_t *body;
    bearer_status status;
    if (token_json == NULL)
        return bearer_reply_error(reply, BEARER_LOGIN_REQUIRED, "there is nothing to renew");

    puts("the service is asked for a new token");
    status = bearer_client_request(service->client, "POST", service->path, token_json, strlen(token_json),
                                   &response, NULL);
    if (status == BEARER_OK)
        status = bearer_response_body(response, &body, NULL, NULL);
    if (status != BEARER_OK)
        status = bearer_reply_error(reply, status, "the service cannot be reached");
    else if (bearer_response_status(response) == 200)
        status = bearer_reply_token(reply, (const char *)body);
    else if (bearer_response_status(response) < 500)
        status = bearer_reply_error(reply, BEARER_LOGIN_REQUIRED, "the service renews this session no more");
    else
        status = bearer_reply_error(reply, BEARER_UNAVAILABLE, "the service is down");
    bearer_response_free(response);
    return status;
}

int main(int argc, char **argv)
{
    struct service service = {NULL, NULL};
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    char config[512];
    if (argc != 5)
        return 2;

    snprintf(config, sizeof config, "{\"base_url\": \"%s\", \"authorization\": \"service key\"}", argv[3]);
    service.path = argv[4];
    bearer_status status = bearer_client_new(config, &service.client, &error);
    if (status == BEARER_OK)
        status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_client_on_refresh(client, refresh, &service, NULL, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        printf("HTTP status %d\n", bearer_response_status(response));
    else
        fprintf(stderr, "%s\n", bearer_error_json(error));

    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    bearer_client_free(service.client);
    return status != BEARER_OK;
}
