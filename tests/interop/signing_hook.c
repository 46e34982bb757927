/* private_key_jwt with a key that the library never sees: bearer_client_on_sign, here with OpenSSL as the token. */
#include "interop.h"
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static int signatures;

/* OpenSSL's signature is DER; a JWS has r and s side by side (RFC 7518 section 3.4). */
static size_t side_by_side(unsigned char *signature, size_t len)
{
    const unsigned char *from = signature;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &from, (long)len);
    CHECK(numbers != NULL);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, 32) == 32);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + 32, 32) == 32);
    ECDSA_SIG_free(numbers);
    return 64;
}

static bearer_status sign(void *user_data, const char *algorithm, const void *bytes, size_t len, bearer_reply *reply)
{
    unsigned char signature[1024];
    size_t signature_len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    int is_edwards = strcmp(algorithm, "EdDSA") == 0 || strcmp(algorithm, "Ed25519") == 0;
    CHECK(EVP_DigestSignInit(context, &options, is_edwards ? NULL : EVP_sha256(), NULL, user_data) == 1);
    if (strcmp(algorithm, "PS256") == 0) {
        CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
        CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    CHECK(EVP_DigestSign(context, signature, &signature_len, bytes, len) == 1);
    EVP_MD_CTX_free(context);
    if (strcmp(algorithm, "ES256") == 0) {
        signature_len = side_by_side(signature, signature_len);
    }
    signatures++;
    return bearer_reply_signature(reply, signature, signature_len);
}

static void let_go(void *key)
{
    EVP_PKEY_free(key);
}

static bearer_client *signing(const char *alg, bearer_destroy_fn destroy)
{
    char *members = format("'client_id':'service-%s','token_endpoint_auth_method':'private_key_jwt',"
                           "'token_endpoint_auth_signing_alg':'%s'", alg, alg);
    bearer_client *client = saving_client(configured(members, "", "'grant':{'grant_type':'client_credentials'}"));
    FILE *file = fopen(work_file(format("%s.pem", alg)), "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    CHECK(key != NULL);
    OK(bearer_client_on_sign(client, sign, key, destroy, &error));
    return client;
}

static void signs(const char *alg)
{
    bearer_client *client = signing(alg, let_go);
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(signatures, 1);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(signatures, 2);
    bearer_client_free(client);
}

static void es256(void)
{
    signs("ES256");
}

static void rs256(void)
{
    signs("RS256");
}

static void ps256(void)
{
    signs("PS256");
}

static void eddsa(void)
{
    signs("EdDSA");
}

static const struct row rows[] = {
    {"signing hook: ES256", EVERY, es256, NULL},
    {"signing hook: RS256", EVERY, rs256, NULL},
    {"signing hook: PS256", EVERY, ps256, NULL},
    {"signing hook: EdDSA", EVERY, eddsa, NULL},
};
ROWS(rows)
