/* The refresh_token grant (RFC 6749 section 6) with rotation, and requests that need it. */
#include "interop.h"

static bearer_client *logged_in(void)
{
    bearer_client *client = saving_client(configured("'client_id':'app','scope':'read'", "", ""));
    log_in(client, "");
    CHECK_NUMBER(saved, 1);
    return client;
}

static char *member(bearer_client *client, const char *name)
{
    return json_text(held_token(client), name);
}

/* Renews as somebody would who has the refresh token and nothing of the client's memory. */
static bearer_status renew_elsewhere(const char *refresh_token)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    bearer_status status =
        bearer_grant(client, json("{'grant_type':'refresh_token','refresh_token':'%s'}", refresh_token), NULL, &error);
    bearer_client_free(client);
    return status;
}

static void rotation(void)
{
    bearer_client *client = logged_in();
    for (int i = 2; i < 5; i++) {
        char *before = held_token(client);
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_NUMBER(saved, i);
        CHECK(strcmp(json_text(before, "refresh_token"), member(client, "refresh_token")) != 0);
        CHECK(strcmp(json_text(before, "access_token"), member(client, "access_token")) != 0);
        CHECK_NUMBER(get_status(client, "read"), 200);
    }
    bearer_client_free(client);
}

/* A rotated refresh token that is used again ends the session for everybody, and that is the person's matter. */
static void reuse(void)
{
    bearer_client *client = logged_in();
    char *old = member(client, "refresh_token");
    OK(bearer_client_refresh(client, NULL, &error));
    EXPECT(renew_elsewhere(old), BEARER_LOGIN_REQUIRED, "invalid_grant");
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    log_in(client, "");
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

/* Whoever else renewed it in time: the client notices when it wants to. */
static void renewed_elsewhere(void)
{
    bearer_client *client = logged_in();
    OK(renew_elsewhere(member(client, "refresh_token")));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    bearer_client_free(client);
}

/* The client knows that the token has expired, and renews it before it asks. */
static void expired(void)
{
    control("GET", "settings?access_ttl=1", NULL);
    bearer_client *client = logged_in();
    /* The server counts whole seconds, the client from when the answer came: it may be the later one. */
    usleep(1000000);
    while (status_of(member(client, "access_token")) != 401) {
        usleep(50000);
    }
    control("GET", "settings?access_ttl=3600", NULL);
    long long before = token_requests(), refused_before = refusals();
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 1);
    CHECK_NUMBER(saved, 2);
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 1);
    CHECK_NUMBER(refusals(), refused_before);
    bearer_client_free(client);
}

/* The server has forgotten it before its time: the 401 is answered by a renewal and the same request. */
static void refused(void)
{
    bearer_client *client = logged_in();
    char *first = member(client, "access_token");
    control("GET", format("forget?access_token=%s", first), NULL);
    CHECK_NUMBER(status_of(first), 401);
    long long before = token_requests(), refused_before = refusals();
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 1);
    CHECK_NUMBER(refusals(), refused_before + 1);
    CHECK_NUMBER(saved, 2);
    bearer_client_free(client);
}

/* A set that was stored is all that a new client needs. */
static void stored(void)
{
    bearer_client *client = logged_in();
    char *set = held_token(client);
    bearer_client_free(client);
    char *refresh_token = json_text(set, "refresh_token");
    client = saving_client(configured("'client_id':'app'", "", format("'token':{'refresh_token':'%s'}", refresh_token)));
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(saved, 2);
    bearer_client_free(client);
}

static void narrowed(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    log_in(client, "'scope':'read write'");
    CHECK_NUMBER(get_status(client, "write"), 200);
    char *refresh_token = member(client, "refresh_token");
    grant(client, json("{'grant_type':'refresh_token','refresh_token':'%s','scope':'read'}", refresh_token));
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(get_status(client, "write"), 403);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"refresh: rotated and saved", EVERY, rotation, NULL},
    {"refresh: reuse ends the session", EVERY, reuse, NULL},
    {"refresh: renewed elsewhere", EVERY, renewed_elsewhere, NULL},
    {"refresh: from a stored set", EVERY, stored, NULL},
    {"refresh: fewer scopes, by bearer_grant", EVERY, narrowed, NULL},
    {"request: an expired token is renewed first", EVERY, expired, NULL},
    {"request: 401, renewed and asked again", EVERY, refused, NULL},
};
ROWS(rows)
