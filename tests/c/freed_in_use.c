/* Objects that are freed while other threads are inside of calls on them, and by several threads at once. */
#include "check.h"

enum { ROUNDS = 200, USERS = 4 };
static _Atomic(bearer_client *) shared_client;
static _Atomic(bearer_request *) shared_request;
static _Atomic(bearer_response *) shared_response;
static atomic_int users;

static void *use(void *unused)
{
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        bearer_response *response;
        bearer_status status = bearer_client_send(shared_client, shared_request, &response, NULL);
        CHECK_SAYING(status == BEARER_OK || status == BEARER_INVALID_HANDLE || status == BEARER_WOULD_DEADLOCK, "%s",
                     bearer_status_name(status));
        CHECK((status == BEARER_OK) == (response != NULL));
        if (status == BEARER_OK) {
            CHECK_NUMBER(bearer_response_status(response), 200);
            bearer_response_free(atomic_exchange(&shared_response, response));
        }
        char piece[64];
        size_t read;
        status = bearer_response_read(shared_response, piece, sizeof piece, &read, NULL);
        CHECK_SAYING(status == BEARER_OK || status == BEARER_INVALID_HANDLE || status == BEARER_INVALID_ARGUMENT ||
              status == BEARER_WOULD_DEADLOCK, "%s",
                     bearer_status_name(status));
        /* Freed by whoever comes first, and by the others too. */
        bearer_response_free(shared_response);
    }
    atomic_fetch_sub(&users, 1);
    return NULL;
}

static void freed_while_in_use(void)
{
    pthread_t threads[USERS];
    char *token = issue("{}");
    shared_client = client_with_token(token, "");
    shared_request = request_of("GET", "api/bytes/10000");
    users = USERS;
    for (int i = 0; i < USERS; i++) {
        threads[i] = start(use, NULL);
    }
    /* The users are done after so many rounds, however the threads take turns. */
    while (users > 0) {
        bearer_client *old = atomic_exchange(&shared_client, client_with_token(token, ""));
        bearer_request *old_request = atomic_exchange(&shared_request, request_of("GET", "api/bytes/10000"));
        bearer_client_free(old);
        bearer_request_free(old_request);
        bearer_client_free(old);
        bearer_request_free(old_request);
        /* Time for them to get into calls. */
        CHECK_NUMBER(get_status(shared_client, "api/lights"), 200);
    }
    for (int i = 0; i < USERS; i++) {
        join(threads[i]);
    }
    bearer_client_free(shared_client);
    bearer_request_free(shared_request);
    bearer_response_free(shared_response);
}

/* Two threads that free the same handles: each is freed once. */
static bearer_request *racing[1000];
static atomic_int destroyed;
static pthread_barrier_t barrier;

static int64_t nothing(void *user_data, void *buffer, size_t capacity)
{
    (void)user_data, (void)buffer, (void)capacity;
    return 0;
}

static void count(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&destroyed, 1);
}

static void *free_all(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < 1000; i++) {
        bearer_request_free(racing[i]);
    }
    return NULL;
}

static void freed_by_two(void)
{
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < 1000; i++) {
            OK(bearer_request_new("GET", "x", &racing[i], &error));
            OK(bearer_request_set_body_from(racing[i], nothing, NULL, count, 0, &error));
        }
        destroyed = 0;
        pthread_t thread = start(free_all, NULL);
        free_all(NULL);
        join(thread);
        CHECK_NUMBER(destroyed, 1000);
        for (size_t i = 0; i < 1000; i++) {
            CHECK_NUMBER(bearer_request_set_timeout(racing[i], 1, NULL), BEARER_INVALID_HANDLE);
        }
    }
    pthread_barrier_destroy(&barrier);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    freed_while_in_use();
    freed_by_two();
    return finish();
}
