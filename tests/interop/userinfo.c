/* Who signed in: the UserInfo endpoint (OpenID Connect Core section 5.3). */
#include "interop.h"


static void claims(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    log_in(client, "'scope':'openid email'");
    char *answer;
    OK(bearer_userinfo(client, &answer, &error));
    answer = taken(answer);
    CHECK_TEXT(json_text(answer, "sub"), "alice");
    CHECK_TEXT(json_text(answer, "email"), "alice@example.com");
    bearer_client_free(client);
}

/* The token has been forgotten: it is renewed, as for any request. */
static void renewed(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    char *set = log_in(client, "'scope':'openid'"), *answer;
    control("GET", format("forget?access_token=%s", json_text(set, "access_token")), NULL);
    OK(bearer_userinfo(client, &answer, &error));
    CHECK_TEXT(json_text(taken(answer), "sub"), "alice");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"userinfo: claims", EVERY, claims, NULL},
    {"userinfo: 401, renewed and asked again", EVERY, renewed, NULL},
};
ROWS(rows)
