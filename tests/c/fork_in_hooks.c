/* Fork inside of a hook: both processes return from it, and each call has an end. */
#include "forking.h"

static atomic_int is_armed;
static pid_t forked;

static void fork_once(void)
{
    if (atomic_exchange(&is_armed, 0)) {
        forked = fork_child();
    }
}

/* user_data is the token set to answer with, made before the fork. */
static bearer_status give(void *user_data, const char *old, bearer_reply *reply)
{
    (void)old;
    fork_once();
    return bearer_reply_token(reply, user_data);
}

static bearer_status agree(void *user_data, const char *token, bearer_reply *reply)
{
    (void)user_data, (void)token, (void)reply;
    fork_once();
    return BEARER_OK;
}

static void unlock(void *user_data, const char *token, bearer_status outcome)
{
    (void)user_data, (void)token, (void)outcome;
    fork_once();
}

static void hear(void *user_data, bearer_level level, const char *event)
{
    (void)user_data, (void)level, (void)event;
    fork_once();
}

static int64_t read_body(void *user_data, void *buffer, size_t capacity)
{
    int *pieces = user_data;
    if (++*pieces > 4) {
        return 0;
    }
    if (*pieces == 2) {
        fork_once();
    }
    size_t len = capacity < 10000 ? capacity : 10000;
    memset(buffer, 'b', len);
    return (int64_t)len;
}

typedef bearer_status register_fn(bearer_client *, bearer_access_token_fn, void *, bearer_destroy_fn, bearer_error **);

/* One call, in whose hook the process forks: both have an answer, the child over a connection of its own. */
static void in_hook(const char *name, register_fn *registering, bearer_access_token_fn hook, const char *token)
{
    reset();
    control("POST", "config", json("{'rotate':false}"));
    client = client_with_token(issue("{}"), "");
    /* A kept connection, which the child must leave alone. */
    CHECK(echo(client, name, -2) == OWN);
    OK(bearer_client_set_token(client, token, &error));
    char *other = issue("{}");
    if (registering != NULL) {
        OK(registering(client, hook, other, NULL, &error));
    } else if (strcmp(name, "lock") == 0) {
        OK(bearer_client_on_lock(client, agree, NULL, NULL, NULL, NULL, &error));
    } else if (strcmp(name, "unlock") == 0) {
        OK(bearer_client_on_lock(client, hook, NULL, unlock, NULL, NULL, &error));
    } else {
        OK(bearer_client_on_log(client, hear, NULL, NULL, BEARER_LEVEL_TRACE, &error));
    }
    forked = 0;
    is_armed = 1;
    int verdict = echo(client, name, 0);
    if (is_child) {
        NEED(verdict == OWN || verdict == FORKED, 30 + verdict);
        NEED(echo(client, name, 2) == OWN, 40);
        leave(0);
    }
    CHECK_SAYING(verdict == OWN, "%s", name);
    CHECK_SAYING(forked > 0, "%s was not asked", name);
    wait_for(forked);
    CHECK(echo(client, name, 4) == OWN);
    CHECK_NUMBER(connections_of("http"), 2);
    bearer_client_free(client);
}

static bearer_status no_hook(void *user_data, const char *token, bearer_reply *reply)
{
    (void)user_data, (void)token, (void)reply;
    return BEARER_OK;
}

/* The connection has carried half of the request when its body function forks. */
static void in_body(void)
{
    reset();
    client = client_with_token(issue("{}"), "");
    CHECK(echo(client, "before", 0) == OWN);
    int pieces = 0;
    bearer_request *request = request_of("PUT", "api/body");
    OK(bearer_request_set_body_from(request, read_body, &pieces, NULL, 40000, &error));
    bearer_response *response;
    forked = 0;
    is_armed = 1;
    bearer_status status = bearer_client_send(client, request, &response, &error);
    if (is_child) {
        const char *details = bearer_error_json(error);
        NEED(status == BEARER_UNAVAILABLE && details && strstr(details, "\"forked\""), 50);
        bearer_request_free(request);
        NEED(echo(client, "child", 0) == OWN, 51);
        leave(0);
    }
    CHECK_NUMBER(status, BEARER_OK);
    wait_for(forked);
    /* Had the child written, there would be more of it. */
    CHECK_NUMBER(json_number(body_of(response), "body_length"), 40000);
    bearer_request_free(request);
    CHECK_NUMBER(connections_of("http"), 2);
    CHECK(echo(client, "after", 0) == OWN);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin_forking(argc, argv);
    in_hook("access_token", bearer_client_on_access_token, give, issue("{}"));
    in_hook("refresh", bearer_client_on_refresh, give, issue_expired());
    in_hook("token", bearer_client_on_token, agree, issue_expired());
    in_hook("lock", NULL, NULL, issue_expired());
    in_hook("unlock", NULL, no_hook, issue_expired());
    in_hook("log", NULL, NULL, issue_expired());
    in_body();
    return finish();
}
