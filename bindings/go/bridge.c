#include "bridge.h"

#include "_cgo_export.h"

/* Which Go call this thread is in. A hook on the library's own thread finds 0. */
static _Thread_local uintptr_t current;

#define CLIENT(handle) ((bearer_client *)(handle))
#define REQUEST(handle) ((bearer_request *)(handle))
#define RESPONSE(handle) ((bearer_response *)(handle))
#define REPLY(handle) ((bearer_reply *)(handle))

/* Runs an expression as part of a Go call; a hook may make calls too, so the outer one is kept. */
#define WITHIN(call, ...)                                                                                              \
    bg_result result = {0};                                                                                            \
    bearer_error *error = NULL;                                                                                        \
    uintptr_t outer = current;                                                                                         \
    current = (call);                                                                                                  \
    result.status = (__VA_ARGS__);                                                                                     \
    current = outer;                                                                                                   \
    result.error = (uintptr_t)error

#define OUTSIDE(...) WITHIN(current, __VA_ARGS__)

bg_result bg_call_in1(uintptr_t call, bg_in1 f, uintptr_t client, const char *a)
{
    WITHIN(call, f(CLIENT(client), a, &error));
    return result;
}

bg_result bg_call_out0(uintptr_t call, bg_out0 f, uintptr_t client)
{
    WITHIN(call, f(CLIENT(client), &result.text, &error));
    return result;
}

bg_result bg_call_out1(uintptr_t call, bg_out1 f, uintptr_t client, const char *a)
{
    WITHIN(call, f(CLIENT(client), a, &result.text, &error));
    return result;
}

bg_result bg_call_out2(uintptr_t call, bg_out2 f, uintptr_t client, const char *a, const char *b)
{
    WITHIN(call, f(CLIENT(client), a, b, &result.text, &error));
    return result;
}

bg_result bg_client_new(const char *config)
{
    bearer_client *client = NULL;
    OUTSIDE(bearer_client_new(config, &client, &error));
    result.handle = (uintptr_t)client;
    return result;
}

bg_result bg_client_scope(uintptr_t client, const char *options)
{
    bearer_client *scope = NULL;
    OUTSIDE(bearer_client_scope(CLIENT(client), options, &scope, &error));
    result.handle = (uintptr_t)scope;
    return result;
}

void bg_client_cancel(uintptr_t client)
{
    (void)bearer_client_cancel(CLIENT(client));
}

void bg_client_free(uintptr_t client)
{
    /* Its hooks may still be asked here, on behalf of no call. */
    uintptr_t outer = current;
    current = 0;
    bearer_client_free(CLIENT(client));
    current = outer;
}

bg_result bg_client_access_token(uintptr_t call, uintptr_t client, uint32_t min_valid_s)
{
    WITHIN(call, bearer_client_access_token(CLIENT(client), min_valid_s, &result.text, &result.number, &error));
    return result;
}

bg_result bg_client_feedback(uintptr_t call, uintptr_t client, const char *method, const char *url, const char *sent,
                             uint16_t http_status, const char *answer)
{
    WITHIN(call, bearer_client_feedback(CLIENT(client), method, url, sent, http_status, answer, &result.yes, &error));
    return result;
}

static bearer_status open_url(void *user_data, const char *url)
{
    return bearerGoOpenURL((uintptr_t)user_data, (char *)url);
}

bg_result bg_login_loopback(uintptr_t call, uintptr_t client, const char *params, uintptr_t opener)
{
    WITHIN(call, bearer_login_loopback(CLIENT(client), params, opener ? open_url : NULL, (void *)opener, &result.text,
                                       &error));
    return result;
}

bg_result bg_qr_text(const char *text)
{
    OUTSIDE(bearer_qr_text(text, &result.text, &error));
    return result;
}

bg_result bg_percent_encode(const char *text)
{
    OUTSIDE(bearer_percent_encode(text, &result.text, &error));
    return result;
}

bg_result bg_request_new(const char *method, const char *path)
{
    bearer_request *request = NULL;
    OUTSIDE(bearer_request_new(method, path, &request, &error));
    result.handle = (uintptr_t)request;
    return result;
}

bg_result bg_request_add_query(uintptr_t request, const char *name, const char *value)
{
    OUTSIDE(bearer_request_add_query(REQUEST(request), name, value, &error));
    return result;
}

bg_result bg_request_add_header(uintptr_t request, const char *name, const char *value)
{
    OUTSIDE(bearer_request_add_header(REQUEST(request), name, value, &error));
    return result;
}

bg_result bg_request_set_body(uintptr_t request, const void *bytes, size_t len)
{
    OUTSIDE(bearer_request_set_body(REQUEST(request), bytes, len, &error));
    return result;
}

static int64_t read_body(void *user_data, void *buffer, size_t capacity)
{
    return bearerGoRead((uintptr_t)user_data, current, buffer, capacity);
}

static void let_go(void *user_data)
{
    bearerGoDestroy((uintptr_t)user_data);
}

bg_result bg_request_set_body_from(uintptr_t request, uintptr_t body, int64_t len)
{
    OUTSIDE(bearer_request_set_body_from(REQUEST(request), read_body, (void *)body, let_go, len, &error));
    return result;
}

bg_result bg_request_set_timeout(uintptr_t request, uint64_t milliseconds)
{
    OUTSIDE(bearer_request_set_timeout(REQUEST(request), milliseconds, &error));
    return result;
}

void bg_request_free(uintptr_t request)
{
    bearer_request_free(REQUEST(request));
}

bg_result bg_client_send(uintptr_t call, uintptr_t client, uintptr_t request)
{
    bearer_response *response = NULL;
    WITHIN(call, bearer_client_send(CLIENT(client), REQUEST(request), &response, &error));
    result.handle = (uintptr_t)response;
    return result;
}

uint16_t bg_response_status(uintptr_t response)
{
    return bearer_response_status(RESPONSE(response));
}

const char *bg_response_url(uintptr_t response)
{
    return bearer_response_url(RESPONSE(response));
}

bool bg_response_header_at(uintptr_t response, size_t index, const char **name, const char **value)
{
    return bearer_response_header_at(RESPONSE(response), index, name, value);
}

bg_result bg_response_read(uintptr_t call, uintptr_t response, void *buffer, size_t capacity)
{
    WITHIN(call, bearer_response_read(RESPONSE(response), buffer, capacity, &result.len, &error));
    return result;
}

bg_result bg_response_challenge(uintptr_t response)
{
    OUTSIDE(bearer_response_challenge(RESPONSE(response), &result.text, &error));
    return result;
}

void bg_response_free(uintptr_t response)
{
    bearer_response_free(RESPONSE(response));
}

const char *bg_error_json(uintptr_t error)
{
    return bearer_error_json((const bearer_error *)error);
}

void bg_error_free(uintptr_t error)
{
    bearer_error_free((bearer_error *)error);
}

static bearer_status access_token(void *user_data, const char *rejected, bearer_reply *reply)
{
    return bearerGoAccessToken((uintptr_t)user_data, current, (char *)rejected, (uintptr_t)reply);
}

static bearer_status refresh(void *user_data, const char *token, bearer_reply *reply)
{
    return bearerGoRefresh((uintptr_t)user_data, current, (char *)token, (uintptr_t)reply);
}

static bearer_status token(void *user_data, const char *token, bearer_reply *reply)
{
    return bearerGoToken((uintptr_t)user_data, current, (char *)token, (uintptr_t)reply);
}

static bearer_status http(void *user_data, const bearer_request *request, bearer_reply *reply)
{
    return bearerGoHTTP((uintptr_t)user_data, current, (uintptr_t)request, (uintptr_t)reply);
}

static bearer_status lock(void *user_data, const char *token, bearer_reply *reply)
{
    return bearerGoLock((uintptr_t)user_data, current, (char *)token, (uintptr_t)reply);
}

static bearer_status reload(void *user_data, const char *token, bearer_reply *reply)
{
    return bearerGoReload((uintptr_t)user_data, current, (char *)token, (uintptr_t)reply);
}

static void unlock(void *user_data, const char *token, bearer_status outcome)
{
    bearerGoUnlock((uintptr_t)user_data, current, (char *)token, outcome);
}

static bearer_status sign(void *user_data, const char *algorithm, const void *bytes, size_t len, bearer_reply *reply)
{
    return bearerGoSign((uintptr_t)user_data, current, (char *)algorithm, (void *)bytes, len, (uintptr_t)reply);
}

static void heard(void *user_data, bearer_level level, const char *event)
{
    bearerGoLog((uintptr_t)user_data, current, level, (char *)event);
}

#define REGISTER(name, function)                                                                                       \
    bg_result bg_on_##name(uintptr_t client, uintptr_t hook)                                                           \
    {                                                                                                                  \
        OUTSIDE(bearer_client_on_##name(CLIENT(client), hook ? function : NULL, (void *)hook, hook ? let_go : NULL,    \
                                        &error));                                                                      \
        return result;                                                                                                 \
    }

REGISTER(access_token, access_token)
REGISTER(refresh, refresh)
REGISTER(token, token)
REGISTER(http, http)
REGISTER(sign, sign)

bg_result bg_on_lock(uintptr_t client, uintptr_t hook, bool reloads, bool unlocks)
{
    OUTSIDE(bearer_client_on_lock(CLIENT(client), hook ? lock : NULL, reloads ? reload : NULL, unlocks ? unlock : NULL,
                                  (void *)hook, hook ? let_go : NULL, &error));
    return result;
}

bg_result bg_on_log(uintptr_t client, uintptr_t hook, bearer_level level)
{
    OUTSIDE(bearer_client_on_log(CLIENT(client), hook ? heard : NULL, (void *)hook, hook ? let_go : NULL, level,
                                 &error));
    return result;
}

bearer_status bg_reply_token(uintptr_t reply, const char *token)
{
    return bearer_reply_token(REPLY(reply), token);
}

bearer_status bg_reply_done(uintptr_t reply)
{
    return bearer_reply_done(REPLY(reply));
}

bearer_status bg_reply_header(uintptr_t reply, const char *name, const char *value)
{
    return bearer_reply_header(REPLY(reply), name, value);
}

bearer_status bg_reply_body(uintptr_t reply, const void *bytes, size_t len)
{
    return bearer_reply_body(REPLY(reply), bytes, len);
}

bearer_status bg_reply_http(uintptr_t reply, uint16_t http_status)
{
    return bearer_reply_http(REPLY(reply), http_status, NULL, 0);
}

bearer_status bg_reply_signature(uintptr_t reply, const void *bytes, size_t len)
{
    return bearer_reply_signature(REPLY(reply), bytes, len);
}

bearer_status bg_reply_error(uintptr_t reply, bearer_status status, const char *message)
{
    return bearer_reply_error(REPLY(reply), status, message);
}

const char *bg_request_method(uintptr_t request)
{
    return bearer_request_method(REQUEST(request));
}

const char *bg_request_url(uintptr_t request)
{
    return bearer_request_url(REQUEST(request));
}

bool bg_request_header_at(uintptr_t request, size_t index, const char **name, const char **value)
{
    return bearer_request_header_at(REQUEST(request), index, name, value);
}

bg_result bg_request_body_read(uintptr_t request, void *buffer, size_t capacity)
{
    OUTSIDE(bearer_request_body_read(REQUEST(request), buffer, capacity, &result.len, &error));
    return result;
}

uint64_t bg_request_timeout_ms(uintptr_t request)
{
    return bearer_request_timeout_ms(REQUEST(request));
}
