/* Authorization requests that are pushed (PAR, RFC 9126), with details (RAR, RFC 9396) and resources (RFC 8707). */
#include "browser.h"

static bearer_client *client_of_issuer(const char *client_more)
{
    return client_of(swap_quotes(format("{'base_url':'%s','issuer':'%s','client':{'client_id':'test-client',"
                                        "'client_secret':'test-secret'%s}}",
                                        server_url, server_url, client_more)));
}

#define PUSHES ",'require_pushed_authorization_requests':true"
static void pushed(void)
{
    bearer_client *client = client_of_issuer(PUSHES);
    reset();
    char *login = begin_login(client, "{" REDIRECT ",'scope':'read','prompt':'consent'}"), *url = json_text(login, "authorization_url");
    CHECK_NUMBER(counter("pushed"), 1);
    /* Nothing but a reference goes through the browser. */
    CHECK(strstr(url, "request_uri=urn") != NULL && strstr(url, "client_id=test-client") != NULL);
    CHECK(strstr(url, "scope") == NULL && strstr(url, "code_challenge") == NULL && strstr(url, "state") == NULL);
    OK(bearer_login_finish(client, login, browse(login), NULL, &error));
    CHECK_NUMBER(counter("pushed_used"), 1);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

/* The server's word is enough. */
static void where_the_server_wants_it(void)
{
    control("POST", "config", json("{'require_pushed_authorization_requests':true}"));
    bearer_client *client = client_of_issuer("");
    char *login = begin_login(client, "{" REDIRECT "}");
    CHECK(strstr(json_text(login, "authorization_url"), "request_uri=") != NULL);
    OK(bearer_login_finish(client, login, browse(login), NULL, &error));
    bearer_client_free(client);
    control("POST", "config", json("{'require_pushed_authorization_requests':false}"));
    client = client_of_issuer("");
    CHECK(strstr(json_text(begin_login(client, "{" REDIRECT "}"), "authorization_url"), "request_uri=") == NULL);
    bearer_client_free(client);
}

static void details_and_resources(void)
{
    static const char *const ways[] = {"", PUSHES};
    for (size_t i = 0; i < 2; i++) {
        bearer_client *client = client_of_issuer(ways[i]);
        char *login = begin_login(client, "{" REDIRECT ",'resource':['https://api.example/a','https://api.example/b'],"
                                          "'authorization_details':[{'type':'payment_initiation','amount':'123.50'}]}");
        char *token, *answer;
        OK(bearer_login_finish(client, login, browse(login), &token, &error));
        CHECK(strstr(token, "\"payment_initiation\"") != NULL);
        OK(bearer_introspect(client, NULL, &answer, &error));
        CHECK(strstr(answer, "https://api.example/a") != NULL && strstr(answer, "https://api.example/b") != NULL);
        bearer_free(answer);
        bearer_free(token);
        bearer_client_free(client);
    }
    bearer_client *client = client_of_issuer(PUSHES);
    char *login;
    bearer_error *failed;
    CHECK_NUMBER(bearer_login_begin(client, json("{" REDIRECT ",'authorization_details':[{'type':'unknown'}]}"), &login, &failed),
                 BEARER_REJECTED);
    CHECK(login == NULL);
    CHECK_TEXT(json_text(bearer_error_json(failed), "oauth_error"), "invalid_authorization_details");
    bearer_error_free(failed);
    /* A push that fails begins no login. */
    fault(json("{'path':'/auth/par','status':503}"));
    EXPECT(bearer_login_begin(client, json("{" REDIRECT "}"), &login, &error), BEARER_UNAVAILABLE, "server_error");
    fault(json("{'path':'/auth/par','status':201,'body':'{}','content_type':'application/json'}"));
    EXPECT(bearer_login_begin(client, json("{" REDIRECT "}"), &login, &error), BEARER_PROTOCOL, "token_format");
    EXPECT(bearer_login_begin(client, json("{'request_uri':'urn:x'}"), &login, &error), BEARER_INVALID_ARGUMENT, "member");
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s','client':{'client_id':'c','require_pushed_authorization_requests':true}}", server_url));
    EXPECT(bearer_login_begin(client, NULL, &login, &error), BEARER_UNSUPPORTED, "no_endpoint");
    bearer_client_free(client);
}

/* Bound to a key, and pushed: the key's thumbprint goes along (RFC 9449 section 10.1). */
static void with_a_key(void)
{
    bearer_client *client = client_of_issuer(PUSHES ",'dpop_bound_access_tokens':true");
    char *login = begin_login(client, "{" REDIRECT "}");
    OK(bearer_login_finish(client, login, browse(login), NULL, &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_TEXT(json_text(held_token(client), "token_type"), "DPoP");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    pushed();
    where_the_server_wants_it();
    details_and_resources();
    with_a_key();
    return finish();
}
