/* How long a call goes on after bearer_client_cancel, in each phase that it can be in. */
#include "bench.h"

enum { ROUNDS = 2000 };

static bearer_client *client; /* of the phase; each round has a scope of its own */
static bearer_client *scope;
static double ended;
static int sends_head;

/* Reads a request, answers nothing or the begin of an answer, and waits for the end of the connection. */
static void *serve(void *argument)
{
    int listener = *(int *)argument;
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        char piece[4096];
        ssize_t n = read(connection, piece, sizeof piece);
        if (n > 0 && sends_head) {
            static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin";
            n = write(connection, head, sizeof head - 1);
        }
        while (n > 0) {
            n = read(connection, piece, sizeof piece);
        }
        close(connection);
    }
    return NULL;
}

static void *call(void *unused)
{
    (void)unused;
    bearer_response *response;
    bearer_status status = bearer_client_request(scope, "GET", "x", NULL, 0, &response, &error);
    if (status == BEARER_OK) {
        status = bearer_response_body(response, NULL, NULL, &error);
    }
    ended = now_us();
    CHECK_SAYING(status == BEARER_CANCELLED, "%s", bearer_error_json(error));
    bearer_error_free(error);
    bearer_response_free(response);
    return NULL;
}

static void measure(const char *phase)
{
    double *times = malloc(ROUNDS * sizeof *times);
    for (int i = 0; i < ROUNDS; i++) {
        OK(bearer_client_scope(client, NULL, &scope, &error));
        pthread_t thread = start(call, NULL);
        usleep(2000); /* enough to be in the phase */
        double began = now_us();
        bearer_client_cancel(scope);
        join(thread);
        times[i] = ended - began;
        bearer_client_free(scope);
    }
    print_times(phase, times, ROUNDS);
    free(times);
    bearer_client_free(client);
}

static bearer_reply *owed;

/* Answers later; the reply of a call that has left is only to be freed. */
static bearer_status later(void *user_data, const char *token, bearer_reply *reply)
{
    (void)user_data, (void)token;
    bearer_reply_free(owed);
    owed = reply;
    return BEARER_PENDING;
}

static void *lead(void *leader)
{
    CHECK_NUMBER(bearer_client_refresh(leader, NULL, NULL), BEARER_OK);
    return NULL;
}

static bearer_client *client_at_port(int port)
{
    return client_of(json("{'token':{'access_token':'a'},'base_url':'http://127.0.0.1:%d','http':{'timeout_s':600}}", port));
}

int main(void)
{
    int port = 0, hole = 0;
    int listener = listen_at("127.0.0.1", &port, 100);
    pthread_detach(start(serve, &listener));
    black_hole("127.0.0.1", &hole);
    print_times_head("cancel while");

    client = client_at_port(hole);
    measure("connecting");
    client = client_at_port(port);
    measure("waiting for an answer");
    sends_head = 1;
    client = client_at_port(port);
    measure("reading a body");
    client = client_at_port(port);
    OK(bearer_client_on_access_token(client, later, NULL, NULL, &error));
    measure("in a deferred hook");
    bearer_reply_free(owed);
    owed = NULL;

    client = client_at_port(port);
    bearer_client *leader;
    OK(bearer_client_set_token(client, "{\"access_token\":\"a\",\"expires_at\":1000}", &error));
    OK(bearer_client_on_refresh(client, later, NULL, NULL, &error));
    OK(bearer_client_scope(client, NULL, &leader, &error));
    pthread_t thread = start(lead, leader);
    usleep(100000);
    measure("waiting for another's renewal");
    CHECK_NUMBER(bearer_reply_token(owed, "b"), BEARER_OK);
    join(thread);
    bearer_client_free(leader);
    return 0;
}
