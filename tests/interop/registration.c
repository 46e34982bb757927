/* Dynamic client registration (RFC 7591), and its management (RFC 7592). */
#include "interop.h"

/* What the server answers is what "client" takes. */
static void used(void)
{
    bearer_client *client = client_of(configured("", "", ""));
    char *registered;
    OK(bearer_register(client,
                 json("{'client_name':'interop','application_type':'native','redirect_uris':['" REDIRECT_URI "'],"
                      "'grant_types':['authorization_code','refresh_token'],'response_types':['code'],"
                      "'token_endpoint_auth_method':'client_secret_basic'}"),
                 &registered, &error));
    registered = taken(registered);
    CHECK(json_text(registered, "client_secret") != NULL);
    bearer_client_free(client);
    char *members = format("%.*s", (int)strlen(registered) - 2, registered + 1);
    client = client_of(configured(members, "", ""));
    log_in(client, "'scope':'read'");
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void managed(void)
{
    bearer_client *client = client_of(configured("", "", ""));
    char *registered;
    OK(bearer_register(client,
                       json("{'client_name':'interop','application_type':'native','redirect_uris':['" REDIRECT_URI "'],"
                            "'token_endpoint_auth_method':'none'}"),
                       &registered, &error));
    registered = taken(registered);
    char *now;
    OK(bearer_registration_read(client, registered, &now, &error));
    CHECK_TEXT(json_text(now, "client_name"), "interop");
    bearer_free(now);
    OK(bearer_registration_update(client, registered,
                                  json("{'client_name':'renamed','application_type':'native','redirect_uris':['" REDIRECT_URI "'],"
                                       "'token_endpoint_auth_method':'none'}"),
                                  &now, &error));
    now = taken(now);
    CHECK_TEXT(json_text(now, "client_name"), "renamed");
    OK(bearer_registration_delete(client, now, &error));
    EXPECT(bearer_registration_read(client, now, NULL, &error), BEARER_REJECTED, NULL);
    bearer_client_free(client);
}

static void refused(void)
{
    bearer_client *client = client_of(configured("", "", ""));
    char *registered;
    bearer_status status = bearer_register(client, json("{'redirect_uris':['http://elsewhere.example/#fragment']}"), &registered, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_redirect_uri");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    CHECK(registered == NULL);
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"registration: a client that signs in (RFC 7591)", EVERY, used, NULL},
    {"registration: seen, replaced, ended (RFC 7592)", EVERY, managed, NULL},
    {"registration: refused metadata (RFC 7591)", EVERY, refused, NULL},
};
ROWS(rows)
