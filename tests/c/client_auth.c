/* How a client proves who it is: JWTs by its secret or its key (RFC 7523), a hook that signs, a certificate (RFC 8705). */
#include "check.h"

#define KEYS "src/signing/tests/"

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK_SAYING(file != NULL, "%s", path);
    static char text[8192];
    size_t len = 0;
    /* No blanks: no text in these files has any. */
    for (int c; (c = getc(file)) != EOF && len < sizeof text - 1;) {
        if (c != ' ' && c != '\n') {
            text[len++] = (char)c;
        }
    }
    fclose(file);
    text[len] = '\0';
    return format("%s", text);
}

/* The public half of a key of the RFCs' examples. */
static char *public_jwk(const char *path)
{
    char *key = file_text(path), *kty = json_text(key, "kty");
    if (strcmp(kty, "RSA") == 0) {
        return json("{'kty':'RSA','n':'%s','e':'%s'}", json_text(key, "n"), json_text(key, "e"));
    }
    if (strcmp(kty, "EC") == 0) {
        return json("{'kty':'EC','crv':'P-256','x':'%s','y':'%s'}", json_text(key, "x"), json_text(key, "y"));
    }
    return json("{'kty':'OKP','crv':'Ed25519','x':'%s'}", json_text(key, "x"));
}

static void register_client(const char *members)
{
    control("POST", "client", format("{\"client_id\":\"signer\",%s}", members));
}

/* A client of its own by client_credentials; members are of "client". */
static bearer_client *client_of_members(const char *members)
{
    return client_of(format("{\"issuer\":\"%s\",\"base_url\":\"%s\",\"grant\":{\"grant_type\":\"client_credentials\"},"
                            "\"client\":{\"client_id\":\"signer\",%s}}",
                            server_url, server_url, members));
}

static void by_a_key(void)
{
    static const struct {
        const char *jwk, *file, *algorithm;
    } rows[] = {
        {"rfc-7515-a-3.json", "rfc-7515-a-3.json", "ES256"},
        {"rfc-7515-a-2.json", "rsa.pem", "RS256"},
        {"rfc-7515-a-2.json", "rsa-pkcs8.pem", "PS256"},
        {"rfc-8037-a-1.json", "rfc-8037-a-1.json", "EdDSA"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *jwk = public_jwk(format(KEYS "%s", rows[i].jwk));
        register_client(format("\"method\":\"private_key_jwt\",\"alg\":\"%s\",\"jwk\":%s", rows[i].algorithm, jwk));
        bearer_client *client = client_of_members(json("'private_key_file':'" KEYS "%s','token_endpoint_auth_signing_alg':'%s'",
                                                       rows[i].file, rows[i].algorithm));
        reset();
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        /* Each assertion is used once. */
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_NUMBER(counter("client_accepted_private_key_jwt"), 2);
        CHECK_NUMBER(counter("client_refused_replay"), 0);
        bearer_client_free(client);
    }
    /* The same key as text, and no method named. */
    char *key = file_text(KEYS "rfc-8037-a-1.json");
    char quoted[2048];
    size_t at = 0;
    for (const char *c = key; *c != '\0'; c++) {
        if (*c == '"') {
            quoted[at++] = '\\';
        }
        quoted[at++] = *c;
    }
    quoted[at] = '\0';
    bearer_client *client = client_of_members(format("\"private_key\":\"%s\"", quoted));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    /* A lost answer is asked for again with an assertion of its own. */
    reset();
    fault(json("{'path':'/auth/token','close_before_answer':true}"));
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("client_accepted_private_key_jwt"), 2);
    bearer_client_free(client);
}

/* A machine whose clock is an hour slow: the answer says so, and a new assertion is made. */
static void with_a_wrong_clock(void)
{
    char *jwk = public_jwk(KEYS "rfc-8037-a-1.json");
    register_client(format("\"method\":\"private_key_jwt\",\"jwk\":%s", jwk));
    bearer_client *client = client_of_members(json("'private_key_file':'" KEYS "rfc-8037-a-1.json'"));
    /* So that discovery does not tell the time. */
    OK(bearer_discover(client, NULL, &error));
    reset();
    control("POST", "config", json("{'date_header':true}"));
    control("POST", "clock", json("{'offset_s':3600}"));
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(counter("client_refused_exp"), 1);
    CHECK_NUMBER(counter("client_accepted_private_key_jwt"), 1);
    control("POST", "clock", json("{'offset_s':0}"));
    control("POST", "config", json("{'date_header':false}"));
    bearer_client_free(client);
}

static void by_the_secret(void)
{
    register_client("\"client_secret\":\"a secret of 32 bytes, and then some\",\"method\":\"client_secret_jwt\"");
    bearer_client *client = client_of_members(json(
        "'client_secret':'a secret of 32 bytes, and then some','token_endpoint_auth_method':'client_secret_jwt'"));
    reset();
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("client_accepted_client_secret_jwt"), 1);
    bearer_client_free(client);
    client = client_of_members(json("'client_secret':'another','token_endpoint_auth_method':'client_secret_jwt'"));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_REJECTED, "oauth_error");
    CHECK_NUMBER(counter("client_refused_signature"), 1);
    bearer_client_free(client);

    /* The metadata lists what can be used where nothing is configured. */
    register_client("\"client_secret\":\"s\",\"method\":\"client_secret_basic\"");
    control("POST", "metadata", json("{'members':{'token_endpoint_auth_methods_supported':['client_secret_basic']}}"));
    client = client_of_members(json("'client_secret':'s'"));
    OK(bearer_client_refresh(client, NULL, &error));
    control("DELETE", "metadata", NULL);
    bearer_client_free(client);
}

/* --- A key that the library never sees --- */

struct signer {
    int asked, destroyed;
    size_t len;
    bearer_reply *later;
    const char *answer;
};

static bearer_status sign(void *user_data, const char *algorithm, const void *bytes, size_t len, bearer_reply *reply)
{
    struct signer *signer = user_data;
    CHECK_TEXT(algorithm, "ES256");
    CHECK_NUMBER(len, strlen(bytes));
    CHECK(memchr(bytes, '.', len) != NULL);
    CHECK_NUMBER(bearer_reply_token(reply, "at-x"), BEARER_INVALID_ARGUMENT);
    CHECK_NUMBER(bearer_reply_signature(reply, "", 0), BEARER_INVALID_ARGUMENT);
    signer->asked++;
    if (signer->answer == NULL) {
        return BEARER_UNAVAILABLE;
    }
    return bearer_reply_signature(reply, signer->answer, signer->len);
}

static void destroyed(void *user_data)
{
    ((struct signer *)user_data)->destroyed++;
}

static void by_a_hook(void)
{
    char zeros[64] = {0};
    zeros[31] = zeros[63] = 1;
    struct signer signer = {.answer = zeros, .len = sizeof zeros};
    register_client(format("\"method\":\"private_key_jwt\",\"jwk\":%s", public_jwk(KEYS "rfc-7515-a-3.json")));
    bearer_client *client = client_of_members(json("'token_endpoint_auth_method':'private_key_jwt'"));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_INVALID_ARGUMENT, "conflict");
    OK(bearer_client_on_sign(client, sign, &signer, destroyed, &error));
    reset();
    /* A signature of the right form, by nobody: tests/interop has one of OpenSSL's. */
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_REJECTED, "oauth_error");
    CHECK_NUMBER(counter("client_refused_signature"), 1);
    CHECK_NUMBER(signer.asked, 1);
    signer.len = 63;
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "hook");
    signer.answer = NULL;
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_UNAVAILABLE, "hook");
    CHECK_NUMBER(counter("token_requests"), 1);
    OK(bearer_client_on_sign(client, NULL, NULL, NULL, &error));
    CHECK_NUMBER(signer.destroyed, 1);
    bearer_client_free(client);
}

static void by_a_certificate(void)
{
    static const char *const methods[] = {"tls_client_auth", "self_signed_tls_client_auth"};
    char *folder = json_text(server, "ca_file");
    *strrchr(folder, '/') = '\0';
    for (size_t i = 0; i < 2; i++) {
        register_client(json("'method':'%s'", methods[i]));
        const char *https = json_text(server, "https_url");
        /* The issuer's metadata leads to mtls_url. */
        bearer_client *client = client_of(
            json("{'issuer':'%s','grant':{'grant_type':'client_credentials'},'client':{'client_id':'signer',"
                 "'token_endpoint_auth_method':'%s'},'http':{'ca_file':'%s/ca.pem','client_cert_file':'%s/client.pem',"
                 "'client_key_file':'%s/client.key'}}",
                 https, methods[i], folder, folder, folder));
        reset();
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_NUMBER(counter(format("client_accepted_%s", methods[i])), 1);
        bearer_client_free(client);
    }
}

static void refused(void)
{
    bearer_client *client;
    static const char *const rows[] = {
        "'token_endpoint_auth_method':'tls_client_auth'",
        "'token_endpoint_auth_method':'client_secret_jwt'",
        "'private_key':'x'",
        "'private_key':'{}'",
        "'private_key_file':'/nowhere'",
        "'private_key_file':'" KEYS "ec-encrypted.pem'",
        "'private_key_file':'" KEYS "rsa-1024.pem'",
        "'private_key_file':'" KEYS "rsa.pem','token_endpoint_auth_signing_alg':'ES256'",
        "'token_endpoint_auth_signing_alg':'none'",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *config = format("{\"base_url\":\"%s\",\"client\":{\"client_id\":\"c\",%s}}", server_url, swap_quotes(rows[i]));
        bearer_error *failed;
        CHECK_NUMBER(bearer_client_new(config, &client, &failed), BEARER_INVALID_ARGUMENT);
        CHECK_SAYING(strstr(bearer_error_message(failed), "client.") != NULL, "%s", bearer_error_message(failed));
        bearer_error_free(failed);
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    by_a_key();
    with_a_wrong_clock();
    by_the_secret();
    by_a_hook();
    by_a_certificate();
    refused();
    return finish();
}
