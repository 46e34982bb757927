/* What a client makes of a server that fails, and what it spares it. */
#include "leaving.h"
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A server of its own, as far as the library knows: what one said of itself holds for its URL. */
static bearer_client *client_at(const char *row, const char *token)
{
    return client_with_token(token, format("'server':{'token_endpoint':'/auth/token?%s'}", row));
}

static bearer_status get(bearer_client *client)
{
    bearer_response *response;
    bearer_status status = bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error);
    bearer_response_free(response);
    return status;
}

/* --- Retry-After --- */

static void retry_after_holds_for_all(void)
{
    bearer_client *one = client_at("peace", issue_expired()), *other = client_at("peace", issue_expired());
    bearer_client *elsewhere = client_at("no-peace", issue_expired());
    reset();
    fault(json("{'path':'/auth/token','status':503,'headers':[['Retry-After','1']]}"));
    double began = seconds();
    bearer_status status = get(one);
    CHECK_NUMBER(json_number(bearer_error_json(error), "retry_after"), 1);
    EXPECT(status, BEARER_UNAVAILABLE, "server_error");
    CHECK_NUMBER(stat_of(one, "renewals_held_back"), 0);
    /* Whoever asks, and however, until it is over. */
    bearer_client *later = client_at("peace", issue_expired());
    bearer_client *const all[] = {one, other, later};
    int held_back = 0;
    for (size_t i = 0; i < 3; i++) {
        for (int by_name = 0; by_name < 2; by_name++) {
            status = by_name ? bearer_client_refresh(all[i], NULL, &error) : get(all[i]);
            if (status == BEARER_OK) {
                CHECK_SAYING(seconds() - began >= 1, "after %.3f s", seconds() - began);
                continue;
            }
            CHECK_NUMBER(json_number(bearer_error_json(error), "retry_after"), 1);
            CHECK_NUMBER(json_number(bearer_error_json(error), "http_status"), 503);
            EXPECT(status, BEARER_UNAVAILABLE, "server_error");
            held_back++;
        }
    }
    CHECK_NUMBER(stat_of(one, "renewals_held_back") + stat_of(other, "renewals_held_back") + stat_of(later, "renewals_held_back"), held_back);
    CHECK_SAYING(held_back == 6 || seconds() - began >= 1, "%d held back", held_back);
    /* Another server has said nothing. */
    OK(get(elsewhere));
    for (size_t i = 0; i < 3; i++) {
        while ((status = get(all[i])) == BEARER_UNAVAILABLE) {
            bearer_error_free(error);
            error = NULL;
            usleep(10000);
        }
        CHECK_SAYING(seconds() - began >= 1, "after %.3f s", seconds() - began);
        OK(status);
    }
    /* One that failed, and one for each client. */
    CHECK_NUMBER(counter("token_requests"), 5);
    CHECK_NUMBER(counter("refreshes"), 4);
    bearer_client_free(one);
    bearer_client_free(other);
    bearer_client_free(later);
    bearer_client_free(elsewhere);
}

/* --- A server that is down --- */

static void ever_more_rarely(void)
{
    char *token = issue_expired();
    bearer_client *client = client_at("down", token), *same = client_at("down", token), *other = client_at("down", issue_expired());
    reset();
    fault(json("{'path':'/auth/token','times':-1,'status':500}"));
    double began = seconds();
    for (int i = 0; i < 2; i++) { /* the first failure is forgiven at once */
        EXPECT(get(client), BEARER_UNAVAILABLE, "server_error");
        CHECK_NUMBER(counter("token_requests"), i + 1);
    }
    long long asked = 2, held_back = 0;
    bearer_client *late = client_at("down", token);
    bearer_client *const all[] = {client, same, late};
    for (int i = 0; i < 50; i++) {
        bearer_status status = get(all[i % 3]);
        long long retry_after = json_number(bearer_error_json(error), "retry_after");
        EXPECT(status, BEARER_UNAVAILABLE, "server_error");
        if (counter("token_requests") == asked) {
            CHECK(retry_after >= 1);
            held_back++;
        }
        asked = counter("token_requests");
    }
    /* The shortest delay is 0.6 s. */
    CHECK_SAYING(asked - 2 <= (seconds() - began) / 0.6, "%lld in %.3f s", asked - 2, seconds() - began);
    CHECK_NUMBER(stat_of(client, "renewals_held_back") + stat_of(same, "renewals_held_back") + stat_of(late, "renewals_held_back"), held_back);
    CHECK_NUMBER(stat_of(client, "renewal_failures") + stat_of(same, "renewal_failures") + stat_of(late, "renewal_failures"), asked);
    CHECK_NUMBER(counter("api_requests"), 0);
    /* Another refresh token is another matter, and so is whoever asks by name. */
    EXPECT(get(other), BEARER_UNAVAILABLE, "server_error");
    CHECK_NUMBER(counter("token_requests"), asked + 1);
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNAVAILABLE, "server_error");
    CHECK_NUMBER(counter("token_requests"), asked + 2);
    /* A program that makes a client for each request is no way around. */
    bearer_client_free(client);
    bearer_client_free(same);
    bearer_client_free(late);
    asked = counter("token_requests");
    began = seconds();
    for (int i = 0; i < 20; i++) {
        client = client_at("down", token);
        EXPECT(get(client), BEARER_UNAVAILABLE, "server_error");
        bearer_client_free(client);
    }
    CHECK_SAYING(counter("token_requests") - asked <= 1 + (seconds() - began) / 0.6, "%lld more", counter("token_requests") - asked);
    /* It is up again: one success, and all is forgotten. */
    no_faults();
    client = client_at("down", token);
    OK(bearer_client_refresh(client, NULL, &error));
    OK(get(client));
    fault(json("{'path':'/auth/token','status':500}"));
    asked = counter("token_requests");
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNAVAILABLE, "server_error");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("token_requests"), asked + 2);
    bearer_client_free(client);
    bearer_client_free(other);
}

/* A token set whose access token lasts that much longer, of the lifetime that was told. */
static char *lasting(int left_s, int lifetime_s)
{
    char *issued = issue(json("{'expires_in':%d}", lifetime_s));
    return json("{'access_token':'%s','refresh_token':'%s','expires_in':%d,'expires_at':%lld}", json_text(issued, "access_token"),
                json_text(issued, "refresh_token"), lifetime_s, counter("now") + left_s);
}

/* A token that should have been renewed by now, and lasts, is better than none. */
static void what_lasts_stays_in_use(void)
{
    char *token = lasting(60, 1000);
    bearer_client *client = client_with_token(token, "'refresh':{'leeway_s':3600},'server':{'token_endpoint':'/auth/token?lasting'}");
    reset();
    fault(json("{'path':'/auth/token','times':-1,'status':500}"));
    for (int i = 0; i < 20; i++) {
        CHECK(strstr(get_text(client, "api/lights"), json_text(token, "access_token")) != NULL);
    }
    CHECK(counter("token_requests") >= 2);
    CHECK_NUMBER(counter("api_requests"), 20);
    CHECK_NUMBER(counter("api_401"), 0);
    CHECK(stat_of(client, "renewals_held_back") + counter("token_requests") == 20);
    char *text;
    int64_t expires_at;
    OK(bearer_client_access_token(client, 30, &text, &expires_at, &error));
    CHECK_TEXT(text, json_text(token, "access_token"));
    bearer_free(text);
    /* Not where one is needed that lasts longer, and not once the API has refused it. */
    EXPECT(bearer_client_access_token(client, 61, &text, &expires_at, &error), BEARER_UNAVAILABLE, "server_error");
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(token, "access_token")));
    EXPECT(get(client), BEARER_UNAVAILABLE, "server_error");
    no_faults();
    OK(bearer_client_refresh(client, NULL, &error));
    OK(get(client));
    bearer_client_free(client);

    /* Nor one that has expired. */
    client = client_at("expired", issue_expired());
    fault(json("{'path':'/auth/token','status':500}"));
    EXPECT(get(client), BEARER_UNAVAILABLE, "server_error");
    OK(get(client));
    bearer_client_free(client);
}

/* --- A refresh token that is dead --- */

static void a_dead_token_is_asked_for_once(void)
{
    char *token = issue_expired();
    control("POST", "invalidate", json("{'refresh_token':'%s'}", json_text(token, "refresh_token")));
    reset();
    bearer_client *client;
    for (int i = 0; i < 50; i++) {
        client = client_with_token(token, "");
        EXPECT(get(client), BEARER_LOGIN_REQUIRED, "invalid_grant");
        bearer_client_free(client);
    }
    CHECK_NUMBER(counter("token_requests"), 1);
    /* Unless somebody says so. */
    client = client_with_token(token, "");
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    CHECK_NUMBER(counter("token_requests"), 2);
    EXPECT(get(client), BEARER_LOGIN_REQUIRED, "invalid_grant");
    CHECK_NUMBER(counter("token_requests"), 2);
    OK(bearer_client_set_token(client, token, &error));
    EXPECT(get(client), BEARER_LOGIN_REQUIRED, "invalid_grant");
    CHECK_NUMBER(counter("token_requests"), 3);
    OK(bearer_client_set_token(client, issue_expired(), &error));
    OK(get(client));
    bearer_client_free(client);
}

/* --- An API that refuses every token --- */

static void an_api_that_refuses_all(void)
{
    enum { CALLS = 100 };
    bearer_client *client = client_with_token(issue("{}"), "");
    reset();
    control("POST", "config", json("{'reject_all':true}"));
    double began = seconds();
    long long requests = 0;
    for (int i = 0; i < CALLS; i++) {
        CHECK_NUMBER(get_status(client, "api/lights"), 401);
        long long now = counter("api_requests");
        CHECK_SAYING(now - requests <= 2, "%lld requests in one call", now - requests);
        requests = now;
    }
    double lasted = seconds() - began;
    /* From the second on a renewal waits for 0.6 s at least. */
    CHECK_SAYING(counter("refreshes") <= 2 + lasted / 0.6, "%lld renewals in %.3f s", counter("refreshes"), lasted);
    CHECK_NUMBER(counter("token_requests"), counter("refreshes"));
    CHECK_NUMBER(requests, CALLS + stat_of(client, "unauthorized_retries"));
    CHECK_NUMBER(stat_of(client, "unauthorized_retries"), counter("refreshes"));
    /* It takes them again: the next refusal is the first of a row. */
    control("POST", "config", json("{'reject_all':false}"));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    long long refreshes = counter("refreshes");
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refreshes"), refreshes + 1);
    bearer_client_free(client);
    reset();
}

static int64_t read_once(void *user_data, void *buffer, size_t capacity)
{
    int *is_read = user_data;
    (void)capacity;
    memcpy(buffer, "x", 1);
    return !(*is_read)++;
}

/* A body that was streamed cannot be sent again: the caller gets the 401, and the next request has a new token. */
static void a_streamed_body(void)
{
    for (int len = -1; len <= 1; len += 2) {
        int is_read = 0;
        char *token = issue("{}");
        bearer_client *client = client_with_token(token, "");
        control("POST", "invalidate", json("{'access_token':'%s'}", json_text(token, "access_token")));
        reset();
        bearer_request *request = request_of("PUT", "api/lights");
        OK(bearer_request_set_body_from(request, read_once, &is_read, NULL, len, &error));
        bearer_response *response;
        OK(bearer_client_send(client, request, &response, &error));
        CHECK_NUMBER(bearer_response_status(response), 401);
        CHECK_TEXT(body_of(response), "401: Unauthorized");
        bearer_request_free(request);
        CHECK_NUMBER(counter("api_requests"), 1);
        CHECK_NUMBER(counter("token_requests"), 0);
        CHECK_NUMBER(stat_of(client, "unauthorized_retries"), 0);
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        CHECK_NUMBER(counter("api_requests"), 2);
        CHECK_NUMBER(counter("api_401"), 1);
        CHECK_NUMBER(counter("refreshes"), 1);
        bearer_client_free(client);
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    retry_after_holds_for_all();
    ever_more_rarely();
    what_lasts_stays_in_use();
    a_dead_token_is_asked_for_once();
    an_api_that_refuses_all();
    a_streamed_body();
    return finish();
}
