/* Beside the token endpoint: revocation (RFC 7009), introspection (RFC 7662), userinfo, registration (RFC 7591). */
#include "check.h"

static bearer_client *client_with(const char *token)
{
    return client_of(json("{'base_url':'%s','issuer':'%s'," TEST_CLIENT ",'token':%s}", server_url, server_url, token));
}

static int is_active(bearer_client *client, const char *token)
{
    char *answer;
    OK(bearer_introspect(client, token, &answer, &error));
    int active = strstr(answer, "\"active\":true") != NULL;
    bearer_free(answer);
    return active;
}

static void revoked(void)
{
    bearer_client *client = client_with(issue("{}")), *other = client_with(issue("{}"));
    char *held = held_token(client);
    char *access = json_text(held, "access_token"), *refresh = json_text(held, "refresh_token");
    CHECK(is_active(other, access));
    OK(bearer_revoke(client, NULL, &error));
    CHECK(!is_active(other, access));
    CHECK(!is_active(other, refresh));
    char *text;
    EXPECT(bearer_client_token(client, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");
    reset();
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "api/x", NULL, 0, &response, &error), BEARER_LOGIN_REQUIRED, "no_token");
    CHECK_NUMBER(counter("token_requests"), 0);
    EXPECT(bearer_revoke(client, NULL, &error), BEARER_LOGIN_REQUIRED, "no_token");
    /* A new login begins anew. */
    OK(bearer_client_set_token(client, issue("{}"), &error));
    CHECK_NUMBER(get_status(client, "api/x"), 200);
    bearer_client_free(client);

    /* The access token alone: the refresh token gets another. */
    held = held_token(other);
    OK(bearer_revoke(other, "access_token", &error));
    CHECK_NUMBER(get_status(other, "api/x"), 200);
    CHECK(strcmp(json_text(held, "access_token"), json_text(held_token(other), "access_token")) != 0);
    OK(bearer_revoke(other, "refresh_token", &error));
    EXPECT(bearer_client_token(other, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");
    EXPECT(bearer_revoke(other, "id_token", &error), BEARER_INVALID_ARGUMENT, "value");
    bearer_client_free(other);
}

/* What the server has not revoked is kept. */
static void not_revoked(void)
{
    bearer_client *client = client_with(issue("{}"));
    char *held = held_token(client);
    fault(json("{'path':'/auth/revoke','status':503}"));
    EXPECT(bearer_revoke(client, NULL, &error), BEARER_UNAVAILABLE, "server_error");
    CHECK_TEXT(held_token(client), held);
    /* A server that revokes refresh tokens only. */
    control("POST", "config", json("{'unrevocable':'access_token'}"));
    EXPECT(bearer_revoke(client, "access_token", &error), BEARER_REJECTED, "oauth_error");
    CHECK_TEXT(held_token(client), held);
    OK(bearer_revoke(client, NULL, &error));
    control("POST", "config", json("{'unrevocable':null}"));
    bearer_client_free(client);

    /* An answer that is lost is asked for again; lost once more, the tokens are forgotten all the same. */
    client = client_with(issue("{}"));
    fault(json("{'path':'/auth/revoke','close_before_answer':true}"));
    OK(bearer_revoke(client, NULL, &error));
    bearer_client_free(client);
    client = client_with(issue("{}"));
    char *text;
    fault(json("{'path':'/auth/revoke','close_before_answer':true,'times':2}"));
    EXPECT(bearer_revoke(client, NULL, &error), BEARER_UNCERTAIN, "answer_lost");
    EXPECT(bearer_client_token(client, &text, &error), BEARER_LOGIN_REQUIRED, "no_token");
    no_faults();
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s','token':%s}", server_url, issue("{}")));
    EXPECT(bearer_revoke(client, NULL, &error), BEARER_UNSUPPORTED, "no_endpoint");
    EXPECT(bearer_introspect(client, NULL, NULL, &error), BEARER_UNSUPPORTED, "no_endpoint");
    EXPECT(bearer_userinfo(client, NULL, &error), BEARER_UNSUPPORTED, "no_endpoint");
    EXPECT(bearer_register(client, "{}", NULL, &error), BEARER_UNSUPPORTED, "no_endpoint");
    bearer_client_free(client);
}

static void introspected(void)
{
    bearer_client *client = client_with(issue(json("{'scope':'read'}")));
    char *answer;
    OK(bearer_introspect(client, NULL, &answer, &error));
    CHECK(strstr(answer, "\"active\":true") != NULL);
    CHECK_TEXT(json_text(answer, "scope"), "read");
    bearer_free(answer);
    CHECK(!is_active(client, "at-never-issued"));
    fault(json("{'path':'/auth/introspect','status':200,'body':'{}','content_type':'application/json'}"));
    EXPECT(bearer_introspect(client, NULL, &answer, &error), BEARER_PROTOCOL, "token_format");
    CHECK(answer == NULL);
    /* A server that repeats what it was asked. */
    fault(json("{'path':'/auth/introspect','status':400,'content_type':'application/json',"
               "'body':'{\\\"error\\\":\\\"invalid_request\\\",\\\"error_description\\\":\\\"no at-secret here\\\"}'}"));
    bearer_error *failed;
    CHECK_NUMBER(bearer_introspect(client, "at-secret", NULL, &failed), BEARER_REJECTED);
    CHECK(strstr(bearer_error_json(failed), "at-secret") == NULL);
    bearer_error_free(failed);
    bearer_client_free(client);
}

static void who_signed_in(void)
{
    bearer_client *client = client_with(issue_expired());
    char *claims;
    OK(bearer_userinfo(client, &claims, &error));
    CHECK_TEXT(json_text(claims, "sub"), "test-user");
    bearer_free(claims);
    /* A token that the endpoint refuses is renewed, once. */
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    OK(bearer_userinfo(client, NULL, &error));

    /* Claims of somebody else than the ID token's; its payload is {"sub":"test-user"}. */
    char *token = held_token(client);
    const char *rest = strchr(token, '{') + 1;
    OK(bearer_client_set_token(client, format("{\"id_token\":\"e30.eyJzdWIiOiJ0ZXN0LXVzZXIifQ.c2ln\",%s", rest), &error));
    OK(bearer_userinfo(client, NULL, &error));
    EXPECT(bearer_client_id_token(client, &claims, &error), BEARER_UNSAFE, "jwt"); /* It says nothing of a signature. */
    CHECK(claims == NULL);
    control("POST", "config", json("{'userinfo_members':{'sub':'mallory'}}"));
    EXPECT(bearer_userinfo(client, &claims, &error), BEARER_UNSAFE, "jwt");
    CHECK(claims == NULL);
    control("POST", "config", json("{'userinfo_members':{'sub':null}}"));
    EXPECT(bearer_userinfo(client, NULL, &error), BEARER_PROTOCOL, "token_format");
    control("POST", "config", json("{'userinfo_members':{}}"));
    fault(json("{'path':'/auth/userinfo','status':200,'body':'e30.e30.e30','content_type':'application/jwt'}"));
    EXPECT(bearer_userinfo(client, NULL, &error), BEARER_UNSUPPORTED, "not_built");
    bearer_client_free(client);
}

/* What the caller stored is believed: e30... is {"alg":"RS256"} and {"sub":"test-user"}. */
static void id_token(void)
{
    bearer_client *client = client_with(issue_expired());
    char *claims;
    EXPECT(bearer_client_id_token(client, &claims, &error), BEARER_LOGIN_REQUIRED, "no_token");
    CHECK(claims == NULL);
    const char *token = "{\"access_token\":\"a\",\"id_token\":\"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0LXVzZXIifQ.c2ln\"}";
    OK(bearer_client_set_token(client, token, &error));
    OK(bearer_client_id_token(client, &claims, &error));
    CHECK_TEXT(claims, "{\"sub\":\"test-user\"}");
    bearer_free(claims);
    OK(bearer_client_id_token(client, NULL, &error));
    OK(bearer_client_set_token(client, "{\"access_token\":\"a\",\"id_token\":\"a.b.c.d.e\"}", &error));
    EXPECT(bearer_client_id_token(client, NULL, &error), BEARER_UNSUPPORTED, "not_built");
    bearer_client_free(client);
}

static void registered(void)
{
    bearer_client *client = client_of(json("{'issuer':'%s'}", server_url));
    char *answer;
    OK(bearer_register(client, json("{'redirect_uris':['http://127.0.0.1/cb'],'client_name':'test'}"), &answer, &error));
    CHECK_TEXT(json_text(answer, "client_name"), "test");
    /* The answer is a "client" as it is. */
    bearer_client *own = client_of(format("{\"issuer\":\"%s\",\"client\":%s}", server_url, answer));
    char *login;
    OK(bearer_login_begin(own, json("{'redirect_uri':'http://127.0.0.1:1/cb'}"), &login, &error));
    CHECK(strstr(json_text(login, "authorization_url"), json_text(answer, "client_id")) != NULL);
    bearer_free(login);
    bearer_free(answer);
    bearer_client_free(own);

    control("POST", "config", json("{'registration_token':'initial'}"));
    EXPECT(bearer_register(client, "{}", &answer, &error), BEARER_REJECTED, NULL);
    CHECK(answer == NULL);
    bearer_client_free(client);
    client = client_of(json("{'issuer':'%s','authorization':'Bearer initial'}", server_url));
    OK(bearer_register(client, json("{'redirect_uris':['http://127.0.0.1/cb']}"), NULL, &error));
    EXPECT(bearer_register(client, json("{'redirect_uris':['nowhere']}"), NULL, &error), BEARER_REJECTED, "oauth_error");
    EXPECT(bearer_register(client, "[", NULL, &error), BEARER_INVALID_ARGUMENT, "json");
    control("POST", "config", json("{'registration_token':null}"));
    bearer_client_free(client);
}

/* Seen, replaced, ended (RFC 7592). */
static void managed(void)
{
    bearer_client *client = client_of(json("{'issuer':'%s'}", server_url));
    char *answer, *now;
    OK(bearer_register(client, json("{'redirect_uris':['http://127.0.0.1/cb'],'client_name':'test'}"), &answer, &error));
    CHECK(json_has(answer, "registration_client_uri"));
    OK(bearer_registration_read(client, answer, &now, &error));
    CHECK_TEXT(json_text(now, "client_name"), "test");
    bearer_free(answer);
    OK(bearer_registration_update(client, now, json("{'redirect_uris':['http://127.0.0.1/cb'],'client_name':'other'}"), &answer, &error));
    bearer_free(now);
    CHECK_TEXT(json_text(answer, "client_name"), "other");
    OK(bearer_registration_delete(client, answer, &error));
    EXPECT(bearer_registration_read(client, answer, &now, &error), BEARER_REJECTED, NULL);
    CHECK(now == NULL);
    bearer_free(answer);
    EXPECT(bearer_registration_read(client, "{}", NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    bearer_client_free(client);
}

static void signed_out(void)
{
    bearer_client *client = client_with(issue("{}"));
    char *url;
    OK(bearer_logout_url(client, json("{'post_logout_redirect_uri':'http://127.0.0.1/bye','state':'s 1'}"), &url, &error));
    CHECK(strncmp(url, server_url, strlen(server_url)) == 0);
    CHECK(strstr(url, "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%2Fbye&state=s%201") != NULL);
    CHECK(strstr(url, "client_id=test-client") != NULL);
    bearer_free(url);
    EXPECT(bearer_logout_url(client, json("{'state':1}"), &url, &error), BEARER_INVALID_ARGUMENT, "member");
    bearer_client_free(client);
    client = client_of(json("{'base_url':'%s'}", server_url));
    EXPECT(bearer_logout_url(client, NULL, &url, &error), BEARER_UNSUPPORTED, "no_endpoint");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    revoked();
    not_revoked();
    introspected();
    who_signed_in();
    id_token();
    registered();
    managed();
    signed_out();
    return finish();
}
