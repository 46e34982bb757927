/* Metadata that are discovered: RFC 8414, then OpenID Connect Discovery. */
#include "interop.h"


static void by_issuer(void)
{
    bearer_client *client = saving_client(discovering("'client_id':'app','scope':'read'", "", ""));
    log_in(client, "");
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void device(void)
{
    bearer_client *client = saving_client(discovering("'client_id':'tv'", "", ""));
    char *device;
    OK(bearer_device_begin(client, NULL, &device, &error));
    control("GET", format("device?user_code=%s&approves=true", json_text(taken(device), "user_code")), NULL);
    bearer_client_free(client);
}

/* Metadata that are where OpenID Connect has them alone, and that name one way to authenticate: no other would work. */
static void openid(void)
{
    bearer_client *client = saving_client(discovering("'client_id':'service-basic','client_secret':'service-basic-secret'", "",
                                                        "'grant':{'grant_type':'client_credentials'}"));
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void called(void)
{
    bearer_client *client = saving_client(discovering("'client_id':'app'", "", ""));
    char *metadata;
    OK(bearer_discover(client, &metadata, &error));
    metadata = taken(metadata);
    CHECK_TEXT(json_text(metadata, "issuer"), issuer);
    CHECK_TEXT(json_text(metadata, "token_endpoint"), format("%s/token", issuer));
    /* What is given out is what "server" takes. */
    bearer_client_free(client);
    client = client_of(config_of(format("'server':%s", metadata), "'client_id':'app','scope':'read'", "", ""));
    log_in(client, "");
    bearer_client_free(client);
}

/* Metadata that name another issuer are not its own. The other name leads to the same server: localhost. */
static void wrong_issuer(void)
{
    char *other = format("%.*slocalhost%s", (int)(strstr(issuer, "127.0.0.1") - issuer), issuer,
                         strstr(issuer, "127.0.0.1") + strlen("127.0.0.1"));
    bearer_client *client = saving_client(config_of(format("'issuer':'%s'", other), "'client_id':'service-post'", "",
                                                      "'grant':{'grant_type':'client_credentials'}"));
    bearer_response *response;
    EXPECT(bearer_client_request(client, "GET", "read", NULL, 0, &response, &error), BEARER_UNSAFE, "issuer");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"discovery: a login by issuer alone", EVERY, by_issuer, NULL},
    {"discovery: device endpoint", EVERY, device, NULL},
    {"discovery: OpenID's place alone, authentication method", OPENID, openid, NULL},
    {"discovery: bearer_discover", EVERY, called, NULL},
    {"discovery: metadata of another issuer", EVERY, wrong_issuer, NULL},
};
ROWS(rows)
