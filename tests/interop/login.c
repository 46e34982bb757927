/* The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636), iss in the callback (RFC 9207), ID tokens. */
#include "interop.h"

#define APP "'client_id':'app','scope':'read'"

/* Its token is used, and saved first. */
static void log_in_as(const char *members)
{
    bearer_client *client = saving_client(configured(members, "", ""));
    char *token = log_in(client, "");
    CHECK_TEXT(held_token(client), token);
    CHECK_NUMBER(saved, 1);
    CHECK(json_has(token, "refresh_token"));
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(saved, 2);
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void public_client(void)
{
    log_in_as(APP);
}

static void basic(void)
{
    log_in_as("'client_id':'web-basic','client_secret':'web-basic-secret','scope':'read',"
              "'token_endpoint_auth_method':'client_secret_basic'");
}

static void odd_basic(void)
{
    log_in_as("'client_id':'web:odd id','client_secret':'p@ss:w%rd+/=& ~','scope':'read',"
              "'token_endpoint_auth_method':'client_secret_basic'");
}

static void post(void)
{
    log_in_as("'client_id':'web-post','client_secret':'web-post-secret','scope':'read',"
              "'token_endpoint_auth_method':'client_secret_post'");
}

static void wrong_secret(void)
{
    bearer_client *client = client_of(configured("'client_id':'web-post','client_secret':'no'", "", ""));
    char *login = begin_login(client, "'scope':'read'");
    char *callback = callback_of(json_text(login, "authorization_url"));
    bearer_status status = bearer_login_finish(client, login, callback, NULL, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);
}

/* The callback is taken only as it belongs to the login; what was refused has not spent the code. */
static void refused_and_then_taken(char *(*spoilt)(const char *callback), const char *reason)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    char *login = begin_login(client, "");
    char *callback = callback_of(json_text(login, "authorization_url"));
    long long before = token_requests();
    EXPECT(bearer_login_finish(client, login, spoilt(callback), NULL, &error), BEARER_UNSAFE, reason);
    CHECK_NUMBER(token_requests(), before);
    OK(bearer_login_finish(client, login, callback, NULL, &error));
    CHECK_NUMBER(token_requests(), before + 1);
    bearer_client_free(client);
}

static char *without(const char *callback, const char *parameter)
{
    const char *at = strstr(callback, parameter);
    CHECK_SAYING(at != NULL, "%s", callback);
    const char *end = at + strcspn(at, "&");
    return format("%.*s%s", (int)(at - callback), callback, *end ? end + 1 : "");
}

static char *without_iss(const char *callback)
{
    return without(callback, "iss=");
}

static char *with_another_iss(const char *callback)
{
    return format("%s&iss=https%%3A%%2F%%2Felsewhere.example", without_iss(callback));
}

static char *with_another_state(const char *callback)
{
    return format("%s&state=another", without(callback, "state="));
}

static void missing_iss(void)
{
    refused_and_then_taken(without_iss, "issuer");
}

static void another_iss(void)
{
    refused_and_then_taken(with_another_iss, "issuer");
}

static void another_state(void)
{
    refused_and_then_taken(with_another_state, "state");
}

static void id_token(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    CHECK(json_has(log_in(client, "'scope':'openid read'"), "id_token"));
    /* The server puts the nonce that it was sent into the ID token, so a login with another one is noticed. */
    char *login = begin_login(client, "'scope':'openid read'");
    char *callback = callback_of(json_text(login, "authorization_url"));
    EXPECT(bearer_login_finish(client, with_member(login, "nonce", "\"another\""), callback, NULL, &error), BEARER_UNSAFE, "jwt");
    bearer_client_free(client);
}

static void wrong_verifier(void)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    char *login = begin_login(client, "");
    char *other = json_raw(begin_login(client, ""), "code_verifier");
    char *callback = callback_of(json_text(login, "authorization_url"));
    EXPECT(bearer_login_finish(client, with_member(login, "code_verifier", other), callback, NULL, &error), BEARER_LOGIN_REQUIRED,
           "invalid_grant");
    bearer_client_free(client);
}

static void spent_code(void)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    char *login = begin_login(client, "");
    char *callback = callback_of(json_text(login, "authorization_url"));
    OK(bearer_login_finish(client, login, callback, NULL, &error));
    EXPECT(bearer_login_finish(client, login, callback, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    bearer_client_free(client);
}

static void denied(void)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    char *login = begin_login(client, "'login_hint':'deny'"), *token;
    char *callback = callback_of(json_text(login, "authorization_url"));
    EXPECT(bearer_login_finish(client, login, callback, &token, &error), BEARER_ACCESS_DENIED, NULL);
    CHECK(token == NULL);
    bearer_client_free(client);
}

/* The login ends in another process than it began in, or at least in another client. */
static void kept_login(void)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    char *login = begin_login(client, "'login_hint':'bob'");
    bearer_client_free(client);
    client = client_of(configured(APP, "", ""));
    OK(bearer_login_finish(client, login, callback_of(json_text(login, "authorization_url")), NULL, &error));
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "bob");
    bearer_client_free(client);
}

static void resource(void)
{
    bearer_client *client = client_of(configured(APP, "", ""));
    log_in(client, "'resource':'https://api.example/jwt'");
    CHECK_TEXT(json_text(get_text(client, "read"), "aud"), "https://api.example/jwt");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_TEXT(json_text(get_text(client, "read"), "aud"), "https://api.example/jwt");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"code + PKCE: public native client", EVERY, public_client, NULL},
    {"code + PKCE: client_secret_basic", EVERY, basic, NULL},
    {"code + PKCE: client_secret_basic, odd id and secret", EVERY, odd_basic, NULL},
    {"code + PKCE: client_secret_post", EVERY, post, NULL},
    {"code + PKCE: a wrong secret is rejected", EVERY, wrong_secret, NULL},
    {"code + PKCE: finished by another client", EVERY, kept_login, NULL},
    {"code + PKCE: a wrong code_verifier is refused", EVERY, wrong_verifier, NULL},
    {"code + PKCE: a code is spent once", EVERY, spent_code, NULL},
    {"code + PKCE: the person says no", EVERY, denied, NULL},
    {"callback: state of another login", EVERY, another_state, NULL},
    {"callback: iss of another server (RFC 9207)", EVERY, another_iss, NULL},
    {"callback: iss missing (RFC 9207)", EVERY, missing_iss, NULL},
    {"ID token: nonce", EVERY, id_token, NULL},
    {"resource indicator in a login (RFC 8707)", EVERY, resource, NULL},
};
ROWS(rows)
