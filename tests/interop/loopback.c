/* A login whose callback comes to this machine: bearer_login_loopback (RFC 8252 section 7.3). */
#include "interop.h"

/* The browser: the person's part first, then the callback, whose page says that it is done. */
static void *browse(void *authorization_url)
{
    char *callback = callback_of(authorization_url);
    char *origin = format("%.*s", (int)(strchr(callback + strlen("http://"), '/') - callback), callback);
    bearer_client *browser = client_of(json("{'base_url':'%s','authorization':'x'}", origin));
    bearer_response *page = ask(browser, "GET", callback + strlen(origin) + 1);
    CHECK_NUMBER(bearer_response_status(page), 200);
    CHECK(strstr(bearer_response_header(page, "content-type"), "text/html") != NULL);
    CHECK(bearer_response_header(page, "content-security-policy") != NULL);
    bearer_response_free(page);
    bearer_client_free(browser);
    return NULL;
}

static pthread_t browser;
static bearer_status open_url(void *user_data, const char *url)
{
    (void)user_data;
    browser = start(browse, format("%s", url));
    return BEARER_OK;
}

static void whole(void)
{
    bearer_client *client = saving_client(configured("'client_id':'app','scope':'read'", "", ""));
    char *token;
    OK(bearer_login_loopback(client, NULL, open_url, NULL, &token, &error));
    join(browser);
    CHECK_TEXT(held_token(client), taken(token));
    CHECK_NUMBER(saved, 1);
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
    bearer_client_free(client);
}

static void denied(void)
{
    bearer_client *client = client_of(configured("'client_id':'app'", "", ""));
    char *token;
    EXPECT(bearer_login_loopback(client, json("{'login_hint':'deny'}"), open_url, NULL, &token, &error), BEARER_ACCESS_DENIED, NULL);
    join(browser);
    CHECK(token == NULL);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"loopback login: to the end", EVERY, whole, NULL},
    {"loopback login: the person says no", EVERY, denied, NULL},
};
ROWS(rows)
