/* Tokens that are bound to a key: DPoP (RFC 9449), with and without nonces, and on a machine whose clock is wrong. */
#include "interop.h"
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define APP "'client_id':'app-bound','scope':'read','dpop_bound_access_tokens':true"
#define SERVICE "'client_id':'service-bound','client_secret':'service-bound-secret','scope':'read','dpop_bound_access_tokens':true," \
                "'token_endpoint_auth_method':'client_secret_basic'"
#define GRANT "'grant':{'grant_type':'client_credentials'}"

/* The library's clock as well: the program's own symbol goes first. */
static long skew_s;
int clock_gettime(clockid_t clock, struct timespec *time)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    if (!failed && clock == CLOCK_REALTIME) {
        time->tv_sec += skew_s;
    }
    return failed;
}

static long long counted(const char *name)
{
    return json_number(control("GET", "counters", NULL), name);
}

static void bound_login(void)
{
    long long refused = counted("proof_refusals");
    bearer_client *client = saving_client(discovering(APP, "", ""));
    char *token = log_in(client, "");
    CHECK_TEXT(json_text(token, "token_type"), "DPoP");
    CHECK_NUMBER(get_status(client, "read"), 200);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    char *stored = held_token(client);
    bearer_client_free(client);
    /* Another process goes on with what was stored. */
    client = saving_client(discovering(APP, "", format("'token':%s", stored)));
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(counted("proof_refusals"), refused);
    bearer_client_free(client);
}

static void bound_service(void)
{
    long long refused = counted("proof_refusals");
    bearer_client *client = saving_client(discovering(SERVICE, "", GRANT));
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(get_status(client, "read?a=b"), 200);
    CHECK_NUMBER(counted("proof_refusals"), refused);
    bearer_client_free(client);
}

static void own_key(void)
{
    static const char *const algorithms[] = {"ES256", "RS256", "PS256", "EdDSA"};
    for (size_t i = 0; i < 4; i++) {
        char *members = format(SERVICE ",'dpop_key_file':'%s'", work_file(format("%s.jwk", algorithms[i])));
        bearer_client *client = saving_client(discovering(members, "", GRANT));
        CHECK_NUMBER(get_status(client, "read"), 200);
        CHECK(!json_has(held_token(client), "dpop_key"));
        bearer_client_free(client);
    }
}

static void nonces(void)
{
    bearer_client *client = saving_client(discovering(SERVICE, "", GRANT));
    long long before = token_requests(), refused = counted("nonce_refusals"), wrong = counted("proof_refusals");
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 2);
    CHECK_NUMBER(counted("nonce_refusals"), refused + 1);
    CHECK_NUMBER(get_status(client, "read"), 200);
    control("GET", "roll-nonce", NULL);
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(counted("nonce_refusals"), refused + 2);
    CHECK_NUMBER(counted("proof_refusals"), wrong);
    CHECK_NUMBER(token_requests(), before + 2);
    bearer_client_free(client);
}

static void wrong_clock(void)
{
    static const long skews[] = {-7200, 7200};
    for (size_t i = 0; i < 2; i++) {
        skew_s = skews[i];
        /* Nothing but the answers themselves tells the time: the metadata are in the configuration. */
        bearer_client *client = saving_client(configured(SERVICE, "", GRANT));
        CHECK_NUMBER(get_status(client, "read"), 200);
        char *stored = held_token(client);
        bearer_client_free(client);
        client = saving_client(configured(SERVICE, "", format(GRANT ",'token':%s", stored)));
        CHECK_NUMBER(get_status(client, "read"), 200);
        bearer_client_free(client);
        skew_s = 0;
    }
}

static void no_bearer(void)
{
    bearer_client *client = saving_client(discovering(SERVICE, "", GRANT));
    CHECK_NUMBER(get_status(client, "read"), 200);
    char *token = json_text(held_token(client), "access_token");
    bearer_client *plain = client_of(config_of(format("'issuer':'%s'", issuer), "'client_id':'app'", "",
                                               format("'token':{'access_token':'%s'}", token)));
    CHECK_NUMBER(get_status(plain, "read"), 401);
    bearer_client_free(plain);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"DPoP: login, renewal, restart (RFC 9449)", EVERY | NONCE, bound_login, NULL},
    {"DPoP: client credentials", EVERY | NONCE, bound_service, NULL},
    {"DPoP: keys of one's own, four algorithms", EVERY | NONCE, own_key, NULL},
    {"DPoP: nonces that both sides require, and roll", NONCE, nonces, NULL},
    {"DPoP: clocks two hours slow and fast", PLAIN | NONCE, wrong_clock, NULL},
    {"DPoP: a bound token is no bearer token", EVERY, no_bearer, NULL},
};
ROWS(rows)
