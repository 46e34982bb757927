/* Account linking by configuration alone: an external service holds the client secret and renews. */
#include "check.h"

static bearer_client *linked(const char *token, const char *body)
{
    return client_of(json("{'base_url':'%s','token':%s,'refresh':{'endpoint':'%s/link/refresh_token/netatmo','body':'%s'}}",
                          server_url, token, server_url, body));
}

static void renews(void)
{
    char *old = issue_expired();
    bearer_client *client = linked(old, "json");
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("link_refreshes"), 1);
    CHECK_NUMBER(counter("token_requests"), 0);
    char *log = control("GET", "log", NULL);
    /* The refresh token and nothing else. */
    CHECK_TEXT(json_text(log, "body_text"), format("{\"refresh_token\":\"%s\"}", json_text(old, "refresh_token")));
    CHECK(strstr(log, "/link/refresh_token/netatmo") != NULL);
    CHECK(strstr(log, "application/json") != NULL);
    CHECK_NUMBER(count_of(log, "\"authorization\""), 1); /* the API request's */
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("link_refreshes"), 2);

    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("link_refreshes"), 3);
    bearer_client_free(client);
}

static void refused(void)
{
    char *token = json("{'access_token':'at-old','refresh_token':'rt-nobodys','expires_at':1}");
    bearer_client *client = linked(token, "json");
    reset();
    for (int i = 1; i <= 2; i++) {
        bearer_response *response;
        bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
        const char *details = bearer_error_json(error);
        CHECK_NUMBER(json_number(details, "http_status"), 400);
        CHECK(!json_has(details, "oauth_error"));
        CHECK_TEXT(json_text(details, "url"), format("%s/link/refresh_token/netatmo", server_url));
        CHECK(strstr(details, "rt-") == NULL);
        EXPECT(status, BEARER_REJECTED, "unknown_error");
        CHECK_NUMBER(counter("refresh_failures"), i); /* a bare 400 ends no session: the next call asks again */
        CHECK_TEXT(held_token(client), token);
    }
    CHECK_NUMBER(counter("api_requests"), 0);
    bearer_client_free(client);
}

static void as_a_form(void)
{
    bearer_client *client = linked(issue_expired(), "form");
    fault(json("{'path':'/link/','status':200,'content_type':'application/json','body':'{\\\"access_token\\\":\\\"at-x\\\"}'}"));
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK(strstr(control("GET", "log", NULL), "grant_type=refresh_token&refresh_token=rt-") != NULL);
    reset();
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    renews();
    refused();
    as_a_form();
    return finish();
}
