/* Clients that authenticate by a certificate, and tokens that are bound to it (RFC 8705). */
#include "interop.h"

#define GRANT "'grant':{'grant_type':'client_credentials'}"
#define CLIENT(name, method) "'client_id':'service-" name "','token_endpoint_auth_method':'" method "'"

static void is_bound(bearer_client *client)
{
    CHECK(strcmp(json_raw(get_text(client, "read"), "bound"), "true") == 0);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(saved, 2);
    /* Whoever steals it can do nothing with it. */
    CHECK_NUMBER(status_of(json_text(held_token(client), "access_token")), 401);
    bearer_client_free(client);
}

/* Only the connection has it: the method is that of a public client. */
static void by_connection(void)
{
    is_bound(saving_client(configured("'client_id':'service-certificate'", certificate("client"), GRANT)));
}

static void rejected(bearer_client *client)
{
    bearer_status status = bearer_grant(client, json("{'grant_type':'client_credentials'}"), NULL, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);
}

static void without(void)
{
    rejected(client_of(configured("'client_id':'service-certificate'", "", GRANT)));
}

static void another(void)
{
    rejected(client_of(configured("'client_id':'service-certificate'", certificate("self"), GRANT)));
    rejected(client_of(configured("'client_id':'service-self-signed'", certificate("client"), GRANT)));
}

static void ca_signed(void)
{
    is_bound(saving_client(configured(CLIENT("certificate", "tls_client_auth"), certificate("client"), GRANT)));
}

static void self_signed(void)
{
    is_bound(saving_client(configured(CLIENT("self-signed", "self_signed_tls_client_auth"), certificate("self"), GRANT)));
}

/* The issuer's ordinary endpoints take no certificate: without mtls_endpoint_aliases it would not work. */
static void ca_signed_discovered(void)
{
    is_bound(saving_client(discovering(CLIENT("certificate", "tls_client_auth"), certificate("client"), GRANT)));
}

static void self_signed_discovered(void)
{
    is_bound(saving_client(discovering(CLIENT("self-signed", "self_signed_tls_client_auth"), certificate("self"), GRANT)));
}

static const struct row rows[] = {
    {"client certificate by http.client_cert_file, bound token", MTLS, by_connection, NULL},
    {"client certificate: none is rejected", MTLS | ALIAS, without, NULL},
    {"client certificate: another one is rejected", MTLS, another, NULL},
    {"tls_client_auth", MTLS, ca_signed, NULL},
    {"self_signed_tls_client_auth", MTLS, self_signed, NULL},
    {"tls_client_auth, discovered", MTLS | ALIAS, ca_signed_discovered, NULL},
    {"self_signed_tls_client_auth, discovered", MTLS | ALIAS, self_signed_discovered, NULL},
};
ROWS(rows)
