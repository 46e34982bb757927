/* A login that a person confirms on a device of their own (OpenID CIBA core, poll mode). */
#include "check.h"
#include <unistd.h>

static bearer_client *client_of_issuer(void)
{
    return client_of(json("{'base_url':'%s','issuer':'%s'," TEST_CLIENT "}", server_url, server_url));
}

static char *ask_whom(bearer_client *client, const char *who)
{
    char *request;
    OK(bearer_ciba_begin(client, json("{'scope':'openid read','login_hint':'%s','binding_message':'W4SCT'}", who), &request, &error));
    char *copy = format("%s", request);
    bearer_free(request);
    return copy;
}

static void person(const char *request, int approves)
{
    control("POST", "device",
            json("{'auth_req_id':'%s','approve':%s}", json_text(request, "auth_req_id"), approves ? "true" : "false"));
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    bearer_client *client = client_of_issuer();
    char *request = ask_whom(client, "alice"), *token;
    CHECK(json_number(request, "expires_at") > json_number(request, "expires_in"));
    CHECK_NUMBER(bearer_device_poll(client, request, &token, &error), BEARER_PENDING);
    CHECK(token == NULL);
    person(request, 1);
    OK(bearer_device_wait(client, request, &token, &error));
    CHECK_TEXT(held_token(client), token);
    bearer_free(token);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);

    request = ask_whom(client, "alice");
    person(request, 0);
    EXPECT(bearer_device_wait(client, request, NULL, &error), BEARER_ACCESS_DENIED, "oauth_error");
    EXPECT(bearer_ciba_begin(client, json("{'scope':'openid','login_hint':'nobody'}"), &token, &error), BEARER_REJECTED,
           "oauth_error");
    CHECK(token == NULL);
    EXPECT(bearer_ciba_begin(client, json("{'login_hint':1}"), NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s'}", server_url));
    EXPECT(bearer_ciba_begin(client, NULL, NULL, &error), BEARER_UNSUPPORTED, "no_endpoint");
    bearer_client_free(client);
    return finish();
}
