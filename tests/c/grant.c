/* client_credentials by configuration: the client gets and renews its token by itself. */
#include "check.h"

static int saved;
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)reply;
    CHECK(json_text(token_json, "access_token") != NULL);
    saved++;
    return BEARER_OK;
}

static void by_itself(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'grant':{'grant_type':'client_credentials',"
                                           "'audience':'a b&c','number':7,'flag':true,'none':null}}",
                                           server_url));
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(counter("token_requests"), 1);
    char *log = control("GET", "log", NULL);
    char *body = json_text(log, "body_text");
    CHECK(strstr(body, "grant_type=client_credentials") != NULL);
    CHECK(strstr(body, "audience=a+b%26c") != NULL || strstr(body, "audience=a%20b%26c") != NULL);
    CHECK(strstr(body, "number=7") != NULL);
    CHECK(strstr(body, "flag=true") != NULL);
    CHECK(strstr(body, "none") == NULL);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 1);

    /* Refused: another one. */
    char *first = held_token(client);
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(first, "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 2);
    CHECK(strcmp(json_text(held_token(client), "access_token"), json_text(first, "access_token")) != 0);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("token_requests"), 3);
    CHECK_NUMBER(saved, 3);

    /* A token that was stored is used, and renewed by the grant where it has no refresh token. */
    OK(bearer_client_set_token(client, json("{'access_token':'at-old','expires_at':1}"), &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 4);
    bearer_client_free(client);
}

/* A dead refresh token is no end where the grant needs no person. */
static void after_a_dead_refresh_token(void)
{
    char *old = issue_expired();
    control("POST", "invalidate", json("{'refresh_token':'%s'}", json_text(old, "refresh_token")));
    bearer_client *client = client_with_token(old, "'grant':{'grant_type':'client_credentials'}");
    reset();
    bearer_response *response;
    bearer_status first = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    if (first == BEARER_OK) { /* at once, or with the next call */
        CHECK_NUMBER(bearer_response_status(response), 200);
        bearer_response_free(response);
    } else {
        EXPECT(first, BEARER_LOGIN_REQUIRED, "invalid_grant");
    }
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refresh_failures"), 1);
    CHECK_NUMBER(counter("token_requests"), 2);
    bearer_client_free(client);
}

static void wrong(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s','client':{'client_id':'test-client','client_secret':'no'},"
                                           "'grant':{'grant_type':'client_credentials'}}",
                                           server_url));
    bearer_response *response;
    bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);

    EXPECT(bearer_client_new(json("{'base_url':'%s','grant':{'scope':'x'}}", server_url), &client, &error),
           BEARER_INVALID_ARGUMENT, "member");
    EXPECT(bearer_client_new(json("{'base_url':'%s','grant':{'grant_type':'x','a':[1]}}", server_url), &client, &error),
           BEARER_INVALID_ARGUMENT, "member");
    EXPECT(bearer_client_new(json("{'grant':{'grant_type':'x'}}"), &client, &error), BEARER_INVALID_ARGUMENT, "conflict");
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    by_itself();
    after_a_dead_refresh_token();
    wrong();
    return finish();
}
