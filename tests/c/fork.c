/* Fork: a thousand children in the middle of traffic, children of children, TLS, cancel. */
#include "forking.h"

enum { THREADS = 4, AT_ONCE = 4 };

/* --- Forks during traffic --- */

static atomic_int failed_alone; /* of threads that must not end the program while children run */
static atomic_int is_over;
static atomic_long made[THREADS];

static void *traffic(void *argument)
{
    long me = (long)argument;
    char who[16];
    snprintf(who, sizeof who, "thread-%ld", me);
    for (long number = 0; !is_over; number++) {
        if (echo(client, who, number) != OWN) {
            atomic_fetch_add(&failed_alone, 1);
        }
        /* Beside those that the token's age brings: many a fork comes in the middle of a renewal. */
        if (me == 0 && number % 8 == 0 && bearer_client_refresh(client, NULL, NULL) != BEARER_OK) {
            atomic_fetch_add(&failed_alone, 1);
        }
        atomic_fetch_add(&made[me], 1);
    }
    return NULL;
}

/* All that a child does with what it has inherited. */
static void live(long number, bearer_response *unread, bearer_error *inherited)
{
    char *text;
    NEED(echo(client, "child", 0) == OWN, 10 + NO_ANSWER);
    NEED(echo(client, "child", 1) == OWN, 10 + NO_ANSWER);
    NEED(number % 4 || bearer_client_refresh(client, NULL, NULL) == BEARER_OK, 15);
    NEED(bearer_client_stats(client, &text, NULL) == BEARER_OK && strstr(text, "\"requests\":"), 20);
    bearer_free(text);
    NEED(bearer_client_token(client, &text, NULL) == BEARER_OK && strstr(text, "\"access_token\":"), 21);
    bearer_free(text);
    NEED(bearer_error_status(inherited) == BEARER_INVALID_ARGUMENT && bearer_error_json(inherited) != NULL, 22);
    NEED(bearer_response_status(unread) == 200 && bearer_response_header(unread, "content-length") != NULL, 23);
    if (number % 2) {
        /* The rest of it comes to the parent, whatever the child asks for. */
        const uint8_t *bytes;
        bearer_error *why;
        bearer_status status = bearer_response_body(unread, &bytes, NULL, &why);
        const char *details = bearer_error_json(why);
        NEED(status == BEARER_UNAVAILABLE && details && strstr(details, "\"forked\""), 24);
        bearer_error_free(why);
    }
    if (number % 3) {
        bearer_client *fresh;
        NEED(bearer_client_scope(client, NULL, &fresh, NULL) == BEARER_OK, 25);
        NEED(echo(fresh, "scope", 2) == OWN, 26);
        bearer_client_free(fresh);
        bearer_response_free(unread);
        bearer_error_free(inherited);
        bearer_client_free(client);
        NEED(bearer_client_stats(client, &text, NULL) == BEARER_INVALID_HANDLE, 27);
    }
    leave(0);
}

static void during_traffic(void)
{
    long rounds = is_slow ? 24 : 1000;
    pthread_t threads[THREADS];
    pid_t children[AT_ONCE] = {0};
    bearer_client *none;
    bearer_error *inherited;
    /* Children renew as well, with the same refresh token. */
    control("POST", "config", json("{'rotate':false,'access_ttl_s':%d}", is_slow ? 20 : 2));
    client = client_with_token(issue("{}"), "'http':{'idle_connections':3}");
    bearer_response *unread = ask(client, "GET", "api/bytes/1000000");
    CHECK(bearer_client_new("{", &none, &inherited) == BEARER_INVALID_ARGUMENT);
    for (long i = 0; i < THREADS; i++) {
        threads[i] = start(traffic, (void *)i);
    }
    for (long i = 0; i < THREADS; i++) {
        while (made[i] == 0) {
            sched_yield();
        }
    }
    for (long number = 0; number < rounds + AT_ONCE; number++) {
        pid_t *child = &children[number % AT_ONCE];
        if (*child != 0) {
            wait_for(*child);
            *child = 0;
        }
        if (number < rounds) {
            *child = fork_child();
            if (*child == 0) {
                live(number, unread, inherited);
            }
        }
    }
    is_over = 1;
    long all = 0;
    for (long i = 0; i < THREADS; i++) {
        join(threads[i]);
        all += made[i];
    }
    CHECK_NUMBER(failed_alone, 0);
    /* What the children could not read. */
    const uint8_t *bytes;
    size_t len;
    OK(bearer_response_body(unread, &bytes, &len, &error));
    CHECK_NUMBER(len, 1000000);
    for (size_t i = 0; i < len; i++) {
        CHECK(bytes[i] == i % 251);
    }
    bearer_response_free(unread);
    bearer_error_free(inherited);
    char *stats;
    OK(bearer_client_stats(client, &stats, &error));
    long long renewals = json_number(stats, "renewals");
    CHECK(is_slow || renewals > 0);
    CHECK_NUMBER(json_number(stats, "renewal_failures"), 0);
    printf("%ld forks, %ld requests and %lld renewals of the parent meanwhile\n", rounds, all, renewals);
    bearer_free(stats);
    bearer_client_free(client);
    reset();
}

/* --- Forks while names are looked up, on the one thread that does it --- */

static void during_lookups(void)
{
    pthread_t threads[2];
    is_over = 0;
    const char *port = strrchr(server_url, ':') + 1;
    client = client_of(json("{'base_url':'http://localhost:%s'," TEST_CLIENT ",'token':%s,'http':{'idle_connections':0}}",
                            port, issue("{}")));
    for (long i = 0; i < 2; i++) {
        threads[i] = start(traffic, (void *)(i + 2)); /* these do not renew */
    }
    for (int round = 0; round < (is_slow ? 10 : 200); round++) {
        pid_t child = fork_child();
        if (child == 0) {
            NEED(echo(client, "child", 0) == OWN, 90);
            leave(0);
        }
        wait_for(child);
    }
    is_over = 1;
    join(threads[0]);
    join(threads[1]);
    CHECK_NUMBER(failed_alone, 0);
    bearer_client_free(client);
}

/* --- Generations, TLS, cancel --- */

static void children_of_children(void)
{
    client = client_with_token(issue("{}"), "");
    CHECK(echo(client, "parent", 0) == OWN);
    pid_t child = fork_child();
    if (child == 0) {
        NEED(echo(client, "child", 0) == OWN, 60);
        pid_t grandchild = fork_child();
        NEED(echo(client, grandchild == 0 ? "grandchild" : "child", 1) == OWN, 61);
        if (grandchild != 0) {
            int status;
            NEED(waitpid(grandchild, &status, 0) == grandchild && status == 0, 62);
            NEED(echo(client, "child", 2) == OWN, 63);
        }
        bearer_client_free(client);
        leave(0);
    }
    CHECK(echo(client, "parent", 1) == OWN);
    wait_for(child);
    CHECK(echo(client, "parent", 2) == OWN);
    bearer_client_free(client);
}

static void over_tls(void)
{
    reset();
    client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'token':%s,'http':{'ca_file':'%s'}}",
                            json_text(server, "https_url"), issue("{}"), json_text(server, "ca_file")));
    CHECK(echo(client, "parent", 0) == OWN);
    for (long round = 0; round < 10; round++) {
        pid_t child = fork_child();
        if (child == 0) {
            NEED(echo(client, "child", 0) == OWN, 70);
            NEED(echo(client, "child", 1) == OWN, 71);
            bearer_client_free(client);
            leave(0);
        }
        /* While the child is at it, and when it is gone: the records of both go on in order. */
        CHECK(echo(client, "parent", round) == OWN);
        wait_for(child);
        CHECK(echo(client, "parent", round) == OWN);
    }
    /* The parent's one connection has outlived them all. */
    CHECK_NUMBER(connections_of("https"), 11);
    bearer_client_free(client);
}

static void *held_call(void *unused)
{
    (void)unused;
    CHECK_NUMBER(get_status(client, "api/held"), 200);
    return NULL;
}

static void cancel_in_the_child(void)
{
    client = client_with_token(issue("{}"), "");
    int id = hold("/api/held");
    pthread_t thread = start(held_call, NULL);
    wait_held(id, 1);
    pid_t child = fork_child();
    if (child == 0) {
        bearer_response *response;
        NEED(bearer_client_cancel(client) == BEARER_OK, 80);
        NEED(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, NULL) == BEARER_CANCELLED, 81);
        bearer_client_free(client);
        leave(0);
    }
    wait_for(child);
    release(id);
    join(thread);
    CHECK_NUMBER(get_status(client, "api/after"), 200);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin_forking(argc, argv);
    children_of_children();
    over_tls();
    cancel_in_the_child();
    during_traffic();
    during_lookups();
    return finish();
}
