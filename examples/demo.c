/*
 * What the library is for, step by step: a request with an expired token, which is renewed, saved and used.
 *     ./demo URL    (of a bearer-testserver; demo.sh starts one)
 */
#include <bearer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every call of the demo must succeed. */
static void must(bearer_status status, bearer_error *error, const char *call)
{
    if (status == BEARER_OK)
        return;
    fprintf(stderr, "%s: %s\n", call, error != NULL ? bearer_error_json(error) : bearer_status_name(status));
    exit(1);
}

/* The set comes here before anything uses it: if it cannot be saved, it is offered again. */
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    int *saved = user_data;
    (void)reply;
    *saved += 1;
    printf("     on_token: %zu bytes of JSON to store\n", strlen(token_json));
    return BEARER_OK;
}

/* Tokens appear in events only as the first digits of their SHA-256. */
static void hear(void *user_data, bearer_level level, const char *event_json)
{
    (void)user_data, (void)level;
    printf("     %s\n", event_json);
}

/* A token set that the server issued half an hour and a minute ago: it is expired, its refresh token is good. */
static void get_expired_token(const char *url, char *token_json, size_t capacity)
{
    static const char request[] = "{\"expired\": true}";
    bearer_client *control = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    const uint8_t *body;
    char config[512];
    snprintf(config, sizeof config, "{\"base_url\": \"%s/control\", \"authorization\": \"none\"}", url);
    must(bearer_client_new(config, &control, &error), error, "bearer_client_new");
    must(bearer_client_request(control, "POST", "issue", request, strlen(request), &response, &error), error,
         "bearer_client_request");
    must(bearer_response_body(response, &body, NULL, &error), error, "bearer_response_body");
    snprintf(token_json, capacity, "%s", (const char *)body);
    bearer_response_free(response);
    bearer_client_free(control);
}

static void get(bearer_client *client, const char *path)
{
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    const uint8_t *body;
    size_t len;
    printf("     GET %s\n", path);
    must(bearer_client_request(client, "GET", path, NULL, 0, &response, &error), error, "bearer_client_request");
    must(bearer_response_body(response, &body, &len, &error), error, "bearer_response_body");
    printf("     answer: HTTP %d, %zu bytes\n", bearer_response_status(response), len);
    if (bearer_response_status(response) != 200)
        exit(1);
    bearer_response_free(response);
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_error *error = NULL;
    char token_json[2048], config[4096], *stats = NULL;
    int saved = 0;
    if (argc != 2)
        return 2;

    printf("\nlibbearer %s, with an authorization server and an API at %s\n", bearer_version(), argv[1]);

    puts("\n  1. A token set that was stored long ago: its access token has expired");
    get_expired_token(argv[1], token_json, sizeof token_json);
    snprintf(config, sizeof config,
             "{\"base_url\": \"%s\", \"client\": {\"client_id\": \"test-client\", \"client_secret\": \"test-secret\"},"
             " \"token\": %s}",
             argv[1], token_json);
    must(bearer_client_new(config, &client, &error), error, "bearer_client_new");
    must(bearer_client_on_token(client, save, &saved, NULL, &error), error, "bearer_client_on_token");
    must(bearer_client_on_log(client, hear, NULL, NULL, BEARER_LEVEL_DEBUG, &error), error, "bearer_client_on_log");

    puts("\n  2. A request: the token is renewed, saved, and only then used");
    get(client, "api/lights");

    puts("\n  3. The next request uses it as it is");
    get(client, "api/lights");

    must(bearer_client_stats(client, &stats, &error), error, "bearer_client_stats");
    printf("\n  What the client did: %s\n\n", stats);
    int as_promised = saved == 1 && strstr(stats, "\"renewals\":1,") != NULL;
    bearer_free(stats);
    bearer_client_free(client);
    return as_promised ? 0 : 1;
}
