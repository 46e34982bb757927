/* Many threads, one expired token, single-use refresh tokens: one renewal. */
#include "check.h"

enum { THREADS = 16 };

static bearer_client *client;
static pthread_barrier_t barrier;
static atomic_int answered;
static atomic_int saved;

static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    atomic_fetch_add(&saved, 1);
    return BEARER_OK;
}

static void *request(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    if (get_status(client, "api/lights") == 200) {
        atomic_fetch_add(&answered, 1);
    }
    return NULL;
}

static void *renew(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    OK(bearer_client_refresh(client, NULL, &error));
    atomic_fetch_add(&answered, 1);
    return NULL;
}

/* The threads go at once; the token endpoint is held until all but one can have joined its renewal. */
static void all_at_once(const char *token, void *(*function)(void *), int held)
{
    pthread_t threads[THREADS];
    client = client_with_token(token, "");
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    answered = saved = 0;
    reset();
    int id = held ? hold("/auth/token") : 0;
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = start(function, NULL);
    }
    if (held) {
        wait_held(id, 1);
        char *stats;
        long long joined;
        do { /* until the others wait for the one that renews */
            OK(bearer_client_stats(client, &stats, &error));
            joined = json_number(stats, "renewals_joined");
            bearer_free(stats);
        } while (joined < THREADS - 1);
        release(id);
    }
    for (int i = 0; i < THREADS; i++) {
        join(threads[i]);
    }
    pthread_barrier_destroy(&barrier);
    CHECK_NUMBER(answered, THREADS);
    CHECK_NUMBER(counter("families_revoked"), 0);
    CHECK_NUMBER(counter("refresh_failures"), 0);
}

static void expired(void)
{
    for (int held = 0; held < 2; held++) {
        all_at_once(issue_expired(), request, held);
        CHECK_NUMBER(counter("token_requests"), 1);
        CHECK_NUMBER(counter("api_requests"), THREADS);
        CHECK_NUMBER(counter("api_401"), 0);
        CHECK_NUMBER(saved, 1);
        bearer_client_free(client);
    }
}

static void refused(void)
{
    /* All see a 401 with the same token (F-8). */
    char *token = issue("{}");
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(token, "access_token")));
    all_at_once(token, request, 0);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(saved, 1);
    bearer_client_free(client);
}

static void asked_for(void)
{
    all_at_once(issue("{}"), renew, 1);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(saved, 1);
    bearer_client_free(client);
}

/* Each fails in its own way, and gets its own error. */
static void *fail(void *argument)
{
    long number = (long)argument;
    for (int i = 0; i < 50; i++) {
        char *config = json("{'base_url':'http://127.0.0.1','member_%ld':1}", number);
        bearer_client *none;
        bearer_status status = bearer_client_new(config, &none, &error);
        CHECK(strstr(bearer_error_message(error), format("member_%ld", number)) != NULL);
        EXPECT(status, BEARER_INVALID_ARGUMENT, "member");
    }
    return NULL;
}

static void errors(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        threads[i] = start(fail, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        join(threads[i]);
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    expired();
    refused();
    asked_for();
    errors();
    return finish();
}
