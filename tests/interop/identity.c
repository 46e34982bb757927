/* ID tokens (OpenID Connect Core sections 3.1.3.7 and 12.2), by the keys that the server publishes. */
#include "interop.h"

static bearer_client *app(const char *client)
{
    return saving_client(discovering(client, "", ""));
}

static char *claims_of(bearer_client *client)
{
    char *claims;
    OK(bearer_client_id_token(client, &claims, &error));
    return taken(claims);
}

/* Of a login, and of the renewal after it. */
static void validated(const char *client_id, const char *more)
{
    bearer_client *client = app(format("'client_id':'%s'%s", client_id, more));
    char *claims;
    EXPECT(bearer_client_id_token(client, &claims, &error), BEARER_LOGIN_REQUIRED, "no_token");
    char *login = begin_login(client, "'scope':'openid read'");
    OK(bearer_login_finish(client, login, callback_of(json_text(login, "authorization_url")), NULL, &error));
    claims = claims_of(client);
    CHECK_TEXT(json_text(claims, "sub"), "alice");
    CHECK_TEXT(json_text(claims, "iss"), issuer);
    CHECK_TEXT(json_text(claims, "aud"), client_id);
    CHECK_TEXT(json_text(claims, "nonce"), json_text(login, "nonce"));
    CHECK(json_has(claims, "at_hash"));
    char *before = json_text(held_token(client), "id_token");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK(strcmp(before, json_text(held_token(client), "id_token")) != 0);
    CHECK_TEXT(json_text(claims_of(client), "sub"), "alice");
    bearer_client_free(client);
}

static void rs256(void)
{
    validated("app-RS256", ",'id_token_signed_response_alg':'RS256'");
}

static void es256(void)
{
    validated("app-ES256", ",'id_token_signed_response_alg':'ES256'");
}

static void ps256(void)
{
    validated("app-PS256", ",'id_token_signed_response_alg':'PS256'");
}

static void eddsa(void)
{
    validated("app-EdDSA", ",'id_token_signed_response_alg':'EdDSA'");
}

/* The same by its name in RFC 9864. */
static void ed25519(void)
{
    validated("app-Ed25519", ",'id_token_signed_response_alg':'Ed25519'");
}

static void hs256(void)
{
    validated("web-HS256", ",'client_secret':'a secret of at least 32 bytes, for HS256',"
                           "'token_endpoint_auth_method':'client_secret_basic','id_token_signed_response_alg':'HS256'");
}

/* The server's metadata say what it signs with. */
static void not_agreed_on(void)
{
    validated("app-PS256", "");
}

static void refused(const char *client_members)
{
    bearer_client *client = app(client_members);
    char *login = begin_login(client, "'scope':'openid read'"), *token;
    char *callback = callback_of(json_text(login, "authorization_url"));
    EXPECT(bearer_login_finish(client, login, callback, &token, &error), BEARER_UNSAFE, "jwt");
    CHECK(token == NULL);
    CHECK_NUMBER(saved, 0);
    EXPECT(bearer_client_token(client, NULL, &error), BEARER_LOGIN_REQUIRED, "no_token");
    bearer_client_free(client);
}

static void another_algorithm(void)
{
    refused("'client_id':'app-RS256','id_token_signed_response_alg':'PS256'");
}

/* HS256 is by a secret that the server and this client share: never by default. */
static void unagreed_secret(void)
{
    refused("'client_id':'web-HS256','client_secret':'a secret of at least 32 bytes, for HS256',"
            "'token_endpoint_auth_method':'client_secret_basic'");
}

static void another_login(void)
{
    bearer_client *client = app("'client_id':'app'");
    char *login = begin_login(client, "'scope':'openid'");
    char *callback = callback_of(json_text(login, "authorization_url"));
    char *other = with_member(login, "nonce", "\"another\"");
    EXPECT(bearer_login_finish(client, other, callback, NULL, &error), BEARER_UNSAFE, "jwt");
    bearer_client_free(client);
}

static void max_age(void)
{
    bearer_client *client = app("'client_id':'app'");
    log_in(client, "'scope':'openid','max_age':'60'");
    CHECK(json_has(claims_of(client), "auth_time"));
    bearer_client_free(client);
}

/* A refresh token of somebody else, as a store that mixed two people up would have it. */
static void another_person(void)
{
    bearer_client *client = app("'client_id':'app'");
    char *of_bob = log_in(client, "'scope':'openid read','login_hint':'bob'");
    char *of_alice = log_in(client, "'scope':'openid read'");
    CHECK(strcmp(json_text(of_bob, "id_token"), json_text(of_alice, "id_token")) != 0);
    char *mixed = with_member(of_alice, "refresh_token", json_raw(of_bob, "refresh_token"));
    OK(bearer_client_set_token(client, mixed, &error));
    int before = saved;
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNSAFE, "jwt");
    CHECK_NUMBER(saved, before);
    CHECK_TEXT(held_token(client), mixed);
    CHECK_TEXT(json_text(claims_of(client), "sub"), "alice");
    bearer_client_free(client);
}

static void bare(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    log_in(client, "'scope':'openid'");
    CHECK_TEXT(json_text(claims_of(client), "sub"), "alice");
    bearer_client_free(client);
}

static void device(void)
{
    bearer_client *client = app("'client_id':'tv','scope':'openid read'");
    char *device;
    OK(bearer_device_begin(client, NULL, &device, &error));
    device = taken(device);
    control("GET", format("device?user_code=%s&approves=true", json_text(device, "user_code")), NULL);
    OK(bearer_device_wait(client, format("{\"interval\":1,%s", device + 1), NULL, &error));
    CHECK_TEXT(json_text(claims_of(client), "aud"), "tv");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"ID token: RS256, login and renewal", EVERY, rs256, NULL},
    {"ID token: ES256, login and renewal", EVERY, es256, NULL},
    {"ID token: PS256, login and renewal", EVERY, ps256, NULL},
    {"ID token: EdDSA, login and renewal", EVERY, eddsa, NULL},
    {"ID token: Ed25519, login and renewal", EVERY, ed25519, NULL},
    {"ID token: HS256 by agreement", EVERY, hs256, NULL},
    {"ID token: any algorithm that the server lists", EVERY, not_agreed_on, NULL},
    {"ID token: another algorithm is refused", EVERY, another_algorithm, NULL},
    {"ID token: HS256 without agreement is refused", EVERY, unagreed_secret, NULL},
    {"ID token: of another login is refused", EVERY, another_login, NULL},
    {"ID token: max_age", EVERY, max_age, NULL},
    {"ID token: a renewal for another person is refused", EVERY, another_person, NULL},
    {"ID token: without jwks_uri", EVERY, bare, NULL},
    {"ID token: of a device login", EVERY, device, NULL},
};
ROWS(rows)
