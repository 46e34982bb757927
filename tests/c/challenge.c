/* What an API asks for in WWW-Authenticate, and the login that it takes. */
#include "check.h"

static char *challenge_of(bearer_client *client, const char *path, uint16_t status)
{
    bearer_response *response = ask(client, "GET", path);
    char *challenge = "x";
    CHECK_NUMBER(bearer_response_status(response), status);
    OK(bearer_response_challenge(response, &challenge, &error));
    OK(bearer_response_challenge(response, NULL, &error));
    char *copy = challenge ? format("%s", challenge) : NULL;
    bearer_free(challenge);
    bearer_response_free(response);
    return copy;
}

/* The 403 of RFC 6750 section 3.1, in two header lines, and what comes of its login. */
static void more_rights(bearer_client *client)
{
    fault(json("{'path':'/api/','status':403,'headers':[['WWW-Authenticate','Negotiate oYG=, Basic realm=\\\"a, b\\\"'],"
               "['www-authenticate','Bearer error=\\\"insufficient_scope\\\", scope=\\\"read write\\\"']]}"));
    char *challenge = challenge_of(client, "api/lights", 403);
    CHECK_TEXT(challenge, json("{'challenges':[{'scheme':'Negotiate','token68':'oYG='},{'scheme':'Basic','realm':'a, b'},"
                               "{'scheme':'Bearer','error':'insufficient_scope','scope':'read write'}],"
                               "'error':'insufficient_scope','login':{'scope':'read write'}}"));
    char *params = format("%s", strstr(challenge, "\"login\":") + strlen("\"login\":")), *login;
    params[strlen(params) - 1] = '\0';
    OK(bearer_login_begin(client, params, &login, &error));
    CHECK(strstr(login, "scope=read%20write") != NULL || strstr(login, "scope=read+write") != NULL);
    bearer_free(login);
}

/* RFC 9470: a renewal does not help, and is not tried. */
static void a_better_sign_in(bearer_client *client)
{
    reset();
    control("POST", "config",
            json("{'reject_all':true,'www_authenticate':'Bearer error=\\\"insufficient_user_authentication\\\", max_age=\\\"5\\\", "
                 "resource_metadata=\\\"https://api.example.com/.well-known/oauth-protected-resource\\\"'}"));
    char *challenge = challenge_of(client, "api/lights", 401);
    CHECK_TEXT(json_text(challenge, "error"), "insufficient_user_authentication");
    CHECK(strstr(challenge, "\"login\":{\"max_age\":\"5\"}") != NULL);
    CHECK(strstr(challenge, "],\"error\"") != NULL);
    CHECK(strstr(challenge, "},\"resource_metadata\":\"https://api.example.com/.well-known/oauth-protected-resource\"}") != NULL);
    CHECK_NUMBER(counter("refreshes"), 0);
    reset();
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    bearer_client *client = client_with_token(issue("{}"), "'server':{'authorization_endpoint':'/auth/authorize'}");
    CHECK_TEXT(challenge_of(client, "api/lights", 200), NULL);
    more_rights(client);
    a_better_sign_in(client);
    bearer_client_free(client);

    char *challenge = "x";
    EXPECT(bearer_response_challenge(NULL, &challenge, &error), BEARER_INVALID_ARGUMENT, "null");
    CHECK(challenge == NULL);
    return finish();
}
