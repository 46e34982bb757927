/* on_refresh: renewal routed through the program's own service. */
#include "check.h"

enum how { AT_ONCE, LATER, SIGNED_OUT, GARBAGE, CALLS_BACK, FAILS };

struct service {
    enum how how;
    const char *answer;
    int asked;
    char *given; /* the token set that it was asked to renew */
    bearer_reply *reply;
    pthread_t thread;
    bearer_client *client, *scope; /* for a hook that calls back */
};

static void *answer_later(void *argument)
{
    struct service *service = argument;
    CHECK_NUMBER(bearer_reply_token(service->reply, service->answer), BEARER_OK);
    return NULL;
}

static void call_back(bearer_client *client)
{
    bearer_response *response;
    char *text;
    EXPECT(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error), BEARER_WOULD_DEADLOCK, "reentered");
    EXPECT(bearer_client_refresh(client, &text, &error), BEARER_WOULD_DEADLOCK, "reentered");
    EXPECT(bearer_client_access_token(client, 0, &text, NULL, &error), BEARER_WOULD_DEADLOCK, "reentered");
    EXPECT(bearer_client_authorization(client, "GET", format("%s/api/x", server_url), &text, &error), BEARER_WOULD_DEADLOCK,
           "reentered");
}

static bearer_status renew(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct service *service = user_data;
    service->asked++;
    service->given = token_json ? keep(strdup(token_json)) : NULL;
    service->reply = reply;
    switch (service->how) {
    case LATER:
        service->thread = start(answer_later, service);
        return BEARER_PENDING;
    case SIGNED_OUT:
        CHECK_NUMBER(bearer_reply_error(reply, BEARER_LOGIN_REQUIRED, "sign in at example.com"), BEARER_OK);
        return BEARER_OK;
    case FAILS:
        return 99;
    case GARBAGE:
        CHECK_NUMBER(bearer_reply_token(reply, "{\"access_token\":"), BEARER_INVALID_ARGUMENT);
        CHECK_NUMBER(bearer_reply_token(reply, "{\"refresh_token\":\"rt-only\"}"), BEARER_INVALID_ARGUMENT);
        CHECK_NUMBER(bearer_reply_token(reply, ""), BEARER_INVALID_ARGUMENT);
        return BEARER_OK;
    case CALLS_BACK:
        call_back(service->client);
        call_back(service->scope);
        break;
    case AT_ONCE:
        break;
    }
    CHECK_NUMBER(bearer_reply_token(reply, service->answer), BEARER_OK);
    return BEARER_OK;
}

static int saved;
static bearer_status count_saved(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    saved++;
    return BEARER_OK;
}

static bearer_client *client_asking(struct service *service, const char *token)
{
    bearer_client *client = client_with_token(token, "");
    OK(bearer_client_on_refresh(client, renew, service, NULL, &error));
    OK(bearer_client_on_token(client, count_saved, NULL, NULL, &error));
    saved = 0;
    reset();
    return client;
}

static void answers(void)
{
    char *old = issue_expired(), *fresh = json_text(issue("{}"), "access_token");
    struct service service = {.answer = fresh};
    bearer_client *client = client_asking(&service, old);
    /* A bare access token: the rest of the set is kept, and the token has no known end. */
    CHECK(strstr(get_text(client, "api/lights"), fresh) != NULL);
    CHECK_TEXT(service.given, old);
    CHECK_TEXT(json_text(held_token(client), "access_token"), fresh);
    CHECK_TEXT(json_text(held_token(client), "refresh_token"), json_text(old, "refresh_token"));
    CHECK(!json_has(held_token(client), "expires_at"));
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(service.asked, 1);

    /* JSON without a refresh token: the old one is kept. */
    fresh = json_text(issue("{}"), "access_token");
    service.answer = json("{'access_token':'%s','expires_in':3600,'vendor':{'a':1}}", fresh);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_TEXT(json_text(held_token(client), "refresh_token"), json_text(old, "refresh_token"));
    CHECK_TEXT(json_raw(held_token(client), "vendor"), "{\"a\":1}");
    CHECK(json_number(held_token(client), "expires_at") > counter("now") + 3500);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);

    /* JSON with one. */
    service.answer = json("{'access_token':'%s','refresh_token':'rt-new'}", fresh);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_TEXT(json_text(held_token(client), "refresh_token"), "rt-new");

    /* Later, from another thread. */
    service.how = LATER;
    OK(bearer_client_refresh(client, NULL, &error));
    join(service.thread);
    CHECK_NUMBER(bearer_reply_token(service.reply, fresh), BEARER_INVALID_HANDLE);

    /* On a 401 as well. */
    service.how = AT_ONCE;
    control("POST", "invalidate", json("{'access_token':'%s'}", fresh));
    service.answer = json_text(issue("{}"), "access_token");
    service.asked = 0;
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(service.asked, 1);
    CHECK_NUMBER(counter("api_requests"), 2);

    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);

    /* With no token at all it is asked for the first one, and given NULL. */
    client = client_of(json("{'base_url':'%s'}", server_url));
    service = (struct service){.answer = json_text(issue("{}"), "access_token"), .given = "x"};
    OK(bearer_client_on_refresh(client, renew, &service, NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK(service.given == NULL);
    CHECK_NUMBER(service.asked, 1);
    bearer_client_free(client);
}

static void failures(void)
{
    char *old = issue_expired();
    struct service service = {.how = SIGNED_OUT};
    bearer_client *client = client_asking(&service, old);
    bearer_response *response;
    bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    CHECK(strstr(bearer_error_message(error), "sign in at example.com") != NULL);
    EXPECT(status, BEARER_LOGIN_REQUIRED, "hook");
    service.how = FAILS;
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "hook");
    service.how = GARBAGE;
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "unanswered");
    CHECK_TEXT(held_token(client), old);
    CHECK_NUMBER(saved, 0);
    CHECK_NUMBER(counter("token_requests"), 0);
    CHECK_NUMBER(counter("api_requests"), 0);
    service = (struct service){.answer = json_text(issue("{}"), "access_token")};
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

static void removed(void)
{
    char *old = issue_expired();
    struct service service = {.answer = "at-mine"};
    bearer_client *client = client_asking(&service, old);
    OK(bearer_client_on_refresh(client, NULL, NULL, NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(service.asked, 0);
    CHECK_NUMBER(counter("refreshes"), 1);
    bearer_client_free(client);
}

static void calling_back(void)
{
    struct service service = {.how = CALLS_BACK, .answer = json_text(issue("{}"), "access_token")};
    bearer_client *client = client_asking(&service, issue_expired());
    service.client = client;
    OK(bearer_client_scope(client, NULL, &service.scope, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(service.asked, 1);
    /* From a scope. */
    OK(bearer_client_set_token(client, issue_expired(), &error));
    OK(bearer_client_refresh(service.scope, NULL, &error));
    CHECK_NUMBER(service.asked, 2);
    CHECK_NUMBER(saved, 2);
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(service.scope);
    bearer_client_free(client);
}

/* on_token that calls back is told so as well, and the token is not lost. */
static bearer_status save_calling_back(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json, (void)reply;
    call_back(user_data);
    saved++;
    return BEARER_OK;
}

static void calling_back_from_on_token(void)
{
    bearer_client *client = client_with_token(issue_expired(), "");
    OK(bearer_client_on_token(client, save_calling_back, client, NULL, &error));
    saved = 0;
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(counter("refreshes"), 1);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    answers();
    failures();
    removed();
    calling_back();
    calling_back_from_on_token();
    return finish();
}
