/* The main job: a token is renewed when it must be, saved before it is used, and never lost. */
#include "check.h"

struct saver {
    int called;
    int fails; /* how often it fails before it saves */
    long long api_requests; /* how many the server had seen at the last call */
    char *token;
};

static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct saver *saver = user_data;
    saver->called++;
    saver->token = keep(strdup(token_json));
    saver->api_requests = counter("api_requests");
    if (saver->fails > 0) {
        saver->fails--;
        CHECK_NUMBER(bearer_reply_error(reply, BEARER_INTERNAL, "the disk is full"), BEARER_OK);
    }
    return BEARER_OK;
}

static bearer_client *client_saving(const char *token, const char *more, struct saver *saver)
{
    bearer_client *client = client_with_token(token, more);
    OK(bearer_client_on_token(client, save, saver, NULL, &error));
    reset();
    return client;
}

static void an_expired_token(void)
{
    struct saver saver = {0};
    char *old = issue_expired();
    bearer_client *client = client_saving(old, "", &saver);
    char *echo = get_text(client, "api/lights");
    CHECK_NUMBER(saver.called, 1);
    CHECK_NUMBER(saver.api_requests, 0); /* saved before it was used */
    CHECK_TEXT(saver.token, held_token(client));
    CHECK(strcmp(json_text(saver.token, "access_token"), json_text(old, "access_token")) != 0);
    CHECK(strcmp(json_text(saver.token, "refresh_token"), json_text(old, "refresh_token")) != 0);
    CHECK(strstr(echo, format("[\"authorization\",\"Bearer %s\"]", json_text(saver.token, "access_token"))) != NULL);
    CHECK_TEXT(json_text(saver.token, "scope"), "read write");
    CHECK_NUMBER(json_number(saver.token, "expires_in"), 1800);
    long long left = json_number(saver.token, "expires_at") - counter("now");
    CHECK(left >= 1790 && left <= 1800);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(counter("refreshes"), 1);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("api_401"), 0);

    /* A valid token is not renewed. */
    for (int i = 0; i < 3; i++) {
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
    }
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(counter("api_requests"), 4);
    CHECK_NUMBER(saver.called, 1);

    /* The request as RFC 6749 section 6 has it. */
    char *log = control("GET", "log", NULL);
    CHECK(strstr(log, json("'path':'/auth/token'")) != NULL);
    CHECK(strstr(log, "grant_type=refresh_token") != NULL);
    CHECK(strstr(log, format("refresh_token=%s", json_text(old, "refresh_token"))) != NULL);
    CHECK(strstr(log, "client_id=test-client") != NULL);
    CHECK(strstr(log, "client_secret=test-secret") != NULL);
    CHECK(strstr(log, "application/x-www-form-urlencoded") != NULL);

    /* What was saved is what another process needs. */
    bearer_client *other = client_with_token(saver.token, "");
    CHECK_NUMBER(get_status(other, "api/lights"), 200);
    CHECK_TEXT(held_token(other), saver.token);
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(other);
    bearer_client_free(client);
}

static void a_refused_token(void)
{
    struct saver saver = {0};
    char *old = issue("{}");
    bearer_client *client = client_saving(old, "", &saver);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 0);
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(old, "access_token")));
    bearer_response *response;
    OK(bearer_client_request(client, "POST", "api/lights", "on\0off", 6, &response, &error));
    CHECK_NUMBER(bearer_response_status(response), 200);
    CHECK_NUMBER(json_number(body_of(response), "body_length"), 6);
    CHECK_NUMBER(counter("api_requests"), 3);
    CHECK_NUMBER(counter("api_401"), 1);
    CHECK_NUMBER(counter("refreshes"), 1);
    CHECK_NUMBER(saver.called, 1);
    CHECK_NUMBER(saver.api_requests, 2);

    /* An API that refuses everything: one renewal, one more request, then its 401 is the answer (F-9). */
    reset();
    control("POST", "config", json("{'reject_all':true}"));
    response = ask(client, "GET", "api/lights");
    CHECK_NUMBER(bearer_response_status(response), 401);
    CHECK_TEXT(body_of(response), "401: Unauthorized");
    CHECK_NUMBER(counter("api_requests"), 2);
    CHECK_NUMBER(counter("token_requests"), 1);

    /* A 401 that names another error is the answer at once (F-10). */
    reset();
    control("POST", "config",
            json("{'reject_all':true,'www_authenticate':'Bearer error=\\\"insufficient_scope\\\"'}"));
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("token_requests"), 0);
    reset();
    control("POST", "config", json("{'www_authenticate':'Bearer realm=\\\"x\\\", error=\\\"invalid_token\\\"'}"));
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 1);
    reset();
    CHECK_NUMBER(get_status(client, "api/status/403"), 403);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);

    /* Nothing to renew with: the 401 is the answer, now and the next time. */
    old = issue("{}");
    client = client_of(json("{'base_url':'%s','token':{'access_token':'%s'}}", server_url, json_text(old, "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(old, "access_token")));
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    CHECK_NUMBER(counter("api_requests"), 1);
    bearer_client_free(client);
}

static void asked_for(void)
{
    struct saver saver = {0};
    bearer_client *client = client_saving(issue("{}"), "", &saver);
    for (int i = 1; i <= 3; i++) {
        char *before = held_token(client), *text;
        OK(bearer_client_refresh(client, &text, &error));
        CHECK_TEXT(text, saver.token);
        CHECK(strcmp(text, before) != 0);
        bearer_free(text);
        CHECK_NUMBER(counter("refreshes"), i);
        CHECK_NUMBER(saver.called, i);
    }
    OK(bearer_client_refresh(client, NULL, &error));
    OK(bearer_client_refresh(client, NULL, NULL));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refresh_failures"), 0);

    /* How long a token must last is the caller's to say. */
    reset();
    char *text, buffer[256];
    int64_t expires_at;
    size_t len;
    OK(bearer_client_access_token(client, 1000, &text, &expires_at, &error));
    CHECK_TEXT(text, json_text(held_token(client), "access_token"));
    CHECK_NUMBER(expires_at, json_number(held_token(client), "expires_at"));
    CHECK_NUMBER(counter("refreshes"), 0);
    OK(bearer_client_access_token_into(client, 1000, buffer, sizeof buffer, &len, &expires_at, &error));
    CHECK_TEXT(buffer, text);
    CHECK_NUMBER(len, strlen(text));
    EXPECT(bearer_client_access_token_into(client, 0, buffer, strlen(text), &len, NULL, &error), BEARER_TOO_LARGE, "buffer");
    CHECK_TEXT(buffer, "");
    CHECK_NUMBER(len, strlen(text));
    bearer_free(text);
    OK(bearer_client_access_token(client, 1801, NULL, NULL, &error));
    CHECK_NUMBER(counter("refreshes"), 1);
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s'}", server_url));
    EXPECT(bearer_client_refresh(client, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");
    CHECK(text == NULL);
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error), BEARER_LOGIN_REQUIRED, "no_token");
    bearer_client_free(client);
}

/* What the server or the caller put into a token set comes back byte for byte. */
static void unknown_members(void)
{
    struct saver saver = {0};
    char *old = issue_expired();
    /* Odd in every way that readers of JSON change. */
    static const char *const odd[] = {
        "\"patient\":\"1\\u0032\\/3\"",
        "\"number\":1.0e+02",
        "\"long\":12345678901234567890.125000",
        "\"nested\":{ \"b\" : [ 1 , null , {\"a\":true} ] }",
        "\"negative\":-0",
        "\"empty\":\"\"",
        "\"null\":null",
        "\"\xc3\xa9\":\"\xe2\x82\xac\"",
    };
    char *token = format("{\"access_token\":\"%s\",\"refresh_token\":\"%s\",\"expires_at\":1000000000.5",
                         json_text(old, "access_token"), json_text(old, "refresh_token"));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        token = format("%s,%s", token, odd[i]);
    }
    token = format("%s}", token);
    bearer_client *client = client_saving(token, "", &saver);
    CHECK_TEXT(held_token(client), token);
    control("POST", "config", json("{'token_members':{'site':{'id':7,'names':['a']},'number':2}}"));
    for (int renewals = 0; renewals < 3; renewals++) {
        OK(bearer_client_refresh(client, NULL, &error));
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
            if (strncmp(odd[i], "\"number\"", 8) != 0) {
                CHECK_SAYING(strstr(saver.token, odd[i]) != NULL, "%s is not in %s", odd[i], saver.token);
            }
        }
        CHECK_TEXT(json_raw(saver.token, "site"), "{\"id\":7,\"names\":[\"a\"]}");
        CHECK_TEXT(json_raw(saver.token, "number"), "2"); /* the server's newer one */
        CHECK_NUMBER(count_of(saver.token, "\"number\""), 1);
        CHECK_NUMBER(count_of(saver.token, "\"expires_at\""), 1);
        CHECK_NUMBER(count_of(saver.token, "\"access_token\""), 1);
    }
    reset();
    bearer_client_free(client);
}

static void a_kept_refresh_token(void)
{
    struct saver saver = {0};
    char *old = issue_expired();
    bearer_client *client = client_saving(old, "", &saver);
    control("POST", "config", json("{'rotate':false}"));
    for (int i = 1; i <= 3; i++) {
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_TEXT(json_text(saver.token, "refresh_token"), json_text(old, "refresh_token"));
        CHECK_NUMBER(counter("refreshes"), i);
    }
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    reset();
    bearer_client_free(client);
}

static void token_endpoints(void)
{
    /* {base_url}/auth/token, relative to a base with a path; absolute; a path of its own. */
    static const char *const bases[] = {"", "/", "/api", "/api/"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        fault(json("{'path':'%s/auth/token','status':200,'content_type':'application/json',"
                   "'body':'{\\\"access_token\\\":\\\"at-made-up\\\"}'}",
                   i < 2 ? "" : "/api"));
        bearer_client *client = client_of(json("{'base_url':'%s%s'," TEST_CLIENT ",'token':{'refresh_token':'rt-x'}}",
                                               server_url, bases[i]));
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_TEXT(json_text(held_token(client), "access_token"), "at-made-up");
        bearer_client_free(client);
        no_faults();
    }
    static const char *const endpoints[] = {"/auth/token", "auth/token", "%s/auth/token"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        char *token = issue_expired();
        char *endpoint = i == 2 ? format("%s/auth/token", server_url) : format("%s", endpoints[i]);
        bearer_client *client =
            client_with_token(token, format("'server':{'token_endpoint':'%s','unknown':1}", endpoint));
        OK(bearer_client_refresh(client, NULL, &error));
        bearer_client_free(client);
    }
}

static void client_authentication(void)
{
    control("POST", "client", json("{'client_id':'public'}"));
    control("POST", "client", json("{'client_id':'odd: id','client_secret':'s%%:&= \\u00e9+/'}"));
    static const char *const clients[][2] = {
        {"test-client", "'client':{'client_id':'test-client','client_secret':'test-secret',"
                        "'token_endpoint_auth_method':'client_secret_basic'}"},
        {"test-client", "'client':{'client_id':'test-client','client_secret':'test-secret',"
                        "'token_endpoint_auth_method':'client_secret_post'}"},
        {"public", "'client':{'client_id':'public'}"},
        {"public", "'client':{'client_id':'public','token_endpoint_auth_method':'none'}"},
        /* H-5: form-urlencoded first. */
        {"odd: id", "'client':{'client_id':'odd: id','client_secret':'s%:&= \\u00e9+/',"
                    "'token_endpoint_auth_method':'client_secret_basic'}"},
        {"odd: id", "'client':{'client_id':'odd: id','client_secret':'s%:&= \\u00e9+/'}"},
    };
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        char *token = issue(json("{'expired':true,'client_id':'%s'}", clients[i][0]));
        bearer_client *client =
            client_of(format("%s%s}", json("{'base_url':'%s','token':%s,", server_url, token), swap_quotes(clients[i][1])));
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        bearer_client_free(client);
    }
    char *log = control("GET", "log", NULL);
    CHECK_NUMBER(count_of(log, "Basic dGVzdC1jbGllbnQ6dGVzdC1zZWNyZXQ="), 1); /* test-client:test-secret */

    char *token = issue_expired();
    bearer_client *client = client_of(json("{'base_url':'%s','token':%s,'client':{'client_id':'test-client',"
                                           "'client_secret':'wrong-secret'}}",
                                           server_url, token));
    for (int i = 0; i < 2; i++) {
        bearer_status status = bearer_client_refresh(client, NULL, &error);
        CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
        CHECK(strstr(bearer_error_json(error), "wrong-secret") == NULL);
        CHECK_TEXT(json_text(bearer_error_json(error), "url"), format("%s/auth/token", server_url));
        CHECK(json_number(bearer_error_json(error), "http_status") == 401 || json_number(bearer_error_json(error), "http_status") == 400);
        EXPECT(status, BEARER_REJECTED, "oauth_error");
        CHECK_TEXT(held_token(client), token);
    }
    bearer_client_free(client);
}

static void a_dead_refresh_token(void)
{
    struct saver saver = {0};
    char *token = issue_expired();
    bearer_client *client = client_saving(token, "", &saver);
    control("POST", "invalidate", json("{'refresh_token':'%s'}", json_text(token, "refresh_token")));
    bearer_response *response;
    for (int i = 0; i < 3; i++) {
        bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
        CHECK(response == NULL);
        const char *details = bearer_error_json(error);
        CHECK_TEXT(json_text(details, "oauth_error"), "invalid_grant");
        CHECK_NUMBER(json_number(details, "http_status"), 400);
        CHECK(strstr(details, json_text(token, "refresh_token")) == NULL);
        EXPECT(status, BEARER_LOGIN_REQUIRED, "invalid_grant");
        /* Asked once; what the server said goes on being the answer. */
        CHECK_NUMBER(counter("token_requests"), 1);
    }
    CHECK_NUMBER(counter("api_requests"), 0);
    /* Kept until the program drops it. */
    CHECK_TEXT(held_token(client), token);
    CHECK_NUMBER(saver.called, 0);
    /* After signing in again, all is well. */
    OK(bearer_client_set_token(client, issue_expired(), &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(saver.called, 1);
    bearer_client_free(client);
}

static void a_token_that_cannot_be_saved(void)
{
    struct saver saver = {.fails = 2};
    char *old = issue_expired();
    bearer_client *client = client_saving(old, "", &saver);
    bearer_response *response;
    for (int i = 1; i <= 2; i++) {
        bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
        CHECK(strstr(bearer_error_message(error), "the disk is full") != NULL);
        EXPECT(status, BEARER_HOOK_FAILED, "not_saved");
        CHECK(response == NULL);
        CHECK_NUMBER(saver.called, i);
        CHECK_NUMBER(counter("refreshes"), 1);
        /* It is the only copy of a rotated refresh token. */
        CHECK_TEXT(held_token(client), saver.token);
        CHECK(strcmp(json_text(saver.token, "refresh_token"), json_text(old, "refresh_token")) != 0);
    }
    char *offered = saver.token;
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(saver.called, 3);
    CHECK_TEXT(saver.token, offered);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(saver.called, 3);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    an_expired_token();
    a_refused_token();
    asked_for();
    unknown_members();
    a_kept_refresh_token();
    token_endpoints();
    client_authentication();
    a_dead_refresh_token();
    a_token_that_cannot_be_saved();
    return finish();
}
