/* Logins with this machine's browser, which a thread plays here (RFC 8252 section 7.3), and hostile local traffic meanwhile
 * (hostile.md A-7). */
#include "check.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define PAGE "HTTP/1.1 200 OK\r\n"
#define STRAYS 1000

static int saved;
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    saved++;
    return BEARER_OK;
}

static bearer_client *client_for_login(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT "}", server_url));
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    saved = 0;
    return client;
}

/* --- Sockets --- */

/* A connection to this machine, by IPv4 or IPv6; -1 where nobody listens. */
static int dial(int port, int v6)
{
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int s = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 30};
    CHECK(s >= 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int r = v6 ? connect(s, (struct sockaddr *)&a6, sizeof a6) : connect(s, (struct sockaddr *)&a4, sizeof a4);
    if (r != 0) {
        close(s);
        return -1;
    }
    return s;
}

static void say(int s, const char *text)
{
    CHECK_NUMBER(send(s, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the other side's end, which closes ours too. */
static char *hear(int s)
{
    static const size_t most = 65536;
    char *text = keep(malloc(most));
    size_t len = 0;
    ssize_t n;
    while (len < most - 1 && (n = recv(s, text + len, most - 1 - len, 0)) > 0) {
        len += (size_t)n;
    }
    CHECK_SAYING(n == 0 || errno == ECONNRESET, "%s", strerror(errno));
    text[len] = '\0';
    close(s);
    return text;
}

/* A port that the system has chosen, and the socket that has it. */
static int take_port(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(s, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(s, (struct sockaddr *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return s;
}

/* --- The browser --- */

struct browser {
    char *url;  /* that it was told to open */
    char *host; /* of the redirect URI, with the port, and its path */
    char *path;
    int port;
    char *page; /* that it was shown at the end */
    const char *deny;
    void (*before)(struct browser *); /* what else happens on this machine */
    void *(*play)(void *);            /* the browser itself */
    pthread_t thread;
};

static void *go_there_and_back(void *user_data);

/* The value of a parameter of the URL, percent-decoded. */
static char *parameter(const char *url, const char *name)
{
    const char *at = strstr(url, format("&%s=", name));
    CHECK_SAYING(at != NULL, "%s in %s", name, url);
    at += strlen(name) + 2;
    char *text = format("%.*s", (int)strcspn(at, "&"), at), *to = text;
    for (const char *from = text; *from; from++) {
        unsigned byte = (unsigned char)*from;
        if (byte == '%') {
            sscanf(from + 1, "%2x", &byte);
            from += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return text;
}

static bearer_status open_url(void *user_data, const char *url)
{
    struct browser *browser = user_data;
    browser->url = format("%s", url);
    char *uri = parameter(url, "redirect_uri");
    CHECK(strncmp(uri, "http://", 7) == 0);
    browser->host = format("%.*s", (int)strcspn(uri + 7, "/"), uri + 7);
    browser->path = format("%s", uri + 7 + strlen(browser->host));
    browser->port = atoi(strrchr(browser->host, ':') + 1);
    browser->thread = start(browser->play ? browser->play : go_there_and_back, browser);
    return BEARER_OK;
}

static char *request(const struct browser *browser, const char *path)
{
    return format("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n\r\n", path, browser->host);
}

static char *get(const struct browser *browser, const char *path)
{
    int s = dial(browser->port, browser->host[0] == '[');
    CHECK(s >= 0);
    say(s, request(browser, path));
    return hear(s);
}

static void *go_there_and_back(void *user_data)
{
    struct browser *browser = user_data;
    if (browser->before) {
        browser->before(browser);
    }
    int port = atoi(strrchr(server_url, ':') + 1), s = dial(port, 0);
    say(s, format("GET %s%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", browser->url + strlen(server_url),
                  browser->deny ? browser->deny : ""));
    char *answer = hear(s), *back = strcasestr(answer, "\r\nlocation: ");
    CHECK_SAYING(back != NULL, "%s", answer);
    back += strlen("\r\nlocation: ");
    back = format("%.*s", (int)strcspn(back, "\r"), back);
    back += strlen("http://") + strlen(browser->host);
    browser->page = get(browser, format("%s%s", *back == '/' ? "" : "/", back));
    return NULL;
}

static void is_shown(const struct browser *browser, const char *title)
{
    const char *page = browser->page;
    CHECK_SAYING(strncmp(page, PAGE, strlen(PAGE)) == 0, "%s", page);
    CHECK_SAYING(strstr(page, format("<h1>%s</h1>", title)) != NULL, "%s", page);
    static const char *const headers[] = {
        "\r\nConnection: close\r\n",       "\r\nContent-Type: text/html; charset=utf-8\r\n",
        "\r\nCache-Control: no-store\r\n", "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-",
        "\r\nReferrer-Policy: no-referrer\r\n", "\r\nX-Content-Type-Options: nosniff\r\n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        CHECK_SAYING(strstr(page, headers[i]) != NULL, "%s", headers[i]);
    }
    CHECK(strstr(page, "code-") == NULL && strstr(page, parameter(browser->url, "state")) == NULL);
    CHECK(dial(browser->port, 0) < 0 && dial(browser->port, 1) < 0);
}

/* --- What happens --- */

static void sign_in(const char *params, const char *redirect_uri)
{
    bearer_client *client = client_for_login();
    struct browser browser = {0};
    char *token;
    reset();
    OK(bearer_login_loopback(client, params ? swap_quotes(params) : NULL, open_url, &browser, &token, &error));
    join(browser.thread);
    is_shown(&browser, "Signed in");
    CHECK_TEXT(format("http://%s%s", browser.host, browser.path), format(redirect_uri, browser.port));
    CHECK_TEXT(held_token(client), token);
    bearer_free(token);
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    bearer_client_free(client);
}

static void there_and_back(void)
{
    int port, s = take_port(&port);
    sign_in(NULL, "http://127.0.0.1:%d/callback");
    sign_in("{'redirect_uri':null,'scope':'read'}", "http://127.0.0.1:%d/callback");
    sign_in("{'redirect_uri':'http://localhost/a/b?c=d'}", "http://localhost:%d/a/b?c=d");
    close(s);
    sign_in(format("{'redirect_uri':'http://127.0.0.1:%d/'}", port), "http://127.0.0.1:%d/");
    int v6 = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (v6 >= 0 && bind(v6, (struct sockaddr *)&address, sizeof address) == 0) {
        sign_in("{'redirect_uri':'http://[::1]'}", "http://[::1]:%d");
    }
    close(v6);
}

/* The person says no: the program and the page both say so. Another wish than the one of the login is not heard. */
static void denied(void)
{
    bearer_client *client = client_for_login();
    struct browser browser = {.deny = "&login_hint=deny"};
    EXPECT(bearer_login_loopback(client, NULL, open_url, &browser, NULL, &error), BEARER_ACCESS_DENIED, "access_denied");
    join(browser.thread);
    is_shown(&browser, "Access denied");
    CHECK_NUMBER(saved, 0);
    bearer_client_free(client);
}

/* What a server says is not on the page, which is this program's own; the page tells the truth about the trade. */
static void *come_back_with_an_error(void *user_data)
{
    struct browser *browser = user_data;
    browser->page = get(browser, format("%s?error=server_error&error_description=%%3Cb%%3Eplanted&state=%s", browser->path,
                                        parameter(browser->url, "state")));
    return NULL;
}

static void failed(void)
{
    bearer_client *client = client_for_login();
    struct browser browser = {.play = come_back_with_an_error};
    EXPECT(bearer_login_loopback(client, NULL, open_url, &browser, NULL, &error), BEARER_REJECTED, "oauth_error");
    join(browser.thread);
    is_shown(&browser, "Not signed in");
    CHECK(strstr(browser.page, "planted") == NULL && strstr(browser.page, "server_error") == NULL);

    browser = (struct browser){0};
    fault(json("{'path':'/auth/token','status':400,'body':'{\\'error\\':\\'invalid_grant\\'}','content_type':'application/json'}"));
    EXPECT(bearer_login_loopback(client, NULL, open_url, &browser, NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    join(browser.thread);
    is_shown(&browser, "Not signed in");
    control("DELETE", "fault", NULL);
    bearer_client_free(client);
}

/* --- Hostile local traffic --- */

static void gets(const struct browser *browser, const char *text, int status)
{
    int s = dial(browser->port, 0);
    CHECK(s >= 0);
    say(s, text);
    char *answer = hear(s);
    CHECK_SAYING(strncmp(answer, format("HTTP/1.1 %d ", status), 13) == 0, "%s\ngets\n%s", text, answer);
    CHECK(strstr(answer, "\r\nConnection: close\r\n") && strstr(answer, "\r\nCache-Control: no-store\r\n"));
    CHECK(strstr(answer, "planted") == NULL && strstr(answer, browser->host) == NULL);
}

static void trouble(struct browser *browser)
{
    char *state = parameter(browser->url, "state");
    char *right = format("/callback?code=planted&state=%s", state), *wrong = "/callback?code=planted&state=planted";
    gets(browser, request(browser, wrong), 404);
    gets(browser, request(browser, "/callback?error=access_denied"), 404);
    gets(browser, request(browser, "/callback"), 404);
    gets(browser, request(browser, format("/planted?state=%s", state)), 404);
    gets(browser, request(browser, "/favicon.ico"), 404);
    gets(browser, format("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 7\r\n\r\nplanted", right, browser->host), 405);
    gets(browser, format("HEAD %s HTTP/1.1\r\nHost: %s\r\n\r\n", right, browser->host), 405);
    /* DNS rebinding: a page of evil.example, whose name leads here now. */
    gets(browser, format("GET %s HTTP/1.1\r\nHost: evil.example:%d\r\n\r\n", right, browser->port), 421);
    gets(browser, format("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", right), 421);
    gets(browser, format("GET %s HTTP/1.1\r\nHost: %s\r\nHost: evil.example\r\n\r\n", right, browser->host), 400);
    gets(browser, format("GET %s HTTP/1.1\r\n\r\n", right), 400);
    gets(browser, format("GET http://%s%s HTTP/1.1\r\nHost: %s\r\n\r\n", browser->host, right, browser->host), 400);
    gets(browser, format("GET %s\r\n\r\n", right), 400);
    gets(browser, "\x16\x03\x01\x02", 400);
    /* Only the first request of a connection is read. */
    gets(browser, format("%s%s", request(browser, wrong), request(browser, right)), 404);
    char *filler = keep(malloc(9000));
    memset(filler, 'x', 8999);
    filler[8999] = '\0';
    gets(browser, format("GET %s HTTP/1.1\r\nX: %s\r\n", right, filler), 431);
    /* Half of a request, then the end. */
    int half = dial(browser->port, 0);
    say(half, "GET /callback?");
    shutdown(half, SHUT_WR);
    CHECK_TEXT(hear(half), "");

    /* 1,000 at once, each with a part of a request; those that are too many are closed, the oldest first. */
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max < 2 * STRAYS ? limit.rlim_max : 2 * STRAYS;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    static int strays[STRAYS];
    for (int i = 0; i < STRAYS; i++) {
        strays[i] = dial(browser->port, 0);
        CHECK_SAYING(strays[i] >= 0, "stray %d: %s", i, strerror(errno));
        (void)!send(strays[i], right, (size_t)(i % 9), MSG_NOSIGNAL);
    }
    CHECK_TEXT(hear(strays[0]), "");
    gets(browser, request(browser, wrong), 404);
    for (int i = 1; i < STRAYS; i++) {
        close(strays[i]);
    }
}

static void hostile_traffic(void)
{
    bearer_client *client = client_for_login();
    struct browser browser = {.before = trouble};
    reset();
    OK(bearer_login_loopback(client, NULL, open_url, &browser, NULL, &error));
    join(browser.thread);
    is_shown(&browser, "Signed in");
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(client);
}

/* --- The other ends --- */

static struct timespec cancelled;
static void *cancel_it(void *client)
{
    usleep(50000);
    clock_gettime(CLOCK_MONOTONIC, &cancelled);
    CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
    return NULL;
}

static bearer_status cancel_soon(void *user_data, const char *url)
{
    (void)url;
    struct browser *browser = user_data;
    browser->thread = start(cancel_it, browser->page);
    return BEARER_OK;
}

static bearer_status fail_with(void *user_data, const char *url)
{
    (void)url;
    return *(bearer_status *)user_data;
}

static void how_it_ends(void)
{
    bearer_client *client = client_for_login(), *scope;
    bearer_status status = BEARER_OK;
    OK(bearer_client_scope(client, "{\"timeout_s\":0.05}", &scope, &error));
    EXPECT(bearer_login_loopback(scope, NULL, fail_with, &status, NULL, &error), BEARER_TIMEOUT, "deadline");
    bearer_client_free(scope);

    OK(bearer_client_scope(client, NULL, &scope, &error));
    struct browser browser = {.page = (char *)scope};
    EXPECT(bearer_login_loopback(scope, NULL, cancel_soon, &browser, NULL, &error), BEARER_CANCELLED, "cancelled");
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    join(browser.thread);
    double ms = (double)(now.tv_sec - cancelled.tv_sec) * 1e3 + (double)(now.tv_nsec - cancelled.tv_nsec) / 1e6;
    printf("a cancel took %.2f ms\n", ms);
    CHECK(ms < 500);
    EXPECT(bearer_login_loopback(scope, NULL, open_url, &browser, NULL, &error), BEARER_CANCELLED, "cancelled");
    bearer_client_free(scope);

    status = BEARER_INTERNAL;
    EXPECT(bearer_login_loopback(client, NULL, fail_with, &status, NULL, &error), BEARER_HOOK_FAILED, "hook");
    status = BEARER_UNAVAILABLE;
    EXPECT(bearer_login_loopback(client, NULL, fail_with, &status, NULL, &error), BEARER_UNAVAILABLE, "hook");
    status = BEARER_PENDING;
    EXPECT(bearer_login_loopback(client, NULL, fail_with, &status, NULL, &error), BEARER_HOOK_FAILED, "hook");

    int port, s = take_port(&port);
    char *params = json("{'redirect_uri':'http://127.0.0.1:%d/'}", port);
    EXPECT(bearer_login_loopback(client, params, fail_with, &status, NULL, &error), BEARER_UNAVAILABLE, "listen");
    close(s);

    static const char *const unfit[] = {
        "{'redirect_uri':'https://127.0.0.1/'}",    "{'redirect_uri':'http://example.com/'}",
        "{'redirect_uri':'com.example.app:/back'}", "{'redirect_uri':7}",
        "{'response_mode':'form_post'}",            "{'state':'mine'}",
    };
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        char *token = "x";
        bearer_status is = bearer_login_loopback(client, swap_quotes(unfit[i]), fail_with, &status, &token, &error);
        const char *name = format("params_json.%.*s", (int)strcspn(unfit[i] + 2, "'"), unfit[i] + 2);
        CHECK_SAYING(strstr(bearer_error_message(error), name) != NULL, "%s", bearer_error_message(error));
        EXPECT(is, BEARER_INVALID_ARGUMENT, "member");
        CHECK(token == NULL);
    }
    EXPECT(bearer_login_loopback(client, "{", fail_with, &status, NULL, &error), BEARER_INVALID_ARGUMENT, "json");
    bearer_client_free(client);
    client = client_of(json("{'base_url':'%s','authorization':'fixed'}", server_url));
    EXPECT(bearer_login_loopback(client, NULL, fail_with, &status, NULL, &error), BEARER_INVALID_ARGUMENT, "conflict");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    there_and_back();
    denied();
    failed();
    hostile_traffic();
    how_it_ends();
    return finish();
}
