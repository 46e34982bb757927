/* Signing out: token revocation (RFC 7009). */
#include "interop.h"


static void refresh_token(void)
{
    bearer_client *client = client_of(configured("'client_id':'app','scope':'read'", "", ""));
    char *set = log_in(client, "");
    OK(bearer_revoke(client, NULL, &error));
    bearer_client_free(client);
    client = client_of(configured("'client_id':'app'", "", ""));
    char *parameters = json("{'grant_type':'refresh_token','refresh_token':'%s'}", json_text(set, "refresh_token"));
    EXPECT(bearer_grant(client, parameters, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    bearer_client_free(client);
}

static void access_token(void)
{
    bearer_client *client = client_of(configured("'client_id':'service-post','client_secret':'service-post-secret'", "", ""));
    char *token = json_text(grant(client, json("{'grant_type':'client_credentials'}")), "access_token");
    CHECK_NUMBER(status_of(token), 200);
    OK(bearer_revoke(client, "access_token", &error));
    CHECK_NUMBER(status_of(token), 401);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"revocation: the whole session (RFC 7009)", EVERY, refresh_token, NULL},
    {"revocation: an access token (RFC 7009)", EVERY, access_token, NULL},
};
ROWS(rows)
