/* on_access_token: "return a valid access token", asked at every request. */
#include "check.h"

enum how { AT_ONCE, LATER, FREED, UNANSWERED, FAILS, FAILS_WITH_WORDS, FREED_THEN_OK, PENDING_AFTER_ANSWER };

struct provider {
    enum how how;
    const char *answer;             /* a bare token or token JSON */
    const char *answer_to_rejected; /* the answer where a token was rejected */
    bearer_status status;           /* to fail with */
    int asked;
    int asked_with_rejected;
    char rejected[256];
    bearer_reply *reply;
    pthread_t thread;
};

static void *answer_later(void *argument)
{
    struct provider *provider = argument;
    CHECK_NUMBER(bearer_reply_token(provider->reply, provider->answer), BEARER_OK);
    return NULL;
}

static bearer_status provide(void *user_data, const char *rejected, bearer_reply *reply)
{
    struct provider *provider = user_data;
    const char *answer = provider->answer;
    provider->asked++;
    if (rejected != NULL) {
        provider->asked_with_rejected++;
        snprintf(provider->rejected, sizeof provider->rejected, "%s", rejected);
        answer = provider->answer_to_rejected ? provider->answer_to_rejected : answer;
    }
    provider->reply = reply;
    switch (provider->how) {
    case AT_ONCE:
        CHECK_NUMBER(bearer_reply_token(reply, answer), BEARER_OK);
        return BEARER_OK;
    case PENDING_AFTER_ANSWER:
        CHECK_NUMBER(bearer_reply_token(reply, answer), BEARER_OK);
        return BEARER_PENDING;
    case LATER:
        provider->thread = start(answer_later, provider);
        return BEARER_PENDING;
    case FREED:
        bearer_reply_free(reply);
        return BEARER_PENDING;
    case FREED_THEN_OK:
        bearer_reply_free(reply);
        return BEARER_OK;
    case UNANSWERED:
        return BEARER_OK;
    case FAILS:
        return provider->status;
    case FAILS_WITH_WORDS:
        CHECK_NUMBER(bearer_reply_error(reply, provider->status, "the vault is locked"), BEARER_OK);
        return BEARER_OK;
    }
    return BEARER_INTERNAL;
}

static bearer_client *client_asking(struct provider *provider)
{
    bearer_client *client = client_of(json("{'base_url':'%s'}", server_url));
    OK(bearer_client_on_access_token(client, provide, provider, NULL, &error));
    return client;
}

static char *access_token(void)
{
    return json_text(issue("{}"), "access_token");
}

static void asked_at_every_request(void)
{
    char *token = access_token(), *other = access_token();
    struct provider provider = {.how = AT_ONCE, .answer = token};
    bearer_client *client = client_asking(&provider);
    for (int i = 1; i <= 3; i++) {
        CHECK(strstr(get_text(client, "api/lights"), format("[\"authorization\",\"Bearer %s\"]", token)) != NULL);
        CHECK_NUMBER(provider.asked, i);
    }
    provider.answer = other;
    CHECK(strstr(get_text(client, "api/lights"), other) != NULL);
    provider.answer = json("{'access_token':'%s','token_type':'bearer','expires_in':5,'odd':[1]}", token);
    CHECK(strstr(get_text(client, "api/lights"), format("\"Bearer %s\"", token)) != NULL);
    provider.how = PENDING_AFTER_ANSWER;
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    provider.how = LATER;
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    join(provider.thread);
    CHECK_NUMBER(bearer_reply_token(provider.reply, token), BEARER_INVALID_HANDLE);
    CHECK_NUMBER(provider.asked, 7);
    CHECK_NUMBER(provider.asked_with_rejected, 0);

    /* The same for a program's own HTTP stack. */
    provider.how = AT_ONCE;
    char *headers, *text;
    int64_t expires_at;
    provider.answer = token;
    OK(bearer_client_authorization(client, "GET", format("%s/api/x", server_url), &headers, &error));
    CHECK_TEXT(headers, json("{'authorization':'Bearer %s'}", token));
    bearer_free(headers);
    OK(bearer_client_access_token(client, 0, &text, &expires_at, &error));
    CHECK_TEXT(text, token);
    CHECK_NUMBER(expires_at, 0);
    bearer_free(text);
    CHECK_NUMBER(provider.asked, 9);
    /* It is the program's token, not the client's. */
    EXPECT(bearer_client_token(client, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");

    /* It goes before the client's own token; removed, that one counts again. */
    OK(bearer_client_set_token(client, json("{'access_token':'%s'}", other), &error));
    CHECK(strstr(get_text(client, "api/lights"), token) != NULL);
    OK(bearer_client_on_access_token(client, NULL, NULL, NULL, &error));
    CHECK(strstr(get_text(client, "api/lights"), other) != NULL);
    CHECK_NUMBER(provider.asked, 10);
    bearer_client_free(client);
}

static void a_refused_token(void)
{
    char *dead = access_token(), *live = access_token();
    control("POST", "invalidate", json("{'access_token':'%s'}", dead));
    struct provider provider = {.how = AT_ONCE, .answer = dead, .answer_to_rejected = live};
    bearer_client *client = client_asking(&provider);
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(provider.asked, 2);
    CHECK_NUMBER(provider.asked_with_rejected, 1);
    CHECK_TEXT(provider.rejected, dead);
    CHECK_NUMBER(counter("api_requests"), 2);
    CHECK_NUMBER(counter("api_401"), 1);

    /* The same answer again: nothing is resent, the caller gets the 401. */
    reset();
    provider = (struct provider){.how = AT_ONCE, .answer = dead};
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    CHECK_NUMBER(provider.asked, 2);
    CHECK_NUMBER(counter("api_requests"), 1);

    /* Every answer is refused: once more, then the 401. */
    reset();
    control("POST", "config", json("{'reject_all':true}"));
    provider = (struct provider){.how = AT_ONCE, .answer = dead, .answer_to_rejected = live};
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    CHECK_NUMBER(provider.asked, 2);
    CHECK_NUMBER(counter("api_requests"), 2);
    CHECK_NUMBER(counter("token_requests"), 0);

    /* A 401 that names another error than the token: nobody is asked again (F-10). */
    reset();
    control("POST", "config",
            json("{'reject_all':true,'www_authenticate':'Bearer error=\\\"insufficient_scope\\\"'}"));
    provider = (struct provider){.how = AT_ONCE, .answer = dead, .answer_to_rejected = live};
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    CHECK_NUMBER(provider.asked, 1);
    CHECK_NUMBER(counter("api_requests"), 1);
    reset();
    bearer_client_free(client);
}

/* The request fails with this, and the message has these words. */
static void expect_words(bearer_client *client, bearer_status status, const char *reason, const char *words)
{
    bearer_response *response = (bearer_response *)1;
    bearer_status is = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    CHECK(response == NULL);
    CHECK_SAYING(strstr(bearer_error_message(error), words) != NULL, "%s", bearer_error_message(error));
    EXPECT(is, status, reason);
}

static void failures(void)
{
    struct provider provider = {.how = FAILS, .status = BEARER_LOGIN_REQUIRED};
    bearer_client *client = client_asking(&provider);
    reset();
    expect_words(client, BEARER_LOGIN_REQUIRED, "hook", "");
    static const bearer_status passed_on[] = {20, 21, 22, 30, 31, 32, 33};
    static const bearer_status not_passed_on[] = {2, 9, 10, 11, 12, 13, 19, 40, 44, 50, 60, 61, 99, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
        provider = (struct provider){.how = FAILS, .status = passed_on[i]};
        expect_words(client, passed_on[i], "hook", "");
        provider.how = FAILS_WITH_WORDS;
        expect_words(client, passed_on[i], "hook", "the vault is locked");
    }
    for (size_t i = 0; i < sizeof not_passed_on / sizeof *not_passed_on; i++) {
        provider = (struct provider){.how = FAILS, .status = not_passed_on[i]};
        expect_words(client, BEARER_HOOK_FAILED, "hook", "");
        provider.how = FAILS_WITH_WORDS;
        expect_words(client, BEARER_HOOK_FAILED, "hook", "the vault is locked");
    }
    provider = (struct provider){.how = FREED};
    expect_words(client, BEARER_HOOK_FAILED, "unanswered", "gave");
    provider = (struct provider){.how = FREED_THEN_OK};
    expect_words(client, BEARER_HOOK_FAILED, "unanswered", "gave");
    provider = (struct provider){.how = UNANSWERED};
    expect_words(client, BEARER_HOOK_FAILED, "unanswered", "without an answer");
    CHECK_NUMBER(bearer_reply_token(provider.reply, "at-x"), BEARER_INVALID_HANDLE);
    bearer_reply_free(provider.reply);
    CHECK_NUMBER(counter("api_requests"), 0);

    /* And it is usable afterwards. */
    char *token = access_token();
    provider = (struct provider){.how = AT_ONCE, .answer = token};
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

/* Answers that are none are refused, and leave the reply unanswered. */
static bearer_status answer_badly(void *user_data, const char *rejected, bearer_reply *reply)
{
    static const char *const bad[] = {"", "a b", "a\r\nX-Evil: 1", "\xc3\xa9", "\xff", "{", "{}", "{\"access_token\":1}",
                                      "{\"access_token\":\"a\",\"token_type\":\"mac\"}", "{\"access_token\":\"a\"} x",
                                      "{\"refresh_token\":\"a\"}", "{\"access_token\":\"a\",\"access_token\":\"b\"}"};
    (void)rejected;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_SAYING(bearer_reply_token(reply, bad[i]) == BEARER_INVALID_ARGUMENT, "row %zu: %s", i, bad[i]);
    }
    CHECK_NUMBER(bearer_reply_token(reply, NULL), BEARER_INVALID_ARGUMENT);
    /* The wrong kinds of answer. */
    CHECK_NUMBER(bearer_reply_done(reply), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_http(reply, 200, NULL, 0), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_header(reply, "A", "b"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_body(reply, "b", 1), BEARER_INVALID_ARGUMENT);
    /* The right one, and a second one. */
    CHECK_NUMBER(bearer_reply_token(reply, user_data), BEARER_OK);
    CHECK_NUMBER(bearer_reply_token(reply, user_data), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_error(reply, BEARER_LOGIN_REQUIRED, NULL), BEARER_INVALID_ARGUMENT);
    return BEARER_OK;
}

static void bad_answers(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s'}", server_url));
    OK(bearer_client_on_access_token(client, answer_badly, access_token(), NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

/* A hook that asks the same client again would never end. */
struct reentry {
    bearer_client *client;
    char *token;
};

static bearer_status ask_again(void *user_data, const char *rejected, bearer_reply *reply)
{
    struct reentry *reentry = user_data;
    bearer_response *response;
    char *text;
    (void)rejected;
    EXPECT(bearer_client_request(reentry->client, "GET", "api/x", NULL, 0, &response, &error), BEARER_WOULD_DEADLOCK,
           "reentered");
    EXPECT(bearer_client_access_token(reentry->client, 0, &text, NULL, &error), BEARER_WOULD_DEADLOCK, "reentered");
    /* What asks no hook may be called. */
    OK(bearer_client_stats(reentry->client, &text, &error));
    bearer_free(text);
    CHECK_NUMBER(bearer_reply_token(reply, reentry->token), BEARER_OK);
    return BEARER_OK;
}

static void reentry(void)
{
    struct reentry reentry = {client_of(json("{'base_url':'%s'}", server_url)), access_token()};
    OK(bearer_client_on_access_token(reentry.client, ask_again, &reentry, NULL, &error));
    CHECK_NUMBER(get_status(reentry.client, "api/lights"), 200);
    bearer_client_free(reentry.client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    asked_at_every_request();
    a_refused_token();
    failures();
    bad_answers();
    reentry();
    return finish();
}
