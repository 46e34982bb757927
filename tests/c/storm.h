/* Rounds in which all threads find the same token expired at once. Include it after check.h. */
#ifndef STORM_H
#define STORM_H

enum { THREADS = 64 };

/* How a round's expiry comes about. */
enum expiry {
    REFUSED,  /* the API refuses a token that should be good */
    EXPIRED,  /* the token has come to its end by the client's clock */
    EXPIRING, /* it does not last as long as the calls want it to */
};

/* What one client saved, and how. */
struct storm_saver {
    atomic_int called;
    atomic_int inside;
    char *token;
};

struct storm {
    enum expiry expiry;
    bearer_client *handles[THREADS]; /* what each thread asks */
    bearer_client *clients[THREADS]; /* whose counters count: one, or one for each thread */
    int client_count;
    int renewals; /* so far */
    unsigned min_valid_s;
    pthread_barrier_t begin, end;
};

struct storm_thread {
    struct storm *storm;
    int number;
    pthread_t thread;
};

/* What checks every instruction is slow, and a few rounds show it everything. */
static inline int storm_rounds(void)
{
    return getenv("BEARER_TEST_SLOW") ? 5 : 100;
}

static inline bearer_status storm_save(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct storm_saver *saver = user_data;
    (void)reply;
    CHECK_NUMBER(atomic_fetch_add(&saver->inside, 1), 0);
    saver->token = keep(strdup(token_json));
    atomic_fetch_add(&saver->called, 1);
    atomic_fetch_sub(&saver->inside, 1);
    return BEARER_OK;
}

/* Connections are kept for all threads, for the system has few ports to open new ones from. */
static inline bearer_client *storm_client(const char *token, struct storm_saver *saver)
{
    bearer_client *client = client_with_token(token, format("'http':{'idle_connections':%d}", THREADS));
    OK(bearer_client_on_token(client, storm_save, saver, NULL, &error));
    return client;
}

static inline void *storm_thread(void *argument)
{
    struct storm_thread *me = argument;
    struct storm *storm = me->storm;
    bearer_client *handle = storm->handles[me->number];
    char *path = format("/api/thread-%d", me->number);
    for (int rounds = storm_rounds(); rounds > 0; rounds--) {
        pthread_barrier_wait(&storm->begin);
        if (storm->expiry == EXPIRING) {
            OK(bearer_client_access_token(handle, storm->min_valid_s, NULL, NULL, &error));
        }
        bearer_response *response = ask(handle, "GET", path);
        CHECK_NUMBER(bearer_response_status(response), 200);
        CHECK_TEXT(json_text(body_of(response), "path"), path);
        pthread_barrier_wait(&storm->end);
    }
    return NULL;
}

/* How many calls wait for a renewal that another one makes, since the clients were made. */
static inline long long storm_joined(const struct storm *storm)
{
    long long joined = 0;
    for (int i = 0; i < storm->client_count; i++) {
        char *stats;
        OK(bearer_client_stats(storm->clients[i], &stats, &error));
        joined += json_number(stats, "renewals_joined");
        bearer_free(stats);
    }
    return joined;
}

static inline void storm_round(struct storm *storm)
{
    int held = 0;
    long long joined = 0;
    switch (storm->expiry) {
    case REFUSED:
        control("POST", "invalidate",
                json("{'access_token':'%s'}", json_text(held_token(storm->clients[0]), "access_token")));
        break;
    case EXPIRED:
        /* Born expired, a token is good for the calls that waited for it, and for no later one. */
        held = hold("/auth/token");
        joined = storm_joined(storm);
        break;
    case EXPIRING:
        /* Each token lives longer than the one before, and as long as that is not enough. */
        storm->min_valid_s = 1000 * (unsigned)(storm->renewals + 2);
        control("POST", "config", json("{'access_ttl_s':%u}", storm->min_valid_s + 500));
        break;
    }
    pthread_barrier_wait(&storm->begin);
    if (storm->expiry == EXPIRED) {
        wait_held(held, 1);
        while (storm_joined(storm) < joined + THREADS - 1) {
            sched_yield();
        }
        release(held);
    }
    pthread_barrier_wait(&storm->end);
    storm->renewals++;
    CHECK_NUMBER(counter("refreshes"), storm->renewals);
}

/* The token set that the clients of a storm begin with. */
static inline char *storm_token(enum expiry expiry)
{
    return expiry == EXPIRED ? issue_expired() : issue("{}");
}

/* All rounds; savers: one for each client. */
static inline void storm_run(struct storm *storm, const char *name, struct storm_saver *savers)
{
    struct storm_thread threads[THREADS];
    int rounds = storm_rounds();
    storm->renewals = 0;
    /* The watchdog is for one storm at a time. */
    alarm(getenv("BEARER_TEST_SLOW") ? 600 : 60);
    reset();
    control("POST", "config", json("{'rotate':true,'grace_s':0}"));
    if (storm->expiry == EXPIRED) {
        control("POST", "config", json("{'token_members':{'expires_in':0}}"));
    }
    CHECK(pthread_barrier_init(&storm->begin, NULL, THREADS + 1) == 0);
    CHECK(pthread_barrier_init(&storm->end, NULL, THREADS + 1) == 0);
    for (int i = 0; i < THREADS; i++) {
        threads[i].storm = storm;
        threads[i].number = i;
        threads[i].thread = start(storm_thread, &threads[i]);
    }
    for (int i = 0; i < rounds; i++) {
        storm_round(storm);
    }
    for (int i = 0; i < THREADS; i++) {
        join(threads[i].thread);
    }
    pthread_barrier_destroy(&storm->begin);
    pthread_barrier_destroy(&storm->end);

    char *state = control("GET", "state", NULL);
    long long requests = json_number(state, "api_requests"), refused = json_number(state, "api_401");
    CHECK_NUMBER(json_number(state, "token_requests"), rounds);
    CHECK_NUMBER(json_number(state, "refreshes"), rounds);
    CHECK_NUMBER(json_number(state, "refresh_failures"), 0);
    CHECK_NUMBER(json_number(state, "families_revoked"), 0);
    /* Each call was answered once, and at most refused once before. */
    CHECK_NUMBER(requests, (long long)rounds * THREADS + refused);
    CHECK(storm->expiry == REFUSED ? refused >= rounds && refused <= (long long)rounds * THREADS : refused == 0);
    for (int i = 0; i < storm->client_count; i++) {
        CHECK_NUMBER(savers[i].called, rounds);
        CHECK_TEXT(savers[i].token, held_token(storm->clients[i]));
    }
    /* What was saved is the session. */
    reset();
    bearer_client *next = client_with_token(savers[0].token, "");
    OK(bearer_client_refresh(next, NULL, &error));
    CHECK_NUMBER(counter("refreshes"), 1);
    bearer_client_free(next);
    printf("%s: %d threads, %d expiries: %d renewals, %lld requests of which %lld were sent again, none failed\n", name,
           THREADS, rounds, storm->renewals, requests, refused);
}

#endif
