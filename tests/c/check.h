/* What the test programs share. Include it first. A failed check says where, and ends the program with 1. */
#ifndef CHECK_H
#define CHECK_H

#define _GNU_SOURCE
#include <bearer.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the calls of this thread put their error. */
static _Thread_local bearer_error *error;
static atomic_int checks_done;
static atomic_int checks_failed;

/* A check whose failure does not end the program: for rows of a table. */
#define SOFT_CHECK(cond, ...) \
    ((void)((atomic_fetch_add(&checks_done, 1), (cond)) || (check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__), 0)))
#define CHECK(cond) CHECK_SAYING(cond, "")
#define CHECK_SAYING(cond, ...) \
    ((void)((atomic_fetch_add(&checks_done, 1), (cond)) \
            || (check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__), exit(1), 0)))
/* Two texts are equal. */
#define CHECK_TEXT(is, should_be) check_text((is), (should_be), __FILE__, __LINE__)
/* Two numbers are equal. */
#define CHECK_NUMBER(is, should_be) check_number((long long)(is), (long long)(should_be), #is, __FILE__, __LINE__)
/* The call, which has &error as its last argument, succeeds. */
#define OK(call) check_status((call), BEARER_OK, NULL, #call, __FILE__, __LINE__)
/* The call fails with this status, and with this "reason" in its error's JSON. */
#define EXPECT(call, status, reason) check_status((call), (status), (reason), #call, __FILE__, __LINE__)

static inline void check_failed(const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list list;
    atomic_fetch_add(&checks_failed, 1);
    fprintf(stderr, "%s:%d: %s: ", file, line, what);
    va_start(list, fmt);
    vfprintf(stderr, fmt, list);
    va_end(list);
    fputc('\n', stderr);
}

static inline void check_text(const char *is, const char *should_be, const char *file, int line)
{
    atomic_fetch_add(&checks_done, 1);
    if (is == NULL || should_be == NULL ? is != should_be : strcmp(is, should_be) != 0) {
        check_failed(file, line, "text", "\n  is        %s\n  should be %s", is ? is : "NULL", should_be ? should_be : "NULL");
        exit(1);
    }
}

static inline void check_number(long long is, long long should_be, const char *what, const char *file, int line)
{
    atomic_fetch_add(&checks_done, 1);
    if (is != should_be) {
        check_failed(file, line, what, "is %lld, should be %lld", is, should_be);
        exit(1);
    }
}

/* --- Text: all of it lives until finish(). --- */

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static char **kept;
static size_t kept_count;

static inline char *keep(char *text)
{
    pthread_mutex_lock(&kept_lock);
    kept = realloc(kept, (kept_count + 1) * sizeof *kept);
    kept[kept_count++] = text;
    pthread_mutex_unlock(&kept_lock);
    return text;
}

static inline char *vformat(const char *fmt, va_list list)
{
    va_list again;
    va_copy(again, list);
    size_t size = (size_t)vsnprintf(NULL, 0, fmt, again) + 1;
    va_end(again);
    char *text = malloc(size);
    vsnprintf(text, size, fmt, list);
    return keep(text);
}

__attribute__((format(printf, 1, 2))) static inline char *format(const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    char *text = vformat(fmt, list);
    va_end(list);
    return text;
}

static inline char *swap_quotes(const char *text)
{
    char *quoted = keep(strdup(text));
    for (char *c = quoted; *c; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return quoted;
}

/* JSON that is readable in C: every ' of fmt (not of what is filled in) becomes a ". */
__attribute__((format(printf, 1, 2))) static inline char *json(const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    char *text = vformat(swap_quotes(fmt), list);
    va_end(list);
    return text;
}

/* Where the first member of that name has its value, at any depth; NULL if there is none. */
static inline const char *json_at(const char *text, const char *name)
{
    const char *quoted = format("\"%s\":", name);
    const char *at = text ? strstr(text, quoted) : NULL;
    return at ? at + strlen(quoted) : NULL;
}

static inline int json_has(const char *text, const char *name)
{
    return json_at(text, name) != NULL;
}

/* The first string of that name, its simple escapes undone; NULL if there is none. */
static inline char *json_text(const char *text, const char *name)
{
    const char *from = json_at(text, name);
    if (from == NULL || *from++ != '"') {
        return NULL;
    }
    char *out = keep(malloc(strlen(from) + 1)), *to = out;
    while (*from && *from != '"') {
        if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' : *from;
            from++;
        } else {
            *to++ = *from++;
        }
    }
    *to = 0;
    return out;
}

/* The first number of that name; -1 if there is none. */
static inline long long json_number(const char *text, const char *name)
{
    const char *at = json_at(text, name);
    return at ? strtoll(at, NULL, 10) : -1;
}

/* The value as it stands there, up to the next comma or brace outside of strings and brackets. */
static inline char *json_raw(const char *text, const char *name)
{
    const char *from = json_at(text, name), *end = from;
    int depth = 0, in_string = 0;
    if (from == NULL) {
        return NULL;
    }
    for (; *end; end++) {
        if (in_string) {
            if (*end == '\\' && end[1]) {
                end++;
            } else if (*end == '"') {
                in_string = 0;
            }
        } else if (*end == '"') {
            in_string = 1;
        } else if (*end == '{' || *end == '[') {
            depth++;
        } else if ((*end == '}' || *end == ']' || *end == ',') && depth == 0) {
            break;
        } else if (*end == '}' || *end == ']') {
            depth--;
        }
    }
    return format("%.*s", (int)(end - from), from);
}

/* How often needle stands in text, letter case ignored. */
static inline int count_of(const char *text, const char *needle)
{
    int count = 0;
    for (const char *at = text; (at = strcasestr(at, needle)) != NULL; at++) {
        count++;
    }
    return count;
}

/* --- Statuses --- */

static inline void check_status(bearer_status is, bearer_status should_be, const char *reason, const char *call,
                                const char *file, int line)
{
    const char *details = bearer_error_json(error);
    atomic_fetch_add(&checks_done, 1);
    int has_reason = reason == NULL || (details && strcmp(json_text(details, "reason"), reason) == 0);
    int has_status = bearer_error_status(error) == (should_be == BEARER_PENDING ? BEARER_OK : should_be);
    if (is != should_be || !has_reason || !has_status) {
        check_failed(file, line, call, "\n  is        %s %s\n  should be %s %s", bearer_status_name(is),
                     details ? details : "", bearer_status_name(should_be), reason ? reason : "");
        exit(1);
    }
    bearer_error_free(error);
    error = NULL;
}

/* --- The server --- */

static const char *server;     /* its ready line */
static const char *server_url; /* its plain listener */
static bearer_client *control_client;

static inline void begin(int argc, char **argv)
{
    alarm(getenv("BEARER_TEST_SLOW") ? 600 : 60);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2) {
        fprintf(stderr, "usage: %s READY-LINE (of bearer-testserver)\n", argv[0]);
        exit(2);
    }
    server = argv[1];
    server_url = json_text(server, "url");
    char *config = json("{'authorization':'x','base_url':'%s'}", json_text(server, "control"));
    OK(bearer_client_new(config, &control_client, &error));
}

/* The program's end: what main returns. */
static inline int finish(void)
{
    bearer_client_free(control_client);
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i]);
    }
    free(kept);
    kept = NULL;
    printf("%d checks\n", (int)checks_done);
    return checks_failed ? 1 : 0;
}

/* The body of an answer, which is freed. */
static inline char *body_of(bearer_response *response)
{
    const uint8_t *bytes;
    size_t len;
    OK(bearer_response_body(response, &bytes, &len, &error));
    char *text = keep(malloc(len + 1));
    memcpy(text, bytes, len + 1);
    bearer_response_free(response);
    return text;
}

/* A request to the server's control interface, made through the library itself. */
static inline char *control(const char *method, const char *path, const char *body)
{
    bearer_response *response;
    OK(bearer_client_request(control_client, method, path, body, body ? strlen(body) : 0, &response, &error));
    int status = bearer_response_status(response);
    char *text = body_of(response);
    CHECK_SAYING(status == 200, "%s %s %s: %d %s", method, path, body ? body : "", status, text);
    return text;
}

static inline long long counter(const char *name)
{
    return json_number(control("GET", "state", NULL), name);
}

/* A fresh token set; options: JSON as /control/issue takes it. */
static inline char *issue(const char *options)
{
    return control("POST", "issue", options);
}

static inline char *issue_expired(void)
{
    return issue(json("{'expired':true}"));
}

static inline void fault(const char *fault_json)
{
    control("POST", "fault", fault_json);
}

static inline void no_faults(void)
{
    control("DELETE", "fault", NULL);
}

/* Counters, log, faults and settings as at the start. */
static inline void reset(void)
{
    control("POST", "reset", NULL);
}

static inline int hold(const char *path)
{
    return (int)json_number(control("POST", "hold", json("{'path':'%s'}", path)), "id");
}

/* Waits until so many requests are held. */
static inline void wait_held(int id, int at_least)
{
    control("GET", format("held?id=%d&at_least=%d", id, at_least), NULL);
}

static inline void release(int id)
{
    control("POST", "release", json("{'id':%d}", id));
}

/* The test server's confidential client, as a member of a configuration. */
#define TEST_CLIENT "'client':{'client_id':'test-client','client_secret':'test-secret'}"

/* --- Clients and requests --- */

/* A client of a configuration. */
static inline bearer_client *client_of(const char *config)
{
    bearer_client *client;
    OK(bearer_client_new(config, &client, &error));
    return client;
}

/* A client of the server that holds this token set; more: further members as "'a':1,'b':2", or "". */
static inline bearer_client *client_with_token(const char *token, const char *more)
{
    const char *comma = *more ? "," : "";
    char *base = json("{'base_url':'%s'," TEST_CLIENT ",'token':%s%s", server_url, token, comma);
    return client_of(format("%s%s}", base, swap_quotes(more)));
}

/* Sends it, and expects an answer of any status. */
static inline bearer_response *ask(bearer_client *client, const char *method, const char *path)
{
    bearer_response *response;
    OK(bearer_client_request(client, method, path, NULL, 0, &response, &error));
    return response;
}

/* A GET's status. */
static inline int get_status(bearer_client *client, const char *path)
{
    bearer_response *response = ask(client, "GET", path);
    int status = bearer_response_status(response);
    bearer_response_free(response);
    return status;
}

/* A GET's body. */
static inline char *get_text(bearer_client *client, const char *path)
{
    return body_of(ask(client, "GET", path));
}

static inline char *send_text(bearer_client *client, bearer_request *request)
{
    bearer_response *response;
    OK(bearer_client_send(client, request, &response, &error));
    return body_of(response);
}

static inline bearer_request *request_of(const char *method, const char *path)
{
    bearer_request *request;
    OK(bearer_request_new(method, path, &request, &error));
    return request;
}

/* The token set that a client holds. */
static inline char *held_token(bearer_client *client)
{
    char *text;
    OK(bearer_client_token(client, &text, &error));
    char *copy = keep(strdup(text));
    bearer_free(text);
    return copy;
}

/* --- Threads --- */

static inline pthread_t start(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    return thread;
}

static inline void join(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

#endif
