/* Grants of every kind (RFC 6749 section 4.3 and 4.4, 7522, 7523, 8693): one function, the RFCs' parameter names. */
#include "check.h"

#define TYPE(name) "urn:ietf:params:oauth:grant-type:" name
#define TOKEN_TYPE(name) "urn:ietf:params:oauth:token-type:" name

static bearer_client *client_of_server(void)
{
    return client_of(json("{'base_url':'%s'," TEST_CLIENT "}", server_url));
}

static void got(const char *grant)
{
    bearer_client *client = client_of_server();
    char *token;
    OK(bearer_grant(client, swap_quotes(grant), &token, &error));
    CHECK_TEXT(held_token(client), token);
    bearer_free(token);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);

    /* The same in a configuration: the client gets it by itself, and another when that is refused. */
    client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'grant':%s}", server_url, swap_quotes(grant)));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    control("POST", "invalidate", json("{'access_token':'%s'}", json_text(held_token(client), "access_token")));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

static void refused(const char *grant, bearer_status status, const char *code)
{
    bearer_client *client = client_of_server();
    char *token;
    bearer_error *failed = NULL;
    CHECK_NUMBER(bearer_grant(client, swap_quotes(grant), &token, &failed), status);
    CHECK(token == NULL);
    CHECK_TEXT(json_text(bearer_error_json(failed), "oauth_error"), code);
    bearer_error_free(failed);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    got("{'grant_type':'client_credentials','scope':'read'}");
    got("{'grant_type':'password','username':'test-user','password':'test-password'}");
    got("{'grant_type':'" TYPE("jwt-bearer") "','assertion':'test-assertion'}");
    got("{'grant_type':'" TYPE("saml2-bearer") "','assertion':'test-assertion'}");
    char *mine = json_text(issue("{}"), "access_token");
    got(format("{'grant_type':'" TYPE("token-exchange") "','subject_token':'%s','subject_token_type':'" TOKEN_TYPE("access_token") "'}",
               mine));

    refused("{'grant_type':'password','username':'test-user','password':'wrong'}", BEARER_LOGIN_REQUIRED, "invalid_grant");
    refused("{'grant_type':'" TYPE("jwt-bearer") "','assertion':'wrong'}", BEARER_LOGIN_REQUIRED, "invalid_grant");
    refused("{'grant_type':'urn:example:unknown'}", BEARER_REJECTED, "unsupported_grant_type");
    refused(format("{'grant_type':'" TYPE("token-exchange") "','subject_token':'%s','subject_token_type':'" TOKEN_TYPE("access_token")
                   "','audience':'unknown'}",
                   mine),
            BEARER_REJECTED, "invalid_target");
    return finish();
}
