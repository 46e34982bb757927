/* Scopes: a deadline and a cancel of their own; and what a cancel ends. */
#include "check.h"
#include <time.h>

static bearer_client *scope_of(bearer_client *client, const char *options)
{
    bearer_client *scope;
    OK(bearer_client_scope(client, options ? swap_quotes(options) : NULL, &scope, &error));
    return scope;
}

static void options(void)
{
    bearer_client *client = client_with_token(issue("{}"), ""), *scope;
    static const char *const good[] = {"{}", "{'timeout_s':5}", "{'timeout_s':0.25}", "{'timeout_s':null}", "{'timeout_s':0}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bearer_client_free(scope_of(client, good[i]));
    }
    static const char *const bad[][2] = {{"{'timeout_s':-1}", "timeout_s"}, {"{'timeout_s':'5'}", "timeout_s"},
                                         {"{'timeout':5}", "timeout_s"},    {"{'timeout_s':1e9}", "timeout_s"},
                                         {"{", "options_json"},             {"", "options_json"},
                                         {"[]", "options_json"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bearer_status status = bearer_client_scope(client, swap_quotes(bad[i][0]), &scope, &error);
        CHECK(scope == NULL);
        CHECK_SAYING(error && strstr(bearer_error_message(error), bad[i][1]) != NULL, "row %zu", i);
        EXPECT(status, BEARER_INVALID_ARGUMENT, NULL);
    }
    bearer_client_free(client);
}

/* The same session: what one does, the other sees. */
static void one_session(void)
{
    bearer_client *client = client_with_token(issue_expired(), "");
    bearer_client *scope = scope_of(client, NULL), *inner = scope_of(scope, NULL);
    reset();
    CHECK_NUMBER(get_status(inner, "api/lights"), 200);
    CHECK_TEXT(held_token(client), held_token(inner));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(get_status(scope, "api/lights"), 200);
    CHECK_NUMBER(counter("refreshes"), 1);
    OK(bearer_client_set_token(scope, issue("{}"), &error));
    CHECK_TEXT(held_token(client), held_token(inner));
    /* A scope goes on without the client's own handle. */
    bearer_client_free(client);
    bearer_client_free(scope);
    CHECK_NUMBER(get_status(inner, "api/lights"), 200);
    bearer_client_free(inner);
}

static bearer_status request(bearer_client *client, const char *path)
{
    bearer_response *response;
    bearer_status status = bearer_client_request(client, "GET", path, NULL, 0, &response, &error);
    bearer_response_free(response);
    return status;
}

static void deadlines(void)
{
    bearer_client *client = client_with_token(issue("{}"), "");
    int id = hold("/api/held");
    bearer_client *scope = scope_of(client, "{'timeout_s':0.05}");
    bearer_client *inner = scope_of(scope, "{'timeout_s':50}"); /* never later than what it is a scope of */
    EXPECT(request(scope, "api/held"), BEARER_TIMEOUT, "deadline");
    /* It is over for every call from now on. */
    EXPECT(request(scope, "api/lights"), BEARER_TIMEOUT, "deadline");
    EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_TIMEOUT, "deadline");
    EXPECT(request(inner, "api/lights"), BEARER_TIMEOUT, "deadline");
    /* A request's own timeout makes it no longer. */
    bearer_request *longer = request_of("GET", "api/lights");
    bearer_response *response;
    OK(bearer_request_set_timeout(longer, 20000, &error));
    EXPECT(bearer_client_send(scope, longer, &response, &error), BEARER_TIMEOUT, "deadline");
    bearer_request_free(longer);
    /* And not for the client. */
    OK(request(client, "api/lights"));
    bearer_client *at_once = scope_of(client, "{'timeout_s':0}");
    EXPECT(request(at_once, "api/lights"), BEARER_TIMEOUT, "deadline");
    char *text;
    OK(bearer_client_token(at_once, &text, &error)); /* waits for nothing */
    bearer_free(text);
    release(id);
    bearer_client_free(at_once);
    bearer_client_free(inner);
    bearer_client_free(scope);
    bearer_client_free(client);
}

static void cancels(void)
{
    bearer_client *client = client_with_token(issue("{}"), "");
    bearer_client *one = scope_of(client, NULL), *two = scope_of(client, NULL), *inner = scope_of(one, NULL);
    CHECK_NUMBER(bearer_client_cancel(one), BEARER_OK);
    CHECK_NUMBER(bearer_client_cancel(one), BEARER_OK);
    EXPECT(request(one, "api/lights"), BEARER_CANCELLED, "cancelled");
    EXPECT(request(inner, "api/lights"), BEARER_CANCELLED, "cancelled");
    EXPECT(bearer_client_refresh(one, NULL, &error), BEARER_CANCELLED, "cancelled");
    OK(request(two, "api/lights"));
    OK(request(client, "api/lights"));
    bearer_client *late = scope_of(one, NULL);
    EXPECT(request(late, "api/lights"), BEARER_CANCELLED, "cancelled");
    CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
    EXPECT(request(client, "api/lights"), BEARER_CANCELLED, "cancelled");
    EXPECT(request(two, "api/lights"), BEARER_CANCELLED, "cancelled");
    /* What it holds can still be stored. */
    CHECK(json_text(held_token(client), "refresh_token") != NULL);
    bearer_client_free(late);
    bearer_client_free(inner);
    bearer_client_free(one);
    bearer_client_free(two);
    bearer_client_free(client);
    CHECK_NUMBER(bearer_client_cancel(client), BEARER_INVALID_HANDLE);
}

/* --- Calls that run, in every phase --- */

struct running {
    bearer_client *client;
    bearer_response *response;
    bearer_status status;
    char reason[32];
    int renews;
};

static void *run(void *argument)
{
    struct running *running = argument;
    const uint8_t *bytes;
    size_t len;
    if (running->response) {
        running->status = bearer_response_body(running->response, &bytes, &len, &error);
    } else if (running->renews) {
        running->status = bearer_client_refresh(running->client, NULL, &error);
    } else {
        running->status = request(running->client, "api/held");
    }
    char *reason = json_text(bearer_error_json(error), "reason");
    snprintf(running->reason, sizeof running->reason, "%s", reason ? reason : "");
    bearer_error_free(error);
    error = NULL;
    return NULL;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Cancels a scope, or the client, and expects the call to end by it, long before its timeout. */
static void expect_cancelled(pthread_t thread, struct running *running, bearer_client *cancelled)
{
    double begin_s = seconds();
    CHECK_NUMBER(bearer_client_cancel(cancelled), BEARER_OK);
    join(thread);
    CHECK_SAYING(seconds() - begin_s < 10, "%f s", seconds() - begin_s);
    CHECK_SAYING(running->status == BEARER_CANCELLED, "%s", bearer_status_name(running->status));
    CHECK_TEXT(running->reason, "cancelled");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bearer_reply *asked;

static bearer_status ask_later(void *user_data, const char *text, bearer_reply *reply)
{
    (void)user_data, (void)text;
    pthread_mutex_lock(&lock);
    asked = reply;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return BEARER_PENDING;
}

static bearer_reply *wait_asked(void)
{
    pthread_mutex_lock(&lock);
    while (asked == NULL) {
        pthread_cond_wait(&changed, &lock);
    }
    bearer_reply *reply = asked;
    asked = NULL;
    pthread_mutex_unlock(&lock);
    return reply;
}

static void wait_joined(bearer_client *client, long long count)
{
    long long joined;
    do {
        char *stats;
        OK(bearer_client_stats(client, &stats, &error));
        joined = json_number(stats, "renewals_joined");
        bearer_free(stats);
    } while (joined < count);
}

static void running_calls(int whole_client)
{
    bearer_client *client, *scope, *cancelled;
    struct running running, other;
    pthread_t thread, other_thread;
    int id;
#define BEGIN(token)                                                \
    client = client_with_token(token, "");                          \
    scope = scope_of(client, NULL);                                 \
    running = (struct running){.client = scope, .reason = ""};      \
    cancelled = whole_client ? client : scope;                      \
    reset()
#define END()                                  \
    do {                                       \
        if (!whole_client) {                   \
            reset();                           \
            OK(request(client, "api/lights")); \
        }                                      \
        bearer_client_free(scope);             \
        bearer_client_free(client);            \
    } while (0)

    { /* Waiting for an answer. */
        BEGIN(issue("{}"));
        id = hold("/api/held");
        thread = start(run, &running);
        wait_held(id, 1);
        expect_cancelled(thread, &running, cancelled);
        release(id);
        END();
    }
    { /* Waiting for an answer to a renewal. */
        BEGIN(issue_expired());
        id = hold("/auth/token");
        thread = start(run, &running);
        wait_held(id, 1);
        expect_cancelled(thread, &running, cancelled);
        /* It goes on without its caller; the last free reads its end. */
        release(id);
        bearer_client_free(scope);
        bearer_client_free(client);
        CHECK_NUMBER(counter("refreshes"), 1);
    }
    { /* Waiting for a renewal that another call makes: that one goes on. */
        BEGIN(issue_expired());
        id = hold("/auth/token");
        other = (struct running){.client = client, .renews = 1};
        other_thread = start(run, &other);
        wait_held(id, 1);
        thread = start(run, &running);
        wait_joined(client, 1);
        expect_cancelled(thread, &running, scope);
        release(id);
        join(other_thread);
        CHECK_NUMBER(other.status, BEARER_OK);
        CHECK_NUMBER(counter("token_requests"), 1);
        END();
    }
    { /* Leading a renewal that others wait for: one of them goes on with it. */
        BEGIN(issue_expired());
        OK(bearer_client_on_refresh(client, ask_later, NULL, NULL, &error));
        other = (struct running){.client = client, .renews = 1};
        thread = start(run, &running);
        bearer_reply *first = wait_asked();
        other_thread = start(run, &other);
        wait_joined(client, 1);
        expect_cancelled(thread, &running, scope);
        CHECK_NUMBER(bearer_reply_token(first, "at-new"), BEARER_OK);
        join(other_thread);
        CHECK_NUMBER(other.status, BEARER_OK);
        CHECK_TEXT(json_text(held_token(client), "access_token"), "at-new");
        bearer_client_free(scope);
        bearer_client_free(client);
    }
    { /* Waiting for a hook that answers later. */
        BEGIN(issue("{}"));
        OK(bearer_client_on_access_token(client, ask_later, NULL, NULL, &error));
        thread = start(run, &running);
        bearer_reply *reply = wait_asked();
        expect_cancelled(thread, &running, cancelled);
        CHECK_NUMBER(bearer_reply_token(reply, "at-late"), BEARER_INVALID_HANDLE);
        OK(bearer_client_on_access_token(client, NULL, NULL, NULL, &error));
        END();
    }
    { /* Waiting for on_token: the new token is kept, and offered again. */
        BEGIN(issue_expired());
        char *old = held_token(client);
        OK(bearer_client_on_token(client, ask_later, NULL, NULL, &error));
        thread = start(run, &running);
        bearer_reply *reply = wait_asked();
        CHECK_NUMBER(bearer_client_cancel(cancelled), BEARER_OK);
        join(thread);
        CHECK_NUMBER(running.status, BEARER_CANCELLED);
        CHECK_NUMBER(bearer_reply_done(reply), BEARER_INVALID_HANDLE);
        CHECK(strcmp(json_text(held_token(client), "refresh_token"), json_text(old, "refresh_token")) != 0);
        OK(bearer_client_on_token(client, NULL, NULL, NULL, &error));
        CHECK_NUMBER(counter("refreshes"), 1);
        END();
    }
    { /* Reading a body: some of it has come, the rest does not. */
        BEGIN(issue("{}"));
        /* HTTP/1.1 200 OK, Content-Length: 100, and "0123456789" */
        fault(json("{'path':'/api/held','raw_base64':'SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogMTAwDQoNCjAxMjM0NTY3ODk=','keep':true}"));
        running.response = ask(scope, "GET", "api/held");
        char ten[10];
        size_t read;
        OK(bearer_response_read(running.response, ten, sizeof ten, &read, &error));
        thread = start(run, &running);
        expect_cancelled(thread, &running, cancelled);
        bearer_response_free(running.response);
        END();
    }
    { /* No answer at all. */
        BEGIN(issue("{}"));
        fault(json("{'path':'/api/held','silent':true}"));
        thread = start(run, &running);
        while (counter("api_requests") < 1) {
        }
        expect_cancelled(thread, &running, cancelled);
        END();
    }
}

/* A body that is under way ends with its handle's cancel also after the handle was freed... and with its deadline. */
static void a_body_after_the_client(void)
{
    bearer_client *client = client_with_token(issue("{}"), ""), *scope = scope_of(client, NULL);
    fault(json("{'path':'/api/held','raw_base64':'SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogMTAwDQoNCjAxMjM0NTY3ODk=','keep':true}"));
    bearer_response *response = ask(scope, "GET", "api/held");
    bearer_client_free(scope);
    CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
    bearer_client_free(client);
    const uint8_t *bytes;
    size_t len;
    EXPECT(bearer_response_body(response, &bytes, &len, &error), BEARER_CANCELLED, "cancelled");
    bearer_response_free(response);
}

/* From a hook. */
static bearer_status cancel_in_hook(void *user_data, const char *rejected, bearer_reply *reply)
{
    (void)rejected;
    CHECK_NUMBER(bearer_client_cancel(user_data), BEARER_OK);
    CHECK_NUMBER(bearer_reply_token(reply, "at-x"), BEARER_OK);
    return BEARER_OK;
}

static void from_a_hook(void)
{
    bearer_client *client = client_with_token(issue("{}"), "");
    OK(bearer_client_on_access_token(client, cancel_in_hook, client, NULL, &error));
    EXPECT(request(client, "api/lights"), BEARER_CANCELLED, "cancelled");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    options();
    one_session();
    deadlines();
    cancels();
    running_calls(0);
    running_calls(1);
    a_body_after_the_client();
    from_a_hook();
    return finish();
}
