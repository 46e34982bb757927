/*
 * What stands between Go and bearer.h. Handles are numbers here, as they are in truth: Go's collector has no business
 * with them. `call` tells a hook which Go call it serves; it is a number of runtime/cgo's, or 0.
 */
#ifndef BEARER_GO_BRIDGE_H
#define BEARER_GO_BRIDGE_H

#include <bearer.h>

/* What a call gave. `error` is to be freed, and so is `text`. */
typedef struct {
    bearer_status status;
    uintptr_t error;
    uintptr_t handle;
    char *text;
    size_t len;
    int64_t number;
    bool yes;
} bg_result;

/* The shapes that most functions have: one or two texts in, one out, or none. */
typedef bearer_status (*bg_in1)(bearer_client *, const char *, bearer_error **);
typedef bearer_status (*bg_out0)(bearer_client *, char **, bearer_error **);
typedef bearer_status (*bg_out1)(bearer_client *, const char *, char **, bearer_error **);
typedef bearer_status (*bg_out2)(bearer_client *, const char *, const char *, char **, bearer_error **);

bg_result bg_call_in1(uintptr_t call, bg_in1 f, uintptr_t client, const char *a);
bg_result bg_call_out0(uintptr_t call, bg_out0 f, uintptr_t client);
bg_result bg_call_out1(uintptr_t call, bg_out1 f, uintptr_t client, const char *a);
bg_result bg_call_out2(uintptr_t call, bg_out2 f, uintptr_t client, const char *a, const char *b);

bg_result bg_client_new(const char *config);
bg_result bg_client_scope(uintptr_t client, const char *options);
void bg_client_cancel(uintptr_t client);
void bg_client_free(uintptr_t client);
bg_result bg_client_access_token(uintptr_t call, uintptr_t client, uint32_t min_valid_s);
bg_result bg_client_feedback(uintptr_t call, uintptr_t client, const char *method, const char *url, const char *sent,
                             uint16_t http_status, const char *answer);
bg_result bg_login_loopback(uintptr_t call, uintptr_t client, const char *params, uintptr_t open_url);
bg_result bg_qr_text(const char *text);
bg_result bg_percent_encode(const char *text);

/* Hooks: `hook` is a number of runtime/cgo's that the library lets go of, or 0 to remove the hook. */
bg_result bg_on_access_token(uintptr_t client, uintptr_t hook);
bg_result bg_on_refresh(uintptr_t client, uintptr_t hook);
bg_result bg_on_token(uintptr_t client, uintptr_t hook);
bg_result bg_on_http(uintptr_t client, uintptr_t hook);
bg_result bg_on_lock(uintptr_t client, uintptr_t hook, bool reloads, bool unlocks);
bg_result bg_on_sign(uintptr_t client, uintptr_t hook);
bg_result bg_on_log(uintptr_t client, uintptr_t hook, bearer_level level);

bearer_status bg_reply_token(uintptr_t reply, const char *token);
bearer_status bg_reply_done(uintptr_t reply);
bearer_status bg_reply_header(uintptr_t reply, const char *name, const char *value);
bearer_status bg_reply_body(uintptr_t reply, const void *bytes, size_t len);
bearer_status bg_reply_http(uintptr_t reply, uint16_t http_status);
bearer_status bg_reply_signature(uintptr_t reply, const void *bytes, size_t len);
bearer_status bg_reply_error(uintptr_t reply, bearer_status status, const char *message);

/* A request that an HTTP hook is asked to make. */
const char *bg_request_method(uintptr_t request);
const char *bg_request_url(uintptr_t request);
bool bg_request_header_at(uintptr_t request, size_t index, const char **name, const char **value);
bg_result bg_request_body_read(uintptr_t request, void *buffer, size_t capacity);
uint64_t bg_request_timeout_ms(uintptr_t request);

bg_result bg_request_new(const char *method, const char *path);
bg_result bg_request_add_query(uintptr_t request, const char *name, const char *value);
bg_result bg_request_add_header(uintptr_t request, const char *name, const char *value);
bg_result bg_request_set_body(uintptr_t request, const void *bytes, size_t len);
bg_result bg_request_set_body_from(uintptr_t request, uintptr_t body, int64_t len);
bg_result bg_request_set_timeout(uintptr_t request, uint64_t milliseconds);
void bg_request_free(uintptr_t request);
bg_result bg_client_send(uintptr_t call, uintptr_t client, uintptr_t request);

uint16_t bg_response_status(uintptr_t response);
const char *bg_response_url(uintptr_t response);
bool bg_response_header_at(uintptr_t response, size_t index, const char **name, const char **value);
bg_result bg_response_read(uintptr_t call, uintptr_t response, void *buffer, size_t capacity);
bg_result bg_response_challenge(uintptr_t response);
void bg_response_free(uintptr_t response);

const char *bg_error_json(uintptr_t error);
void bg_error_free(uintptr_t error);

#endif
