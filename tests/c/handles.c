/* Every exported function with NULL for every pointer, and with wrong handles for every handle: freed ones, freed
 * twice, of another kind, made up. Never undefined behaviour, always an error that names the parameter. */
#include "check.h"

enum kind { CLIENT, ERROR, REPLY, REQUEST, RESPONSE, HANDLE_KINDS, TEXT, BYTES, FUNCTION, USER_DATA, NUMBER, OUT, OUT_BOOL, OUT_ERROR };
enum result { GIVES_STATUS, GIVES_VALUE };
enum { MOST_PARAMETERS = 10 };

union value {
    void *pointer;
    uint64_t number;
};

struct function {
    const char *name;
    uintptr_t (*call)(const union value *);
    enum result result;
    size_t count;
    struct {
        const char *name;
        enum kind kind;
    } parameters[MOST_PARAMETERS];
};

/* --- One stand-in for each type of function. --- */

static bearer_status a_bearer_access_token_fn(void *u, const char *t, bearer_reply *r)
{
    (void)u, (void)t, (void)r;
    return BEARER_INTERNAL;
}
#define a_bearer_refresh_fn a_bearer_access_token_fn
#define a_bearer_token_fn a_bearer_access_token_fn
#define a_bearer_lock_fn a_bearer_access_token_fn
#define a_bearer_reload_fn a_bearer_access_token_fn
static bearer_status a_bearer_http_fn(void *u, const bearer_request *q, bearer_reply *r)
{
    (void)u, (void)q, (void)r;
    return BEARER_INTERNAL;
}
static bearer_status a_bearer_sign_fn(void *u, const char *a, const void *b, size_t l, bearer_reply *r)
{
    (void)u, (void)a, (void)b, (void)l, (void)r;
    return BEARER_INTERNAL;
}
static void a_bearer_unlock_fn(void *u, const char *t, bearer_status s)
{
    (void)u, (void)t, (void)s;
}
static void a_bearer_log_fn(void *u, bearer_level l, const char *e)
{
    (void)u, (void)l, (void)e;
}
static bearer_status a_bearer_open_url_fn(void *u, const char *t)
{
    (void)u, (void)t;
    return BEARER_INTERNAL;
}
static int64_t a_bearer_read_fn(void *u, void *b, size_t c)
{
    (void)u, (void)b, (void)c;
    return 0;
}
static void a_bearer_destroy_fn(void *u)
{
    (void)u;
}

#include "handle_calls.inc"

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* --- Good arguments --- */

/* The live handles, by kind; there is a reply only inside of a hook. */
static void *live[HANDLE_KINDS];
static const char *const handle_names[HANDLE_KINDS] = {"client", "error", "reply", "request", "response"};
static char bytes[64];

static const char *good_text(const struct function *function, const char *name)
{
    static const struct {
        const char *name, *text;
    } good[] = {
        {"config_json", "{}"},  {"options_json", "{}"},      {"token_json", "{\"access_token\":\"at-x\"}"},
        {"method", "GET"},      {"path", "api/lights"},      {"sent_headers_json", "{}"},
        {"name", "X-Name"},     {"answer_headers_json", "{}"}, {"value", "value"},
        {"token", "at-x"},      {"message", "words"},        {"text", "text"},
        {"params_json", "{}"},  {"grant_json", "{\"grant_type\":\"client_credentials\"}"},
        {"device_json", "{\"device_code\":\"d\"}"},          {"login_json", "{\"state\":\"s\",\"code_verifier\":\"v\"}"},
        {"token_type_hint", "access_token"}, {"metadata_json", "{}"}, {"registration_json", "{}"},
        {"callback_url", "?state=s&error=access_denied"},
    };
    if (strcmp(name, "url") == 0) {
        return format("%s/api/lights", server_url);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (strcmp(good[i].name, name) == 0) {
            return good[i].text;
        }
    }
    CHECK_SAYING(0, "%s: this test needs a good value for %s", function->name, name);
    return NULL;
}

static uint64_t good_number(const char *name)
{
    return strcmp(name, "level") == 0         ? BEARER_LEVEL_INFO
           : strcmp(name, "http_status") == 0 ? 200
           : strcmp(name, "min_valid_s") == 0 ? 0
                                              : 5;
}

/* Results, filled with what must not be left there. */
static union out {
    uint64_t number;
    void *pointer;
} outs[MOST_PARAMETERS];

static void good_arguments(const struct function *function, union value *v)
{
    memset(outs, 0xaa, sizeof outs);
    for (size_t i = 0; i < function->count; i++) {
        const char *name = function->parameters[i].name;
        enum kind kind = function->parameters[i].kind;
        v[i].number = 0;
        if (kind < HANDLE_KINDS) {
            v[i].pointer = live[kind];
        } else if (kind == TEXT) {
            v[i].pointer = (void *)(uintptr_t)good_text(function, name);
        } else if (kind == BYTES || kind == USER_DATA) {
            v[i].pointer = bytes;
        } else if (kind == FUNCTION) {
            v[i].number = 1;
        } else if (kind == NUMBER) {
            v[i].number = good_number(name);
        } else {
            v[i].pointer = &outs[i];
        }
    }
}

/* --- Calls that must fail --- */

static int is_live(void)
{
    return bearer_response_status(live[RESPONSE]) == 200 && bearer_error_status(live[ERROR]) == BEARER_INVALID_ARGUMENT
           && bearer_client_token(live[CLIENT], NULL, NULL) == BEARER_OK
           && bearer_request_set_timeout(live[REQUEST], 5000, NULL) == BEARER_OK;
}


/* Calls it with one argument replaced by a wrong one, and looks at all that comes back. */
static void call_wrongly(const struct function *function, size_t bad, void *argument, bearer_status expected, const char *reason,
                         const char *what, int with_error)
{
    union value v[MOST_PARAMETERS];
    char *row = format("%s(%s = %s)", function->name, function->parameters[bad].name, what);
    good_arguments(function, v);
    v[bad].pointer = argument;
    bearer_error **error_place = NULL;
    for (size_t i = 0; i < function->count; i++) {
        if (function->parameters[i].kind == OUT_ERROR) {
            if (with_error) {
                error_place = (bearer_error **)&outs[i].pointer;
            } else {
                v[i].pointer = NULL;
            }
        }
    }
    uintptr_t result = function->call(v);
    if (function->result == GIVES_STATUS) {
        SOFT_CHECK((bearer_status)result == expected, "%s is %s", row, bearer_status_name((bearer_status)result));
    } else {
        SOFT_CHECK(result == 0, "%s is %llx", row, (unsigned long long)result);
    }
    for (size_t i = 0; i < function->count; i++) {
        enum kind kind = function->parameters[i].kind;
        if (kind == OUT && i != bad) {
            SOFT_CHECK(outs[i].number == 0, "%s leaves %s", row, function->parameters[i].name);
        } else if (kind == OUT_BOOL && i != bad) {
            SOFT_CHECK((outs[i].number & 0xff) == 0, "%s leaves %s", row, function->parameters[i].name);
        }
    }
    if (error_place != NULL) {
        bearer_error *failure = *error_place;
        const char *message = bearer_error_message(failure);
        SOFT_CHECK(bearer_error_status(failure) == expected, "%s", row);
        SOFT_CHECK(message != NULL && strncmp(message, function->parameters[bad].name, strlen(function->parameters[bad].name)) == 0,
                   "%s: %s", row, message ? message : "no message");
        char *told = json_text(bearer_error_json(failure), "reason");
        SOFT_CHECK(told != NULL && strcmp(told, reason) == 0, "%s: %s", row, told);
        bearer_error_free(failure);
    }
}

/* A handle parameter that is NULL or wrong. */
static void with_handle(const struct function *function, size_t bad, void *handle, const char *what)
{
    bearer_status expected = handle == NULL ? BEARER_INVALID_ARGUMENT : BEARER_INVALID_HANDLE;
    const char *reason = handle == NULL ? "null" : "handle";
    if (strcmp(function->name, "bearer_error_status") == 0 && handle == NULL) {
        expected = BEARER_OK;
    }
    call_wrongly(function, bad, handle, expected, reason, what, 1);
    call_wrongly(function, bad, handle, expected, reason, what, 0);
}

/* --- Wrong handles --- */

enum { MOST_HANDLES = 128 };
static struct {
    void *handle;
    const char *what;
} wrong[MOST_HANDLES];
static size_t wrong_count;

static void add_wrong(void *handle, const char *what)
{
    CHECK(wrong_count < MOST_HANDLES);
    wrong[wrong_count].handle = handle;
    wrong[wrong_count++].what = what;
}

static void *make(enum kind kind)
{
    void *made = NULL;
    switch (kind) {
    case CLIENT:
        return client_with_token(issue("{}"), "");
    case ERROR:
        CHECK(bearer_client_new("x", (bearer_client **)&outs[0].pointer, (bearer_error **)&made) == BEARER_INVALID_ARGUMENT);
        return made;
    case REQUEST:
        return request_of("GET", "api/lights");
    case RESPONSE:
        return ask(live[CLIENT], "GET", "api/lights");
    default:
        return NULL;
    }
}

static void free_handle(enum kind kind, void *handle)
{
    switch (kind) {
    case CLIENT:
        bearer_client_free(handle);
        break;
    case ERROR:
        bearer_error_free(handle);
        break;
    case REQUEST:
        bearer_request_free(handle);
        break;
    case RESPONSE:
        bearer_response_free(handle);
        break;
    default:
        bearer_reply_free(handle);
    }
}

static void wrong_handles_of(enum kind kind)
{
    static int on_no_heap;
    wrong_count = 0;
    void *freed = make(kind), *twice = make(kind);
    if (freed != NULL) {
        free_handle(kind, freed);
        free_handle(kind, twice);
        free_handle(kind, twice);
        add_wrong(freed, "freed");
        add_wrong(twice, "freed twice");
    }
    for (int other = 0; other < HANDLE_KINDS; other++) {
        if (other != (int)kind && live[other] != NULL) {
            add_wrong(live[other], format("a %s", handle_names[other]));
        }
    }
    static const uintptr_t made_up[] = {1, 8, 0xfff, 0x1000, 0xdeadbeef, (uintptr_t)0x7fff00000000, UINTPTR_MAX, UINTPTR_MAX - 7,
                                        UINTPTR_MAX / 2, UINTPTR_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        add_wrong((void *)made_up[i], format("0x%llx", (unsigned long long)made_up[i]));
    }
    add_wrong(&on_no_heap, "an address");
    add_wrong((void *)(uintptr_t)server, "text");
    if (live[kind] != NULL) {
        for (int bit = 0; bit < 64; bit++) {
            void *close = (void *)((uintptr_t)live[kind] ^ (uintptr_t)1 << bit);
            if (close != control_client && close != NULL) {
                add_wrong(close, format("a live one with bit %d flipped", bit));
            }
        }
    }
}

static void every_handle_parameter(void)
{
    for (int kind = 0; kind < HANDLE_KINDS; kind++) {
        wrong_handles_of((enum kind)kind);
        for (size_t f = 0; f < FUNCTIONS; f++) {
            const struct function *function = &functions[f];
            for (size_t i = 0; i < function->count; i++) {
                if (function->parameters[i].kind != (enum kind)kind) {
                    continue;
                }
                with_handle(function, i, NULL, "NULL");
                for (size_t w = 0; w < wrong_count; w++) {
                    with_handle(function, i, wrong[w].handle, wrong[w].what);
                }
                SOFT_CHECK(is_live(), "after %s", function->name);
            }
        }
    }
}

/* --- NULL for everything else --- */

/* Where NULL means something. */
static int may_be_null(const struct function *function, size_t parameter)
{
    static const char *const optional[] = {"options_json", "params_json", "token_type_hint", "answer_headers_json",
                                           "message",      "destroy",     "user_data",       "fn",
                                           "open_url",     "lock",        "reload",          "unlock"};
    static const char *const wanted[] = {"client", "scope", "request", "response", "resend"};
    const char *name = function->parameters[parameter].name;
    enum kind kind = function->parameters[parameter].kind;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        if (strcmp(name, optional[i]) == 0) {
            return 1;
        }
    }
    if (strcmp(function->name, "bearer_introspect") == 0 && strcmp(name, "token") == 0) {
        return 1;
    }
    if (kind == OUT || kind == OUT_BOOL) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (strcmp(name, wanted[i]) == 0) {
                return 0;
            }
        }
        return strcmp(name, "read") != 0;
    }
    return kind == NUMBER || kind == OUT_ERROR;
}

static int takes_reply(const struct function *function)
{
    return function->count > 0 && function->parameters[0].kind == REPLY;
}

static void nulls(const struct function *function)
{
    for (size_t i = 0; i < function->count; i++) {
        if (function->parameters[i].kind < HANDLE_KINDS || may_be_null(function, i)) {
            continue;
        }
        if (strcmp(function->name, "bearer_free") == 0) {
            bearer_free(NULL);
            continue;
        }
        for (int with_error = 0; with_error < 2; with_error++) {
            call_wrongly(function, i, NULL, BEARER_INVALID_ARGUMENT, "null", "NULL", with_error);
        }
    }
}

static void every_other_parameter(void)
{
    for (size_t f = 0; f < FUNCTIONS; f++) {
        if (!takes_reply(&functions[f]) && strcmp(functions[f].name, "bearer_request_body_read") != 0) {
            nulls(&functions[f]);
            SOFT_CHECK(is_live(), "after %s", functions[f].name);
        }
    }
}

/* Results that nobody wants may be left out. */
static void unwanted_results(void)
{
    bearer_client *client = live[CLIENT];
    bearer_response *response = live[RESPONSE];
    OK(bearer_client_token(client, NULL, &error));
    OK(bearer_client_refresh(client, NULL, &error));
    OK(bearer_client_stats(client, NULL, &error));
    OK(bearer_client_authorization(client, "GET", format("%s/x", server_url), NULL, &error));
    OK(bearer_client_access_token(client, 0, NULL, NULL, &error));
    char buffer[512];
    OK(bearer_client_access_token_into(client, 0, buffer, sizeof buffer, NULL, NULL, &error));
    OK(bearer_percent_encode("a b", NULL, &error));
    CHECK(bearer_response_header_at(response, 0, NULL, NULL));
    OK(bearer_response_body(response, NULL, NULL, &error));
    CHECK(bearer_response_header(response, NULL) == NULL);
}

/* Where a reply and the request of an on_http hook live. */
static bearer_status inside_of_a_hook(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    void *own_request = live[REQUEST];
    (void)user_data;
    live[REPLY] = reply;
    for (size_t f = 0; f < FUNCTIONS; f++) {
        if (takes_reply(&functions[f])) {
            nulls(&functions[f]);
        }
    }
    every_handle_parameter();
    live[REQUEST] = (void *)(uintptr_t)request;
    for (size_t f = 0; f < FUNCTIONS; f++) {
        if (strcmp(functions[f].name, "bearer_request_body_read") == 0) {
            nulls(&functions[f]);
        }
    }
    CHECK_TEXT(bearer_request_method(request), "GET");
    CHECK(bearer_request_header_at(request, 0, NULL, NULL));
    /* It may only be read, and freeing it does nothing. */
    bearer_request *mine = (bearer_request *)(uintptr_t)request;
    bearer_request_free(mine);
    EXPECT(bearer_request_set_timeout(mine, 1, &error), BEARER_INVALID_ARGUMENT, "value");
    CHECK_TEXT(bearer_request_method(request), "GET");
    live[REQUEST] = own_request;
    live[REPLY] = NULL;
    CHECK_NUMBER(bearer_reply_http(reply, 200, "fine", 4), BEARER_OK);
    /* Both end with the answer. */
    CHECK_NUMBER(bearer_reply_http(reply, 200, NULL, 0), BEARER_INVALID_ARGUMENT);
    return BEARER_OK;
}

static void in_hooks(void)
{
    bearer_client *client = client_with_token(issue("{}"), "");
    OK(bearer_client_on_http(client, inside_of_a_hook, NULL, NULL, &error));
    CHECK_TEXT(get_text(client, "api/lights"), "fine");
    bearer_client_free(client);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    live[CLIENT] = make(CLIENT);
    live[ERROR] = make(ERROR);
    live[REQUEST] = make(REQUEST);
    live[RESPONSE] = make(RESPONSE);
    CHECK(is_live());
    every_handle_parameter();
    every_other_parameter();
    unwanted_results();
    in_hooks();
    for (int kind = 0; kind < HANDLE_KINDS; kind++) {
        void *handle = live[kind];
        free_handle((enum kind)kind, handle);
        free_handle((enum kind)kind, handle);
    }
    return finish();
}
