/* Nothing secret is in any error or event, whatever a server repeats: every function against servers that answer with all
 * they were sent. */
#include "check.h"

/* Every secret begins so; some are short, some long: long words of a server are left out anyway. */
#define PLANTED "Pl4nted"
#define SHORT PLANTED "x1"
#define LONG PLANTED "0123456789abcdefghijklmnopqrstuvwxyz0123456789"

static int events, errors;

static void look(const char *text, const char *where)
{
    CHECK_SAYING(strstr(text, PLANTED) == NULL, "%s: %s", where, text);
}

static void hear(void *user_data, bearer_level level, const char *event_json)
{
    (void)user_data, (void)level;
    look(event_json, "event");
    events++;
}

/* --- A server that repeats what it gets --- */

enum shape { AS_ERROR, AS_TEXT, AS_TOKEN, AS_FORM, AS_LOCATION, SHAPES };
static const char *const shape_names[] = {"error", "text", "token", "form", "location"};
static const int statuses[] = {200, 302, 400, 401, 403, 429, 500, 503};
static enum shape shape;
static int http_status;

static void append_quoted(char *to, size_t size, const char *text)
{
    size_t at = strlen(to);
    for (; *text != '\0' && at + 3 < size; text++) {
        if (*text == '"' || *text == '\\') {
            to[at++] = '\\';
        }
        to[at++] = (unsigned char)*text < ' ' ? ' ' : *text;
    }
    to[at] = '\0';
}

static bearer_status repeat(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    (void)user_data;
    static char got[16384], body[4 * sizeof got * 2], quoted[2 * sizeof got];
    snprintf(got, sizeof got, "%s ", bearer_request_url(request));
    const char *name, *value;
    for (size_t i = 0; bearer_request_header_at(request, i, &name, &value); i++) {
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", value);
    }
    size_t read = 1, at = strlen(got);
    while (read > 0 && at + 1 < sizeof got) {
        OK(bearer_request_body_read(request, got + at, sizeof got - at - 1, &read, &error));
        at += read;
    }
    got[at] = '\0';
    quoted[0] = '\0';
    append_quoted(quoted, sizeof quoted, got);
    const char *kind = shape == AS_FORM ? "application/x-www-form-urlencoded" : "application/json";
    switch (shape) {
    case AS_ERROR:
        snprintf(body, sizeof body, "{\"error\":\"%s\",\"error_description\":\"%s\",\"error_uri\":\"%s\"}", quoted, quoted, quoted);
        break;
    case AS_TOKEN:
        snprintf(body, sizeof body, "{\"access_token\":7,\"refresh_token\":\"%s\",\"token_type\":\"%s\",\"expires_in\":\"%s\"}", quoted,
                 quoted, quoted);
        break;
    case AS_FORM:
        snprintf(body, sizeof body, "error=%s&error_description=%s", got, got);
        break;
    default:
        snprintf(body, sizeof body, "%s", got);
    }
    CHECK_NUMBER(bearer_reply_header(reply, "content-type", kind), BEARER_OK);
    CHECK_NUMBER(bearer_reply_header(reply, "www-authenticate", format("Bearer error=\"%s\"", quoted)), BEARER_OK);
    CHECK_NUMBER(bearer_reply_header(reply, "location", format("http://elsewhere.example/?%s", SHORT)), BEARER_OK);
    return bearer_reply_http(reply, (uint16_t)http_status, body, strlen(body));
}

static bearer_status fail(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    return BEARER_INTERNAL;
}

/* --- Everything that can fail --- */

static bearer_client *planted_client(const char *secret, long long expires_at)
{
    bearer_client *client = client_of(
        json("{'base_url':'http://api.example/v1','token':{'access_token':'%s','refresh_token':'%s','expires_at':%lld},"
             "'server':{'token_endpoint':'/t','device_authorization_endpoint':'/d','revocation_endpoint':'/r','userinfo_endpoint':'/u',"
             "'introspection_endpoint':'/i','registration_endpoint':'/n','backchannel_authentication_endpoint':'/b'},"
             "'client':{'client_id':'c','client_secret':'%s'},'grant':{'grant_type':'password','username':'u','password':'%s'}}",
             secret, secret, expires_at, secret, secret));
    OK(bearer_client_on_http(client, repeat, NULL, NULL, &error));
    OK(bearer_client_on_log(client, hear, NULL, NULL, BEARER_LEVEL_TRACE, &error));
    return client;
}

static void seen(bearer_status status, bearer_error *failed, const char *what)
{
    if (status == BEARER_OK || status == BEARER_PENDING) {
        return;
    }
    CHECK_SAYING(failed != NULL, "%s", what);
    look(bearer_error_json(failed), what);
    look(bearer_error_message(failed), what);
    bearer_error_free(failed);
    errors++;
}

#define TRY(call)                                       \
    do {                                                \
        bearer_error *failed = NULL;                    \
        bearer_status status = (call);                  \
        seen(status, failed, format("%s %d, %s", shape_names[shape], http_status, #call)); \
    } while (0)

static void everything(bearer_client *client, const char *secret)
{
    bearer_response *response = NULL;
    char *text = NULL;
    TRY(bearer_client_request(client, "GET", "x", NULL, 0, &response, &failed));
    bearer_response_free(response);
    TRY(bearer_client_refresh(client, NULL, &failed));
    TRY(bearer_client_access_token(client, 0, &text, NULL, &failed));
    bearer_free(text);
    TRY(bearer_grant(client, json("{'grant_type':'urn:x','assertion':'%s','subject_token':'%s'}", secret, secret), NULL, &failed));
    TRY(bearer_login_finish(client, json("{'state':'s','code_verifier':'%s','nonce':'%s'}", secret, secret),
                            format("?state=s&code=%s", secret), NULL, &failed));
    TRY(bearer_login_finish(client, json("{'state':'%s','code_verifier':'%s'}", secret, secret),
                            format("?state=%s1&code=%s&error=%s", secret, secret, secret), NULL, &failed));
    TRY(bearer_device_begin(client, json("{'scope':'s','x':'%s'}", secret), NULL, &failed));
    TRY(bearer_device_poll(client, json("{'device_code':'%s','interval':1}", secret), NULL, &failed));
    TRY(bearer_ciba_begin(client, json("{'id_token_hint':'%s'}", secret), NULL, &failed));
    TRY(bearer_introspect(client, secret, NULL, &failed));
    TRY(bearer_userinfo(client, NULL, &failed));
    TRY(bearer_register(client, json("{'software_statement':'%s'}", secret), NULL, &failed));
    TRY(bearer_revoke(client, NULL, &failed));
}

/* What cannot be read is not repeated either. */
static void malformed(const char *secret)
{
    char *configs[] = {
        json("{'token':{'access_token':'%s\\n'}}", secret),
        json("{'token':'%s'}", secret),
        json("{'base_url':'http://u:%s@x'}", secret),
        json("{'base_url':'http://x','http':{'proxy':'ftp://u:%s@x'}}", secret),
        json("{'authorization':'%s\\n'}", secret),
        json("{'client':{'client_id':'c','private_key':'%s'}}", secret),
        json("{'client':{'client_id':'c','private_key':'{\\\"kty\\\":\\\"EC\\\",\\\"crv\\\":\\\"P-256\\\",\\\"d\\\":\\\"%s\\\"}'}}", secret),
        json("{'client':{'client_id':'c','client_secret':['%s']}}", secret),
        json("{'grant':{'grant_type':'password','password':['%s']}}", secret),
        json("{'token':{'access_token':'a'},'x':{'%s", secret),
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        bearer_client *client;
        TRY(bearer_client_new(configs[i], &client, &failed));
        CHECK_SAYING(client == NULL, "%s", configs[i]);
    }
    bearer_client *client = planted_client(secret, 1);
    TRY(bearer_client_set_token(client, json("{'access_token':'%s", secret), &failed));
    TRY(bearer_client_set_token(client, json("{'refresh_token':['%s']}", secret), &failed));
    TRY(bearer_login_finish(client, json("{'state':'%s'}", secret), format("%s", secret), NULL, &failed));
    TRY(bearer_login_finish(client, json("{'state':'%s','code_verifier':'v'}", secret), format("?code=%s%%", secret), NULL, &failed));
    bearer_response *response;
    TRY(bearer_client_request(client, "GET", format("http://evil.example/?token=%s", secret), NULL, 0, &response, &failed));
    TRY(bearer_client_request(client, "GET", format("http://api.example/v1/../?token=%s", secret), NULL, 0, &response, &failed));
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    static const char *const secrets[] = {SHORT, LONG};
    for (size_t s = 0; s < 2; s++) {
        for (shape = 0; shape < SHAPES; shape++) {
            for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
                http_status = statuses[i];
                for (int is_fresh = 0; is_fresh < 2; is_fresh++) {
                    bearer_client *client = planted_client(secrets[s], is_fresh ? 4000000000 : 1);
                    everything(client, secrets[s]);
                    bearer_client_free(client);
                }
            }
        }
        shape = AS_ERROR;
        malformed(secrets[s]);
    }
    /* A token that cannot be saved. */
    bearer_client *client = client_with_token(issue_expired(), "");
    OK(bearer_client_on_token(client, fail, NULL, NULL, &error));
    OK(bearer_client_on_log(client, hear, NULL, NULL, BEARER_LEVEL_TRACE, &error));
    EXPECT(bearer_client_refresh(client, NULL, &error), BEARER_HOOK_FAILED, "not_saved");
    bearer_client_free(client);
    CHECK_SAYING(errors > 800, "%d errors", errors);
    CHECK_SAYING(events > 400, "%d events", events);
    return finish();
}
