/* destroy(user_data) is called exactly once, whichever way a hook ends. */
#include "check.h"

struct data {
    atomic_int destroyed;
    int magic;
};

static void destroy(void *user_data)
{
    struct data *data = user_data;
    CHECK_NUMBER(data->magic, 4711);
    atomic_fetch_add(&data->destroyed, 1);
}

static bearer_status text_hook(void *user_data, const char *text, bearer_reply *reply)
{
    (void)user_data, (void)text, (void)reply;
    return BEARER_INTERNAL;
}

static bearer_status http_hook(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    (void)user_data, (void)request, (void)reply;
    return BEARER_INTERNAL;
}

static void unlock_hook(void *user_data, const char *text, bearer_status outcome)
{
    (void)user_data, (void)text, (void)outcome;
}

static void log_hook(void *user_data, bearer_level level, const char *event)
{
    (void)user_data, (void)level, (void)event;
}

enum { ACCESS_TOKEN, REFRESH, TOKEN, HTTP, LOCK, LOG, KINDS };

/* Registers the hook of a kind, or removes it. */
static bearer_status set(bearer_client *client, int kind, int with_function, struct data *data)
{
    bearer_destroy_fn d = data ? destroy : NULL;
    switch (kind) {
    case ACCESS_TOKEN:
        return bearer_client_on_access_token(client, with_function ? text_hook : NULL, data, d, &error);
    case REFRESH:
        return bearer_client_on_refresh(client, with_function ? text_hook : NULL, data, d, &error);
    case TOKEN:
        return bearer_client_on_token(client, with_function ? text_hook : NULL, data, d, &error);
    case HTTP:
        return bearer_client_on_http(client, with_function ? http_hook : NULL, data, d, &error);
    case LOCK:
        return bearer_client_on_lock(client, with_function ? text_hook : NULL, with_function ? text_hook : NULL,
                                     with_function ? unlock_hook : NULL, data, d, &error);
    default:
        return bearer_client_on_log(client, with_function ? log_hook : NULL, data, d, BEARER_LEVEL_INFO, &error);
    }
}

static bearer_client *plain(void)
{
    return client_of(json("{'base_url':'%s'}", server_url));
}

static void registered_and_gone(int kind)
{
    /* Replaced. */
    struct data first = {0, 4711}, second = {0, 4711}, none = {0, 4711};
    bearer_client *client = plain(), *scope;
    OK(set(client, kind, 1, &first));
    CHECK_NUMBER(first.destroyed, 0);
    OK(set(client, kind, 1, &second));
    CHECK_NUMBER(first.destroyed, 1);
    CHECK_NUMBER(second.destroyed, 0);
    /* Removed; what removes it brings user_data of its own, which is let go at once. */
    OK(set(client, kind, 0, &none));
    CHECK_NUMBER(second.destroyed, 1);
    CHECK_NUMBER(none.destroyed, 1);
    OK(set(client, kind, 0, NULL));
    /* The client freed. */
    struct data third = {0, 4711};
    OK(set(client, kind, 1, &third));
    bearer_client_free(client);
    CHECK_NUMBER(third.destroyed, 1);
    bearer_client_free(client);
    /* Registered through a scope: it is the client's. */
    struct data fourth = {0, 4711};
    client = plain();
    OK(bearer_client_scope(client, NULL, &scope, &error));
    OK(set(scope, kind, 1, &fourth));
    bearer_client_free(scope);
    CHECK_NUMBER(fourth.destroyed, 0);
    OK(bearer_client_scope(client, NULL, &scope, &error));
    bearer_client_free(client);
    CHECK_NUMBER(fourth.destroyed, 0);
    bearer_client_free(scope);
    CHECK_NUMBER(fourth.destroyed, 1);
    /* A registration that fails. */
    struct data fifth = {0, 4711};
    EXPECT(set(client, kind, 1, &fifth), BEARER_INVALID_HANDLE, "handle");
    CHECK_NUMBER(fifth.destroyed, 1);
    EXPECT(set(NULL, kind, 1, &fifth), BEARER_INVALID_ARGUMENT, "null");
    CHECK_NUMBER(fifth.destroyed, 2);
    EXPECT(set((bearer_client *)(uintptr_t)0x1234, kind, 0, &fifth), BEARER_INVALID_HANDLE, "handle");
    CHECK_NUMBER(fifth.destroyed, 3);
    CHECK_NUMBER(first.destroyed + second.destroyed + third.destroyed + fourth.destroyed, 4);
}

static void other_failures(void)
{
    struct data data = {0, 4711};
    bearer_client *client = plain();
    EXPECT(bearer_client_on_log(client, log_hook, &data, destroy, 0, &error), BEARER_INVALID_ARGUMENT, "value");
    CHECK_NUMBER(data.destroyed, 1);
    EXPECT(bearer_client_on_log(client, log_hook, &data, destroy, 6, &error), BEARER_INVALID_ARGUMENT, "value");
    CHECK_NUMBER(data.destroyed, 2);
    bearer_client_free(client);
}

/* The body of a request. */
static int64_t read_nothing(void *user_data, void *buffer, size_t capacity)
{
    (void)user_data, (void)buffer, (void)capacity;
    return 0;
}

static void of_a_body(void)
{
    struct data data = {0, 4711}, other = {0, 4711};
    bearer_request *request = request_of("PUT", "api/x");
    OK(bearer_request_set_body_from(request, read_nothing, &data, destroy, 0, &error));
    CHECK_NUMBER(data.destroyed, 0);
    OK(bearer_request_set_body_from(request, read_nothing, &other, destroy, -1, &error));
    CHECK_NUMBER(data.destroyed, 1);
    OK(bearer_request_set_body(request, "x", 1, &error));
    CHECK_NUMBER(other.destroyed, 1);
    struct data last = {0, 4711};
    OK(bearer_request_set_body_from(request, read_nothing, &last, destroy, -1, &error));
    bearer_request_free(request);
    CHECK_NUMBER(last.destroyed, 1);
    struct data failed = {0, 4711};
    EXPECT(bearer_request_set_body_from(request, read_nothing, &failed, destroy, -1, &error), BEARER_INVALID_HANDLE, "handle");
    CHECK_NUMBER(failed.destroyed, 1);
    request = request_of("PUT", "api/x");
    EXPECT(bearer_request_set_body_from(request, NULL, &failed, destroy, -1, &error), BEARER_INVALID_ARGUMENT, "null");
    CHECK_NUMBER(failed.destroyed, 2);
    EXPECT(bearer_request_set_body_from(request, read_nothing, &failed, destroy, -2, &error), BEARER_INVALID_ARGUMENT, "value");
    CHECK_NUMBER(failed.destroyed, 3);
    bearer_request_free(request);
}

/* A call that is under way keeps what it uses. */
struct flight {
    bearer_client *client;
    struct data data;
    bearer_reply *reply;
    pthread_mutex_t lock;
    pthread_cond_t asked;
};

static bearer_status ask_later(void *user_data, const char *rejected, bearer_reply *reply)
{
    struct flight *flight = (struct flight *)((char *)user_data - offsetof(struct flight, data));
    (void)rejected;
    pthread_mutex_lock(&flight->lock);
    flight->reply = reply;
    pthread_cond_signal(&flight->asked);
    pthread_mutex_unlock(&flight->lock);
    return BEARER_PENDING;
}

static void *fly(void *argument)
{
    struct flight *flight = argument;
    CHECK_NUMBER(get_status(flight->client, "api/lights"), 200);
    return NULL;
}

static bearer_reply *wait_asked(struct flight *flight)
{
    pthread_mutex_lock(&flight->lock);
    while (flight->reply == NULL) {
        pthread_cond_wait(&flight->asked, &flight->lock);
    }
    pthread_mutex_unlock(&flight->lock);
    return flight->reply;
}

static void with_a_call_under_way(void)
{
    enum { FREED, REPLACED, REMOVED };
    for (int how = FREED; how <= REMOVED; how++) {
        struct flight flight = {.data.magic = 4711, .lock = PTHREAD_MUTEX_INITIALIZER, .asked = PTHREAD_COND_INITIALIZER};
        flight.client = plain();
        OK(bearer_client_on_access_token(flight.client, ask_later, &flight.data, destroy, &error));
        pthread_t thread = start(fly, &flight);
        bearer_reply *reply = wait_asked(&flight);
        if (how == FREED) {
            bearer_client_free(flight.client);
        } else if (how == REPLACED) {
            OK(bearer_client_on_access_token(flight.client, text_hook, NULL, NULL, &error));
        } else {
            OK(bearer_client_on_access_token(flight.client, NULL, NULL, NULL, &error));
        }
        CHECK_NUMBER(flight.data.destroyed, 0);
        CHECK_NUMBER(bearer_reply_token(reply, json_text(issue("{}"), "access_token")), BEARER_OK);
        join(thread);
        CHECK_NUMBER(flight.data.destroyed, 1);
        bearer_client_free(flight.client);
        CHECK_NUMBER(flight.data.destroyed, 1);
    }

    /* The server's side: the answer is held back while the client is freed. */
    struct data data = {0, 4711};
    struct flight flight = {.client = client_with_token(issue("{}"), "")};
    OK(bearer_client_on_token(flight.client, text_hook, &data, destroy, &error));
    int id = hold("/api/lights");
    pthread_t thread = start(fly, &flight);
    wait_held(id, 1);
    bearer_client_free(flight.client);
    CHECK_NUMBER(data.destroyed, 0);
    release(id);
    join(thread);
    CHECK_NUMBER(data.destroyed, 1);
}

/* A response outlives its client, but does not keep its hooks. */
static void with_a_response_left(void)
{
    struct data data = {0, 4711};
    bearer_client *client = client_with_token(issue("{}"), "");
    OK(bearer_client_on_token(client, text_hook, &data, destroy, &error));
    bearer_response *response = ask(client, "GET", "api/bytes/100000");
    bearer_client_free(client);
    CHECK_NUMBER(data.destroyed, 1);
    const uint8_t *bytes;
    size_t len;
    OK(bearer_response_body(response, &bytes, &len, &error));
    CHECK_NUMBER(len, 100000);
    bearer_response_free(response);
}

/* destroy may come back into the library. */
static void destroy_calling_back(void *user_data)
{
    bearer_client *client = *(bearer_client **)user_data;
    char *text;
    bearer_client_free(client);
    EXPECT(bearer_client_token(client, &text, &error), BEARER_INVALID_HANDLE, "handle");
    *(bearer_client **)user_data = NULL;
}

static void coming_back(void)
{
    bearer_client *client = plain(), *kept_client = client;
    OK(bearer_client_on_token(client, text_hook, &kept_client, destroy_calling_back, &error));
    bearer_client_free(client);
    CHECK(kept_client == NULL);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    for (int kind = 0; kind < KINDS; kind++) {
        registered_and_gone(kind);
    }
    other_failures();
    of_a_body();
    with_a_call_under_way();
    with_a_response_left();
    coming_back();
    return finish();
}
