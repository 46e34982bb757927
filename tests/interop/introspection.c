/* What a token is worth: introspection (RFC 7662). */
#include "interop.h"


static bearer_client *client_with_grant(void)
{
    bearer_client *client = client_of(configured("'client_id':'service-post','client_secret':'service-post-secret'", "", ""));
    grant(client, json("{'grant_type':'client_credentials','scope':'read'}"));
    return client;
}

static char *asked(bearer_client *client, const char *token)
{
    char *answer;
    OK(bearer_introspect(client, token, &answer, &error));
    return taken(answer);
}

static void own(void)
{
    bearer_client *client = client_with_grant();
    char *answer = asked(client, NULL);
    CHECK_TEXT(json_raw(answer, "active"), "true");
    CHECK_TEXT(json_text(answer, "client_id"), "service-post");
    CHECK_TEXT(json_text(answer, "scope"), "read");
    bearer_client_free(client);
}

static void others(void)
{
    bearer_client *client = client_with_grant();
    char *token = json_text(held_token(client), "access_token");
    CHECK_TEXT(json_raw(asked(client, token), "active"), "true");
    control("GET", format("forget?access_token=%s", token), NULL);
    CHECK_TEXT(json_raw(asked(client, token), "active"), "false");
    CHECK_TEXT(json_raw(asked(client, "no-token"), "active"), "false");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"introspection: the client's own token (RFC 7662)", EVERY, own, NULL},
    {"introspection: any token (RFC 7662)", EVERY, others, NULL},
};
ROWS(rows)
