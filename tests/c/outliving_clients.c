/* A renewal outlives its caller: what several clients of one refresh token have of it, and what frees do meanwhile. */
#include "leaving.h"

static bearer_client *telling(const char *token, const char *more, struct told *told)
{
    bearer_client *client = client_with_token(token, more);
    tell(client, told);
    return client;
}

/* What the server has seen since reset(). */
static void check_server(int refreshes)
{
    CHECK_NUMBER(counter("token_requests"), refreshes);
    CHECK_NUMBER(counter("refreshes"), refreshes);
    CHECK_NUMBER(counter("families_revoked"), 0);
}

/* --- Clients of one refresh token --- */

/* Whoever comes next reads the answer, and each client saves it by its own call. */
static void another_client_has_it(void)
{
    struct told told[3];
    char *token = issue_expired();
    bearer_client *clients[3];
    for (int i = 0; i < 3; i += 2) {
        clients[i] = telling(token, "", &told[i]);
    }
    reset();
    release(leave_held(clients[0]));
    clients[1] = telling(token, "", &told[1]);
    CHECK_NUMBER(get_status(clients[1], "api/lights"), 200);
    CHECK_NUMBER(told[1].saved, 1);
    CHECK_NUMBER(told[0].saved + told[2].saved, 0);
    CHECK_NUMBER(told[0].parked, 1);
    CHECK_NUMBER(told[1].resumed, 1);
    CHECK_NUMBER(stat_of(clients[0], "renewals_parked"), 1);
    CHECK_NUMBER(stat_of(clients[1], "renewals_resumed"), 1);
    CHECK_NUMBER(stat_of(clients[0], "renewals"), 1);
    CHECK_NUMBER(stat_of(clients[1], "renewals"), 0);
    /* The lock that it was made under has been let go. */
    CHECK_NUMBER(told[0].locked, 1);
    CHECK_NUMBER(told[0].unlocked, 1);
    CHECK_NUMBER(told[0].outcome, BEARER_OK);
    CHECK_NUMBER(get_status(clients[0], "api/lights"), 200);
    CHECK_NUMBER(told[0].saved, 1);
    CHECK_TEXT(held_token(clients[0]), held_token(clients[1]));
    check_server(1);
    /* The third never asks again, and is offered it when it goes. */
    bearer_client_free(clients[2]);
    CHECK_NUMBER(told[2].saved, 1);
    CHECK_TEXT(told[2].saved_token, refresh_token_of(clients[0]));
    check_gone(&told[2]);
    bearer_client_free(clients[0]);
    /* The next renewal is by the new token. */
    OK(bearer_client_refresh(clients[1], NULL, &error));
    check_server(2);
    bearer_client_free(clients[1]);
    check_gone(&told[0]);
    check_gone(&told[1]);
}

/* The client whose call was left is gone before the answer comes: it waits for that. */
static void *free_it(void *client)
{
    bearer_client_free(client);
    return NULL;
}

static void the_first_client_goes(void)
{
    struct told told[2];
    char *token = issue_expired();
    bearer_client *one = telling(token, "", &told[0]), *other = telling(token, "", &told[1]);
    reset();
    int id = leave_held(one);
    pthread_t thread = start(free_it, one);
    while (told[0].resumed == 0) {
        sched_yield();
    }
    release(id);
    join(thread);
    CHECK_NUMBER(told[0].saved, 1);
    check_gone(&told[0]);
    CHECK_NUMBER(get_status(other, "api/lights"), 200);
    CHECK_NUMBER(told[1].saved, 1);
    CHECK_TEXT(told[1].saved_token, told[0].saved_token);
    check_server(1);
    bearer_client_free(other);
    check_gone(&told[1]);
}

static bearer_client *of_scope(const char *scope, const char *token, struct told *told)
{
    bearer_client *client = client_of(json("{'base_url':'%s','token':%s,'client':{'client_id':'test-client',"
                                           "'client_secret':'test-secret','scope':'%s'}}",
                                           server_url, token, scope));
    tell(client, told);
    return client;
}

/* Another scope: the rotated refresh token is for all, the access token is not. */
static void other_scopes(void)
{
    struct told told[2];
    char *token = issue(json("{'expired':true,'scope':'read write'}"));
    bearer_client *read = of_scope("read", token, &told[0]), *write = of_scope("write", token, &told[1]);
    reset();
    release(leave_held(read));
    CHECK_NUMBER(get_status(write, "api/lights"), 200);
    CHECK_NUMBER(stat_of(write, "renewals_resumed"), 1);
    /* The first brought a refresh token only, the second is its own. */
    check_server(2);
    CHECK_NUMBER(get_status(read, "api/lights"), 200);
    CHECK(strcmp(json_text(held_token(read), "access_token"), json_text(held_token(write), "access_token")) != 0);
    for (int i = 0; i < 2; i++) {
        OK(bearer_client_refresh(i ? read : write, NULL, &error));
        CHECK_NUMBER(get_status(i ? read : write, "api/lights"), 200);
    }
    CHECK_NUMBER(counter("refresh_failures"), 0);
    CHECK_NUMBER(counter("families_revoked"), 0);
    bearer_client_free(read);
    bearer_client_free(write);
    /* Who went last has saved the last of them. */
    check_gone(&told[0]);
    check_gone(&told[1]);
}

/* A client made of a set that was stored before the last renewals takes the newest, and asks nobody. */
static void a_stale_stored_token(void)
{
    for (int renewals = 1; renewals <= 3; renewals++) {
        struct told told[2];
        char *stored = issue_expired();
        bearer_client *client = telling(stored, "", &told[0]);
        reset();
        for (int i = 0; i < renewals; i++) {
            OK(bearer_client_refresh(client, NULL, &error));
        }
        bearer_client *late = telling(stored, "", &told[1]);
        CHECK_NUMBER(get_status(late, "api/lights"), 200);
        check_server(renewals);
        CHECK_NUMBER(told[1].saved, 1);
        CHECK_TEXT(held_token(late), held_token(client));
        OK(bearer_client_refresh(late, NULL, &error));
        /* Asked by name it takes over what is new, and renews with that. */
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        check_server(renewals + 2);
        const char *newest = refresh_token_of(client);
        bearer_client_free(client);
        bearer_client_free(late);
        CHECK_TEXT(told[0].saved_token, newest);
        CHECK_TEXT(told[1].saved_token, newest);
        check_gone(&told[0]);
        check_gone(&told[1]);
    }
}

/* --- Many calls that leave --- */

enum { CHAINED = 2, CALLERS = 4, LEAVES = 150 };

/* Each renewal is by the refresh token that the one before brought, whoever began it and whoever heard its answer. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int newest, is_over;
    bearer_reply *owed;
    bearer_client *clients[CHAINED];
} chain = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bearer_status ask_in_chain(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data;
    pthread_mutex_lock(&chain.lock);
    CHECK_TEXT(json_text(token_json, "refresh_token"), format("rt-chain-%d", chain.newest));
    CHECK_SAYING(chain.owed == NULL, "asked twice at a time");
    chain.owed = reply;
    pthread_cond_signal(&chain.changed);
    pthread_mutex_unlock(&chain.lock);
    return BEARER_PENDING;
}

static void *answer_in_chain(void *unused)
{
    unsigned seed = 1;
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&chain.lock);
        while (chain.owed == NULL && !chain.is_over) {
            pthread_cond_wait(&chain.changed, &chain.lock);
        }
        bearer_reply *reply = chain.owed;
        pthread_mutex_unlock(&chain.lock);
        if (reply == NULL) {
            return NULL;
        }
        usleep((useconds_t)rand_r(&seed) % 4000);
        pthread_mutex_lock(&chain.lock);
        chain.owed = NULL;
        char *set = json("{'access_token':'at-x','refresh_token':'rt-chain-%d','expires_in':3600}", ++chain.newest);
        pthread_mutex_unlock(&chain.lock);
        /* Never too late: the question is open until it is answered. */
        CHECK_NUMBER(bearer_reply_token(reply, set), BEARER_OK);
    }
}

static void *leave_often(void *number)
{
    unsigned seed = (unsigned)(long)number + 7;
    for (int i = 0; i < LEAVES; i++) {
        bearer_client *scope = scope_of(chain.clients[rand_r(&seed) % CHAINED], format("{\"timeout_s\":0.00%d}", rand_r(&seed) % 4));
        bearer_status status = bearer_client_refresh(scope, NULL, &error);
        CHECK_SAYING(status == BEARER_OK || status == BEARER_TIMEOUT, "%s", bearer_error_json(error));
        bearer_error_free(error);
        error = NULL;
        bearer_client_free(scope);
    }
    return NULL;
}

static void every_answer_is_heard(void)
{
    struct told told[CHAINED];
    pthread_t callers[CALLERS], answering = start(answer_in_chain, NULL);
    for (int i = 0; i < CHAINED; i++) {
        chain.clients[i] = telling(json("{'access_token':'at-x','refresh_token':'rt-chain-0','expires_at':1}"), "", &told[i]);
        OK(bearer_client_on_refresh(chain.clients[i], ask_in_chain, NULL, NULL, &error));
    }
    for (long i = 0; i < CALLERS; i++) {
        callers[i] = start(leave_often, (void *)i);
    }
    for (int i = 0; i < CALLERS; i++) {
        join(callers[i]);
    }
    CHECK(told[0].parked + told[1].parked > 0);
    /* The first free reads what is still under way, each offers the newest. */
    for (int i = 0; i < CHAINED; i++) {
        bearer_client_free(chain.clients[i]);
        CHECK_TEXT(told[i].saved_token, format("rt-chain-%d", chain.newest));
        check_gone(&told[i]);
        CHECK_NUMBER(told[i].lost, 0);
    }
    printf("%d renewals, left %d times\n", chain.newest, told[0].parked + told[1].parked);
    pthread_mutex_lock(&chain.lock);
    chain.is_over = 1;
    pthread_cond_signal(&chain.changed);
    pthread_mutex_unlock(&chain.lock);
    join(answering);
}

/* --- Calls that would wait for themselves --- */

static bearer_client *others[3];
static int refused;

static bearer_status call_the_others(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        bearer_client *other = i == 2 ? scope_of(others[0], NULL) : others[i];
        EXPECT(bearer_client_refresh(other, NULL, &error), BEARER_WOULD_DEADLOCK, "reentered");
        bearer_response *response;
        EXPECT(bearer_client_request(other, "GET", "api/x", NULL, 0, &response, &error), BEARER_WOULD_DEADLOCK, "reentered");
        if (i == 2) {
            bearer_client_free(other);
        }
        refused++;
    }
    if (user_data != NULL) {
        CHECK_NUMBER(bearer_reply_token(reply, user_data), BEARER_OK);
    }
    return BEARER_OK;
}

/* From on_refresh, and from on_token of the call that reads the end of a renewal which another client left. */
static void would_deadlock(void)
{
    char *token = issue_expired();
    for (int i = 0; i < 2; i++) {
        others[i] = client_with_token(token, "");
    }
    OK(bearer_client_on_refresh(others[0], call_the_others, json("{'access_token':'at-x','expires_in':1}"), NULL, &error));
    refused = 0;
    OK(bearer_client_refresh(others[0], NULL, &error));
    CHECK_NUMBER(refused, 3);
    OK(bearer_client_on_refresh(others[0], NULL, NULL, NULL, &error));
    bearer_client_free(others[0]);
    bearer_client_free(others[1]);

    token = issue_expired();
    for (int i = 0; i < 2; i++) {
        others[i] = client_with_token(token, "");
    }
    OK(bearer_client_on_token(others[0], call_the_others, NULL, NULL, &error));
    reset();
    release(leave_held(others[1]));
    refused = 0;
    CHECK_NUMBER(get_status(others[0], "api/lights"), 200);
    CHECK_NUMBER(refused, 3);
    CHECK_NUMBER(get_status(others[1], "api/lights"), 200);
    check_server(1);
    OK(bearer_client_on_token(others[0], NULL, NULL, NULL, &error));
    bearer_client_free(others[0]);
    bearer_client_free(others[1]);
}

/* --- Frees and cancels while a call runs --- */

struct race {
    bearer_client *client;
    atomic_int ready;
};

static void *call_it(void *argument)
{
    struct race *race = argument;
    bearer_status status = bearer_client_refresh(race->client, NULL, &error);
    CHECK_SAYING(status == BEARER_CANCELLED || status == BEARER_OK, "%s", bearer_error_json(error));
    bearer_error_free(error);
    error = NULL;
    return NULL;
}

static void *release_it(void *id)
{
    release((int)(long)id);
    return NULL;
}

/* Whoever lets go last reads the end and saves it: the call, or the free. */
static void freed_while_a_call_runs(void)
{
    enum { CANCEL_FIRST, RELEASE_FIRST, ALL_AT_ONCE, ORDERS };
    for (int round = 0; round < 5 * ORDERS; round++) {
        struct told told;
        struct race race = {.client = telling(issue_expired(), "", &told)};
        bearer_client *client = race.client;
        reset();
        int id = hold("/auth/token");
        pthread_t calling = start(call_it, &race), releasing;
        wait_held(id, 1);
        switch (round % ORDERS) {
        case CANCEL_FIRST:
            CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
            /* May wait for the answer, or leave that to the call. */
            releasing = start(release_it, (void *)(long)id);
            bearer_client_free(client);
            break;
        case RELEASE_FIRST:
            releasing = start(release_it, (void *)(long)id);
            CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
            bearer_client_free(client);
            break;
        default:
            releasing = start(release_it, (void *)(long)id);
            bearer_client_free(client);
        }
        join(releasing);
        join(calling);
        CHECK_NUMBER(told.saved, 1);
        CHECK_NUMBER(told.locked, 1);
        CHECK_NUMBER(told.outcome, BEARER_OK);
        check_gone(&told);
        check_server(1);
        EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_INVALID_HANDLE, "handle");
    }
}

/* A scope's end is not the client's. */
static void a_scope_goes(void)
{
    struct told told;
    bearer_client *client = telling(issue_expired(), "", &told);
    reset();
    int id = leave_held(client);
    bearer_client *scope = scope_of(client, NULL);
    bearer_client_free(scope);
    CHECK_NUMBER(told.resumed, 0);
    scope = scope_of(client, NULL);
    bearer_client_free(client);
    CHECK_NUMBER(told.resumed, 0);
    release(id);
    CHECK_NUMBER(get_status(scope, "api/lights"), 200);
    CHECK_NUMBER(told.resumed, 1);
    check_server(1);
    bearer_client_free(scope);
    CHECK_NUMBER(told.saved, 1);
    check_gone(&told);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    another_client_has_it();
    the_first_client_goes();
    other_scopes();
    a_stale_stored_token();
    every_answer_is_heard();
    would_deadlock();
    freed_while_a_call_runs();
    a_scope_goes();
    return finish();
}
