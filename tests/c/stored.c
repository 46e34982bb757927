/* Token sets as other libraries store them. */
#include "check.h"
#include <time.h>

/* golang/oauth2's time, `seconds` from now. */
static char *rfc3339(long long seconds, const char *zone)
{
    char text[64];
    time_t at = (time_t)(counter("now") + seconds);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return format("%s%s", text, zone);
}

static void forms(void)
{
    long long now = counter("now");
    char *home_assistant = json(",'token_type':'Bearer','expires_in':1800,'ha_auth_provider':'homeassistant','expires_at':%lld.123456",
                                now + 1000);
    char *home_assistant_old = json(",'token_type':'Bearer','expires_in':1800,'expires_at':%lld.9", now - 5);
    char *oauthlib = json(",'token_type':'Bearer','scope':['read','write'],'expires_in':3600,'expires_at':%lld.5", now + 1000);
    char *text = json(",'expires_at':'%lld'", now + 1000);
    char *golang = json(",'token_type':'Bearer','expiry':'%s'", rfc3339(1000, ".123456789Z"));
    char *golang_zone = json(",'token_type':'Bearer','expiry':'%s'", rfc3339(7200 + 1000, "+02:00"));
    char *golang_old = json(",'token_type':'Bearer','expiry':'%s'", rfc3339(7200 - 10, ".5+02:00"));
    const struct {
        const char *members;
        int renewals;
    } rows[] = {
        {home_assistant, 0},
        {home_assistant_old, 1},
        {oauthlib, 0},
        {text, 0},
        {golang, 0},
        {golang_zone, 0},
        {golang_old, 1},
        {",\"token_type\":\"Bearer\",\"expiry\":\"0001-01-01T00:00:00Z\"", 0},
        {"", 0},
        {",\"expires_at\":null", 0},
        {",\"expires_at\":0", 1},
        {",\"expires_at\":-5", 1},
        {",\"expires_at\":1e400", 0},
        {",\"expires_at\":99999999999999999999", 0},
        /* how long it lived when it was issued says nothing without when that was */
        {",\"expires_in\":1", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *fresh = issue("{}");
        char *token = format("{\"access_token\":\"%s\",\"refresh_token\":\"%s\"%s}", json_text(fresh, "access_token"),
                             json_text(fresh, "refresh_token"), rows[i].members);
        for (int by_set_token = 0; by_set_token < 2; by_set_token++) {
            bearer_client *client = client_with_token(by_set_token ? "null" : token, "");
            if (by_set_token) {
                OK(bearer_client_set_token(client, token, &error));
            }
            CHECK_TEXT(held_token(client), token);
            reset();
            CHECK_NUMBER(get_status(client, "api/lights"), 200);
            CHECK_SAYING(counter("refreshes") == rows[i].renewals, "row %zu: %s", i, token);
            CHECK_NUMBER(counter("api_requests"), 1);
            fresh = held_token(client);
            token = format("{\"access_token\":\"%s\",\"refresh_token\":\"%s\"%s}", json_text(fresh, "access_token"),
                           json_text(fresh, "refresh_token"), rows[i].members);
            bearer_client_free(client);
        }
    }
}

/* After a renewal golang/oauth2 must find its own member again. */
static void golang_can_read_it_back(void)
{
    char *fresh = issue("{}");
    bearer_client *client =
        client_with_token(json("{'access_token':'%s','token_type':'Bearer','refresh_token':'%s','expiry':'%s'}",
                               json_text(fresh, "access_token"), json_text(fresh, "refresh_token"), rfc3339(-1, "Z")),
                          "");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    char *expiry = json_text(held_token(client), "expiry");
    CHECK(expiry != NULL && strcmp(expiry, rfc3339(1700, "Z")) > 0 && strcmp(expiry, rfc3339(1801, "Z")) < 0);
    bearer_client_free(client);
}

/* Only a refresh token: renewed before the first request. Only an access token: used until it is refused. */
static void halves(void)
{
    char *fresh = issue("{}");
    bearer_client *client = client_with_token(json("{'refresh_token':'%s'}", json_text(fresh, "refresh_token")), "");
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refreshes"), 1);
    CHECK_NUMBER(counter("api_requests"), 1);
    bearer_client_free(client);
    fresh = issue("{}");
    client = client_with_token(json("{'access_token':'%s'}", json_text(fresh, "access_token")), "");
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refreshes"), 0);
    bearer_client_free(client);
    client = client_with_token(json("{'access_token':'%s','expires_at':1}", json_text(issue("{}"), "access_token")), "");
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error), BEARER_LOGIN_REQUIRED, "no_token");
    bearer_client_free(client);
}

static void bad_ones(void)
{
    static const struct {
        const char *token, *reason, *words;
    } rows[] = {
        {"{}", "member", "access_token"},
        {"{'access_token':''}", "member", "access_token"},
        {"{'access_token':null}", "member", "access_token"},
        {"{'access_token':7}", "member", "access_token"},
        {"{'access_token':'a b'}", "member", "access_token"},
        {"{'access_token':'a\\r\\nX-Evil: 1'}", "member", "access_token"},
        {"{'access_token':'\xc3\xa9'}", "member", "access_token"},
        {"{'access_token':'a','refresh_token':['b']}", "member", "refresh_token"},
        {"{'access_token':'a','token_type':7}", "member", "token_type"},
        {"{'access_token':'a','expires_at':{}}", "member", "expires_at"},
        {"{'access_token':'a','expires_at':true}", "member", "expires_at"},
        {"{'access_token':'a','expires_at':'soon'}", "member", "expires_at"},
        {"{'access_token':'a','expires_in':[1]}", "member", "expires_in"},
        {"{'access_token':'a','expiry':'soon'}", "member", "expiry"},
        {"{'access_token':'a','access_token':'b'}", NULL, "access_token"},
        {"{'access_token':'a'", NULL, "token"},
        {"{'access_token':'a'} x", NULL, "token"},
        {"['a']", NULL, "token"},
        {"'a'", NULL, "token"},
        {"", NULL, "token"},
    };
    char *token = issue("{}");
    bearer_client *good = client_with_token(token, ""), *client;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bearer_status status = bearer_client_set_token(good, swap_quotes(rows[i].token), &error);
        CHECK_SAYING(error != NULL && strstr(bearer_error_message(error), rows[i].words) != NULL, "row %zu: %s", i,
                     error ? bearer_error_message(error) : "no error");
        EXPECT(status, BEARER_INVALID_ARGUMENT, rows[i].reason);
        CHECK_TEXT(held_token(good), token);
        /* What is no JSON by itself makes the configuration around it none either, in words of its own. */
        if (rows[i].reason) {
            status = bearer_client_new(json("{'base_url':'http://127.0.0.1','token':%s}", swap_quotes(rows[i].token)), &client,
                                       &error);
            /* What is no JSON at all cannot be named. */
            const char *words = rows[i].reason ? rows[i].words : "";
            CHECK_SAYING(error != NULL && strstr(bearer_error_message(error), words) != NULL, "row %zu: %s", i,
                         error ? bearer_error_message(error) : "no error");
            EXPECT(status, BEARER_INVALID_ARGUMENT, rows[i].reason);
            CHECK(client == NULL);
        }
    }
    EXPECT(bearer_client_set_token(good, "{\"access_token\":\"\xff\"}", &error), BEARER_INVALID_ARGUMENT, "utf8");
    CHECK_NUMBER(get_status(good, "api/lights"), 200);
    bearer_client_free(good);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    forms();
    golang_can_read_it_back();
    halves();
    bad_ones();
    return finish();
}
