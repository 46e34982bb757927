/* on_lock: lock, reload, (send), on_token, unlock. */
#include "check.h"

enum { AT_ONCE, BY_DONE, LATER, FAILS };

struct shared {
    int lock_how, reload_how;
    const char *stored;           /* what reload answers with; NULL: nothing newer */
    const char *stored_at_second; /* the same for the second time */
    char order[256];
    int unlocked;
    bearer_status outcome;
    int reloads;
    bearer_reply *reply;
    pthread_t thread;
};

static void note(struct shared *shared, const char *what)
{
    strcat(shared->order, what);
    strcat(shared->order, " ");
}

static void *done_later(void *argument)
{
    CHECK_NUMBER(bearer_reply_done(argument), BEARER_OK);
    return NULL;
}

static bearer_status take(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    CHECK(token_json == NULL || json_has(token_json, "access_token"));
    note(shared, "lock");
    shared->reply = reply;
    switch (shared->lock_how) {
    case BY_DONE:
        CHECK_NUMBER(bearer_reply_token(reply, "at-x"), BEARER_INVALID_ARGUMENT);
        CHECK_NUMBER(bearer_reply_done(reply), BEARER_OK);
        CHECK_NUMBER(bearer_reply_done(reply), BEARER_INVALID_ARGUMENT);
        return BEARER_OK;
    case LATER:
        shared->thread = start(done_later, reply);
        return BEARER_PENDING;
    case FAILS:
        CHECK_NUMBER(bearer_reply_error(reply, BEARER_UNAVAILABLE, "the lock server is down"), BEARER_OK);
        return BEARER_OK;
    }
    return BEARER_OK;
}

static bearer_status reload(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    (void)token_json;
    note(shared, "reload");
    const char *stored = ++shared->reloads == 1 ? shared->stored : shared->stored_at_second;
    if (shared->reload_how == FAILS) {
        return BEARER_INTERNAL;
    }
    if (stored) {
        CHECK_NUMBER(bearer_reply_token(reply, stored), BEARER_OK);
    } else if (shared->reload_how == BY_DONE) {
        CHECK_NUMBER(bearer_reply_done(reply), BEARER_OK);
    }
    return BEARER_OK;
}

static void let_go(void *user_data, const char *token_json, bearer_status outcome)
{
    struct shared *shared = user_data;
    (void)token_json;
    note(shared, "unlock");
    shared->unlocked++;
    shared->outcome = outcome;
}

static int saves_fail;
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json, (void)reply;
    note(user_data, "on_token");
    return saves_fail ? BEARER_INTERNAL : BEARER_OK;
}

static bearer_client *locking(const char *token, struct shared *shared)
{
    bearer_client *client = client_with_token(token, "");
    OK(bearer_client_on_lock(client, take, reload, let_go, shared, NULL, &error));
    OK(bearer_client_on_token(client, save, shared, NULL, &error));
    reset();
    return client;
}

static void the_order(void)
{
    for (int how = AT_ONCE; how <= LATER; how++) {
        struct shared shared = {.lock_how = how, .reload_how = how};
        bearer_client *client = locking(issue_expired(), &shared);
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        CHECK_TEXT(shared.order, "lock reload on_token unlock ");
        CHECK_NUMBER(shared.outcome, BEARER_OK);
        CHECK_NUMBER(counter("refreshes"), 1);
        if (how == LATER) {
            join(shared.thread);
        }
        /* A valid token needs no lock. */
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        CHECK_NUMBER(shared.unlocked, 1);
        bearer_client_free(client);
    }
    /* reload and unlock may be left out. */
    struct shared shared = {0};
    bearer_client *client = client_with_token(issue_expired(), "");
    OK(bearer_client_on_lock(client, take, NULL, NULL, &shared, NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_TEXT(shared.order, "lock ");
    OK(bearer_client_on_lock(client, NULL, NULL, NULL, NULL, NULL, &error));
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_TEXT(shared.order, "lock ");
    bearer_client_free(client);
}

/* Somebody else has renewed already: their token is used, and nothing is sent. */
static void adopted(void)
{
    char *old = issue_expired(), *newer = issue("{}");
    struct shared shared = {.stored = newer};
    bearer_client *client = locking(old, &shared);
    CHECK(strstr(get_text(client, "api/lights"), json_text(newer, "access_token")) != NULL);
    CHECK_TEXT(shared.order, "lock reload unlock "); /* it is stored already */
    CHECK_NUMBER(shared.outcome, BEARER_OK);
    CHECK_TEXT(held_token(client), newer);
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);

    /* What is stored is what we have: renewed. */
    old = issue_expired();
    shared = (struct shared){.stored = old};
    client = locking(old, &shared);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_TEXT(shared.order, "lock reload on_token unlock ");
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(client);
}

/* A racing process that knows no lock has spent our refresh token: what it stored is asked for once more. */
static void after_invalid_grant(void)
{
    char *old = issue_expired(), *newer = issue("{}");
    control("POST", "invalidate", json("{'refresh_token':'%s'}", json_text(old, "refresh_token")));
    struct shared shared = {.stored_at_second = newer};
    bearer_client *client = locking(old, &shared);
    CHECK(strstr(get_text(client, "api/lights"), json_text(newer, "access_token")) != NULL);
    CHECK_TEXT(shared.order, "lock reload reload unlock ");
    CHECK_NUMBER(shared.outcome, BEARER_OK);
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(client);

    shared = (struct shared){0};
    client = locking(old, &shared);
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    CHECK_TEXT(shared.order, "lock reload reload unlock ");
    CHECK_NUMBER(shared.outcome, BEARER_LOGIN_REQUIRED);
    bearer_client_free(client);
}

/* Whatever happens, every lock that was granted is let go once. */
static void failures(void)
{
    struct shared shared = {.lock_how = FAILS};
    bearer_client *client = locking(issue_expired(), &shared);
    bearer_response *response;
    bearer_status status = bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error);
    CHECK(strstr(bearer_error_message(error), "the lock server is down") != NULL);
    EXPECT(status, BEARER_UNAVAILABLE, "hook");
    CHECK_TEXT(shared.order, "lock "); /* not granted */
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);

    shared = (struct shared){.reload_how = FAILS};
    client = locking(issue_expired(), &shared);
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "hook");
    CHECK_TEXT(shared.order, "lock reload unlock ");
    CHECK_NUMBER(shared.outcome, BEARER_HOOK_FAILED);
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);

    shared = (struct shared){0};
    client = locking(issue_expired(), &shared);
    fault(json("{'path':'/auth/token','status':503,'times':-1}"));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNAVAILABLE, "server_error");
    CHECK_TEXT(shared.order, "lock reload unlock ");
    CHECK_NUMBER(shared.outcome, BEARER_UNAVAILABLE);
    reset();
    bearer_client_free(client);

    shared = (struct shared){0};
    saves_fail = 1;
    client = locking(issue_expired(), &shared);
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "not_saved");
    CHECK_TEXT(shared.order, "lock reload on_token unlock ");
    CHECK_NUMBER(shared.outcome, BEARER_HOOK_FAILED);
    saves_fail = 0;
    bearer_client_free(client);
}

/* A lock that comes after the caller has gone is let go at once. */
static bearer_status take_late(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    (void)token_json;
    note(shared, "lock");
    shared->reply = reply;
    return BEARER_PENDING;
}

static void granted_late(void)
{
    enum { GRANTED, REFUSED, GIVEN_UP, CLIENT_GONE, ROWS };
    for (int row = 0; row < ROWS; row++) {
        struct shared shared = {0};
        bearer_client *client = client_with_token(issue_expired(), ""), *scope;
        OK(bearer_client_on_lock(client, take_late, reload, let_go, &shared, NULL, &error));
        OK(bearer_client_scope(client, "{\"timeout_s\":0.03}", &scope, &error));
        EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_TIMEOUT, "deadline");
        CHECK_TEXT(shared.order, "lock ");
        bearer_client_free(scope);
        if (row == CLIENT_GONE) {
            bearer_client_free(client);
        }
        if (row == REFUSED) {
            CHECK_NUMBER(bearer_reply_error(shared.reply, BEARER_UNAVAILABLE, "busy"), BEARER_INVALID_HANDLE);
        } else if (row == GIVEN_UP) {
            bearer_reply_free(shared.reply);
        } else {
            CHECK_NUMBER(bearer_reply_done(shared.reply), BEARER_INVALID_HANDLE);
        }
        int granted = row == GRANTED || row == CLIENT_GONE;
        CHECK_TEXT(shared.order, granted ? "lock unlock " : "lock ");
        CHECK_NUMBER(shared.unlocked, granted);
        /* And once only. */
        CHECK_NUMBER(bearer_reply_done(shared.reply), BEARER_INVALID_HANDLE);
        bearer_reply_free(shared.reply);
        CHECK_NUMBER(shared.unlocked, granted);
        if (row != CLIENT_GONE) {
            OK(bearer_client_on_lock(client, NULL, NULL, NULL, NULL, NULL, &error));
            CHECK_NUMBER(get_status(client, "api/lights"), 200);
            bearer_client_free(client);
        }
    }
}

/* What is stored is newer, but expired as well: it is renewed, with its own refresh token, under the same lock. */
static void adopted_but_expired(void)
{
    for (int by_request = 0; by_request < 2; by_request++) {
        char *old = issue_expired(), *newer = issue_expired(), *text;
        int64_t expires_at;
        struct shared shared = {.stored = newer};
        bearer_client *client = locking(old, &shared);
        if (by_request) {
            CHECK_NUMBER(get_status(client, "api/lights"), 200);
            SOFT_CHECK(counter("api_401") == 0, "the expired token was sent");
        } else {
            OK(bearer_client_access_token(client, 60, &text, &expires_at, &error));
            SOFT_CHECK(expires_at >= counter("now") + 60, "%lld s left", (long long)expires_at - counter("now"));
            SOFT_CHECK(strcmp(text, json_text(newer, "access_token")) != 0, "the expired token was handed out");
            bearer_free(text);
        }
        SOFT_CHECK(counter("refreshes") == 1, "%lld renewals", counter("refreshes"));
        SOFT_CHECK(counter("refresh_failures") == 0, "%lld failures", counter("refresh_failures"));
        SOFT_CHECK(strcmp(shared.order, "lock reload on_token unlock ") == 0, "%s", shared.order);
        bearer_client_free(client);
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    the_order();
    adopted();
    after_invalid_grant();
    failures();
    granted_late();
    adopted_but_expired();
    return finish();
}
