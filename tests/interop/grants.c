/* Grants that need no person at this moment: client_credentials (RFC 6749 section 4.4) and what bearer_grant sends. */
#include "interop.h"

#define BASIC "'client_id':'service-basic','client_secret':'service-basic-secret','token_endpoint_auth_method':'client_secret_basic'"
#define POST "'client_id':'service-post','client_secret':'service-post-secret','token_endpoint_auth_method':'client_secret_post'"

/* The client gets its token when it needs one, and the next when the server has forgotten it. */
static void by_itself(const char *members, const char *id)
{
    bearer_client *client =
        saving_client(configured(members, "", "'grant':{'grant_type':'client_credentials','scope':'read'}"));
    long long before = token_requests();
    CHECK_TEXT(json_text(get_text(client, "read"), "client_id"), id);
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 1);
    control("GET", format("forget?access_token=%s", json_text(held_token(client), "access_token")), NULL);
    CHECK_NUMBER(get_status(client, "read"), 200);
    CHECK_NUMBER(token_requests(), before + 2);
    CHECK_NUMBER(saved, 2);
    bearer_client_free(client);
}

static void configured_basic(void)
{
    by_itself(BASIC, "service-basic");
}

static void configured_post(void)
{
    by_itself(POST, "service-post");
}

static void called(void)
{
    bearer_client *client = saving_client(configured(BASIC ",'scope':'write'", "", ""));
    char *token = grant(client, json("{'grant_type':'client_credentials'}"));
    CHECK_TEXT(json_text(token, "scope"), "write");
    CHECK_NUMBER(get_status(client, "write"), 200);
    CHECK_NUMBER(saved, 1);
    /* Without the scope it is an answer like any other. */
    CHECK_NUMBER(get_status(client, "admin"), 403);
    bearer_client_free(client);
}

static void wrong_secret(void)
{
    bearer_client *client = client_of(configured("'client_id':'service-post','client_secret':'no'", "", ""));
    bearer_status status = bearer_grant(client, json("{'grant_type':'client_credentials'}"), NULL, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_client");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);
}

static void for_resource(const char *kind, int is_jwt)
{
    char *name = format("https://api.example/%s", kind);
    bearer_client *client = client_of(
        configured(BASIC, "", format("'grant':{'grant_type':'client_credentials','scope':'read','resource':'%s'}", name)));
    CHECK_TEXT(json_text(get_text(client, "read"), "aud"), name);
    CHECK_NUMBER(strchr(json_text(held_token(client), "access_token"), '.') != NULL, is_jwt);
    bearer_client_free(client);
}

static void for_jwt_resource(void)
{
    for_resource("jwt", 1);
}

static void for_opaque_resource(void)
{
    for_resource("opaque", 0);
}

static void for_unknown_resource(void)
{
    bearer_client *client = client_of(configured(BASIC, "", ""));
    bearer_status status =
        bearer_grant(client, json("{'grant_type':'client_credentials','resource':'https://no.example/'}"), NULL, &error);
    CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "invalid_target");
    EXPECT(status, BEARER_REJECTED, "oauth_error");
    bearer_client_free(client);
}

/* Where a till asks a customer's telephone: the request is the program's own, its token comes by bearer_grant. */
#define TILL "'client_id':'till','client_secret':'till-secret','token_endpoint_auth_method':'client_secret_basic'"
static char *ask_telephone(void)
{
    /* dGlsbDp0aWxsLXNlY3JldA== is till:till-secret. */
    bearer_client *client = client_of(json("{'base_url':'%s','authorization':'Basic dGlsbDp0aWxsLXNlY3JldA==',"
                                           "'http':{'ca_file':'%s'}}", issuer, work_file("ca.pem")));
    bearer_request *request = request_of("POST", "backchannel");
    const char *form = "scope=openid+read&login_hint=alice";
    OK(bearer_request_add_header(request, "content-type", "application/x-www-form-urlencoded", &error));
    OK(bearer_request_set_body(request, form, strlen(form), &error));
    char *answer = send_text(client, request);
    bearer_request_free(request);
    bearer_client_free(client);
    CHECK_SAYING(json_has(answer, "auth_req_id"), "%s", answer);
    return json_text(answer, "auth_req_id");
}

static void backchannel(void)
{
    bearer_client *client = saving_client(configured(TILL, "", ""));
    for (int approves = 1; approves >= 0; approves--) {
        char *id = ask_telephone();
        char *parameters = json("{'grant_type':'urn:openid:params:grant-type:ciba','auth_req_id':'%s'}", id);
        bearer_status status = bearer_grant(client, parameters, NULL, &error);
        CHECK_TEXT(json_text(bearer_error_json(error), "oauth_error"), "authorization_pending");
        EXPECT(status, BEARER_REJECTED, "oauth_error");
        control("GET", format("backchannel?auth_req_id=%s&approves=%s", id, approves ? "true" : "false"), NULL);
        if (approves) {
            grant(client, parameters);
            CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
        } else {
            EXPECT(bearer_grant(client, parameters, NULL, &error), BEARER_ACCESS_DENIED, NULL);
        }
    }
    CHECK_NUMBER(saved, 1);
    bearer_client_free(client);
}

#define NO_SUCH_GRANT "it has no such grant"
static const struct row rows[] = {
    {"client_credentials by configuration: client_secret_basic", EVERY, configured_basic, NULL},
    {"client_credentials by configuration: client_secret_post", EVERY, configured_post, NULL},
    {"client_credentials by bearer_grant, scopes", EVERY, called, NULL},
    {"client_credentials: a wrong secret is rejected", EVERY, wrong_secret, NULL},
    {"resource indicator in a grant: JWT token", EVERY, for_jwt_resource, NULL},
    {"resource indicator in a grant: opaque token", EVERY, for_opaque_resource, NULL},
    {"resource indicator in a grant: unknown", EVERY, for_unknown_resource, NULL},
    {"CIBA by bearer_grant, poll mode", EVERY, backchannel, NULL},
    {"password grant", PLAIN, NULL, NO_SUCH_GRANT},
    {"JWT bearer grant (RFC 7523)", PLAIN, NULL, NO_SUCH_GRANT},
    {"SAML bearer grant (RFC 7522)", PLAIN, NULL, NO_SUCH_GRANT},
    {"token exchange (RFC 8693)", PLAIN, NULL, NO_SUCH_GRANT},
};
ROWS(rows)
