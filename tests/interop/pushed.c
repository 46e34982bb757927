/* Authorization requests that are pushed (PAR, RFC 9126) and signed (JAR, RFC 9101), answers that are signed (JARM), and the
 * end of a session (RP-Initiated Logout). */
#include "interop.h"

#define PUSHING "'client_id':'web-pushing','client_secret':'web-pushing-secret','scope':'read'," \
                "'token_endpoint_auth_method':'client_secret_basic'"

static void finished(bearer_client *client)
{
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
    bearer_client_free(client);
}

static void pushed(void)
{
    bearer_client *client = saving_client(discovering(PUSHING ",'require_pushed_authorization_requests':true", "", ""));
    char *login = begin_login(client, ""), *url = json_text(login, "authorization_url");
    CHECK(strstr(url, "request_uri=") != NULL && strstr(url, "scope=") == NULL);
    OK(bearer_login_finish(client, login, callback_of(url), NULL, &error));
    finished(client);
}

static void pushed_with_a_key(void)
{
    bearer_client *client = saving_client(discovering(
        "'client_id':'app-bound','scope':'read','dpop_bound_access_tokens':true,'require_pushed_authorization_requests':true", "", ""));
    log_in(client, "");
    finished(client);
}

static char *signer(const char *alg, const char *more)
{
    return format("'client_id':'web-%s','scope':'read','token_endpoint_auth_method':'private_key_jwt',"
                  "'token_endpoint_auth_signing_alg':'%s','request_object_signing_alg':'%s','id_token_signed_response_alg':'%s',"
                  "'private_key_file':'%s'%s",
                  alg, alg, alg, alg, work_file(format("%s.jwk", alg)), more);
}

static const char *const algorithms[] = {"ES256", "RS256", "PS256", "EdDSA"};

static void signed_and_answered(const char *more)
{
    for (size_t i = 0; i < 4; i++) {
        bearer_client *client = saving_client(discovering(signer(algorithms[i], more), "", ""));
        char *login = begin_login(client, "'scope':'openid read','response_mode':'jwt'"), *url = json_text(login, "authorization_url");
        CHECK(strstr(url, "scope=") == NULL);
        char *callback = callback_of(url);
        CHECK(strstr(callback, "response=") != NULL);
        OK(bearer_login_finish(client, login, callback, NULL, &error));
        char *claims;
        OK(bearer_client_id_token(client, &claims, &error));
        CHECK_TEXT(json_text(claims, "sub"), "alice");
        bearer_free(claims);
        finished(client);
    }
}

static void signed_in_the_open(void)
{
    signed_and_answered("");
}

static void signed_and_pushed(void)
{
    signed_and_answered(",'require_pushed_authorization_requests':true");
}

static void signed_out(void)
{
    bearer_client *client = saving_client(discovering("'client_id':'app','scope':'openid read'", "", ""));
    log_in(client, "");
    char *url;
    OK(bearer_logout_url(client, json("{'post_logout_redirect_uri':'http://127.0.0.1/goodbye','state':'s1'}"), &url, &error));
    char *back = json_text(control("GET", format("sign-out%s", strchr(url, '?')), NULL), "location");
    CHECK_TEXT(back, "http://127.0.0.1/goodbye?state=s1");
    bearer_free(url);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"pushed authorization request, required (RFC 9126)", EVERY, pushed, NULL},
    {"pushed authorization request and DPoP", EVERY | NONCE, pushed_with_a_key, NULL},
    {"signed authorization request and answer (RFC 9101, JARM)", EVERY, signed_in_the_open, NULL},
    {"the same, pushed", EVERY, signed_and_pushed, NULL},
    {"logout (RP-Initiated Logout)", EVERY, signed_out, NULL},
    {"authorization details (RFC 9396)", PLAIN, NULL, "oidc-provider has them as an experiment only"},
};
ROWS(rows)
