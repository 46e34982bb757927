/* A guest in its host's process: errno stays, SIGPIPE is never raised, interrupted system calls are no errors. */
#include "check.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

enum { MARK = 4711 };

/* The call leaves errno as it was. */
#define KEEPS_ERRNO(call)                       \
    do {                                        \
        errno = MARK;                           \
        (void)!(call);                          \
        CHECK_SAYING(errno == MARK, "%s", #call); \
        bearer_error_free(error);               \
        error = NULL;                           \
    } while (0)

static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    errno = 1; /* a hook's errno is its own */
    return BEARER_OK;
}

static void errno_stays(void)
{
    bearer_client *client, *scope;
    bearer_request *request;
    bearer_response *response;
    char *text, *config = json("{'base_url':'%s'," TEST_CLIENT ",'token':%s}", server_url, issue_expired());
    const uint8_t *bytes;
    size_t len;
    KEEPS_ERRNO(bearer_client_new("{", &client, &error));
    KEEPS_ERRNO(bearer_client_new(json("{'base_url':'https://x','http':{'ca_file':'/nonexistent'}}"), &client, &error));
    KEEPS_ERRNO(bearer_client_new(config, &client, &error));
    KEEPS_ERRNO(bearer_client_scope(client, NULL, &scope, &error));
    KEEPS_ERRNO(bearer_client_on_token(client, save, NULL, NULL, &error));
    KEEPS_ERRNO(bearer_request_new("GET", "api/bytes/100000", &request, &error));
    KEEPS_ERRNO(bearer_client_send(client, request, &response, &error));
    KEEPS_ERRNO(bearer_response_status(response) == 200);
    KEEPS_ERRNO(bearer_response_body(response, &bytes, &len, &error));
    CHECK_NUMBER(len, 100000);
    errno = MARK;
    bearer_response_free(response);
    bearer_request_free(request);
    CHECK_NUMBER(errno, MARK);
    KEEPS_ERRNO(bearer_client_token(client, &text, &error));
    errno = MARK;
    bearer_free(text);
    CHECK_NUMBER(errno, MARK);
    KEEPS_ERRNO(bearer_client_stats(client, NULL, &error));
    KEEPS_ERRNO(bearer_client_set_token(client, "{}", &error));
    KEEPS_ERRNO(bearer_client_cancel(scope));
    KEEPS_ERRNO(bearer_client_request(scope, "GET", "x", NULL, 0, &response, &error));
    KEEPS_ERRNO(bearer_client_request((bearer_client *)1, "GET", "x", NULL, 0, &response, &error));
    fault(json("{'path':'/api/','reset_at':10}"));
    KEEPS_ERRNO(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error));
    bearer_client *nowhere = client_of(json("{'base_url':'http://127.0.0.1:1','token':{'access_token':'a'}}"));
    KEEPS_ERRNO(bearer_client_request(nowhere, "GET", "x", NULL, 0, &response, &error));
    bearer_client *unnamed = client_of(json("{'base_url':'http://name.invalid','token':{'access_token':'a'}}"));
    KEEPS_ERRNO(bearer_client_request(unnamed, "GET", "x", NULL, 0, &response, &error));
    int id = hold("/api/held");
    OK(bearer_request_new("GET", "api/held", &request, &error));
    OK(bearer_request_set_timeout(request, 20, &error));
    KEEPS_ERRNO(bearer_client_send(client, request, &response, &error));
    release(id);
    errno = MARK;
    bearer_request_free(request);
    bearer_client_free(scope);
    bearer_client_free(client);
    bearer_client_free(nowhere);
    bearer_client_free(unnamed);
    CHECK_NUMBER(errno, MARK);
}

/* A server that closes as soon as it has seen a byte: a body that is on its way to it meets a closed connection. */
static int64_t endless(void *user_data, void *buffer, size_t capacity)
{
    (void)user_data;
    memset(buffer, 'x', capacity);
    return (int64_t)capacity;
}

static void *close_early(void *argument)
{
    int *listener = argument;
    for (int i = 0; i < 10; i++) {
        char byte;
        int s = accept(*listener, NULL, NULL);
        CHECK(s >= 0);
        CHECK(recv(s, &byte, 1, 0) == 1);
        close(s); /* with bytes unread: RST */
    }
    return NULL;
}

static void no_sigpipe(void)
{
    struct sigaction action;
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 5) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    bearer_client *client =
        client_of(json("{'base_url':'http://127.0.0.1:%d','token':{'access_token':'a'}}", ntohs(address.sin_port)));
    pthread_t thread = start(close_early, &listener);
    for (int round = 0; round < 10; round++) {
        bearer_response *response;
        bearer_request *request = request_of("PUT", "x");
        OK(bearer_request_set_body_from(request, endless, NULL, NULL, (int64_t)1 << 40, &error));
        bearer_status status = bearer_client_send(client, request, &response, &error);
        CHECK(response == NULL);
        CHECK_SAYING(status == BEARER_UNAVAILABLE || status == BEARER_PROTOCOL, "%s", bearer_error_json(error));
        bearer_error_free(error);
        error = NULL;
        bearer_request_free(request);
    }
    join(thread);
    close(listener);
    bearer_client_free(client);

    /* By TLS, and on a kept connection that the server has closed meanwhile. */
    const char *const urls[] = {server_url, json_text(server, "https_url")};
    for (size_t i = 0; i < 2; i++) {
        client = client_of(json("{'base_url':'%s','token':%s,'http':{'ca_file':'%s'}}", urls[i], issue("{}"),
                                json_text(server, "ca_file")));
        for (int round = 0; round < 10; round++) {
            bearer_response *response;
            fault(round % 2 ? json("{'path':'/api/','reset_at':0}") : json("{'path':'/api/','truncate_at':100000}"));
            bearer_status status = bearer_client_request(client, "PUT", "api/x", "body", 4, &response, &error);
            bearer_error_free(error);
            error = NULL;
            if (status == BEARER_OK) {
                body_of(response);
            }
        }
        no_faults();
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        bearer_client_free(client);
    }
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
}

/* N-6: signals without SA_RESTART, a thousand each second. */
static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
    (void)signal;
    signals++;
}

static bearer_reply *asked;
static void *answer(void *unused)
{
    (void)unused;
    /* Some signals come while the call waits for this. */
    for (int begin_count = signals; signals < begin_count + 20;) {
        usleep(100);
    }
    CHECK_NUMBER(bearer_reply_token(asked, json_text(issue("{}"), "access_token")), BEARER_OK);
    return NULL;
}

static pthread_t answering;
static bearer_status answer_later(void *user_data, const char *rejected, bearer_reply *reply)
{
    (void)user_data, (void)rejected;
    asked = reply;
    answering = start(answer, NULL);
    return BEARER_PENDING;
}

static void signal_storm(void)
{
    struct sigaction action = {.sa_handler = count_signal}; /* no SA_RESTART */
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec every_ms = {{0, 1000000}, {0, 1000000}}, never = {{0, 0}, {0, 0}};
    timer_t timer;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK(timer_settime(timer, 0, &every_ms, NULL) == 0);
    const char *const urls[] = {server_url, json_text(server, "https_url")};
    for (size_t i = 0; i < 2; i++) {
        bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'token':%s,'http':{'ca_file':'%s'}}", urls[i],
                                               issue_expired(), json_text(server, "ca_file")));
        for (int round = 0; round < 20; round++) {
            const uint8_t *bytes;
            size_t len;
            bearer_response *response = ask(client, "GET", "api/bytes/1000000");
            OK(bearer_response_body(response, &bytes, &len, &error));
            CHECK_NUMBER(len, 1000000);
            bearer_response_free(response);
        }
        fault(json("{'path':'/api/lights','delay_ms':100}"));
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        OK(bearer_client_on_access_token(client, answer_later, NULL, NULL, &error));
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        join(answering);
        /* A deadline stays one. */
        OK(bearer_client_on_access_token(client, NULL, NULL, NULL, &error));
        int id = hold("/api/held");
        bearer_response *response;
        bearer_request *request = request_of("GET", "api/held");
        OK(bearer_request_set_timeout(request, 100, &error));
        EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
        bearer_request_free(request);
        release(id);
        bearer_client_free(client);
    }
    CHECK(timer_settime(timer, 0, &never, NULL) == 0);
    CHECK(timer_delete(timer) == 0);
    CHECK(signals > 100);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    errno_stays();
    no_sigpipe();
    signal_storm();
    return finish();
}
