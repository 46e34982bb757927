/* Clients that sign instead of sending a secret: client_secret_jwt and private_key_jwt (RFC 7523 section 2.2). */
#include "interop.h"

static bearer_client *machine(const char *client)
{
    return saving_client(configured(client, "", "'grant':{'grant_type':'client_credentials'}"));
}

static void accepted(const char *client_members)
{
    bearer_client *client = machine(client_members);
    CHECK_NUMBER(get_status(client, "read"), 200);
    /* Each assertion is used once: the server would refuse the next renewal otherwise. */
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void secret(void)
{
    accepted("'client_id':'service-HS256','client_secret':'a secret of at least 32 bytes, for HS256',"
             "'token_endpoint_auth_method':'client_secret_jwt'");
}

static char *private_key(const char *alg, const char *key_member, const char *key_json)
{
    char *members = swap_quotes(format("'client_id':'service-%s','token_endpoint_auth_method':'private_key_jwt',"
                                       "'token_endpoint_auth_signing_alg':'%s','%s':",
                                       alg, alg, key_member));
    return format("%s%s", members, key_json);
}

/* The key in each form that it can have. */
static void pem_jwk_and_file(const char *alg)
{
    char *pem = work_file(format("%s.pem", alg)), *jwk = work_file(format("%s.jwk", alg));
    accepted(private_key(alg, "private_key", json_string(file_text(pem))));
    accepted(private_key(alg, "private_key", json_string(file_text(jwk))));
    accepted(private_key(alg, "private_key_file", json_string(pem)));
    accepted(private_key(alg, "private_key_file", json_string(jwk)));
}

static void es256(void)
{
    pem_jwk_and_file("ES256");
}

static void rs256(void)
{
    pem_jwk_and_file("RS256");
}

static void ps256(void)
{
    pem_jwk_and_file("PS256");
}

static void ed25519(void)
{
    pem_jwk_and_file("Ed25519");
}

static void eddsa(void)
{
    pem_jwk_and_file("EdDSA");
}

static void another_key(void)
{
    char *another = json_string(work_file("client.key"));
    bearer_client *client = machine(private_key("ES256", "private_key_file", another));
    bearer_status status = bearer_grant(client, json("{'grant_type':'client_credentials'}"), NULL, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"client_secret_jwt: HS256", EVERY, secret, NULL},
    {"private_key_jwt: ES256", EVERY, es256, NULL},
    {"private_key_jwt: RS256", EVERY, rs256, NULL},
    {"private_key_jwt: PS256", EVERY, ps256, NULL},
    {"private_key_jwt: EdDSA", EVERY, eddsa, NULL},
    {"private_key_jwt: EdDSA by the name Ed25519 (RFC 9864)", EVERY, ed25519, NULL},
    {"private_key_jwt: another key is rejected", EVERY, another_key, NULL},
};
ROWS(rows)
