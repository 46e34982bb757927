/* A fixed authorization value: sent verbatim, never retried; the caller's own headers as they are. */
#include "check.h"

static char *fixed_config(const char *more)
{
    return format("%s%s}", json("{'base_url':'%s/fixed','authorization':'secret'", server_url), swap_quotes(more));
}

/* The headers of an echo, as JSON. */
static char *headers_of(char *echo)
{
    return json_raw(echo, "headers");
}

static void verbatim(void)
{
    bearer_client *client = client_of(fixed_config(""));
    char *echo = get_text(client, "lights");
    CHECK_TEXT(json_text(echo, "method"), "GET");
    CHECK_TEXT(json_text(echo, "path"), "/fixed/lights");
    CHECK(count_of(headers_of(echo), "[\"authorization\",\"secret\"]") == 1);
    CHECK(count_of(headers_of(echo), "authorization") == 1);
    CHECK_NUMBER(get_status(client, "/lights"), 200);
    bearer_client_free(client);

    control("POST", "config", json("{'fixed_authorization':'Basic dTpw;  odd=\\\"1\\\"'}"));
    client = client_of(json("{'base_url':'%s/fixed/','authorization':'Basic dTpw;  odd=\\\"1\\\"'}", server_url));
    CHECK_NUMBER(get_status(client, "lights"), 200);
    bearer_client_free(client);
    reset();
}

static void a_refusal_is_handed_over(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s/fixed','authorization':'wrong'}", server_url));
    reset();
    bearer_response *response = ask(client, "GET", "lights");
    CHECK_NUMBER(bearer_response_status(response), 401);
    CHECK_TEXT(body_of(response), "401: Unauthorized");
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);
}

static void callers_headers(void)
{
    static const char *const spellings[] = {"authorization", "Authorization", "AUTHORIZATION", "aUTHORIZATIOn"};
    bearer_client *client = client_of(fixed_config(""));
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        bearer_request *request = request_of("GET", "lights");
        OK(bearer_request_add_header(request, spellings[i], "Bearer mine", &error));
        OK(bearer_request_add_header(request, "Accept", "text/plain", &error));
        OK(bearer_request_add_header(request, spellings[i], "Bearer mine too", &error));
        char *headers = headers_of(send_text(client, request));
        CHECK_NUMBER(count_of(headers, "authorization"), 1);
        CHECK_NUMBER(count_of(headers, "mine"), 0);
        CHECK_NUMBER(count_of(headers, "\"secret\""), 1);
        CHECK_NUMBER(count_of(headers, "[\"accept\",\"text/plain\"]"), 1);
        bearer_request_free(request);
    }

    bearer_request *request = request_of("GET", "lights");
    OK(bearer_request_add_header(request, "X-First", "1", &error));
    OK(bearer_request_add_header(request, "X-Repeated", "b", &error));
    OK(bearer_request_add_header(request, "Cookie", "c=d; e=\"f\"", &error));
    OK(bearer_request_add_header(request, "x-repeated", "a", &error));
    OK(bearer_request_add_header(request, "X-Empty", "", &error));
    OK(bearer_request_add_header(request, "X-Repeated", "b", &error));
    OK(bearer_request_add_header(request, "User-Agent", "mine/1", &error));
    for (int again = 0; again < 2; again++) {
        const char *headers = headers_of(send_text(client, request)), *after = headers;
        /* Lines of one name keep their order; between names HTTP has none (RFC 9110 section 5.3). */
        static const char *const lines[] = {"[\"x-first\",\"1\"]", "[\"cookie\",\"c=d; e=\\\"f\\\"\"]",
                                            "[\"x-empty\",\"\"]", "[\"user-agent\",\"mine/1\"]",
                                            "[\"x-repeated\",\"b\"]", "[\"x-repeated\",\"a\"]",
                                            "[\"x-repeated\",\"b\"]"};
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
            const char *at = strcasestr(i < 5 ? headers : after, lines[i]);
            CHECK_SAYING(at != NULL, "%s is missing, or not in its place, in %s", lines[i], headers);
            after = at + 1;
        }
        CHECK_NUMBER(count_of(headers, "user-agent"), 1);
        CHECK_NUMBER(count_of(headers, "x-repeated"), 3);
    }
    bearer_request_free(request);
    bearer_client_free(client);
}

static void conflicts(void)
{
    static const char *const others[] = {
        ",'token':{'access_token':'a'}",
        ",'grant':{'grant_type':'client_credentials'}",
        ",'client':{'client_id':'a'}",
    };
    bearer_client *client;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        EXPECT(bearer_client_new(fixed_config(others[i]), &client, &error), BEARER_INVALID_ARGUMENT, "conflict");
        CHECK(client == NULL);
    }
    /* Not a value that a header can carry. */
    static const char *const bad[] = {"a\\r\\nX-Evil: 1", "a\\u007f", "\xc3\xa9", " a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *config = json("{'base_url':'%s','authorization':'%s'}", server_url, bad[i]);
        EXPECT(bearer_client_new(config, &client, &error), BEARER_INVALID_ARGUMENT, "header");
        CHECK(client == NULL);
    }
    char *nul = json("{'base_url':'%s','authorization':'a\\u0000b'}", server_url);
    EXPECT(bearer_client_new(nul, &client, &error), BEARER_INVALID_ARGUMENT, "json");

    client = client_of(fixed_config(""));
    char *text = (char *)1;
    EXPECT(bearer_client_set_token(client, json("{'access_token':'a'}"), &error), BEARER_INVALID_ARGUMENT, "conflict");
    EXPECT(bearer_client_refresh(client, &text, &error), BEARER_INVALID_ARGUMENT, "conflict");
    CHECK(text == NULL);
    EXPECT(bearer_client_token(client, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");
    OK(bearer_client_authorization(client, "GET", format("%s/fixed/lights", server_url), &text, &error));
    CHECK_TEXT(text, "{\"authorization\":\"secret\"}");
    bearer_free(text);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    verbatim();
    a_refusal_is_handed_over();
    callers_headers();
    conflicts();
    return finish();
}
