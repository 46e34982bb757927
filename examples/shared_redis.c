/*
 * Several hosts share one token set, whose refresh token is good for one use, in Redis:
 *     cc -Iinclude examples/shared_redis.c -lbearer -lhiredis -o shared_redis
 *     echo lights | ./shared_redis CONFIG 127.0.0.1 6379     (or the path of a socket, and 0)
 * Each line of standard input is a path to request. Start as many of these as you like.
 */
#define _POSIX_C_SOURCE 200809L
#include <bearer.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The lock is a lease: Redis does not see that a host has died, so a lock ends by itself. One that ends while its holder
 * still renews lets a second host send the same refresh token. A server with a grace period answers both alike; a strict
 * one ends the session, and nothing that is done here can undo that. So the lease lasts longer than a call, which ends
 * with http.timeout_s (30 by default). Its price: after a crash in the middle of a renewal, the others wait for its end.
 * It still ends too early where Redis forgets it (failing over to a replica), where the holder stood still (a suspended
 * machine), and where the call that renews left before the answer and no other call has come since to read it.
 *
 * A hook that has not returned cannot be interrupted: where the lock is busy, a call overruns its deadline by up to
 * LONGEST_WAIT_MS. (A hook that returns BEARER_PENDING, and has a thread of its own wait, keeps deadline and cancel.) */
enum { LEASE_MS = 40000, LONGEST_WAIT_MS = 10000, POLL_MS = 5, LONGEST_TOKEN = 16384 };
#define LOCK_KEY "my-app:token-lock"
#define TOKEN_KEY "my-app:token"

/* Redis runs a script in one step. Whoever's lease has ended must not end the next one. */
static const char UNLOCK[] = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";
/* Replaces only the set that this client knows, so an ended lease cannot undo what the next holder stored. Whether the
 * lease is still ours is not asked: if nobody has renewed since it ended, this set is the only good one left. */
static const char STORE[] = "local stored = redis.call('GET', KEYS[1]) "
                            "if not stored or stored == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end";

/* One for each client. */
struct shared {
    const char *host;
    int port;
    redisContext *redis;
    char lease[33];            /* what the lock holds while it is ours */
    char known[LONGEST_TOKEN]; /* the set that this client last found in Redis or put there; "": none */
};

static void disconnect(struct shared *shared)
{
    redisFree(shared->redis);
    shared->redis = NULL;
}

static void connect_again(struct shared *shared)
{
    const struct timeval patience = {.tv_sec = 2};
    disconnect(shared);
    shared->redis = shared->port != 0 ? redisConnectWithTimeout(shared->host, shared->port, patience)
                                      : redisConnectUnixWithTimeout(shared->host, patience);
    if (shared->redis != NULL && shared->redis->err == 0)
        redisSetTimeout(shared->redis, patience);
}

/* Sends a command, and returns the type of its reply. A text goes to `text`, which may be NULL. */
static int ask(struct shared *shared, char text[LONGEST_TOKEN], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (shared->redis == NULL || shared->redis->err != 0)
        connect_again(shared);
    redisReply *reply = NULL;
    if (shared->redis != NULL && shared->redis->err == 0)
        reply = redisvCommand(shared->redis, format, arguments);
    va_end(arguments);
    int type = reply == NULL || reply->len >= LONGEST_TOKEN ? REDIS_REPLY_ERROR : reply->type;
    if (type == REDIS_REPLY_STRING && text != NULL)
        memcpy(text, reply->str, reply->len + 1);
    if (reply != NULL)
        freeReplyObject(reply);
    return type;
}

static bearer_status unavailable(bearer_reply *reply, const struct shared *shared)
{
    const char *why = shared->redis == NULL ? "no memory" : shared->redis->errstr;
    return bearer_reply_error(reply, BEARER_UNAVAILABLE, why[0] != '\0' ? why : "Redis refuses");
}

/* A name for a lease that nobody else comes upon. */
static int name_lease(char name[33])
{
    unsigned char bytes[16];
    FILE *random = fopen("/dev/urandom", "rb");
    size_t read = random == NULL ? 0 : fread(bytes, 1, sizeof bytes, random);
    for (size_t i = 0; i < read; i++)
        snprintf(name + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    return random == NULL || fclose(random) != 0 || read < sizeof bytes ? -1 : 0;
}

static bearer_status lock(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    (void)token_json;
    if (name_lease(shared->lease) != 0)
        return bearer_reply_error(reply, BEARER_HOOK_FAILED, "there is no randomness");
    connect_again(shared); /* renewals are rare: a connection from the last one may be dead */
    for (int waited = 0, i = 0; waited <= LONGEST_WAIT_MS; i = (i + 1) % 32) {
        int type = ask(shared, NULL, "SET %s %s NX PX %d", LOCK_KEY, shared->lease, LEASE_MS);
        if (type == REDIS_REPLY_STATUS)
            return BEARER_OK;
        if (type != REDIS_REPLY_NIL)
            return unavailable(reply, shared);
        int nap = POLL_MS + shared->lease[i] % 16; /* hosts that tried in step would get in one by one */
        nanosleep(&(struct timespec){.tv_nsec = nap * 1000000L}, NULL);
        waited += nap;
    }
    return bearer_reply_error(reply, BEARER_UNAVAILABLE, "another host renews for too long");
}

/* Where another host has renewed meanwhile, its token set is used and nothing is sent. */
static bearer_status reload(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    (void)token_json;
    switch (ask(shared, shared->known, "GET %s", TOKEN_KEY)) {
    case REDIS_REPLY_STRING: return bearer_reply_token(reply, shared->known);
    case REDIS_REPLY_NIL: return BEARER_OK;
    default: return unavailable(reply, shared);
    }
}

/* Comes under the lock, right after a renewal; or later and without it, for a set that could not be saved then. */
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    if (strlen(token_json) >= LONGEST_TOKEN)
        return bearer_reply_error(reply, BEARER_HOOK_FAILED, "the token set is too long");
    if (ask(shared, NULL, "EVAL %s 1 %s %s %s", STORE, TOKEN_KEY, shared->known, token_json) == REDIS_REPLY_ERROR)
        return unavailable(reply, shared);
    strcpy(shared->known, token_json);
    return BEARER_OK;
}

/* Where Redis does not hear it, the lease ends by itself. */
static void unlock(void *user_data, const char *token_json, bearer_status outcome)
{
    struct shared *shared = user_data;
    (void)token_json, (void)outcome;
    ask(shared, NULL, "EVAL %s 1 %s %s", UNLOCK, LOCK_KEY, shared->lease);
    disconnect(shared);
}

/* A client that begins with what is stored, else with the configuration's token. */
static bearer_status open_client(const char *config, struct shared *shared, bearer_client **client, bearer_error **error)
{
    bearer_status status = bearer_client_new(config, client, error);
    if (status == BEARER_OK && ask(shared, shared->known, "GET %s", TOKEN_KEY) == REDIS_REPLY_STRING)
        status = bearer_client_set_token(*client, shared->known, error);
    if (status == BEARER_OK)
        status = bearer_client_on_token(*client, save, shared, NULL, error);
    if (status == BEARER_OK)
        status = bearer_client_on_lock(*client, lock, reload, unlock, shared, NULL, error);
    return status;
}

int main(int argc, char **argv)
{
    char path[1024];
    int port;
    bearer_client *client;
    bearer_error *error;
    if (argc != 4 || sscanf(argv[3], "%d", &port) != 1)
        return 2;

    signal(SIGPIPE, SIG_IGN); /* hiredis would raise it where Redis has gone */
    struct shared shared = {.host = argv[2], .port = port};
    bearer_status status = open_client(argv[1], &shared, &client, &error);
    if (status != BEARER_OK)
        fprintf(stderr, "%s\n", bearer_error_json(error));
    bearer_error_free(error);
    while (status == BEARER_OK && fgets(path, sizeof path, stdin) != NULL) {
        bearer_response *response;
        path[strcspn(path, "\n")] = '\0';
        if (bearer_client_request(client, "GET", path, NULL, 0, &response, &error) == BEARER_OK)
            printf("HTTP status %d\n", bearer_response_status(response));
        else
            puts(bearer_error_json(error));
        fflush(stdout);
        bearer_error_free(error);
        bearer_response_free(response);
    }
    bearer_client_free(client);
    disconnect(&shared);
    return status != BEARER_OK;
}
