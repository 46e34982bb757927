/* A server that is found by its issuer: RFC 8414, OpenID Connect Discovery, RFC 9728. */
#include "check.h"

static bearer_client *client_at(const char *url, const char *more)
{
    return client_of(json("{'base_url':'%s','issuer':'%s'," TEST_CLIENT "%s}", url, url, more));
}

static bearer_client *client_with(const char *token)
{
    return client_at(server_url, format(",\"token\":%s", token));
}

/* How often a path was asked for. */
static int asked(const char *path)
{
    char *log = control("GET", "log", NULL);
    return count_of(log, format("\"path\":\"%s\"", path));
}

/* The document has an endpoint of the same name for clients with a certificate, too. */
static int has_token_endpoint(const char *metadata, const char *path)
{
    return strstr(metadata, format("\"token_endpoint\":\"%s%s\"", server_url, path)) != NULL;
}

static void alter(const char *json_text)
{
    control("POST", "metadata", swap_quotes(json_text));
}

static void unaltered(void)
{
    control("DELETE", "metadata", NULL);
}

#define OAUTH "/.well-known/oauth-authorization-server"
#define OPENID "/.well-known/openid-configuration"

static void once_when_needed(void)
{
    bearer_client *client = client_with(issue_expired());
    reset();
    control("DELETE", "log", NULL);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("refreshes"), 1);
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(asked(OAUTH), 1);
    CHECK_NUMBER(asked(OPENID), 0);

    char *metadata;
    OK(bearer_discover(client, &metadata, &error));
    CHECK(has_token_endpoint(metadata, "/auth/token"));
    CHECK_TEXT(json_text(metadata, "issuer"), server_url);
    bearer_free(metadata);
    OK(bearer_discover(client, NULL, &error));
    CHECK_NUMBER(asked(OAUTH), 1);
    bearer_client_free(client);

    /* A grant of the configuration, and a login, find their endpoints too. */
    client = client_at(server_url, ",\"grant\":{\"grant_type\":\"client_credentials\"}");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    char *login;
    OK(bearer_login_begin(client, NULL, &login, &error));
    CHECK(strstr(json_text(login, "authorization_url"), "/auth/authorize?") != NULL);
    CHECK_TEXT(json_text(login, "issuer"), server_url);
    bearer_free(login);
    bearer_client_free(client);
}

/* One document or the other; paths in place of URLs; no issuer (Home Assistant). */
static void other_shapes(void)
{
    static const char *const good[] = {
        "{'document':'oauth-authorization-server','absent':true}",
        "{'document':'oauth-authorization-server','html':true}",
        "{'relative':true}",
        "{'members':{'issuer':null}}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        alter(good[i]);
        bearer_client *client = client_with(issue_expired());
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        char *metadata;
        OK(bearer_discover(client, &metadata, &error));
        CHECK(has_token_endpoint(metadata, "/auth/token"));
        bearer_free(metadata);
        bearer_client_free(client);
        unaltered();
    }
    /* What is configured counts more. */
    bearer_client *client = client_at(server_url, ",\"server\":{\"token_endpoint\":\"/elsewhere\"}");
    char *metadata;
    OK(bearer_discover(client, &metadata, &error));
    CHECK(has_token_endpoint(metadata, "/elsewhere"));
    bearer_free(metadata);
    bearer_client_free(client);
}

static void issuer_with_a_path(void)
{
    control("POST", "config", json("{'issuer_path':'/tenant'}"));
    for (int openid = 0; openid < 2; openid++) {
        if (openid) {
            alter("{'document':'oauth-authorization-server','absent':true}");
        }
        bearer_client *client = client_of(json("{'issuer':'%s/tenant'," TEST_CLIENT ",'token':%s}", server_url, issue_expired()));
        OK(bearer_client_refresh(client, NULL, &error));
        bearer_client_free(client);
    }
    unaltered();
    control("POST", "config", json("{'issuer_path':''}"));
}

/* Nothing is sent to a server whose metadata is not its own. */
static void refused(void)
{
    static const struct {
        const char *altered;
        bearer_status status;
        const char *reason;
    } rows[] = {
        {"{'members':{'issuer':'https://evil.example'}}", BEARER_UNSAFE, "issuer"},
        {"{'absent':true}", BEARER_PROTOCOL, "metadata"},
        {"{'members':{'token_endpoint':'ftp://evil.example/'}}", BEARER_PROTOCOL, "metadata"},
        {"{'members':{'token_endpoint':null}}", BEARER_UNSUPPORTED, "no_endpoint"},
        {"{'bytes':5000000}", BEARER_TOO_LARGE, "body_size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        alter(rows[i].altered);
        bearer_client *client = client_with(issue_expired());
        reset();
        alter(rows[i].altered);
        EXPECT(bearer_client_refresh(client, NULL, &error), rows[i].status, rows[i].reason);
        char *held = held_token(client);
        CHECK(json_has(held, "refresh_token"));
        CHECK_NUMBER(counter("token_requests"), 0);
        bearer_client_free(client);
    }
    unaltered();

    /* From https to http. */
    alter("{'members':{'token_endpoint':'http://127.0.0.1:1/token'}}");
    const char *https = json_text(server, "https_url");
    bearer_client *client = client_at(https, json(",'http':{'ca_file':'%s'}", json_text(server, "ca_file")));
    EXPECT(bearer_discover(client, NULL, &error), BEARER_UNSAFE, "issuer");
    unaltered();
    OK(bearer_discover(client, NULL, &error));
    bearer_client_free(client);

    /* A server that is down is asked again later. */
    client = client_with(issue_expired());
    fault(json("{'path':'" OAUTH "','status':503,'headers':[['Retry-After','7']]}"));
    bearer_error *failed;
    CHECK_NUMBER(bearer_discover(client, NULL, &failed), BEARER_UNAVAILABLE);
    CHECK(strstr(bearer_error_json(failed), "\"retry_after\":7") != NULL);
    bearer_error_free(failed);
    OK(bearer_discover(client, NULL, &error));
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s'}", server_url));
    char *as_configured;
    OK(bearer_discover(client, &as_configured, &error));
    CHECK(has_token_endpoint(as_configured, "/auth/token"));
    bearer_free(as_configured);
    bearer_client_free(client);
}

static void the_api_says_whose_tokens_it_takes(void)
{
    char *document;
    bearer_client *client = client_of(json("{'base_url':'%s/api','authorization':'x'}", server_url));
    OK(bearer_discover_resource(client, &document, &error));
    CHECK_TEXT(json_text(document, "resource"), format("%s/api", server_url));
    CHECK(strstr(document, "authorization_servers") != NULL);
    bearer_free(document);
    alter("{'document':'oauth-protected-resource','members':{'resource':'https://elsewhere'}}");
    EXPECT(bearer_discover_resource(client, &document, &error), BEARER_UNSAFE, "issuer");
    CHECK(document == NULL);
    alter("{'document':'oauth-protected-resource','absent':true}");
    EXPECT(bearer_discover_resource(client, NULL, &error), BEARER_PROTOCOL, "metadata");
    unaltered();
    bearer_client_free(client);
    client = client_of("{}");
    EXPECT(bearer_discover_resource(client, NULL, &error), BEARER_INVALID_ARGUMENT, "conflict");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    once_when_needed();
    other_shapes();
    issuer_with_a_path();
    refused();
    the_api_says_whose_tokens_it_takes();
    return finish();
}
