/* Requests as the caller gives them, and answers whole or piece by piece. */
#include "check.h"

static bearer_client *client;

/* The echo of a request with this body. */
static char *echo_of(const char *method, const char *path, const void *body, size_t len)
{
    bearer_response *response;
    OK(bearer_client_request(client, method, path, body, len, &response, &error));
    CHECK_NUMBER(bearer_response_status(response), 200);
    return body_of(response);
}

static void methods(void)
{
    static const char *const rows[][2] = {{"get", "GET"},       {"Get", "GET"},           {"post", "POST"},   {"put", "PUT"},
                                          {"patch", "PATCH"},   {"delete", "DELETE"},     {"options", "OPTIONS"},
                                          {"TRACE", "TRACE"},   {"PROPFIND", "PROPFIND"}, {"purge", "purge"}, {"M-SEARCH", "M-SEARCH"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *echo = echo_of(rows[i][0], "api/x", NULL, 0);
        CHECK_TEXT(json_text(echo, "method"), rows[i][1]);
        CHECK_NUMBER(json_number(echo, "body_length"), 0);
    }
    static const char *const bad[] = {"", "GE T", "GET\r\n", "G\xc3\x89T", "GET/", "CONNECT", "connect"};
    bearer_request *request;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT(bearer_request_new(bad[i], "x", &request, &error), BEARER_INVALID_ARGUMENT, "value");
        CHECK(request == NULL);
    }
}

static void paths(void)
{
    static const char *const bases[] = {"/api", "/api/"};
    static const char *const rows[][2] = {
        {"lights", "/api/lights"},
        {"/lights", "/api/lights"},
        {"lights/", "/api/lights/"},
        {"a//b", "/api/a//b"},
        {"a%20b/%C3%A9", "/api/a%20b/%C3%A9"},
        {"a%2Fb", "/api/a%2Fb"},
        {"a?b=c&d", "/api/a?b=c&d"},
        {"a?b=/c?d/../e", "/api/a?b=/c?d/../e"},
        {"a;b=c,d:e@f!$&'()*+=", "/api/a;b=c,d:e@f!$&'()*+="},
        {"a:b", "/api/a:b"},
        {"@evil/", "/api/@evil/"},
        {":80@evil/", "/api/:80@evil/"},
        {"a#fragment", "/api/a"},
        {"a/./b/../c", "/api/a/c"},
        {"a/%2e%2E/c", "/api/c"},
        {"?a=b", "/api?a=b"},
    };
    for (size_t b = 0; b < 2; b++) {
        bearer_client *based = client_of(
            json("{'base_url':'%s%s','token':{'access_token':'%s'}}", server_url, bases[b], json_text(issue("{}"), "access_token")));
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            bearer_response *response = ask(based, "GET", rows[i][0]);
            char *wanted = format("%s%s", server_url, rows[i][1]);
            CHECK_TEXT(bearer_response_url(response), wanted);
            CHECK_TEXT(json_text(body_of(response), "path"), rows[i][1]);
        }
        bearer_client_free(based);
    }
    /* Absolute, of the client's own origin. */
    CHECK_TEXT(json_text(echo_of("GET", format("%s/api/y", server_url), NULL, 0), "path"), "/api/y");
}

static void queries(void)
{
    bearer_request *request = request_of("GET", "api/x");
    OK(bearer_request_add_query(request, "a b", "c&d=e", &error));
    OK(bearer_request_add_query(request, "\xc3\xa9", "%/?#+", &error));
    OK(bearer_request_add_query(request, "empty", "", &error));
    OK(bearer_request_add_query(request, "", "\r\n", &error));
    CHECK_TEXT(json_text(send_text(client, request), "path"),
               "/api/x?a%20b=c%26d%3De&%C3%A9=%25%2F%3F%23%2B&empty=&=%0D%0A");
    bearer_request_free(request);
    request = request_of("GET", "api/x?a=b");
    OK(bearer_request_add_query(request, "c", "-._~", &error));
    CHECK_TEXT(json_text(send_text(client, request), "path"), "/api/x?a=b&c=-._~");
    bearer_request_free(request);
    char *text;
    OK(bearer_percent_encode("a/b \xe2\x82\xac~", &text, &error));
    CHECK_TEXT(text, "a%2Fb%20%E2%82%AC~");
    bearer_free(text);
}

static void bodies(void)
{
    /* sha256 of the five bytes a NUL b NUL NUL, and of nothing. */
    static const char nuls[] = "a\0b\0";
    const char *const digest = "8810e7f8541fdfb6dd46a5f8414fd2e638432bac181da615a9ad293adee675e2", *const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    char *echo = echo_of("POST", "api/x", nuls, 5);
    CHECK_NUMBER(json_number(echo, "body_length"), 5);
    CHECK_TEXT(json_text(echo, "body_sha256"), digest);
    CHECK_NUMBER(count_of(echo, "[\"content-length\",\"5\"]"), 1);
    CHECK_NUMBER(count_of(echo, "content-type"), 0); /* nothing that the caller did not say */

    static const char *const with_length[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < 3; i++) {
        echo = echo_of(with_length[i], "api/x", NULL, 0);
        CHECK_NUMBER(count_of(echo, "[\"content-length\",\"0\"]"), 1);
        CHECK_NUMBER(count_of(echo, "transfer-encoding"), 0);
        CHECK_TEXT(json_text(echo, "body_sha256"), nothing);
    }
    static const char *const without[] = {"GET", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < 3; i++) {
        echo = echo_of(without[i], "api/x", NULL, 0);
        CHECK_NUMBER(count_of(echo, "content-length") + count_of(echo, "transfer-encoding"), 0);
        echo = echo_of(without[i], "api/x", "body", 4);
        CHECK_TEXT(json_text(echo, "body_text"), "body");
        CHECK_NUMBER(count_of(echo, "[\"content-length\",\"4\"]"), 1);
    }
    echo = echo_of("PROPFIND", "api/x", "<a/>", 4);
    CHECK_TEXT(json_text(echo, "body_text"), "<a/>");

    /* A large one. */
    char *large = malloc(3000000);
    for (int i = 0; i < 3000000; i++) {
        large[i] = (char)(i % 251);
    }
    echo = echo_of("PUT", "api/x", large, 3000000);
    CHECK_NUMBER(json_number(echo, "body_length"), 3000000);
    CHECK_TEXT(json_text(echo, "body_sha256"), "4d3870d4655ed773027a713ea136507d22e076248e0e9cc920a996039653b76f");
    free(large);

    /* One request object, sent twice, then with another body. */
    bearer_request *request = request_of("POST", "api/x");
    OK(bearer_request_set_body(request, nuls, 5, &error));
    CHECK_TEXT(json_text(send_text(client, request), "body_sha256"), digest);
    CHECK_TEXT(json_text(send_text(client, request), "body_sha256"), digest);
    OK(bearer_request_set_body(request, NULL, 0, &error));
    CHECK_TEXT(json_text(send_text(client, request), "body_sha256"), nothing);
    bearer_request_free(request);
}

/* --- Streamed bodies --- */

struct stream {
    int64_t left;
    size_t piece; /* at most so many at once */
    int64_t fails_at; /* fails once so many are left */
    int64_t lies; /* says it wrote so many */
    int at, reads;
};

static int64_t read_stream(void *user_data, void *buffer, size_t capacity)
{
    struct stream *stream = user_data;
    stream->reads++;
    CHECK(capacity > 0);
    if (stream->fails_at >= 0 && stream->left <= stream->fails_at) {
        return -1;
    }
    if (stream->lies) {
        return stream->lies;
    }
    size_t n = capacity < stream->piece ? capacity : stream->piece;
    n = (int64_t)n < stream->left ? n : (size_t)stream->left;
    for (size_t i = 0; i < n; i++) {
        ((char *)buffer)[i] = (char)(stream->at++ % 251);
    }
    stream->left -= (int64_t)n;
    return (int64_t)n;
}

static bearer_request *streamed(struct stream *stream, int64_t len)
{
    bearer_request *request = request_of("PUT", "api/x");
    OK(bearer_request_set_body_from(request, read_stream, stream, NULL, len, &error));
    return request;
}

static void streams(void)
{
    static const size_t pieces[] = {1000, 65536, 10000000};
    for (size_t i = 0; i < 3; i++) {
        for (int known = 0; known < 2; known++) {
            struct stream stream = {.left = 3000000, .piece = pieces[i], .fails_at = -1};
            bearer_request *request = streamed(&stream, known ? 3000000 : -1);
            char *echo = send_text(client, request);
            CHECK_NUMBER(json_number(echo, "body_length"), 3000000);
            CHECK_TEXT(json_text(echo, "body_sha256"), "4d3870d4655ed773027a713ea136507d22e076248e0e9cc920a996039653b76f");
            CHECK_NUMBER(count_of(echo, "[\"content-length\",\"3000000\"]"), known);
            CHECK_NUMBER(count_of(echo, "[\"transfer-encoding\",\"chunked\"]"), !known);
            /* It is read once. */
            bearer_response *response;
            EXPECT(bearer_client_send(client, request, &response, &error), BEARER_INVALID_ARGUMENT, "value");
            bearer_request_free(request);
        }
    }
    /* Nothing at all. */
    for (int known = 0; known < 2; known++) {
        struct stream stream = {.piece = 1, .fails_at = -1};
        bearer_request *request = streamed(&stream, known ? 0 : -1);
        CHECK_NUMBER(json_number(send_text(client, request), "body_length"), 0);
        bearer_request_free(request);
    }
    /* Longer than it was said to be: no byte more is sent. */
    struct stream longer = {.left = 1000, .piece = 1000, .fails_at = -1};
    bearer_request *request = streamed(&longer, 10);
    CHECK_NUMBER(json_number(send_text(client, request), "body_length"), 10);
    bearer_request_free(request);
}

static void failing_streams(void)
{
    struct stream rows[] = {
        {.left = 100, .piece = 10, .fails_at = 100},     {.left = 100000, .piece = 1000, .fails_at = 50000},
        {.left = 100, .piece = 10, .lies = INT64_MAX},   {.left = 100, .piece = 10, .lies = 10000000, .fails_at = -1},
        {.left = 10, .piece = 10, .fails_at = -1}, /* shorter than it was said to be */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int known = 0; known < 2; known++) {
            if (i == 4 && !known) {
                continue;
            }
            struct stream stream = rows[i];
            bearer_response *response;
            bearer_request *request = streamed(&stream, known ? 200000 : -1);
            EXPECT(bearer_client_send(client, request, &response, &error), BEARER_HOOK_FAILED, "hook");
            CHECK(response == NULL);
            bearer_request_free(request);
            CHECK_NUMBER(get_status(client, "api/lights"), 200);
        }
    }
}

/* It cannot be sent again: the 401 is the answer, and the next request renews (F-11). */
static void a_stream_and_a_refused_token(void)
{
    char *token = issue("{}");
    bearer_client *other = client_with_token(token, "");
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(token, "access_token")));
    reset();
    struct stream stream = {.left = 1000, .piece = 100, .fails_at = -1};
    bearer_request *request = streamed(&stream, -1);
    bearer_response *response;
    OK(bearer_client_send(other, request, &response, &error));
    CHECK_NUMBER(bearer_response_status(response), 401);
    bearer_response_free(response);
    bearer_request_free(request);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("token_requests"), 0);
    stream = (struct stream){.left = 1000, .piece = 100, .fails_at = -1};
    request = streamed(&stream, 1000);
    CHECK_NUMBER(json_number(send_text(other, request), "body_length"), 1000);
    bearer_request_free(request);
    CHECK_NUMBER(counter("api_requests"), 2);
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(other);
}

/* --- Answers --- */

static void statuses(void)
{
    static const int rows[] = {200, 201, 299, 300, 301, 302, 303, 304, 307, 308, 400, 403, 404, 407, 418, 429, 500, 502, 503, 599};
    reset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_NUMBER(get_status(client, format("api/status/%d", rows[i])), rows[i]);
    }
    CHECK_NUMBER(counter("api_requests"), sizeof rows / sizeof *rows); /* none is tried again */
    CHECK_NUMBER(counter("token_requests"), 0);
    /* Handed over, not followed. */
    static const int redirects[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < 5; i++) {
        bearer_response *response =
            ask(client, "GET", format("api/redirect?status=%d&to=%s/elsewhere", redirects[i], json_text(server, "other_url")));
        CHECK_NUMBER(bearer_response_status(response), redirects[i]);
        CHECK_TEXT(bearer_response_header(response, "location"), format("%s/elsewhere", json_text(server, "other_url")));
        bearer_response_free(response);
    }
    CHECK_NUMBER(count_of(control("GET", "log", NULL), "\"path\":\"/elsewhere"), 0);
}

static void headers(void)
{
    bearer_response *response = ask(client, "GET", "api/headers");
    const char *name, *value;
    char *all = format("%s", "");
    size_t count = 0;
    for (; bearer_response_header_at(response, count, &name, &value); count++) {
        all = format("%s%s=%s\n", all, name, value);
    }
    CHECK(name == NULL && value == NULL);
    static const char *const in_order[] = {"set-cookie=first=1; Path=/\n", "set-cookie=second=2; Path=/\n", "x-repeated=a\n",
                                           "x-repeated=b\n"};
    const char *at = all;
    for (size_t i = 0; i < 4; i++) {
        at = strcasestr(at, in_order[i]);
        CHECK_SAYING(at != NULL, "%s not in its place in %s", in_order[i], all);
        at++;
    }
    static const char *const spellings[] = {"set-cookie", "Set-Cookie", "SET-COOKIE"};
    for (size_t i = 0; i < 3; i++) {
        CHECK_TEXT(bearer_response_header(response, spellings[i]), "first=1; Path=/");
    }
    CHECK(bearer_response_header(response, "absent") == NULL);
    CHECK(bearer_response_header(response, "set-cooki") == NULL);
    CHECK(bearer_response_header(response, "") == NULL);
    CHECK(!bearer_response_header_at(response, SIZE_MAX, &name, &value));
    CHECK_TEXT(body_of(response), "headers\n");
}

static void check_pattern(const uint8_t *bytes, size_t len, size_t from)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != (from + i) % 251) {
            CHECK_SAYING(0, "byte %zu", from + i);
        }
    }
    CHECK_SAYING(bytes[len] == 0, "a NUL follows");
}

static void answers(void)
{
    static const char *const kinds[] = {"bytes", "chunked"};
    static const size_t lengths[] = {0, 1, 250, 8191, 8192, 8193, 65536, 1000000};
    static const size_t buffers[] = {1, 7, 4096, 100000};
    for (size_t k = 0; k < 2; k++) {
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            const char *path = format("api/%s/%zu", kinds[k], lengths[l]);
            const uint8_t *bytes, *again;
            size_t len, read;
            bearer_response *response = ask(client, "GET", path);
            OK(bearer_response_body(response, &bytes, &len, &error));
            CHECK_NUMBER(len, lengths[l]);
            check_pattern(bytes, len, 0);
            OK(bearer_response_body(response, &again, &len, &error));
            CHECK(again == bytes && len == lengths[l]);
            char one;
            OK(bearer_response_read(response, &one, 1, &read, &error));
            CHECK_NUMBER(read, 0); /* all was given */
            bearer_response_free(response);

            for (size_t b = lengths[l] > 100000 ? 1 : 0; b < sizeof buffers / sizeof *buffers; b++) {
                response = ask(client, "GET", path);
                uint8_t *buffer = malloc(buffers[b] + 1);
                size_t total = 0;
                do {
                    OK(bearer_response_read(response, buffer, buffers[b], &read, &error));
                    CHECK(read <= buffers[b]);
                    buffer[read] = 0;
                    check_pattern(buffer, read, total);
                    total += read;
                } while (read > 0);
                CHECK_NUMBER(total, lengths[l]);
                free(buffer);
                bearer_response_free(response);
            }
            /* Some by read, the rest by body. */
            response = ask(client, "GET", path);
            uint8_t some[100];
            OK(bearer_response_read(response, some, sizeof some, &read, &error));
            OK(bearer_response_body(response, &bytes, &len, &error));
            CHECK_NUMBER(len, lengths[l] - read);
            check_pattern(bytes, len, read);
            bearer_response_free(response);
        }
    }
    size_t read = 1;
    bearer_response *response = ask(client, "GET", "api/bytes/10");
    OK(bearer_response_read(response, NULL, 0, &read, &error));
    CHECK_NUMBER(read, 0);
    CHECK_TEXT(body_of(response) + 1, "\1\2\3\4\5\6\7\10\11");

    response = ask(client, "GET", "api/empty");
    CHECK_NUMBER(bearer_response_status(response), 204);
    CHECK_TEXT(body_of(response), "");
    response = ask(client, "HEAD", "api/bytes/1000");
    CHECK_NUMBER(bearer_response_status(response), 200);
    CHECK_TEXT(bearer_response_header(response, "content-length"), "1000");
    CHECK_TEXT(body_of(response), "");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
}

static void limits(void)
{
    bearer_client *small = client_with_token(issue("{}"), "'http':{'max_response_bytes':1000}");
    static const char *const kinds[] = {"bytes", "chunked"};
    for (size_t k = 0; k < 2; k++) {
        const uint8_t *bytes;
        size_t len;
        bearer_response *response = ask(small, "GET", format("api/%s/1000", kinds[k]));
        OK(bearer_response_body(response, &bytes, &len, &error));
        CHECK_NUMBER(len, 1000);
        bearer_response_free(response);
        response = ask(small, "GET", format("api/%s/1001", kinds[k]));
        EXPECT(bearer_response_body(response, &bytes, &len, &error), BEARER_TOO_LARGE, "body_size");
        CHECK(bytes == NULL && len == 0);
        bearer_response_free(response);
        /* Streaming is unbounded. */
        response = ask(small, "GET", format("api/%s/5000", kinds[k]));
        size_t total = 0;
        do {
            char buffer[512];
            OK(bearer_response_read(response, buffer, sizeof buffer, &len, &error));
            total += len;
        } while (len > 0);
        CHECK_NUMBER(total, 5000);
        bearer_response_free(response);
    }
    bearer_client_free(small);
}

static void timeouts(void)
{
    int id = hold("/api/held");
    bearer_request *request = request_of("GET", "api/held");
    OK(bearer_request_set_timeout(request, 50, &error));
    bearer_response *response;
    EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
    CHECK(response == NULL);
    bearer_client *hurried = client_with_token(issue("{}"), "'http':{'timeout_s':0.05}");
    EXPECT(bearer_client_request(hurried, "GET", "api/held", NULL, 0, &response, &error), BEARER_TIMEOUT, "deadline");
    OK(bearer_request_set_timeout(request, 0, &error));
    EXPECT(bearer_client_send(client, request, &response, &error), BEARER_TIMEOUT, "deadline");
    release(id);
    OK(bearer_request_set_timeout(request, 20000, &error));
    CHECK_TEXT(json_text(send_text(hurried, request), "path"), "/api/held"); /* in place of the client's */
    bearer_request_free(request);
    bearer_client_free(hurried);

    /* The body is under the same deadline. */
    fault(json("{'path':'/api/bytes/100','drip_ms':20}"));
    request = request_of("GET", "api/bytes/100");
    OK(bearer_request_set_timeout(request, 1000, &error));
    bearer_status status = bearer_client_send(client, request, &response, &error);
    if (status == BEARER_OK) {
        const uint8_t *bytes;
        size_t len;
        status = bearer_response_body(response, &bytes, &len, &error);
        bearer_response_free(response);
    }
    EXPECT(status, BEARER_TIMEOUT, "deadline");
    bearer_request_free(request);
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
}

static void outlives_its_client(void)
{
    bearer_client *gone = client_with_token(issue("{}"), "");
    bearer_response *response = ask(gone, "GET", "api/bytes/1000000");
    bearer_request *request = request_of("GET", "api/x");
    bearer_client_free(gone);
    const uint8_t *bytes;
    size_t len;
    CHECK_NUMBER(bearer_response_status(response), 200);
    CHECK_TEXT(bearer_response_header(response, "content-length"), "1000000");
    OK(bearer_response_body(response, &bytes, &len, &error));
    CHECK_NUMBER(len, 1000000);
    check_pattern(bytes, len, 0);
    bearer_response_free(response);
    bearer_request_free(request);
}

/* An answer that is left unread costs its connection, no more. */
static void left_unread(void)
{
    for (int i = 0; i < 10; i++) {
        bearer_response_free(ask(client, "GET", "api/bytes/100000"));
    }
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    /* And one that is read keeps it. */
    reset();
    for (int i = 0; i < 10; i++) {
        get_text(client, "api/lights");
    }
    long long made = json_number(json_raw(control("GET", "state", NULL), "connections"), "http");
    CHECK_SAYING(made == 0 || made == 1, "%lld connections", made);
}

/* A body that failed never looks like one that has ended. */
static void failed_bodies(void)
{
    enum { TRUNCATED, TRUNCATED_CHUNK, OVER_LIMIT, LATE, CANCELLED, ROWS };
    bearer_client *small = client_with_token(issue("{}"), "'http':{'max_response_bytes':1000}"), *scope;
    for (int row = 0; row < ROWS; row++) {
        for (int by_read = 0; by_read < 2; by_read++) {
            const uint8_t *bytes;
            size_t len, read;
            char piece[100];
            if (row == TRUNCATED || row == TRUNCATED_CHUNK) {
                fault(json("{'path':'/api/','truncate_at':900}"));
            } else if (row >= LATE) { /* Content-Length: 100, ten bytes, and no more */
                fault(json("{'path':'/api/','raw_base64':'SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogMTAwDQoNCjAxMjM0NTY3ODk=','keep':true}"));
            }
            OK(bearer_client_scope(small, row == LATE ? "{\"timeout_s\":0.2}" : NULL, &scope, &error));
            bearer_response *response = ask(scope, "GET", row == TRUNCATED_CHUNK ? "api/chunked/2000" : "api/bytes/2000");
            if (row == CANCELLED) {
                CHECK_NUMBER(bearer_client_cancel(scope), BEARER_OK);
            }
            static const struct {
                bearer_status status;
                const char *reason;
            } wanted[] = {{BEARER_PROTOCOL, "truncated"}, {BEARER_PROTOCOL, "truncated"}, {BEARER_TOO_LARGE, "body_size"},
                          {BEARER_TIMEOUT, "deadline"},   {BEARER_CANCELLED, "cancelled"}};
            for (int again = 0; again < 3; again++) {
                bearer_status status;
                if (by_read && row != OVER_LIMIT) {
                    do {
                        status = bearer_response_read(response, piece, sizeof piece, &read, &error);
                        SOFT_CHECK(status != BEARER_OK || read > 0, "row %d: looks complete (read, time %d)", row, again);
                    } while (status == BEARER_OK && read > 0);
                } else {
                    status = bearer_response_body(response, &bytes, &len, &error);
                    SOFT_CHECK(status == wanted[row].status, "row %d: %s, %zu bytes (body, time %d)", row,
                               bearer_status_name(status), len, again);
                }
                if (status == wanted[row].status) {
                    EXPECT(status, wanted[row].status, wanted[row].reason);
                }
            }
            bearer_response_free(response);
            bearer_client_free(scope);
        }
    }
    bearer_client_free(small);
}

/* U-8: a fragment is dropped, and no parameter with it. */
static void a_fragment_is_no_place(void)
{
    bearer_request *request = request_of("GET", "api/x#f");
    OK(bearer_request_add_query(request, "a", "b", &error));
    CHECK_TEXT(json_text(send_text(client, request), "path"), "/api/x?a=b");
    bearer_request_free(request);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    client = client_with_token(issue("{}"), "");
    methods();
    paths();
    queries();
    bodies();
    streams();
    failing_streams();
    a_stream_and_a_refused_token();
    statuses();
    headers();
    answers();
    limits();
    timeouts();
    outlives_its_client();
    left_unread();
    failed_bodies();
    a_fragment_is_no_place();
    bearer_client_free(client);
    return finish();
}
