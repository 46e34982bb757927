/*
 * What the programs of this folder share; include it first. Each has a table of rows, and every row is a run of its own:
 * PROGRAM KIND prints the rows for that kind of issuer, PROGRAM ISSUER ROW runs one, where ISSUER is what server.mjs said
 * of it. 0: pass; 77: not tried, with the reason on stdout; anything else: failed, with the reason on stderr.
 */
#ifndef INTEROP_H
#define INTEROP_H

#include "check.h"
#include <fcntl.h>

enum { PLAIN = 1, TLS = 2, MTLS = 4, ALIAS = 8, OPENID = 16, WRONG_NAME = 32, NONCE = 64, SECURE = TLS | MTLS | ALIAS, EVERY = PLAIN | SECURE };

struct row {
    const char *name;
    int issuers;
    void (*run)(void);
    const char *unsupported; /* why this server cannot show it, in place of run */
};

static const char *issuer; /* its identifier */
static int saved;          /* how often on_token was called */

/* --- Rows --- */

__attribute__((noreturn, format(printf, 1, 2))) static inline void not_tried(const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    vprintf(fmt, list);
    va_end(list);
    exit(77);
}

static inline int kind_of(const char *name)
{
    static const char *const names[] = {"plain", "tls", "mtls", "alias", "openid", "wrong_name", "nonce"};
    for (int i = 0; i < 7; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1 << i;
        }
    }
    exit(2);
}

/* What main returns. */
static inline int run_rows(int argc, char **argv, const struct row *rows, size_t count)
{
    alarm(60);
    if (argc == 2) {
        for (size_t i = 0; i < count; i++) {
            if (rows[i].issuers & kind_of(argv[1])) {
                puts(rows[i].name);
            }
        }
        return 0;
    }
    if (argc != 3) {
        return 2;
    }
    server = argv[1];
    issuer = json_text(server, "issuer");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, argv[2]) != 0) {
            continue;
        }
        if (rows[i].unsupported) {
            not_tried("not supported by the server: %s", rows[i].unsupported);
        }
        OK(bearer_client_new(json("{'authorization':'x','base_url':'%s/test/','http':{'ca_file':'%s/ca.pem','timeout_s':10}}",
                                  issuer, json_text(server, "work")),
                             &control_client, &error));
        if (kind_of(json_text(server, "kind")) != WRONG_NAME) {
            reset();
        }
        rows[i].run();
        CHECK(checks_done > 0);
        return finish();
    }
    return 2;
}
#define ROWS(rows) \
    int main(int argc, char **argv) \
    { \
        return run_rows(argc, argv, rows, sizeof rows / sizeof *rows); \
    }

/* --- Configurations: members as "'a':1,'b':2", or "" --- */

static inline char *work_file(const char *name)
{
    return format("%s/%s", json_text(server, "work"), name);
}

/* As http members. */
static inline char *certificate(const char *name)
{
    return format("'client_cert_file':'%s.pem','client_key_file':'%s.key'", work_file(name), work_file(name));
}

static inline char *config_of(const char *server_member, const char *client, const char *http, const char *more)
{
    return swap_quotes(format("{'base_url':'%s',%s,'client':{%s},'http':{'ca_file':'%s'%s%s}%s%s}",
                              json_text(server, "resource"), server_member, client, work_file("ca.pem"), *http ? "," : "", http,
                              *more ? "," : "", more));
}

/* The metadata are in the configuration. */
static inline char *configured(const char *client, const char *http, const char *more)
{
    char *members = format("'server':{'issuer':'%s','authorization_response_iss_parameter_supported':true,"
                           "'authorization_endpoint':'%s/auth','token_endpoint':'%s/token',"
                           "'device_authorization_endpoint':'%s/device/auth','revocation_endpoint':'%s/token/revocation',"
                           "'introspection_endpoint':'%s/token/introspection','userinfo_endpoint':'%s/me',"
                           "'registration_endpoint':'%s/reg'}",
                           issuer, issuer, issuer, issuer, issuer, issuer, issuer, issuer);
    return config_of(members, client, http, more);
}

/* They are discovered. */
static inline char *discovering(const char *client, const char *http, const char *more)
{
    return config_of(format("'issuer':'%s'", issuer), client, http, more);
}

static inline bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    saved++;
    return BEARER_OK;
}

static inline bearer_client *saving_client(const char *config)
{
    bearer_client *client = client_of(config);
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    return client;
}

/* --- The server and its people --- */

#define REDIRECT_URI "http://127.0.0.1:8765/callback"

/* The text of a call that gives away a char *. */
static inline char *taken(char *text)
{
    char *copy = format("%s", text);
    bearer_free(text);
    return copy;
}

static inline char *begin_login(bearer_client *client, const char *more)
{
    char *login;
    OK(bearer_login_begin(client, json("{'redirect_uri':'" REDIRECT_URI "'%s%s}", *more ? "," : "", swap_quotes(more)), &login,
                          &error));
    return taken(login);
}

/* A person opens that URL and agrees: the URL that the browser is sent back to. */
static inline char *callback_of(const char *authorization_url)
{
    return json_text(control("GET", format("sign-in%s", strchr(authorization_url, '?')), NULL), "location");
}

/* A whole login; the token set that it ends with. */
static inline char *log_in(bearer_client *client, const char *more)
{
    char *token, *login = begin_login(client, more);
    OK(bearer_login_finish(client, login, callback_of(json_text(login, "authorization_url")), &token, &error));
    return taken(token);
}

static inline char *grant(bearer_client *client, const char *parameters)
{
    char *token;
    OK(bearer_grant(client, parameters, &token, &error));
    return taken(token);
}

static inline long long token_requests(void)
{
    return json_number(control("GET", "counters", NULL), "token_requests");
}

/* How often the protected resource has refused a token. */
static inline long long refusals(void)
{
    return json_number(control("GET", "counters", NULL), "refusals");
}

/* What the protected resource says to an access token that is sent as it is, without certificate. */
static inline int status_of(const char *access_token)
{
    bearer_client *client = client_of(json("{'base_url':'%s','authorization':'Bearer %s','http':{'ca_file':'%s'}}",
                                           json_text(server, "resource"), access_token, work_file("ca.pem")));
    int status = get_status(client, "read");
    bearer_client_free(client);
    return status;
}

/* The text with its member's value replaced. */
static inline char *with_member(const char *text, const char *name, const char *value)
{
    const char *at = json_at(text, name);
    CHECK(at != NULL);
    return format("%.*s%s%s", (int)(at - text), text, value, at + strlen(json_raw(text, name)));
}

static inline char *file_text(const char *path)
{
    char *text = keep(calloc(1, 65536));
    int file = open(path, O_RDONLY);
    CHECK_SAYING(file >= 0 && read(file, text, 65535) > 0, "%s", path);
    close(file);
    return text;
}

/* Text as a JSON string. */
static inline char *json_string(const char *text)
{
    char *quoted = keep(malloc(strlen(text) * 2 + 3)), *to = quoted;
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n') {
            *to++ = '\\';
        }
        *to++ = *text == '\n' ? 'n' : *text;
    }
    strcpy(to, "\"");
    return quoted;
}

#endif
