/* Logins in a browser (RFC 6749 section 4.1, 7636, 9207), and grants that the program makes by itself. */
#include "browser.h"

static int saved;
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)reply;
    CHECK(json_text(token_json, "access_token") != NULL);
    saved++;
    return BEARER_OK;
}

static bearer_client *client_for_login(const char *more)
{
    bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'server':{'issuer':'%s',"
                                           "'authorization_response_iss_parameter_supported':true}%s}",
                                           server_url, server_url, more));
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    saved = 0;
    return client;
}

static void there_and_back(void)
{
    bearer_client *client = client_for_login("");
    char *login = begin_login(client, "{" REDIRECT ",'scope':'read'}");
    char *back = browse(login), *token;
    /* The other half may be another process, with another client. */
    bearer_client *other = client_for_login("");
    reset();
    OK(bearer_login_finish(other, login, back, &token, &error));
    CHECK_NUMBER(saved, 1);
    CHECK_TEXT(held_token(other), token);
    bearer_free(token);
    CHECK_NUMBER(get_status(other, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 1);
    OK(bearer_client_refresh(other, NULL, &error));

    /* The code is good once; what is held stays. */
    char *held = held_token(other);
    EXPECT(bearer_login_finish(other, login, back, &token, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    CHECK(token == NULL);
    CHECK_TEXT(held_token(other), held);
    bearer_client_free(client);
    bearer_client_free(other);
}

/* A login replaces the session that there was: nothing of the old set is left. */
static void a_second_login(void)
{
    bearer_client *client = client_for_login("");
    OK(bearer_client_set_token(client, json("{'access_token':'at-old','refresh_token':'rt-old','mine':1}"), &error));
    char *login = begin_login(client, "{" REDIRECT "}");
    OK(bearer_login_finish(client, login, browse(login), NULL, &error));
    CHECK(!json_has(held_token(client), "mine"));
    CHECK(strcmp(json_text(held_token(client), "refresh_token"), "rt-old") != 0);
    bearer_client_free(client);
}

static void refused(void)
{
    bearer_client *client = client_for_login("");
    char *login = begin_login(client, "{" REDIRECT ",'login_hint':'deny'}");
    EXPECT(bearer_login_finish(client, login, browse(login), NULL, &error), BEARER_ACCESS_DENIED, "access_denied");

    login = begin_login(client, "{" REDIRECT "}");
    char *back = browse(login), *other = begin_login(client, "{" REDIRECT "}");
    reset();
    EXPECT(bearer_login_finish(client, other, back, NULL, &error), BEARER_UNSAFE, "state");
    /* A mix-up: the same answer, from another server. */
    char *evil = format("%s", back);
    *strstr(evil, "&iss=") = '\0';
    EXPECT(bearer_login_finish(client, login, evil, NULL, &error), BEARER_UNSAFE, "issuer");
    evil = format("%s&iss=https%%3A%%2F%%2Fevil.example", evil);
    EXPECT(bearer_login_finish(client, login, evil, NULL, &error), BEARER_UNSAFE, "issuer");
    EXPECT(bearer_login_finish(client, login, "http://127.0.0.1:1/cb", NULL, &error), BEARER_INVALID_ARGUMENT, "url");
    EXPECT(bearer_login_finish(client, "{}", back, NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    EXPECT(bearer_login_finish(client, "{", back, NULL, &error), BEARER_INVALID_ARGUMENT, "json");
    CHECK_NUMBER(counter("token_requests"), 0);
    CHECK_NUMBER(saved, 0);

    char *text;
    EXPECT(bearer_login_begin(client, json("{'state':'x'}"), &text, &error), BEARER_INVALID_ARGUMENT, "member");
    CHECK(text == NULL);
    bearer_client_free(client);
    client = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'server':{'code_challenge_methods_supported':['plain']}}",
                            server_url));
    EXPECT(bearer_login_begin(client, NULL, &text, &error), BEARER_UNSAFE, "pkce");
    bearer_client_free(client);
    client = client_of(json("{'base_url':'%s','authorization':'fixed'}", server_url));
    EXPECT(bearer_login_begin(client, NULL, &text, &error), BEARER_INVALID_ARGUMENT, "conflict");
    bearer_client_free(client);
}

/* A code whose answer is lost is not sent a second time: a server may end the session for that. */
static void a_lost_answer(void)
{
    bearer_client *client = client_for_login("");
    char *login = begin_login(client, "{" REDIRECT "}"), *back = browse(login);
    reset();
    fault(json("{'path':'/auth/token','times':-1,'status':502}"));
    EXPECT(bearer_login_finish(client, login, back, NULL, &error), BEARER_UNCERTAIN, "answer_lost");
    CHECK_NUMBER(counter("token_requests"), 1);
    control("DELETE", "fault", NULL);
    bearer_client_free(client);
}

static void grants(void)
{
    bearer_client *client = client_for_login("");
    char *token;
    reset();
    OK(bearer_grant(client, json("{'grant_type':'client_credentials','scope':'read','n':7}"), &token, &error));
    CHECK(strstr(json_text(control("GET", "log", NULL), "body_text"), "grant_type=client_credentials&scope=read&n=7") != NULL);
    CHECK_TEXT(held_token(client), token);
    CHECK_NUMBER(saved, 1);
    bearer_free(token);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    EXPECT(bearer_grant(client, json("{'grant_type':'urn:x'}"), NULL, &error), BEARER_REJECTED, "oauth_error");
    EXPECT(bearer_grant(client, "{}", NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    EXPECT(bearer_grant(client, json("{'grant_type':'x','y':[]}"), NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    there_and_back();
    a_second_login();
    refused();
    a_lost_answer();
    grants();
    return finish();
}
