/* A renewal outlives its caller: what was asked stays asked, and whoever comes next hears the answer. */
#include "leaving.h"

/* --- Hooks that answer later --- */

struct asked {
    atomic_int times, destroyed;
    bearer_client *leaves; /* cancelled when the hook is asked: the call leaves at once */
    bearer_reply *reply;
    const bearer_request *request;
    const char *token_json;
};

static bearer_status ask_later(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct asked *asked = user_data;
    CHECK_NUMBER(asked->destroyed, 0);
    asked->token_json = token_json;
    asked->reply = reply;
    if (asked->leaves) {
        CHECK_NUMBER(bearer_client_cancel(asked->leaves), BEARER_OK);
    }
    atomic_fetch_add(&asked->times, 1);
    return BEARER_PENDING;
}

/* The token endpoint's answer comes later; the API answers at once with the token that it was shown. */
static bearer_status ask_http_later(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    struct asked *asked = user_data;
    const char *name, *value;
    CHECK_NUMBER(asked->destroyed, 0);
    if (strstr(bearer_request_url(request), "/auth/token")) {
        asked->request = request;
        return ask_later(user_data, NULL, reply);
    }
    for (size_t i = 0; bearer_request_header_at(request, i, &name, &value); i++) {
        if (strcasecmp(name, "authorization") == 0) {
            CHECK_NUMBER(bearer_reply_http(reply, 200, value, strlen(value)), BEARER_OK);
        }
    }
    return BEARER_OK;
}

static void let_go(void *user_data)
{
    atomic_fetch_add(&((struct asked *)user_data)->destroyed, 1);
}

enum { BY_REFRESH, BY_HTTP, WAYS };

/* Tokens of nobody else: clients of other rows must not share them. */
static char *own_token(void)
{
    static int number;
    return json("{'access_token':'at-old','refresh_token':'rt-own-%d','expires_at':1}", number++);
}

static bearer_client *client_asking(int way, const char *token, const char *more, struct asked *asked)
{
    bearer_client *client = client_with_token(token, more);
    memset(asked, 0, sizeof *asked);
    if (way == BY_REFRESH) {
        OK(bearer_client_on_refresh(client, ask_later, asked, let_go, &error));
    } else {
        OK(bearer_client_on_http(client, ask_http_later, asked, let_go, &error));
    }
    return client;
}

/* A call that the hook cancels. */
static void leave(bearer_client *client, struct asked *asked)
{
    int before = asked->times;
    asked->leaves = scope_of(client, NULL);
    EXPECT(bearer_client_refresh(asked->leaves, NULL, &error), BEARER_CANCELLED, "cancelled");
    bearer_client_free(asked->leaves);
    asked->leaves = NULL;
    CHECK_NUMBER(asked->times, before + 1);
}

/* A call that runs out of time, which a busy machine may take before the hook is asked. */
static void leave_late(bearer_client *client, struct asked *asked)
{
    while (asked->times == 0) {
        bearer_client *scope = scope_of(client, "{\"timeout_s\":0.02}");
        EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_TIMEOUT, "deadline");
        bearer_client_free(scope);
    }
    CHECK_NUMBER(asked->times, 1);
}

static char *next_set(int number)
{
    return json("{'access_token':'at-new-%d','refresh_token':'rt-new-%d','expires_in':3600,'token_type':'Bearer'}", number, number);
}

static bearer_status answer_set(int way, struct asked *asked, int number)
{
    char *set = next_set(number);
    return way == BY_REFRESH ? bearer_reply_token(asked->reply, set) : bearer_reply_http(asked->reply, 200, set, strlen(set));
}

static const char *access_token(bearer_client *client)
{
    char *text;
    OK(bearer_client_access_token(client, 0, &text, NULL, &error));
    const char *copy = keep(strdup(text));
    bearer_free(text);
    return copy;
}

/* --- The next call --- */

struct answering {
    int way;
    bearer_client *client;
    struct asked *asked;
};

static void *answer_once_resumed(void *argument)
{
    struct answering *answering = argument;
    while (stat_of(answering->client, "renewals_resumed") == 0) {
        sched_yield();
    }
    CHECK_NUMBER(answer_set(answering->way, answering->asked, 1), BEARER_OK);
    return NULL;
}

static void the_next_call_has_it(int way)
{
    enum { BEFORE, MEANWHILE, TIMES };
    for (int when = BEFORE; when < TIMES; when++) {
        for (int by_deadline = 0; by_deadline < 2; by_deadline++) {
            struct asked asked;
            struct told told;
            bearer_client *client = client_asking(way, own_token(), "", &asked);
            tell(client, &told);
            (by_deadline ? leave_late : leave)(client, &asked);
            CHECK_NUMBER(told.parked, 1);
            CHECK_NUMBER(told.unlocked, 0); /* whoever else took it would spend the same refresh token */
            bearer_reply *reply = asked.reply;
            struct answering answering = {way, client, &asked};
            pthread_t thread = 0;
            if (when == BEFORE) {
                CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_OK);
            } else {
                thread = start(answer_once_resumed, &answering);
            }
            CHECK_TEXT(access_token(client), "at-new-1");
            if (when == MEANWHILE) {
                join(thread);
            }
            CHECK_NUMBER(asked.times, 1);
            CHECK_TEXT(told.saved_token, "rt-new-1");
            CHECK_NUMBER(told.saved, 1);
            CHECK_NUMBER(told.locked, 1);
            CHECK_NUMBER(told.unlocked, 1);
            CHECK_NUMBER(told.outcome, BEARER_OK);
            CHECK_NUMBER(told.resumed, 1);
            CHECK_NUMBER(stat_of(client, "renewals_parked"), 1);
            CHECK_NUMBER(stat_of(client, "renewals_resumed"), 1);
            CHECK_NUMBER(stat_of(client, "renewals"), 1);
            CHECK_NUMBER(stat_of(client, "renewal_failures"), 0);
            /* Its reply has ended with it. */
            CHECK(bearer_reply_error(reply, BEARER_UNAVAILABLE, NULL) != BEARER_OK);
            /* The next renewal is one of its own. */
            leave(client, &asked);
            CHECK_NUMBER(asked.times, 2);
            CHECK_NUMBER(answer_set(way, &asked, 2), BEARER_OK);
            CHECK_TEXT(way == BY_HTTP ? get_text(client, "api/x") : access_token(client), way == BY_HTTP ? "Bearer at-new-1" : "at-new-1");
            OK(bearer_client_refresh(client, NULL, &error));
            CHECK_TEXT(access_token(client), "at-new-2");
            CHECK_NUMBER(asked.times, 2);
            bearer_client_free(client);
            CHECK_NUMBER(asked.destroyed, 1);
            check_gone(&told);
        }
    }
}

/* Left again and again; each caller leaves for itself. */
static void left_by_many_calls(int way)
{
    struct asked asked;
    struct told told;
    bearer_client *client = client_asking(way, own_token(), "", &asked);
    tell(client, &told);
    leave(client, &asked);
    for (int i = 0; i < 10; i++) {
        bearer_client *scope = scope_of(client, "{\"timeout_s\":0.005}");
        EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_TIMEOUT, "deadline");
        bearer_client_free(scope);
    }
    CHECK_NUMBER(asked.times, 1);
    CHECK_NUMBER(told.parked, stat_of(client, "renewals_parked"));
    CHECK_NUMBER(told.resumed, told.parked - 1);
    CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_OK);
    CHECK_TEXT(access_token(client), "at-new-1");
    CHECK_NUMBER(told.saved, 1);
    bearer_client_free(client);
    CHECK_NUMBER(asked.destroyed, 1);
    check_gone(&told);
}

/* An answer that is none fails whoever hears it, and then the hook is asked anew. */
static void failures(void)
{
    enum { REFUSED, FAILED, GIVEN_UP, ROWS };
    static const bearer_status wanted[ROWS] = {BEARER_LOGIN_REQUIRED, BEARER_HOOK_FAILED, BEARER_HOOK_FAILED};
    for (int row = 0; row < ROWS; row++) {
        struct asked asked;
        struct told told;
        bearer_client *client = client_asking(BY_REFRESH, own_token(), "", &asked);
        char *before = held_token(client);
        tell(client, &told);
        leave(client, &asked);
        CHECK_TEXT(asked.token_json, before);
        if (row == GIVEN_UP) {
            bearer_reply_free(asked.reply);
        } else {
            CHECK_NUMBER(bearer_reply_error(asked.reply, row == REFUSED ? BEARER_LOGIN_REQUIRED : BEARER_INTERNAL, "no"), BEARER_OK);
        }
        EXPECT(bearer_client_refresh(client, NULL, &error), wanted[row], row == GIVEN_UP ? "unanswered" : "hook");
        CHECK_NUMBER(asked.times, 1);
        CHECK_NUMBER(told.outcome, wanted[row]);
        CHECK_NUMBER(told.unlocked, 1);
        CHECK_TEXT(held_token(client), before);
        leave(client, &asked);
        CHECK_NUMBER(asked.times, 2);
        CHECK_NUMBER(answer_set(BY_REFRESH, &asked, 1), BEARER_OK);
        CHECK_TEXT(access_token(client), "at-new-1");
        bearer_client_free(client);
        CHECK_NUMBER(asked.destroyed, 1);
        check_gone(&told);
    }
}

/* What on_http was given lives until it has answered, its body too. */
static void the_request_lives_on(void)
{
    struct asked asked;
    bearer_client *client = client_asking(BY_HTTP, own_token(), "", &asked);
    leave(client, &asked);
    CHECK_TEXT(bearer_request_method(asked.request), "POST");
    CHECK_TEXT(bearer_request_url(asked.request), format("%s/auth/token", server_url));
    CHECK(bearer_request_timeout_ms(asked.request) <= 30000);
    char body[1000] = "", *to = body;
    size_t read;
    do {
        OK(bearer_request_body_read(asked.request, to, 7, &read, &error));
        to += read;
    } while (read > 0);
    CHECK(strstr(body, "grant_type=refresh_token") != NULL && strstr(body, "client_secret=test-secret") != NULL);
    CHECK_NUMBER(answer_set(BY_HTTP, &asked, 1), BEARER_OK);
    CHECK_TEXT(access_token(client), "at-new-1");
    CHECK(bearer_request_method(asked.request) == NULL);
    bearer_client_free(client);

    /* A gateway that lost the answer: the old refresh token once more, and no further. */
    client = client_asking(BY_HTTP, own_token(), "", &asked);
    leave(client, &asked);
    CHECK_NUMBER(bearer_reply_http(asked.reply, 502, NULL, 0), BEARER_OK);
    leave(client, &asked);
    CHECK_NUMBER(bearer_reply_http(asked.reply, 502, NULL, 0), BEARER_OK);
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNCERTAIN, "answer_lost");
    CHECK_NUMBER(asked.times, 2);
    CHECK_NUMBER(asked.destroyed, 0);
    bearer_client_free(client);
    CHECK_NUMBER(asked.destroyed, 1);
}

/* --- The end of the client --- */

static void *free_it(void *client)
{
    bearer_client_free(client);
    return NULL;
}

/* A free waits for an answer that is still to come, and its hooks are let go after it. */
static void freed_before_the_answer(int way)
{
    for (int is_there = 0; is_there < 2; is_there++) {
        struct asked asked;
        struct told told;
        bearer_client *client = client_asking(way, own_token(), "", &asked);
        tell(client, &told);
        leave(client, &asked);
        pthread_t thread = 0;
        if (!is_there) {
            thread = start(free_it, client);
            while (told.resumed == 0) {
                sched_yield();
            }
            CHECK_NUMBER(asked.destroyed, 0);
        }
        CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_OK);
        if (is_there) {
            bearer_client_free(client);
        } else {
            join(thread);
        }
        CHECK_TEXT(told.saved_token, "rt-new-1");
        CHECK_NUMBER(told.saved, 1);
        CHECK_NUMBER(told.outcome, BEARER_OK);
        CHECK_NUMBER(asked.destroyed, 1);
        check_gone(&told);
    }
}

/* An answer that never comes: the free ends, and what comes after it comes too late. Takes its time, on a thread of its
 * own beside the rest. */
static void *freed_without_an_answer(void *argument)
{
    int way = argument != NULL;
    struct asked asked;
    struct told told;
    bearer_client *client = client_asking(way, own_token(), "", &asked);
    tell(client, &told);
    leave(client, &asked);
    bearer_client_free(client);
    CHECK_NUMBER(told.saved, 0);
    CHECK_NUMBER(told.locked, 1);
    CHECK_NUMBER(told.lost, 1);
    CHECK_NUMBER(asked.destroyed, 1);
    check_gone(&told);
    CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_INVALID_HANDLE);
    CHECK_NUMBER(asked.destroyed, 1);
    return NULL;
}

/* What on_token failed to save is offered once more when the client goes. */
static void offered_once_more(void)
{
    for (int fails = 1; fails <= 2; fails++) {
        struct asked asked;
        struct told told;
        bearer_client *client = client_asking(BY_REFRESH, own_token(), "", &asked);
        tell(client, &told);
        leave(client, &asked);
        told.saves_fail = fails;
        CHECK_NUMBER(answer_set(BY_REFRESH, &asked, 1), BEARER_OK);
        EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "not_saved");
        CHECK_NUMBER(told.outcome, BEARER_HOOK_FAILED);
        CHECK_TEXT(refresh_token_of(client), "rt-new-1");
        bearer_client_free(client);
        CHECK_TEXT(told.saved_token, "rt-new-1");
        CHECK_NUMBER(told.saved, fails == 1);
        CHECK_NUMBER(told.lost, fails == 2);
        CHECK_NUMBER(asked.times, 1);
        CHECK_NUMBER(asked.destroyed, 1);
        check_gone(&told);
    }
}

/* Another login ends what is under way. */
static void another_login(int way)
{
    struct asked asked;
    struct told told;
    bearer_client *client = client_asking(way, own_token(), "", &asked);
    tell(client, &told);
    leave(client, &asked);
    OK(bearer_client_set_token(client, "{\"access_token\":\"at-mine\",\"refresh_token\":\"rt-mine\"}", &error));
    CHECK_NUMBER(told.unlocked, 1);
    CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_INVALID_HANDLE);
    CHECK_TEXT(access_token(client), "at-mine");
    CHECK_NUMBER(told.saved, 0);
    bearer_client_free(client);
    CHECK_NUMBER(told.saved, 0);
    CHECK_NUMBER(asked.times, 1);
    CHECK_NUMBER(asked.destroyed, 1);
    check_gone(&told);
}

/* The hooks are replaced while what they were asked is under way. */
static void hooks_replaced(int way)
{
    struct asked asked, other;
    struct told told;
    bearer_client *client = client_asking(way, own_token(), "", &asked);
    memset(&other, 0, sizeof other);
    tell(client, &told);
    leave(client, &asked);
    OK(way == BY_REFRESH ? bearer_client_on_refresh(client, ask_later, &other, let_go, &error)
                         : bearer_client_on_http(client, ask_http_later, &other, let_go, &error));
    OK(bearer_client_on_lock(client, NULL, NULL, NULL, NULL, NULL, &error));
    CHECK_NUMBER(answer_set(way, &asked, 1), BEARER_OK);
    CHECK_TEXT(access_token(client), "at-new-1");
    CHECK_NUMBER(asked.times, 1);
    CHECK_NUMBER(other.times, 0);
    CHECK_NUMBER(asked.destroyed, 1);
    CHECK_NUMBER(told.unlocked, 1);
    bearer_client_free(client);
    CHECK_NUMBER(other.destroyed, 1);
    check_gone(&told);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    pthread_t unanswered[WAYS];
    for (long way = 0; way < WAYS; way++) {
        unanswered[way] = start(freed_without_an_answer, (void *)way);
    }
    for (int way = 0; way < WAYS; way++) {
        the_next_call_has_it(way);
        left_by_many_calls(way);
        freed_before_the_answer(way);
        another_login(way);
        hooks_replaced(way);
    }
    failures();
    the_request_lives_on();
    offered_once_more();
    for (int way = 0; way < WAYS; way++) {
        join(unanswered[way]);
    }
    return finish();
}
