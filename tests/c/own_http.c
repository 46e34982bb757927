/* on_http: the whole library over a C function that does the HTTP. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* --- A tiny HTTP client: one connection for each exchange, read to its end. --- */

struct stack {
    int exchanges;
    size_t longest_piece; /* how much of a body is read at once */
    char last_head[4096];
    uint64_t timeout_ms;
};

struct text {
    char *bytes;
    size_t len;
};

static void append(struct text *text, const void *bytes, size_t len)
{
    text->bytes = realloc(text->bytes, text->len + len + 1);
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = 0;
}

static struct text exchange(const struct text *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(strrchr(server_url, ':') + 1));
    int s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(s >= 0 && connect(s, (struct sockaddr *)&address, sizeof address) == 0);
    for (size_t sent = 0; sent < request->len;) {
        ssize_t n = send(s, request->bytes + sent, request->len - sent, MSG_NOSIGNAL);
        CHECK(n > 0);
        sent += (size_t)n;
    }
    struct text answer = {0};
    char buffer[65536];
    for (ssize_t n; (n = recv(s, buffer, sizeof buffer, 0)) > 0;) {
        append(&answer, buffer, (size_t)n);
    }
    close(s);
    return answer;
}

static bearer_status own_http(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    struct stack *stack = user_data;
    struct text text = {0}, body = {0};
    const char *name, *value;
    char line[2048], piece[65536];
    size_t read;
    stack->exchanges++;
    stack->timeout_ms = bearer_request_timeout_ms(request);
    CHECK(strncmp(bearer_request_url(request), server_url, strlen(server_url)) == 0);
    do {
        OK(bearer_request_body_read(request, piece, stack->longest_piece, &read, &error));
        append(&body, piece, read);
    } while (read > 0);
    append(&text, line, (size_t)snprintf(line, sizeof line, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n",
                                         bearer_request_method(request), bearer_request_url(request) + strlen(server_url), body.len));
    for (size_t i = 0; bearer_request_header_at(request, i, &name, &value); i++) {
        /* The framing is mine. */
        CHECK(strcasecmp(name, "host") != 0 && strcasecmp(name, "content-length") != 0 && strcasecmp(name, "transfer-encoding") != 0);
        append(&text, line, (size_t)snprintf(line, sizeof line, "%s: %s\r\n", name, value));
    }
    CHECK(name == NULL && value == NULL);
    snprintf(stack->last_head, sizeof stack->last_head, "%s", text.bytes);
    append(&text, "\r\n", 2);
    append(&text, body.bytes ? body.bytes : "", body.len);

    struct text answer = exchange(&text);
    char *head_end = strstr(answer.bytes, "\r\n\r\n");
    CHECK(head_end != NULL);
    *head_end = 0;
    char *rest, *header = strtok_r(answer.bytes, "\r\n", &rest);
    int status = atoi(header + 9);
    while ((header = strtok_r(NULL, "\r\n", &rest)) != NULL) {
        char *colon = strchr(header, ':');
        *colon = 0;
        CHECK_NUMBER(bearer_reply_header(reply, header, colon + 1 + strspn(colon + 1, " ")), BEARER_OK);
    }
    /* The body in pieces, its last part with the status. */
    const char *bytes = head_end + 4;
    size_t left = answer.len - (size_t)(bytes - answer.bytes);
    while (left > 10) {
        size_t n = left > 1000 ? 1000 : left - 5;
        CHECK_NUMBER(bearer_reply_body(reply, bytes, n), BEARER_OK);
        bytes += n;
        left -= n;
    }
    CHECK_NUMBER(bearer_reply_http(reply, (uint16_t)status, bytes, left), BEARER_OK);
    free(text.bytes);
    free(body.bytes);
    free(answer.bytes);
    return BEARER_OK;
}

static int64_t read_a(void *user_data, void *buffer, size_t capacity)
{
    int *left = user_data;
    size_t n = capacity < 1000 ? capacity : 1000;
    n = (int)n < *left ? n : (size_t)*left;
    memset(buffer, 'a', n);
    *left -= (int)n;
    return (int64_t)n;
}

static void everything_through_it(void)
{
    struct stack stack = {.longest_piece = 7};
    bearer_client *client = client_with_token(issue_expired(), "'http':{'timeout_s':20}");
    OK(bearer_client_on_http(client, own_http, &stack, NULL, &error));
    reset();
    char *echo = get_text(client, "api/lights?a=b");
    CHECK_TEXT(json_text(echo, "path"), "/api/lights?a=b");
    CHECK_NUMBER(stack.exchanges, 2); /* the renewal and the request */
    CHECK_NUMBER(counter("refreshes"), 1);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(count_of(stack.last_head, "\r\nauthorization: Bearer "), 1);
    CHECK(stack.timeout_ms > 10000 && stack.timeout_ms <= 20000);
    char *stats;
    OK(bearer_client_stats(client, &stats, &error));
    CHECK_NUMBER(json_number(stats, "connections"), 0);
    bearer_free(stats);

    /* A refused token, a body with NULs, headers. */
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    bearer_request *request = request_of("PUT", "api/x");
    OK(bearer_request_set_body(request, "a\0b", 3, &error));
    OK(bearer_request_add_header(request, "X-Mine", "1", &error));
    OK(bearer_request_add_header(request, "Authorization", "mine", &error));
    echo = send_text(client, request);
    CHECK_NUMBER(json_number(echo, "body_length"), 3);
    CHECK_NUMBER(count_of(echo, "x-mine"), 1);
    CHECK_NUMBER(count_of(echo, "\"authorization\""), 1);
    bearer_request_free(request);
    CHECK_NUMBER(stack.exchanges, 5);

    /* A streamed body is never gathered. */
    int left = 100000;
    stack.longest_piece = 3000;
    request = request_of("PUT", "api/x");
    OK(bearer_request_set_body_from(request, read_a, &left, NULL, -1, &error));
    echo = send_text(client, request);
    CHECK_NUMBER(json_number(echo, "body_length"), 100000);
    CHECK_NUMBER(left, 0);
    bearer_request_free(request);

    /* Answers of any length, headers in order. */
    bearer_response *response = ask(client, "GET", "api/bytes/100000");
    const uint8_t *bytes;
    size_t len;
    OK(bearer_response_body(response, &bytes, &len, &error));
    CHECK_NUMBER(len, 100000);
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != i % 251) {
            CHECK_SAYING(0, "byte %zu", i);
        }
    }
    bearer_response_free(response);
    response = ask(client, "GET", "api/headers");
    CHECK_TEXT(bearer_response_header(response, "set-cookie"), "first=1; Path=/");
    bearer_response_free(response);

    /* What goes wrong at the token endpoint means the same. */
    char *token = held_token(client);
    control("POST", "invalidate", json("{'refresh_token':'%s'}", json_text(token, "refresh_token")));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");

    /* Removed: the library's own network again. */
    OK(bearer_client_on_http(client, NULL, NULL, NULL, &error));
    int before = stack.exchanges;
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(stack.exchanges, before);
    bearer_client_free(client);
}

/* --- Canned answers --- */

struct canned {
    int status;
    bearer_status returns;
    const char *words;
    bearer_reply *reply;
    const bearer_request *request;
    int asked;
};

static bearer_status answer_canned(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    struct canned *canned = user_data;
    canned->asked++;
    canned->reply = reply;
    canned->request = request;
    if (canned->words != NULL) {
        CHECK_NUMBER(bearer_reply_error(reply, canned->returns, canned->words), BEARER_OK);
        return BEARER_OK;
    }
    if (canned->returns != BEARER_OK) {
        return canned->returns;
    }
    static const int no_status[] = {0, 1, 99, 100, 101, 199, 600, 999, 65535};
    for (size_t i = 0; i < sizeof no_status / sizeof *no_status; i++) {
        CHECK_NUMBER(bearer_reply_http(reply, (uint16_t)no_status[i], "x", 1), BEARER_INVALID_ARGUMENT);
    }
    CHECK_NUMBER(bearer_reply_header(reply, "Bad Name", "x"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_header(reply, "", "x"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_header(reply, "X-Bad", "a\r\nX-Evil: 1"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_token(reply, "at-x"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_done(reply), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_header(reply, "X-Good", "a"), BEARER_OK);
    if (canned->status != 0) {
        CHECK_NUMBER(bearer_reply_http(reply, (uint16_t)canned->status, "body", 4), BEARER_OK);
        CHECK_NUMBER(bearer_reply_http(reply, 200, NULL, 0), BEARER_INVALID_ARGUMENT);
        CHECK_NUMBER(bearer_reply_header(reply, "X-Late", "a"), BEARER_INVALID_ARGUMENT);
        CHECK_NUMBER(bearer_reply_body(reply, "x", 1), BEARER_INVALID_ARGUMENT);
    }
    return BEARER_OK;
}

static bearer_client *canned_client(struct canned *canned)
{
    bearer_client *client = client_of(json("{'base_url':'https://api.example','token':{'access_token':'at-x','refresh_token':'rt-x'}}"));
    OK(bearer_client_on_http(client, answer_canned, canned, NULL, &error));
    return client;
}

static void canned_answers(void)
{
    struct canned canned = {.status = 599};
    bearer_client *client = canned_client(&canned);
    static const int statuses[] = {200, 204, 302, 404, 500, 599};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        canned.status = statuses[i];
        bearer_response *response = ask(client, "GET", "x");
        CHECK_NUMBER(bearer_response_status(response), statuses[i]);
        CHECK_TEXT(bearer_response_header(response, "x-good"), "a");
        CHECK(bearer_response_header(response, "x-bad") == NULL && bearer_response_header(response, "x-evil") == NULL);
        CHECK_TEXT(bearer_response_url(response), "https://api.example/x");
        CHECK_TEXT(body_of(response), "body");
    }
    bearer_response *response;
    canned.status = 0;
    EXPECT(bearer_client_request(client, "GET", "x", NULL, 0, &response, &error), BEARER_HOOK_FAILED, "unanswered");
    canned.returns = 99;
    EXPECT(bearer_client_request(client, "GET", "x", NULL, 0, &response, &error), BEARER_HOOK_FAILED, "hook");
    canned.returns = BEARER_UNAVAILABLE;
    canned.words = "the serial line is busy";
    bearer_status status = bearer_client_request(client, "GET", "x", NULL, 0, &response, &error);
    CHECK(strstr(bearer_error_message(error), canned.words) != NULL);
    EXPECT(status, BEARER_UNAVAILABLE, "hook");
    /* A renewal through a stack that fails keeps the refresh token. */
    char *token = held_token(client);
    canned.words = NULL;
    for (int i = 0; i < 2; i++) {
        canned.returns = i == 0 ? 99 : BEARER_UNAVAILABLE;
        status = bearer_client_refresh(client, NULL, &error);
        CHECK_SAYING(status != BEARER_OK && status != BEARER_LOGIN_REQUIRED, "%s", bearer_error_json(error));
        bearer_error_free(error);
        error = NULL;
        CHECK_TEXT(held_token(client), token);
    }
    bearer_client_free(client);
}

/* --- Late answers --- */

static bearer_status answer_never(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    struct canned *canned = user_data;
    canned->reply = reply;
    canned->request = request;
    return BEARER_PENDING;
}

static void late_answers(void)
{
    struct canned canned = {0};
    bearer_client *client = canned_client(&canned);
    OK(bearer_client_on_http(client, answer_never, &canned, NULL, &error));
    bearer_request *request = request_of("PUT", "x");
    int left = 1000;
    OK(bearer_request_set_body_from(request, read_a, &left, NULL, -1, &error));
    OK(bearer_request_set_timeout(request, 30, &error));
    bearer_response *response;
    EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
    bearer_request_free(request);
    /* What it was given lives until it answers, but the body has gone with its owner. */
    CHECK_TEXT(bearer_request_method(canned.request), "PUT");
    CHECK_TEXT(bearer_request_url(canned.request), "https://api.example/x");
    CHECK_NUMBER(bearer_request_timeout_ms(canned.request), 0);
    char byte;
    size_t read;
    EXPECT(bearer_request_body_read(canned.request, &byte, 1, &read, &error), BEARER_INVALID_HANDLE, "handle");
    CHECK_NUMBER(bearer_reply_header(canned.reply, "A", "b"), BEARER_INVALID_HANDLE);
    CHECK_NUMBER(bearer_reply_http(canned.reply, 200, "late", 4), BEARER_INVALID_HANDLE);
    CHECK_NUMBER(bearer_reply_http(canned.reply, 200, "later", 5), BEARER_INVALID_HANDLE);
    CHECK(bearer_request_method(canned.request) == NULL);
    bearer_reply_free(canned.reply);

    /* Late, and given up. */
    request = request_of("GET", "x");
    OK(bearer_request_set_timeout(request, 30, &error));
    EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
    bearer_request_free(request);
    bearer_reply_free(canned.reply);
    CHECK(bearer_request_url(canned.request) == NULL);
    CHECK_NUMBER(bearer_reply_http(canned.reply, 200, NULL, 0), BEARER_INVALID_HANDLE);

    /* Late, with the client gone. */
    request = request_of("GET", "x");
    OK(bearer_request_set_timeout(request, 30, &error));
    EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
    bearer_request_free(request);
    bearer_client_free(client);
    CHECK_TEXT(bearer_request_url(canned.request), "https://api.example/x");
    CHECK_NUMBER(bearer_reply_http(canned.reply, 200, NULL, 0), BEARER_INVALID_HANDLE);
}

/* A hook that makes a request on its own client would never end. */
static bearer_client *reentered;
static bearer_status call_back(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    bearer_response *response;
    (void)user_data, (void)request;
    EXPECT(bearer_client_request(reentered, "GET", "x", NULL, 0, &response, &error), BEARER_WOULD_DEADLOCK, "reentered");
    CHECK_NUMBER(bearer_reply_http(reply, 200, NULL, 0), BEARER_OK);
    return BEARER_OK;
}

static void reentry(void)
{
    struct canned canned = {0};
    reentered = canned_client(&canned);
    OK(bearer_client_on_http(reentered, call_back, NULL, NULL, &error));
    CHECK_NUMBER(get_status(reentered, "x"), 200);
    bearer_client_free(reentered);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    everything_through_it();
    canned_answers();
    late_answers();
    reentry();
    return finish();
}
