/* The API refuses: 256 calls at once one token (F-8), and every token for ever (F-9). */
#include "check.h"
#include <time.h>

enum { MANY = 256, THREADS = 64 };

static bearer_client *clients[MANY];
static atomic_int answered;
static int calls_each;

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* As many clients of one token set; the others are the first. */
static void make_clients(const char *token, int count)
{
    for (int i = 0; i < MANY; i++) {
        clients[i] = i < count ? client_with_token(token, "'http':{'idle_connections':64}") : clients[0];
    }
}

static void free_clients(int count)
{
    for (int i = 0; i < count; i++) {
        bearer_client_free(clients[i]);
    }
}

static void *ask_once(void *client)
{
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    atomic_fetch_add(&answered, 1);
    return NULL;
}

/* All are at the API with the same token before any of them hears that it is refused. */
static void one_refused_token(int count, const char *name)
{
    pthread_t threads[MANY];
    char *token = issue("{}");
    make_clients(token, count);
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(token, "access_token")));
    reset();
    answered = 0;
    int id = hold("/api/");
    for (int i = 0; i < MANY; i++) {
        threads[i] = start(ask_once, clients[i]);
    }
    wait_held(id, MANY);
    release(id);
    for (int i = 0; i < MANY; i++) {
        join(threads[i]);
    }
    CHECK_NUMBER(answered, MANY);
    char *state = control("GET", "state", NULL);
    CHECK_NUMBER(json_number(state, "api_requests"), 2 * MANY);
    CHECK_NUMBER(json_number(state, "api_401"), MANY);
    CHECK_NUMBER(json_number(state, "token_requests"), 1);
    CHECK_NUMBER(json_number(state, "refreshes"), 1);
    CHECK_NUMBER(json_number(state, "families_revoked"), 0);
    printf("one refused token, %s: %d calls saw it, 1 renewal\n", name, MANY);
    free_clients(count);
}

static void *ask_in_vain(void *client)
{
    for (int i = 0; i < calls_each; i++) {
        CHECK_NUMBER(get_status(client, "api/lights"), 401);
        atomic_fetch_add(&answered, 1);
    }
    return NULL;
}

/* How many renewals there may be in that time: after each, the next waits for twice as long as it has been going on, at
 * least a second, less up to 40 %. A client that comes late does not know how long it has been going on. */
static long long most_renewals(long long took_ms, int count)
{
    long long renewals = 1;
    for (long long at = 600; at <= took_ms; renewals++) {
        at += count == 1 ? at * 12 / 10 : 600;
    }
    return renewals;
}

/* At most two requests for each call, and ever fewer renewals. */
static void every_token_refused(int threads_count, int count, const char *name)
{
    pthread_t threads[THREADS];
    make_clients(issue("{}"), count);
    reset();
    control("POST", "config", json("{'reject_all':true}"));
    answered = 0;
    long long began = now_ms();
    for (int i = 0; i < threads_count; i++) {
        threads[i] = start(ask_in_vain, clients[i]);
    }
    for (int i = 0; i < threads_count; i++) {
        join(threads[i]);
    }
    long long took = now_ms() - began;
    int calls = threads_count * calls_each;
    CHECK_NUMBER(answered, calls);
    char *state = control("GET", "state", NULL);
    long long requests = json_number(state, "api_requests"), renewals = json_number(state, "token_requests");
    CHECK_NUMBER(json_number(state, "api_401"), requests);
    CHECK_SAYING(requests >= calls && requests <= 2LL * calls, "%lld", requests);
    CHECK_NUMBER(json_number(state, "families_revoked"), 0);
    CHECK_SAYING(renewals >= 1 && renewals <= most_renewals(took, count), "%lld in %lld ms", renewals, took);
    printf("every token refused, %s: %d calls in %lld ms, %lld requests, %lld renewals\n", name, calls, took, requests,
           renewals);
    free_clients(count);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    calls_each = getenv("BEARER_TEST_SLOW") ? 10 : 100;
    one_refused_token(1, "one handle");
    one_refused_token(MANY, "a client each");
    every_token_refused(1, 1, "one thread");
    every_token_refused(THREADS, 1, "64 threads");
    every_token_refused(THREADS, THREADS, "64 threads, a client each");
    return finish();
}
