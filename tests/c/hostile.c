/* Bad input and hostile servers, by the numbers of the design's list (docs: U path, H headers, T token answers, E error
 * answers). Each row says its number when it fails. */
#include "check.h"

/* --- Answers as raw bytes --- */

static char *base64(const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *b = bytes;
    char *out = keep(malloc(len / 3 * 4 + 8)), *to = out;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = (uint32_t)b[i] << 16 | (i + 1 < len ? (uint32_t)b[i + 1] << 8 : 0) | (i + 2 < len ? b[i + 2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = i + 1 < len ? digits[three >> 6 & 63] : '=';
        *to++ = i + 2 < len ? digits[three & 63] : '=';
    }
    *to = 0;
    return out;
}

/* Every request there gets these bytes, until no_faults(). */
static void raw_answer(const char *path, const void *bytes, size_t len)
{
    fault(json("{'path':'%s','times':-1,'raw_base64':'%s'}", path, base64(bytes, len)));
}

/* An answer of this head (status line and headers, without Content-Length) and body. */
static char *whole_answer(const char *head, const void *body, size_t body_len, size_t *len)
{
    char *begin = format("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", head, body_len);
    char *all = keep(malloc(strlen(begin) + body_len + 1));
    memcpy(all, begin, strlen(begin));
    memcpy(all + strlen(begin), body, body_len);
    *len = strlen(begin) + body_len;
    return all;
}

static void answer(const char *path, const char *head, const void *body, size_t body_len)
{
    size_t len;
    char *all = whole_answer(head, body, body_len, &len);
    raw_answer(path, all, len);
}

#define JSON "200 OK\r\nContent-Type: application/json"

/* --- What must hold in every case --- */

static int has_secret(const char *text)
{
    return text && (strstr(text, "at-") || strstr(text, "rt-") || strstr(text, "test-secret") || strstr(text, "PLANTED"));
}

static void log_event(void *user_data, bearer_level level, const char *event_json)
{
    (void)user_data, (void)level;
    SOFT_CHECK(!has_secret(event_json), "a secret in the log: %s", event_json);
}

static bearer_client *victim(const char *more)
{
    bearer_client *client = client_with_token(issue_expired(), more);
    OK(bearer_client_on_log(client, log_event, NULL, NULL, BEARER_LEVEL_TRACE, &error));
    return client;
}

static void check_outcome(const char *row, bearer_status is, bearer_status status, const char *reason)
{
    const char *details = error ? bearer_error_json(error) : "";
    char *told = json_text(details, "reason");
    SOFT_CHECK(is == status && (reason == NULL || (told && strcmp(told, reason) == 0)), "%s: is %s %s, should be %s %s", row,
               bearer_status_name(is), details, bearer_status_name(status), reason ? reason : "");
    SOFT_CHECK(!has_secret(details), "%s: a secret in %s", row, details);
    bearer_error_free(error);
    error = NULL;
}

/* Renews against what was planted; then the old refresh token is still held, and all works without the fault. */
static void expect_refresh(const char *row, bearer_client *client, bearer_status status, const char *reason)
{
    char *before = json_text(held_token(client), "refresh_token");
    char *text;
    bearer_status is = bearer_client_refresh(client, &text, &error);
    SOFT_CHECK(text == NULL || is == BEARER_OK, "%s: a result beside an error", row);
    bearer_free(text);
    check_outcome(row, is, status, reason);
    char *after = json_text(held_token(client), "refresh_token");
    SOFT_CHECK(after && strcmp(before, after) == 0, "%s: the refresh token is lost", row);
    no_faults();
    is = bearer_client_refresh(client, NULL, &error);
    SOFT_CHECK(is == BEARER_OK, "%s: not usable afterwards: %s", row, error ? bearer_error_json(error) : "");
    bearer_error_free(error);
    error = NULL;
    bearer_client_free(client);
}

/* --- U: the caller's URL and path --- */

static void u_paths(void)
{
    static const struct {
        const char *number, *path;
    } rows[] = {
        {"U-1", "http://evil.invalid/"},
        {"U-1", "https://evil.invalid/"},
        {"U-1", "HTTP://EVIL.invalid/"},
        {"U-1", "ftp://evil.invalid/"},
        {"U-1", "file:///etc/passwd"},
        {"U-1", "http://127.0.0.1:1/"},
        {"U-2", "//evil.invalid/x"},
        {"U-2", "///evil.invalid/x"},
        {"U-3", "\\\\evil.invalid"},
        {"U-3", "/\\evil.invalid"},
        {"U-3", "\\/evil.invalid"},
        {"U-5", ".."},
        {"U-5", "../"},
        {"U-5", "../x"},
        {"U-5", "/.."},
        {"U-5", "/../../x"},
        {"U-5", "%2e%2e"},
        {"U-5", "%2E%2e/x"},
        {"U-5", ".%2e/x"},
        {"U-5", "a/../../x"},
        {"U-5", "a/b/../../../x"},
        {"U-5", "./../x"},
        {"U-6", "a\rb"},
        {"U-6", "a\nb"},
        {"U-6", "a\r\nX-Evil: 1"},
        {"U-6", "a\tb"},
        {"U-6", "a b"},
        {"U-6", " "},
        {"U-6", "a\x7f"},
        {"U-6", "a\x01"},
        {"U-6", "\xc3\xa9"},
        {"U-6", "a?b=\xc3\xa9"},
        {"U-6", "a#\xc3\xa9"},
        {"U-6", "a%"},
        {"U-6", "a%2"},
        {"U-6", "a%zz"},
    };
    bearer_client *client = client_of(json("{'base_url':'%s/api','token':%s}", server_url, issue("{}")));
    bearer_response *response;
    char *text;
    reset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *row = format("%s %s", rows[i].number, rows[i].path);
        bearer_status is = bearer_client_request(client, "GET", rows[i].path, NULL, 0, &response, &error);
        SOFT_CHECK(response == NULL, "%s", row);
        bearer_response_free(response);
        check_outcome(row, is, BEARER_INVALID_ARGUMENT, "url");
    }
    /* U-4: what looks like a user name is a part of the path. */
    CHECK_TEXT(json_text(get_text(client, "@evil.invalid/"), "path"), "/api/@evil.invalid/");
    CHECK_TEXT(json_text(get_text(client, ":80@evil.invalid/"), "path"), "/api/:80@evil.invalid/");
    /* U-10 */
    char *longest = keep(malloc(70001));
    memset(longest, 'a', 70000);
    longest[70000] = 0;
    check_outcome("U-10", bearer_client_request(client, "GET", longest, NULL, 0, &response, &error), BEARER_INVALID_ARGUMENT, "url");
    longest[60000] = 0;
    CHECK_NUMBER(strlen(json_text(get_text(client, longest), "path")), 60005);
    CHECK_NUMBER(counter("api_requests"), 3);
    /* The token of a URL elsewhere. */
    static const char *const elsewhere[] = {"http://evil.invalid/", "http://127.0.0.1:1/", "http://localhost/"};
    for (size_t i = 0; i < 3; i++) {
        check_outcome("origin", bearer_client_authorization(client, "GET", elsewhere[i], &text, &error), BEARER_UNSAFE, "origin");
        CHECK(text == NULL);
    }
    char *https = format("https%s/api", server_url + 4);
    check_outcome("origin, https", bearer_client_authorization(client, "GET", https, &text, &error), BEARER_UNSAFE, "origin");
    bearer_client_free(client);
}

static void u_base_urls(void)
{
    static const struct {
        const char *number, *url;
    } rows[] = {
        {"U-7", "http://user@api.example"},    {"U-7", "http://user:pass@api.example/"}, {"U-7", "http://@api.example/"},
        {"U-9", "http://[::1"},                {"U-9", "http://[::g]/"},                 {"U-9", "http://[fe80::1%25eth0]/"},
        {"U-9", "http://[::1]x/"},             {"U-9", "http://::1/"},                   {"U-9", "http://api.example:0/"},
        {"U-9", "http://api.example:99999/"},  {"U-9", "http://api.example:80a/"},       {"U-9", "http://api.example:-1/"},
        {"U-9", "http://b\xc3\xbc" "cher.example/"}, {"U-9", "http://api.example./"},    {"U-9", "http://.example/"},
        {"U-9", "http://a..example/"},         {"U-9", "http:///x"},                     {"U-9", "http://"},
        {"U-9", "http:api.example"},           {"U-9", "api.example"},                   {"U-9", "/api"},
        {"U-9", ""},                           {"U-9", "ftp://api.example/"},            {"U-9", "javascript:alert(1)"},
        {"U-9", "http://api.example/%zz"},     {"U-9", "http://api.example/../x"},       {"U-9", "http://api%2eexample/"},
        {"U-6", "http://api.example/a b"},     {"U-6", "http://api.exa mple/"},          {"U-6", "http://api.example/\\n"},
        {"U-3", "http:\\\\\\\\evil.example"},  {"U-3", "http://api.example\\\\@evil.example/"},
    };
    bearer_client *client;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *row = format("%s %s", rows[i].number, rows[i].url);
        bearer_status is = bearer_client_new(json("{'base_url':'%s'}", rows[i].url), &client, &error);
        SOFT_CHECK(client == NULL, "%s", row);
        SOFT_CHECK(error && strncmp(bearer_error_message(error), "base_url", 8) == 0, "%s: the member is not named", row);
        check_outcome(row, is, BEARER_INVALID_ARGUMENT, "url");
        bearer_client_free(client);
        is = bearer_client_new(json("{'server':{'token_endpoint':'%s'}}", rows[i].url), &client, &error);
        SOFT_CHECK(client == NULL, "%s as token_endpoint", row);
        check_outcome(row, is, BEARER_INVALID_ARGUMENT, "url");
        bearer_client_free(client);
    }
    /* U-8, U-9: one normal form. */
    const char *port = strrchr(server_url, ':');
    static const char *const same[] = {"HTTP://127.0.0.1%s/api", "http://127.0.0.1%s/api#fragment", "http://127.0.0.1%s/x/../api"};
    for (size_t i = 0; i < 3; i++) {
        char *at = strstr(same[i], "%s"), *url = format("%.*s%s%s", (int)(at - same[i]), same[i], port, at + 2), *text;
        client = client_of(json("{'base_url':'%s','token':%s}", url, issue("{}")));
        CHECK_NUMBER(get_status(client, "lights"), 200);
        OK(bearer_client_authorization(client, "GET", format("hTTp://127.0.0.1%s/", port), &text, &error));
        bearer_free(text);
        bearer_client_free(client);
    }
}

/* --- H: headers --- */

static void h_headers(void)
{
    static const struct {
        const char *number, *name, *value;
    } rows[] = {
        {"H-1", "X-A", "a\rb"},   {"H-1", "X-A", "a\nb"},          {"H-1", "X-A", "a\r\nX-Evil: 1"}, {"H-1", "X-A", "a\x7f"},
        {"H-1", "X-A", "\x01"},   {"H-1", "X-A", "\xc3\xa9"},      {"H-2", "", "a"},                 {"H-2", "X A", "a"},
        {"H-2", "X:A", "a"},      {"H-2", "X-A\r\n", "a"},         {"H-2", "X\xc3\xa9", "a"},        {"H-2", "X(A)", "a"},
        {"H-2", ":path", "a"},    {"H-3", "Host", "evil.invalid"}, {"H-3", "host", "a"},             {"H-3", "Content-Length", "1"},
        {"H-3", "CONTENT-LENGTH", "0"}, {"H-3", "Transfer-Encoding", "chunked"}, {"H-3", "Connection", "close"},
        {"H-3", "Expect", "100-continue"}, {"H-3", "Proxy-Authorization", "x"}, {"H-3", "proxy-connection", "x"},
        {"H-3", "TE", "trailers"}, {"H-3", "Upgrade", "h2c"},
    };
    bearer_request *request = request_of("GET", "api/x");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_outcome(format("%s %s: %s", rows[i].number, rows[i].name, rows[i].value),
                      bearer_request_add_header(request, rows[i].name, rows[i].value, &error), BEARER_INVALID_ARGUMENT, "header");
    }
    EXPECT(bearer_request_add_header(request, "X-A", "\xff", &error), BEARER_INVALID_ARGUMENT, "utf8");
    /* None of them stuck. */
    bearer_client *client = client_with_token(issue("{}"), "");
    char *echo = send_text(client, request);
    CHECK_NUMBER(count_of(echo, "x-a") + count_of(echo, "evil") + count_of(echo, "expect") + count_of(echo, "proxy"), 0);
    bearer_request_free(request);
    bearer_client_free(client);

    /* H-4: tokens that no header should carry. */
    char *longest = keep(malloc(16386));
    memset(longest, 'a', 16385);
    longest[16385] = 0;
    const char *const tokens[] = {"a|b", "a,b", "a\\\"b", "a=b", "==", longest};
    bearer_response *response;
    reset();
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        client = client_of(json("{'base_url':'%s','token':{'access_token':'%s'}}", server_url, tokens[i]));
        check_outcome(format("H-4 %.20s", tokens[i]), bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error),
                      BEARER_INVALID_ARGUMENT, "header");
        bearer_client_free(client);
    }
    CHECK_NUMBER(counter("api_requests"), 0);
    client = client_of(json("{'base_url':'%s/fixed','token':{'access_token':'a|b,c'},'header':{'token_charset':'visible'}}", server_url));
    control("POST", "config", json("{'fixed_authorization':'Bearer a|b,c'}"));
    CHECK_NUMBER(get_status(client, "lights"), 200);
    reset();
    bearer_client_free(client);
}

/* --- T: token answers --- */

/* Answers that bring no token. */
static void t_refused(void)
{
#define B(text) text, sizeof text - 1
    static const struct {
        const char *number, *head, *body;
        size_t len;
        bearer_status status;
        const char *reason;
    } rows[] = {
        {"T-1", "200 OK\r\nContent-Type: text/html", B("<html><form>PLANTED</form></html>"), BEARER_PROTOCOL, "token_format"},
        {"T-1", JSON, B("<html>PLANTED</html>"), BEARER_PROTOCOL, "token_format"},
        {"T-1", JSON, B(""), BEARER_PROTOCOL, "token_format"},
        {"T-1", JSON, B("null"), BEARER_PROTOCOL, "token_format"},
        {"T-1", JSON, B("\"at-PLANTED\""), BEARER_PROTOCOL, "token_format"},
        {"T-1", JSON, B("[{\"access_token\":\"at-PLANTED\"}]"), BEARER_PROTOCOL, "token_format"},
        {"T-3", JSON, B("{\"error\":\"invalid_client\"}"), BEARER_REJECTED, "oauth_error"},
        {"T-3", JSON, B("{\"error\":\"invalid_scope\",\"access_token\":\"at-PLANTED\"}"), BEARER_REJECTED, "oauth_error"},
        {"T-6", JSON, B("{\"access_token\":\"at-PLANTED\",\"token_type\":\"mac\"}"), BEARER_PROTOCOL, "token_type"},
        {"T-6", JSON, B("{\"access_token\":\"at-PLANTED\",\"token_type\":\"N_A\"}"), BEARER_PROTOCOL, "token_type"},
        {"T-6", JSON, B("{\"access_token\":\"at-PLANTED\",\"token_type\":\"Bearer \"}"), BEARER_PROTOCOL, "token_type"},
        {"T-7", JSON, B("{\"access_token\":\"at-PLANTED\",\"token_type\":\"DPoP\"}"), BEARER_PROTOCOL, "token_type"},
        {"T-8", JSON, B("{\"token_type\":\"Bearer\",\"refresh_token\":\"rt-PLANTED\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":null}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":7}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":{\"a\":\"at-PLANTED\"}}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":[\"at-PLANTED\"]}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":true}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-PLANTED \\u00e9\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-PLANTED\\nX-Evil: 1\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-PLANTED\\r\\n\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-a b\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-PLANTED\",\"refresh_token\":7}"), BEARER_PROTOCOL, "token_format"},
        {"T-8", JSON, B("{\"access_token\":\"at-PLANTED\",\"refresh_token\":\"rt-a\\nb\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-9", JSON, B("{\"access_token\":\"at-PLANTED\",\"expires_in\":{}}"), BEARER_PROTOCOL, "token_format"},
        {"T-9", JSON, B("{\"access_token\":\"at-PLANTED\",\"expires_in\":[3600]}"), BEARER_PROTOCOL, "token_format"},
        {"T-9", JSON, B("{\"access_token\":\"at-PLANTED\",\"expires_in\":NaN}"), BEARER_PROTOCOL, "token_format"},
        {"T-9", JSON, B("{\"access_token\":\"at-PLANTED\",\"expires_in\":\"soon\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-11", JSON, B("{\"access_token\":\"at-PLANTED\",\"access_token\":\"at-PLANTED2\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-11", JSON, B("{\"access_token\":\"at-PLANTED\",\"acc\\u0065ss_token\":\"at-PLANTED2\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-11", JSON, B("{\"refresh_token\":\"rt-a\",\"access_token\":\"at-PLANTED\",\"refresh_token\":\"rt-b\"}"), BEARER_PROTOCOL,
         "token_format"},
        {"T-12", JSON, B("\xef\xbb\xbf{\"access_token\":\"at-PLANTED\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("\xff\xfe{\0\"\0a\0\"\0:\0" "1\0}\0"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\",\"x\":\"\xff\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\",\"x\":\"\xc0\x80\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\\u0000\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\",\"x\":\"a\0b\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\",\"x\":\"\\u0000\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"\\ud800\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-12", JSON, B("{\"access_token\":\"at-PLANTED\",\"x\":\"\\udc00\\ud800\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-14", JSON, B("{\"access_token\":\"at-PLANTED\"}x"), BEARER_PROTOCOL, "token_format"},
        {"T-14", JSON, B("{\"access_token\":\"at-PLANTED\"}{}"), BEARER_PROTOCOL, "token_format"},
        {"T-14", JSON, B("{\"access_token\":\"at-PLANTED\",}"), BEARER_PROTOCOL, "token_format"},
        {"T-14", JSON, B("{\"access_token\":\"at-PLANTED\""), BEARER_PROTOCOL, "token_format"},
        {"T-14", JSON, B("{'access_token':'at-PLANTED'}"), BEARER_PROTOCOL, "token_format"},
        {"T-20", JSON "\r\nContent-Encoding: gzip", B("\x1f\x8b\x08"), BEARER_PROTOCOL, "token_format"},
        {"T-20", JSON "\r\nContent-Encoding: gzip, gzip", B("\x1f\x8b\x08"), BEARER_PROTOCOL, "token_format"},
        {"T-20", JSON "\r\nContent-Encoding: br", B("{\"access_token\":\"at-PLANTED\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-20", JSON "\r\nContent-Encoding: unknown", B("{\"access_token\":\"at-PLANTED\"}"), BEARER_PROTOCOL, "token_format"},
        {"T-25", "204 No Content", B(""), BEARER_PROTOCOL, "token_format"},
        {"T-25", "205 Reset Content", B(""), BEARER_PROTOCOL, "token_format"},
        {"T-2", "200 OK\r\nContent-Type: application/x-www-form-urlencoded", B("access_token=at-PLANTED&access_token=b"), BEARER_PROTOCOL,
         "token_format"},
        {"T-2", "200 OK\r\nContent-Type: application/x-www-form-urlencoded", B("access_token=%zz"), BEARER_PROTOCOL, "token_format"},
        {"R-8", "302 Found\r\nLocation: http://evil.invalid/?PLANTED", B(""), BEARER_UNSAFE, "redirect"},
        {"R-8", "307 Temporary Redirect\r\nLocation: /auth/token?PLANTED", B(""), BEARER_UNSAFE, "redirect"},
        {"R-8", "308 Permanent Redirect", B(""), BEARER_UNSAFE, "redirect"},
        {"E-1", "400 Bad Request\r\nContent-Type: application/json", B("{\"error\":\"invalid_grant\"}"), BEARER_LOGIN_REQUIRED,
         "invalid_grant"},
        {"E-2", "401 Unauthorized\r\nContent-Type: application/json", B("{\"error\":\"invalid_client\"}"), BEARER_REJECTED, "oauth_error"},
        {"E-2", "400 Bad Request\r\nContent-Type: application/json", B("{\"error\":\"unauthorized_client\"}"), BEARER_REJECTED, "oauth_error"},
        {"E-2", "400 Bad Request\r\nContent-Type: application/json", B("{\"error\":\"invalid_scope\"}"), BEARER_REJECTED, "oauth_error"},
        {"E-2", "400 Bad Request\r\nContent-Type: text/plain", B("{\"error\":\"unheard_of\"}"), BEARER_REJECTED, "oauth_error"},
        {"E-3", "400 Bad Request\r\nContent-Type: text/html", B("<html>PLANTED</html>"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "400 Bad Request", B(""), BEARER_REJECTED, "unknown_error"},
        {"E-3", "400 Bad Request\r\nContent-Type: application/json", B("{\"error\":{\"code\":1}}"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "400 Bad Request\r\nContent-Type: application/json", B("{\"error\":null}"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "400 Bad Request\r\nContent-Type: application/json", B("{}"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "403 Forbidden", B("PLANTED"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "404 Not Found", B("PLANTED"), BEARER_REJECTED, "unknown_error"},
        {"E-3", "418 Teapot", B("PLANTED"), BEARER_REJECTED, "unknown_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bearer_client *client = victim("");
        char *row = format("%s, row %zu (%s)", rows[i].number, i, rows[i].body);
        reset();
        answer("/auth/token", rows[i].head, rows[i].body, rows[i].len);
        char *before = held_token(client);
        bearer_response *response;
        bearer_status is = bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error);
        SOFT_CHECK(response == NULL, "%s", row);
        if (error && rows[i].head[0] != '2') {
            SOFT_CHECK(json_number(bearer_error_json(error), "http_status") == atoi(rows[i].head), "%s: http_status", row);
        }
        check_outcome(row, is, rows[i].status, rows[i].reason);
        SOFT_CHECK(strcmp(held_token(client), before) == 0, "%s: the token set changed", row);
        SOFT_CHECK(counter("token_requests") == 1, "%s: %lld token requests", row, counter("token_requests"));
        SOFT_CHECK(counter("api_requests") == 0, "%s: an API request", row);
        expect_refresh(row, client, rows[i].status, rows[i].reason);
    }
}

/* Answers that bring one. */
static void t_accepted(void)
{
    static const struct {
        const char *number, *head, *body, *kept; /* kept: what the caller's JSON must have */
        long long lives_s;                       /* -1: nobody knows */
    } rows[] = {
        {"T-2", "200 OK\r\nContent-Type: text/plain", "{'access_token':'%s','expires_in':100}", NULL, 100},
        {"T-2", "200 OK\r\nContent-Type: text/html; charset=utf-8", "{'access_token':'%s'}", NULL, -1},
        {"T-2", "200 OK", "{'access_token':'%s'}", NULL, -1},
        {"T-2", "201 Created", "\r\n\t {'access_token':'%s'}\r\n", NULL, -1},
        {"T-2", "200 OK\r\nContent-Type: application/x-www-form-urlencoded", "access_token=%s&expires_in=100&scope=a+b", "'scope':'a b'", 100},
        {"T-2", "200 OK\r\nContent-Type: application/x-www-form-urlencoded;charset=utf-8", "{'access_token':'%s'}", NULL, -1},
        {"T-4", JSON, "{'access_token':'%s','token_type':'bearer'}", "'token_type':'bearer'", -1},
        {"T-4", JSON, "{'access_token':'%s','token_type':'BEARER'}", "'token_type':'BEARER'", -1},
        {"T-5", JSON, "{'access_token':'%s','token_type':null}", NULL, -1},
        {"T-9", JSON, "{'access_token':'%s','expires_in':'3600'}", "'expires_in':'3600'", 3600},
        {"T-9", JSON, "{'access_token':'%s','expires_in':3600.0}", "'expires_in':3600.0", 3600},
        {"T-9", JSON, "{'access_token':'%s','expires_in':3599.9}", NULL, 3599},
        {"T-9", JSON, "{'access_token':'%s','expires_in':null}", NULL, -1},
        {"T-9", JSON, "{'access_token':'%s','expires_in':1e400}", NULL, 10LL * 366 * 86400},
        {"T-9", JSON, "{'access_token':'%s','expires_in':9223372036854775808}", NULL, 10LL * 366 * 86400},
        {"T-9", JSON, "{'access_token':'%s','expires_in':1000000000000000000000000000000}", NULL, 10LL * 366 * 86400},
        {"T-10", JSON, "{'access_token':'%s','scope':['read','write']}", "'scope':'read write'", -1},
        {"T-10", JSON, "{'access_token':'%s','scope':'read admin'}", "'scope':'read admin'", -1},
        {"T-15", JSON, "{'access_token':'%s','x':1.0e+02,'y':[ 1 , {'a':12345678901234567890.10}]}", "'y':[ 1 , {'a':12345678901234567890.10}]", -1},
        {"T-16", JSON, "{'access_token':'%s'}", NULL, -1},
        {"T-17", JSON, "{'access_token':'%s','refresh_token':''}", NULL, -1},
        {"T-17", JSON, "{'access_token':'%s','refresh_token':null}", NULL, -1},
        {"T-18", JSON, "{'access_token':'%s','refresh_token':'%s'}", NULL, -1},
        {"T-20", JSON "\r\nContent-Encoding: identity", "{'access_token':'%s'}", NULL, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *row = format("%s, row %zu (%s)", rows[i].number, i, rows[i].body);
        bearer_client *client = victim("");
        char *refresh_token = json_text(held_token(client), "refresh_token"), *fresh = json_text(issue("{}"), "access_token");
        const char *body = swap_quotes(rows[i].body), *at = strstr(body, "%s"), *second = strstr(at + 2, "%s");
        body = second ? format("%.*s%s%.*s%s%s", (int)(at - body), body, fresh, (int)(second - at - 2), at + 2, refresh_token, second + 2)
                      : format("%.*s%s%s", (int)(at - body), body, fresh, at + 2);
        reset();
        answer("/auth/token", rows[i].head, body, strlen(body));
        bearer_response *response;
        bearer_status is = bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error);
        SOFT_CHECK(is == BEARER_OK, "%s: %s", row, error ? bearer_error_json(error) : "");
        bearer_error_free(error);
        error = NULL;
        if (is == BEARER_OK) {
            /* T-4: sent as Bearer, whatever the server's spelling: Home Assistant takes no other. */
            SOFT_CHECK(strstr(body_of(response), format("[\"authorization\",\"Bearer %s\"]", fresh)) != NULL, "%s", row);
            char *held = held_token(client);
            SOFT_CHECK(strcmp(json_text(held, "refresh_token"), refresh_token) == 0, "%s: %s", row, json_raw(held, "refresh_token"));
            SOFT_CHECK(rows[i].kept == NULL || strstr(held, swap_quotes(rows[i].kept)) != NULL, "%s: %s", row, held);
            long long left = json_number(held, "expires_at") - counter("now");
            SOFT_CHECK(rows[i].lives_s < 0 ? !json_has(held, "expires_at") : left <= rows[i].lives_s && left > rows[i].lives_s - 30,
                       "%s: lives %lld s", row, left);
            SOFT_CHECK(counter("token_requests") == 1, "%s: %lld token requests", row, counter("token_requests"));
        }
        no_faults();
        OK(bearer_client_refresh(client, NULL, &error));
        bearer_client_free(client);
    }
    /* T-9: expired when it comes: used once, no loop. */
    static const char *const expired[] = {"0", "-1", "-1e400", "\"0\"", "0.5"};
    for (size_t i = 0; i < sizeof expired / sizeof *expired; i++) {
        bearer_client *client = victim("");
        char *body = format("{\"access_token\":\"%s\",\"expires_in\":%s}", json_text(issue("{}"), "access_token"), expired[i]);
        reset();
        answer("/auth/token", JSON, body, strlen(body));
        for (int requests = 1; requests <= 2; requests++) {
            CHECK_NUMBER(get_status(client, "api/x"), 200);
            SOFT_CHECK(counter("token_requests") == requests, "T-9 %s: %lld token requests", expired[i], counter("token_requests"));
            SOFT_CHECK(counter("api_requests") == requests, "T-9 %s", expired[i]);
        }
        no_faults();
        bearer_client_free(client);
    }
}

/* Answers of a size. */
static void t_sizes(void)
{
    enum { MIB = 1 << 20 };
    char *large = keep(malloc(2 * MIB + 100));
    /* T-13 */
    memset(large, '[', 200000);
    answer("/auth/token", JSON, large, 200000);
    expect_refresh("T-13", victim(""), BEARER_PROTOCOL, "token_format");
    size_t at = (size_t)sprintf(large, "{\"access_token\":\"at-PLANTED\",\"x\":");
    memset(large + at, '[', 100000);
    memset(large + at + 100000, ']', 100000);
    large[at + 200000] = '}';
    answer("/auth/token", JSON, large, at + 200001);
    expect_refresh("T-13, balanced", victim(""), BEARER_PROTOCOL, "token_format");
    /* T-20 */
    at = (size_t)sprintf(large, "{\"access_token\":\"at-PLANTED\",\"x\":\"");
    memset(large + at, 'x', 2 * MIB);
    memcpy(large + MIB - 1, "\"}", 2);
    answer("/auth/token", JSON, large, MIB + 1);
    expect_refresh("T-20, 1 MiB + 1", victim(""), BEARER_TOO_LARGE, "body_size");
    char *head = format("HTTP/1.1 " JSON "\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", MIB + 1);
    char *chunked = keep(malloc(strlen(head) + MIB + 100));
    size_t len = strlen(head);
    memcpy(chunked, head, len);
    memcpy(chunked + len, large, MIB + 1);
    memcpy(chunked + len + MIB + 1, "\r\n0\r\n\r\n", 7);
    raw_answer("/auth/token", chunked, len + MIB + 8);
    expect_refresh("T-20, chunked", victim(""), BEARER_TOO_LARGE, "body_size");
    char *until_close = format("HTTP/1.1 " JSON "\r\n\r\n");
    len = strlen(until_close);
    memcpy(chunked, until_close, len);
    memcpy(chunked + len, large, MIB + 1);
    raw_answer("/auth/token", chunked, len + MIB + 1);
    expect_refresh("T-20, until close", victim(""), BEARER_TOO_LARGE, "body_size");
    answer("/auth/token", "400 Bad Request", large, MIB + 1);
    expect_refresh("T-20, of an error", victim(""), BEARER_TOO_LARGE, "body_size");
    /* As long as it may be. */
    memset(large + at, 'x', 2 * MIB);
    memcpy(large + MIB - 2, "\"}", 2);
    answer("/auth/token", JSON, large, MIB);
    bearer_client *client = victim("");
    OK(bearer_client_refresh(client, NULL, &error));
    no_faults();
    bearer_client_free(client);
}

/* --- T-21, T-22: what is no HTTP --- */

static char *repeated(const char *begin, const char *part, int count, const char *end)
{
    size_t len = strlen(part);
    char *text = keep(malloc(strlen(begin) + len * (size_t)count + strlen(end) + 1));
    char *at = stpcpy(text, begin);
    for (int i = 0; i < count; i++) {
        at = stpcpy(at, part);
    }
    strcpy(at, end);
    return text;
}

static void t_framing(void)
{
    char *x70000 = repeated("", "xxxxxxxxxx", 7000, "");
    const struct {
        const char *number, *bytes, *reason;
    } rows[] = {
        {"T-21 a line of 70 KB", format("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: %s\r\n\r\n{}", x70000), "framing"},
        {"T-21 a name of 70 KB", format("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s: x\r\n\r\n{}", x70000), "framing"},
        {"T-21 a reason of 70 KB", format("HTTP/1.1 200 %s\r\nContent-Length: 2\r\n\r\n{}", x70000), "framing"},
        {"T-21 70 KB of lines", repeated("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "X-Line: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 1800, "\r\n{}"),
         "framing"},
        {"T-21 200 lines", repeated("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "X: y\r\n", 200, "\r\n{}"), "framing"},
        {"T-22 two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "framing"},
        {"T-22 two lengths in a line", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}", "framing"},
        {"T-22 CL and TE", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 TE and CL", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "framing"},
        {"T-22 length +2", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", "framing"},
        {"T-22 length 2x", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n{}", "framing"},
        {"T-22 length 0x2", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}", "framing"},
        {"T-22 length 2^64", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\n{}", "framing"},
        {"T-22 no length", "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n{}", "framing"},
        {"T-22 unknown TE", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x-evil\r\n\r\n{}", "framing"},
        {"T-22 TE gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 TE twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 chunk zz", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 chunk -2", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 chunk 2^64", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 chunk longer than said", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 empty chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n", "framing"},
        {"T-22 status 099", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 status 000", "HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 status 600", "HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 status 1000", "HTTP/1.1 1000 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 status 20", "HTTP/1.1 20 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 status -200", "HTTP/1.1 -200 Odd\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 no status", "HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "framing"},
        {"T-22 HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 HTTP/0.9", "{\"access_token\":\"at-PLANTED\"}", "framing"},
        {"T-22 ICY", "ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 SSH", "SSH-2.0-OpenSSH_9.2p1 PLANTED\r\n", "framing"},
        {"T-22 101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPLANTED", "framing"},
        {"T-22 a line without colon", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nPLANTED\r\n\r\n{}", "framing"},
        {"T-22 a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}", "framing"},
        {"T-22 an empty name", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 a NUL would be here", "HTTP/1.1 200 OK\r\nX: a\x01" "b\r\nContent-Length: 2\r\n\r\n{}", "framing"},
        {"T-22 a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "framing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *row = format("%s, row %zu", rows[i].number, i);
        raw_answer("/auth/token", rows[i].bytes, strlen(rows[i].bytes));
        expect_refresh(row, victim("'refresh':{'retry_lost':'never'},'http':{'timeout_s':20}"), BEARER_PROTOCOL, rows[i].reason);
        /* The same from the API: at its head, or at the latest in its body. */
        bearer_client *client = client_with_token(issue("{}"), "'http':{'timeout_s':20}");
        raw_answer("/api/", rows[i].bytes, strlen(rows[i].bytes));
        bearer_response *response;
        bearer_status is = bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error);
        if (is == BEARER_OK) {
            is = bearer_response_body(response, NULL, NULL, &error);
            bearer_response_free(response);
        }
        check_outcome(format("%s, API", row), is, BEARER_PROTOCOL, rows[i].reason);
        no_faults();
        SOFT_CHECK(get_status(client, "api/lights") == 200, "%s: not usable afterwards", row);
        bearer_client_free(client);
    }
    /* An answer that never comes to its point: the connection stays open. */
    char *hints = repeated("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 5000, "");
    fault(json("{'path':'/auth/token','times':-1,'keep':true,'raw_base64':'%s'}", base64(hints, strlen(hints))));
    expect_refresh("T-22 endless 1xx", victim("'refresh':{'retry_lost':'never'},'http':{'timeout_s':5}"), BEARER_PROTOCOL, "framing");
    /* Odd, but HTTP. */
    const struct {
        const char *what, *bytes;
    } fine[] = {
        {"100 lines", repeated("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", "X: y\r\n", 100, "\r\nfine")},
        {"no reason", "HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nfine"},
        {"neither reason nor space", "HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nfine"},
        {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nfine"},
        {"an empty header", "HTTP/1.1 200 OK\r\nX:\r\nContent-Length:4\r\n\r\nfine"},
        {"chunk extensions", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nfine\r\n0\r\n\r\n"},
        {"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nX-Trailer: y\r\n\r\n"},
        {"Chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n04\r\nfine\r\n00\r\n\r\n"},
        {"a 103 before", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"},
        {"a 100 before", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"},
        {"bytes after the body (N-5)", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfinePLANTED"},
        {"bytes outside ASCII", "HTTP/1.1 200 OK\r\nX-Latin: \xe9\r\nContent-Length: 4\r\n\r\nfine"},
    };
    bearer_client *client = client_with_token(issue("{}"), "");
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        raw_answer("/api/", fine[i].bytes, strlen(fine[i].bytes));
        const uint8_t *bytes;
        size_t len;
        bearer_response *response;
        bearer_status is = bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error);
        if (is == BEARER_OK) {
            is = bearer_response_body(response, &bytes, &len, &error);
            SOFT_CHECK(is == BEARER_OK && len == 4 && memcmp(bytes, "fine", 4) == 0, "%s", fine[i].what);
            bearer_response_free(response);
        }
        SOFT_CHECK(is == BEARER_OK, "%s: %s", fine[i].what, error ? bearer_error_json(error) : "");
        bearer_error_free(error);
        error = NULL;
        no_faults();
        CHECK_TEXT(json_text(get_text(client, "api/lights"), "path"), "/api/lights");
    }
    bearer_client_free(client);
}

/* --- T-23, T-24: answers that end early, or never --- */

static void t_23_truncated(void)
{
    static const char body[] = "{\"access_token\":\"at-PLANTED\",\"expires_in\":3600,\"refresh_token\":\"rt-PLANTED\"}";
    size_t len;
    char *all = whole_answer(JSON, body, sizeof body - 1, &len);
    const char *head = "HTTP/1.1 " JSON "\r\nTransfer-Encoding: chunked\r\n\r\n";
    char *chunked = format("%s10\r\n%.16s\r\n%zx\r\n%s\r\n0\r\n\r\n", head, body, sizeof body - 17, body + 16);
    const struct {
        const char *what, *bytes;
        size_t len;
    } answers[] = {{"length", all, len}, {"chunked", chunked, strlen(chunked)}};
    for (size_t a = 0; a < 2; a++) {
        for (size_t n = 0; n < answers[a].len; n++) {
            char *row = format("T-23 %s, %zu of %zu bytes", answers[a].what, n, answers[a].len);
            bearer_client *client = victim("'refresh':{'retry_lost':'never'}");
            fault(json("{'path':'/auth/token','raw_base64':'%s'}", base64(answers[a].bytes, n)));
            if (n == 0) { /* without a byte it is an answer that got lost (F-2) */
                expect_refresh(row, client, BEARER_UNCERTAIN, "answer_lost");
            } else if (a == 1 && n + 2 >= answers[a].len && bearer_client_refresh(client, NULL, NULL) == BEARER_OK) {
                /* The token was whole, only the empty line behind the last chunk is not: either way will do. */
                no_faults();
                bearer_client_free(client);
            } else if (a == 1 && n + 2 >= answers[a].len) {
                no_faults();
                OK(bearer_client_refresh(client, NULL, &error));
                bearer_client_free(client);
            } else {
                expect_refresh(row, client, BEARER_PROTOCOL, "truncated");
            }
        }
    }
    /* By RST, and by TLS without close_notify; here the server has rotated, within its grace. */
    control("POST", "config", json("{'grace_s':3600}"));
    static const char *const kinds[] = {"'reset_at':%d", "'truncate_at':%d", "'truncate_at':%d,'no_close_notify':true"};
    for (int https = 0; https < 2; https++) {
        for (int kind = https; kind < 3; kind++) {
            for (int n = 1; n < 200; n += 13) {
                char *row = format("T-23 %s %s at %d", https ? "https" : "http", kinds[kind], n);
                bearer_client *client = client_of(json(
                    "{'base_url':'%s'," TEST_CLIENT ",'token':%s,'refresh':{'retry_lost':'never'},'http':{'ca_file':'%s'}}",
                    https ? json_text(server, "https_url") : server_url, issue_expired(), json_text(server, "ca_file")));
                const char *at = strchr(kinds[kind], '%');
                fault(json("{'path':'/auth/token',%.*s%d%s}", (int)(at - kinds[kind]), swap_quotes(kinds[kind]), n, swap_quotes(at + 2)));
                bearer_status is = bearer_client_refresh(client, NULL, &error);
                /* An RST may overtake what was sent before it. */
                if (kind == 0 && is == BEARER_UNCERTAIN) {
                    check_outcome(row, is, BEARER_UNCERTAIN, "answer_lost");
                } else {
                    check_outcome(row, is, BEARER_PROTOCOL, "truncated");
                }
                OK(bearer_client_refresh(client, NULL, &error));
                CHECK_NUMBER(get_status(client, "api/lights"), 200);
                bearer_client_free(client);
            }
        }
    }
    reset();
}

/* The renewal stays under way (tests/network/parked.rs); another login gives it up, so that no free waits for its answer. */
static void t_24_no_end(void)
{
    static const char *const kinds[] = {"'drip_ms':100", "'silent':true"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bearer_client *client = victim("'http':{'timeout_s':0.2}");
        reset();
        fault(json("{'path':'/auth/token',%s}", swap_quotes(kinds[i])));
        check_outcome(kinds[i], bearer_client_refresh(client, NULL, &error), BEARER_TIMEOUT, "deadline");
        SOFT_CHECK(counter("token_requests") == 1, "T-24 %s: %lld token requests", kinds[i], counter("token_requests"));
        OK(bearer_client_set_token(client, issue_expired(), &error));
        SOFT_CHECK(get_status(client, "api/lights") == 200, "T-24 %s: not usable afterwards", kinds[i]);
        bearer_client_free(client);
    }
}

/* --- E: error answers --- */

static void e_4_try_later(void)
{
    static const int statuses[] = {408, 425, 429, 500, 503, 599};
    static const struct {
        const char *retry_after;
        long long seconds; /* -1: absent */
    } rows[] = {{NULL, -1}, {"0", 0}, {"12", 12}, {" 12 ", 12}, {"3600", 3600}, {"3601", 3600}, {"1000000000", 3600},
                {"99999999999999999999999999", 3600}, {"-5", -1}, {"soon", -1}, {"1.5", -1}, {"", -1}, {"0x10", -1},
                {"Sat, 01 Jan 2039 00:00:00 GMT", 3600}, {"Fri, 31 Dec 1999 23:59:59 GMT", 0}, {"Fri, 99 Dec 1999", -1}};
    for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            char *row = format("E-4 %d Retry-After: %s", statuses[s], rows[i].retry_after ? rows[i].retry_after : "none");
            char *head = rows[i].retry_after ? format("%d X\r\nRetry-After: %s", statuses[s], rows[i].retry_after) : format("%d X", statuses[s]);
            /* Each row is a server of its own, for one that said when to come again is left alone until then. */
            bearer_client *client =
                victim(format("'server':{'token_endpoint':'/auth/token?row=%zu.%zu'}", s, i));
            reset();
            answer("/auth/token", head, "PLANTED", 7);
            bearer_status is = bearer_client_refresh(client, NULL, &error);
            if (error) {
                const char *details = bearer_error_json(error);
                SOFT_CHECK(json_number(details, "retry_after") == rows[i].seconds, "%s: %s", row, details);
                SOFT_CHECK(json_number(details, "http_status") == statuses[s], "%s: %s", row, details);
            }
            check_outcome(row, is, BEARER_UNAVAILABLE, "server_error");
            SOFT_CHECK(counter("token_requests") == 1, "%s: asked again", row);
            no_faults();
            is = bearer_client_refresh(client, NULL, &error);
            SOFT_CHECK((is == BEARER_OK) == (rows[i].seconds <= 0), "%s: %s afterwards", row, bearer_status_name(is));
            bearer_error_free(error);
            error = NULL;
            bearer_client_free(client);
        }
    }
    answer("/auth/token", "503 X\r\nContent-Type: application/json", "{\"error\":\"temporarily_unavailable\"}", 35);
    expect_refresh("E-4 with an OAuth error", victim(""), BEARER_UNAVAILABLE, "server_error");
}

static bearer_error *refused_with(bearer_client *client, const char *body)
{
    bearer_error *refusal;
    answer("/auth/token", "400 Bad Request\r\nContent-Type: application/json", body, strlen(body));
    CHECK_NUMBER(bearer_client_refresh(client, NULL, &refusal), BEARER_REJECTED);
    no_faults();
    return refusal;
}

static void e_6_descriptions(void)
{
    bearer_client *client = victim("");
    char *long_words = repeated("{\"error\":\"invalid_scope\",\"error_description\":\"", "word ", 100000, "\"}");
    char *long_one = repeated("{\"error\":\"invalid_scope\",\"error_description\":\"", "\xe2\x82\xac", 100000, "\"}");
    char *long_code = repeated("{\"error\":\"", "invalid scope ", 10000, "\"}");
    const char *const bodies[] = {
        long_words, long_one, long_code,
        "{\"error\":\"invalid_scope\",\"error_description\":\"a\\u0000b\"}",
        "{\"error\":\"invalid_scope\",\"error_description\":\"a\\u001b[31mred\\r\\n\\u0007\\u007f\\u0085b\"}",
        "{\"error\":\"inv\\u001b[31m\\nalid\",\"error_description\":\"<script>alert(1)</script>\"}",
        "{\"error\":\"invalid_scope\",\"error_description\":7}",
        "{\"error\":\"invalid_scope\",\"error_description\":null}",
        "{\"error\":\"invalid_scope\",\"error_description\":\"\\ud83d\\ude00\"}",
    };
    for (size_t i = 3; i < sizeof bodies / sizeof *bodies + 3; i++) {
        /* What is no JSON that the library takes is an unknown error, also fine. */
        bearer_error *refusal = refused_with(client, bodies[i % (sizeof bodies / sizeof *bodies)]);
        const char *details = bearer_error_json(refusal);
        const char *const names[] = {"oauth_error", "oauth_error_description"};
        for (size_t n = 0; n < 2; n++) {
            char *text = json_text(details, names[n]);
            SOFT_CHECK(text == NULL || strlen(text) <= 512, "E-6 row %zu: %s has %zu bytes", i, names[n], strlen(text));
        }
        SOFT_CHECK(strlen(details) < 2000, "E-6 row %zu: %zu bytes", i, strlen(details));
        SOFT_CHECK(strstr(details, "\\u00") == NULL && strstr(details, "\\n") == NULL && strstr(details, "\\r") == NULL, "E-6 row %zu: %s",
                   i, details);
        for (const char *c = details; *c; c++) {
            if ((unsigned char)*c < 32 || *c == 127 || ((unsigned char)*c == 0xc2 && (unsigned char)c[1] < 0xa0)) {
                SOFT_CHECK(0, "E-6 row %zu: a control character in %s", i, details);
                break;
            }
        }
        bearer_error_free(refusal);
    }
    OK(bearer_client_refresh(client, NULL, &error));
    bearer_client_free(client);
}

/* An error answer that has our secrets in it. */
static void e_7_secrets_in_errors(void)
{
    static const struct {
        const char *refresh_token, *access_token, *secret;
    } secrets[] = {
        {"rt-0123456789abcdef0123456789abcdef0123456789", "at-0123456789abcdef0123456789abcdef0123456789", "s3cr3t-0123456789abcdef0123456789abcdef"},
        {"rt-short", "at-short", "s3cr3t"},
        {"rt-with/odd+chars=:x@y", "at-odd/chars+%20", "s3cr3t:with&odd=chars"},
    };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        for (int where = 0; where < 3; where++) {
            bearer_client *client = client_of(json("{'base_url':'%s','client':{'client_id':'test-client','client_secret':'%s'},"
                                                   "'token':{'access_token':'%s','refresh_token':'%s','expires_at':1}}",
                                                   server_url, secrets[i].secret, secrets[i].access_token, secrets[i].refresh_token));
            OK(bearer_client_on_log(client, log_event, NULL, NULL, BEARER_LEVEL_TRACE, &error));
            char *told = format("no such token: %s (%s, \\\"%s\\\") of test-client", secrets[i].refresh_token, secrets[i].access_token,
                                secrets[i].secret);
            char *body = where == 0   ? json("{'error':'invalid_scope','error_description':'%s'}", told)
                         : where == 1 ? json("{'error':'%s'}", told)
                                      : json("{'error':'invalid_scope','error_uri':'http://x/?%s','%s':1}", told, told);
            bearer_error *refusal = refused_with(client, body);
            const char *texts[] = {bearer_error_json(refusal), bearer_error_message(refusal)};
            for (int t = 0; t < 2; t++) {
                SOFT_CHECK(strstr(texts[t], secrets[i].refresh_token) == NULL, "E-7 row %zu.%d: the refresh token in %s", i, where, texts[t]);
                SOFT_CHECK(strstr(texts[t], secrets[i].access_token) == NULL, "E-7 row %zu.%d: the access token in %s", i, where, texts[t]);
                SOFT_CHECK(strstr(texts[t], secrets[i].secret) == NULL, "E-7 row %zu.%d: the client secret in %s", i, where, texts[t]);
            }
            bearer_error_free(refusal);
            bearer_client_free(client);
        }
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    u_paths();
    u_base_urls();
    h_headers();
    t_refused();
    t_accepted();
    t_sizes();
    t_framing();
    t_23_truncated();
    t_24_no_end();
    e_4_try_later();
    e_6_descriptions();
    e_7_secrets_in_errors();
    return finish();
}
