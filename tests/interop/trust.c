/* Which servers are trusted: a private authority, and no other. */
#include "interop.h"

static bearer_client *service(const char *http)
{
    /* The member http.ca_file is config_of's, so a client without it has a configuration of its own. */
    return client_of(json("{'base_url':'%s','server':{'token_endpoint':'%s/token'},'grant':{'grant_type':'client_credentials'},"
                          "'client':{'client_id':'service-post','client_secret':'service-post-secret'},'http':{%s}}",
                          json_text(server, "resource"), issuer, swap_quotes(http)));
}

static char *private_authority(void)
{
    return format("'ca_file':'%s'", work_file("ca.pem"));
}

/* Nothing is sent: neither the client's secret nor, with a token that is held, that. */
static void refused(const char *http, const char *reason)
{
    bearer_client *client = service(http);
    EXPECT(bearer_grant(client, json("{'grant_type':'client_credentials'}"), NULL, &error), BEARER_TLS, reason);
    OK(bearer_client_set_token(client, json("{'access_token':'a'}"), &error));
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "read", NULL, 0, &response, &error), BEARER_TLS, reason);
    bearer_client_free(client);
}

static void trusted(void)
{
    bearer_client *client = service(private_authority());
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void wrong_name(void)
{
    refused(private_authority(), "wrong_name");
}

static void unknown_authority(void)
{
    refused("", "unknown_issuer");
}

static void another_authority(void)
{
    refused(format("'ca_file':'%s'", work_file("self.pem")), "unknown_issuer");
}

static const struct row rows[] = {
    {"TLS: private authority by http.ca_file", SECURE, trusted, NULL},
    {"TLS: authority unknown to the system", SECURE, unknown_authority, NULL},
    {"TLS: another authority by http.ca_file", SECURE, another_authority, NULL},
    {"TLS: certificate for another name", WRONG_NAME, wrong_name, NULL},
};
ROWS(rows)
