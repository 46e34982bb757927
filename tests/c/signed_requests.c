/* Authorization requests that the client signs (JAR, RFC 9101), in the browser's URL and pushed, and callbacks that the
 * server signs (JARM). */
#include "browser.h"

static bearer_client *client_of_key(const char *more)
{
    return client_of(swap_quotes(format("{'base_url':'%s','issuer':'%s','client':{'client_id':'signer','private_key_file':"
                                        "'src/signing/tests/rfc-8037-a-1.json','request_object_signing_alg':'EdDSA'%s}}",
                                        server_url, server_url, more)));
}

/* The callback is signed by the server (JARM), and nothing else is believed. */
static void signed_callbacks(void)
{
    static const char *const modes[] = {"jwt", "query.jwt"};
    bearer_client *client = client_of(json("{'base_url':'%s','issuer':'%s'," TEST_CLIENT "}", server_url, server_url));
    char *login, *back;
    for (size_t i = 0; i < 2; i++) {
        OK(bearer_login_begin(client, json("{" REDIRECT ",'response_mode':'%s'}", modes[i]), &login, &error));
        back = browse(login);
        CHECK(strstr(back, "response=ey") != NULL && strstr(back, "code=") == NULL);
        OK(bearer_login_finish(client, login, back, NULL, &error));
        bearer_free(login);
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
    }
    reset();
    OK(bearer_login_begin(client, json("{" REDIRECT ",'response_mode':'jwt'}"), &login, &error));
    back = browse(login);
    char *plain = format("http://127.0.0.1:1/cb?code=x&state=%s", json_text(login, "state"));
    EXPECT(bearer_login_finish(client, login, plain, NULL, &error), BEARER_UNSAFE, "state");
    EXPECT(bearer_login_finish(client, login, format("%s&response=x", back), NULL, &error), BEARER_UNSAFE, "state");
    back[strlen(back) - 8] ^= 1;
    EXPECT(bearer_login_finish(client, login, back, NULL, &error), BEARER_UNSAFE, "jwt");
    bearer_free(login);
    static const struct {
        const char *members, *reason;
    } rows[] = {
        {"{'iss':'https://evil.example'}", "issuer"},
        {"{'aud':'somebody-else'}", "jwt"},
        {"{'exp':1}", "jwt"},
        {"{'exp':null}", "jwt"},
        {"{'state':'another'}", "state"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        control("POST", "config", swap_quotes(format("{'jarm_members':%s}", rows[i].members)));
        OK(bearer_login_begin(client, json("{" REDIRECT ",'response_mode':'jwt'}"), &login, &error));
        EXPECT(bearer_login_finish(client, login, browse(login), NULL, &error), BEARER_UNSAFE, rows[i].reason);
        bearer_free(login);
    }
    control("POST", "config", json("{'jarm_members':{}}"));
    CHECK_NUMBER(counter("token_requests"), 0);
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    control("POST", "client",
            json("{'client_id':'signer','method':'private_key_jwt','jwk':{'kty':'OKP','crv':'Ed25519','x':"
                 "'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}}"));
    static const char *const ways[] = {"", ",'require_pushed_authorization_requests':true"};
    for (size_t i = 0; i < 2; i++) {
        bearer_client *client = client_of_key(ways[i]);
        char *login;
        OK(bearer_login_begin(client, json("{" REDIRECT ",'scope':'read'}"), &login, &error));
        char *url = json_text(login, "authorization_url");
        CHECK(strstr(url, i ? "request_uri=" : "request=") != NULL);
        CHECK(strstr(url, "scope=") == NULL && strstr(url, "state=") == NULL);
        OK(bearer_login_finish(client, login, browse(login), NULL, &error));
        bearer_free(login);
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        bearer_client_free(client);
    }
    signed_callbacks();
    /* Without a key there is nothing to sign with. */
    bearer_client *client = client_of(json("{'base_url':'%s','client':{'client_id':'c','request_object_signing_alg':'ES256'}}", server_url));
    char *login;
    EXPECT(bearer_login_begin(client, NULL, &login, &error), BEARER_INVALID_ARGUMENT, "conflict");
    bearer_client_free(client);
    return finish();
}
