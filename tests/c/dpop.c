/* Tokens that are bound to a key (DPoP, RFC 9449): proofs, nonces, the key in the token set, and no way down to Bearer. */
#include "browser.h"

#define BOUND "'client':{'client_id':'test-client','client_secret':'test-secret','dpop_bound_access_tokens':true%s}"

static char stored[4096];
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)reply;
    snprintf(stored, sizeof stored, "%s", token_json);
    return BEARER_OK;
}

static bearer_client *client_of_server(const char *client_more, const char *more)
{
    char *members = format(BOUND, client_more);
    bearer_client *client = client_of(swap_quotes(format("{'base_url':'%s',%s%s}", server_url, members, more)));
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    return client;
}

#define GRANT ",'grant':{'grant_type':'client_credentials'}"

static void nonces(const char *who)
{
    control("POST", "config", json("{'dpop_nonce':'%s'}", who));
}

/* The key is made here, and kept by the token set: a restart needs nothing else. */
static void made_here(void)
{
    bearer_client *client = client_of_server("", GRANT);
    reset();
    CHECK_NUMBER(get_status(client, "api/lights?a=b"), 200);
    CHECK_NUMBER(counter("dpop_accepted"), 2);
    CHECK_TEXT(json_text(stored, "token_type"), "DPoP");
    CHECK(strstr(stored, "\"dpop_key\":{\"crv\":\"P-256\"") != NULL);
    /* Every proof is another. */
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("dpop_accepted"), 5);
    bearer_client_free(client);

    /* Another process: the stored set is enough, even without the setting. */
    client = client_of(json("{'base_url':'%s','token':%s}", server_url, stored));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
    /* Without its key it is of no use. */
    client = client_of(json("{'base_url':'%s','token':{'access_token':'%s','token_type':'DPoP'}}", server_url,
                            json_text(stored, "access_token")));
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error), BEARER_PROTOCOL, "token_type");
    bearer_client_free(client);
}

/* A login binds its code, in this process or another; the refresh token goes with the key. */
static void a_login(void)
{
    bearer_client *client = client_of_server("", "");
    char *login = begin_login(client, "{" REDIRECT "}");
    CHECK(strstr(json_text(login, "authorization_url"), "&dpop_jkt=") != NULL);
    char *back = browse(login);
    bearer_client_free(client);

    client = client_of_server("", "");
    OK(bearer_login_finish(client, login, back, NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    char *key = json_raw(stored, "dpop_key");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_TEXT(json_raw(stored, "dpop_key"), key);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    /* A token that the API refuses is renewed, as any other. */
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(stored, "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

/* A server's nonce is asked for once, and kept until it gives another. */
static void with_nonces(void)
{
    bearer_client *client = client_of_server("", GRANT);
    nonces("required");
    reset();
    nonces("required");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("dpop_refused_nonce"), 2);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("dpop_refused_nonce"), 2);
    CHECK_NUMBER(counter("token_requests"), 3);
    /* Rolled: one more request each, and no renewal for the API's. */
    control("POST", "dpop", json("{'roll':true}"));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 3);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("dpop_refused_nonce"), 4);

    /* A body that cannot be sent again: the caller gets the refusal, and the next request has the nonce. */
    control("POST", "dpop", json("{'roll':true}"));
    bearer_response *response;
    OK(bearer_client_request(client, "PUT", "api/lights", "x", 1, &response, &error));
    CHECK_NUMBER(bearer_response_status(response), 200);
    bearer_response_free(response);
    nonces("none");
    bearer_client_free(client);
}

/* A machine whose clock is an hour slow: the servers' Date says so, and what was signed before is signed anew. */
static void with_a_wrong_clock(void)
{
    control("POST", "config", json("{'date_header':true}"));
    control("POST", "clock", json("{'offset_s':3600}"));
    bearer_client *client = client_of_server("", GRANT);
    reset();
    control("POST", "config", json("{'date_header':true}"));
    control("POST", "clock", json("{'offset_s':3600}"));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 2);
    CHECK_NUMBER(counter("api_requests"), 1);
    CHECK_NUMBER(counter("dpop_refused_iat"), 1);
    bearer_client_free(client);

    /* After a restart it is the API that says so. */
    client = client_of(json("{'base_url':'%s','token':%s}", server_url, stored));
    reset();
    control("POST", "config", json("{'date_header':true}"));
    control("POST", "clock", json("{'offset_s':3600}"));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("api_requests"), 2);
    bearer_client_free(client);
    control("POST", "clock", json("{'offset_s':0}"));
    control("POST", "config", json("{'date_header':false}"));
}

/* For the caller's own HTTP: both headers, each proof for one request. */
static void own_http(void)
{
    bearer_client *client = client_of_server("", GRANT);
    char *first, *second, *url = format("%s/api/lights?x=y", server_url);
    OK(bearer_client_authorization(client, "GET", url, &first, &error));
    OK(bearer_client_authorization(client, "GET", url, &second, &error));
    CHECK(strncmp(json_text(first, "authorization"), "DPoP ", 5) == 0);
    CHECK_TEXT(json_text(first, "authorization"), json_text(second, "authorization"));
    CHECK(strcmp(json_text(first, "dpop"), json_text(second, "dpop")) != 0);

    nonces("api");
    bearer_client *plain = client_of(json("{'base_url':'%s','authorization':'%s'}", server_url, json_text(first, "authorization")));
    bool resend = false;
    char *headers = first;
    int status = 0;
    for (int i = 0; i < 2; i++) {
        bearer_request *request = request_of("GET", "api/lights?x=y");
        OK(bearer_request_add_header(request, "dpop", json_text(headers, "dpop"), &error));
        bearer_response *response;
        OK(bearer_client_send(plain, request, &response, &error));
        status = bearer_response_status(response);
        const char *nonce = bearer_response_header(response, "dpop-nonce"), *asks = bearer_response_header(response, "www-authenticate");
        char *answer = asks ? format("{\"DPoP-Nonce\":\"%s\",\"WWW-Authenticate\":\"%s\"}", nonce, "DPoP error=\\\"use_dpop_nonce\\\"")
                            : format("{\"DPoP-Nonce\":\"%s\"}", nonce);
        OK(bearer_client_feedback(client, "GET", url, headers, (uint16_t)status, answer, &resend, &error));
        bearer_response_free(response);
        bearer_request_free(request);
        CHECK_NUMBER(resend, i == 0);
        if (i == 0) {
            CHECK_NUMBER(status, 401);
            OK(bearer_client_authorization(client, "GET", url, &headers, &error));
        }
    }
    CHECK_NUMBER(status, 200);
    nonces("none");
    bearer_free(first);
    bearer_free(second);
    bearer_free(headers);
    bearer_client_free(plain);
    bearer_client_free(client);
}

static void a_key_of_ones_own(void)
{
    bearer_client *client = client_of_server(",'dpop_key_file':'src/signing/tests/rfc-7515-a-3.json'", GRANT);
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK(strstr(stored, "dpop_key") == NULL);
    char *set = format("%s", stored);
    bearer_client_free(client);
    client = client_of_server(",'dpop_key_file':'src/signing/tests/rfc-7515-a-3.json'", format(",'token':%s", swap_quotes(set)));
    bearer_client_free(client);
    client = client_of(json("{'base_url':'%s','client':{'client_id':'c','dpop_key_file':'src/signing/tests/rfc-8037-a-1.json'},'token':%s}",
                            server_url, set));
    /* Of another key: the API says so, and no renewal is tried with what cannot be renewed. */
    CHECK_NUMBER(get_status(client, "api/lights"), 401);
    bearer_client_free(client);
}

/* T-7: what was to be bound is never used as a bearer's. */
static void no_way_down(void)
{
    bearer_client *client = client_of_server("", GRANT);
    control("POST", "config", json("{'dpop_ignored':true}"));
    reset();
    control("POST", "config", json("{'dpop_ignored':true}"));
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/lights", NULL, 0, &response, &error), BEARER_PROTOCOL, "token_type");
    CHECK_NUMBER(counter("api_requests"), 0);
    control("POST", "config", json("{'dpop_ignored':false}"));
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    made_here();
    a_login();
    with_nonces();
    with_a_wrong_clock();
    own_http();
    a_key_of_ones_own();
    no_way_down();
    return finish();
}
