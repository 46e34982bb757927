#ifndef BEARER_H
#define BEARER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libbearer: get an access token, keep it valid, make requests with it.
 *
 * Every function that can fail returns a bearer_status (0 = BEARER_OK), writes its results through
 * out-parameters, and takes `bearer_error **error` last, which may be NULL. On failure all out-parameters are
 * NULL or 0 and *error is a new error object; on success *error is NULL. Text in is NUL-terminated UTF-8 and
 * copied. `char *` out is yours: bearer_free; `const char *` out is borrowed from the object it was asked of.
 * Handles are checked: one that was freed, is of another kind, or was made up is answered with
 * BEARER_INVALID_HANDLE. Any function may be called from any thread.
 */

#define BEARER_VERSION_MAJOR 0
#define BEARER_VERSION_MINOR 1
#define BEARER_VERSION_PATCH 0

#if defined(__GNUC__) || defined(__clang__)
#define BEARER_MUST_USE __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#define BEARER_MUST_USE _Check_return_
#include <sal.h>
#else
#define BEARER_MUST_USE
#endif

/** Statuses, grouped in tens by what the program should do about them. */
enum {
    /** Done. */
    BEARER_OK = 0,
    /** Not finished yet: a deferred reply, a device that nobody has approved so far. */
    BEARER_PENDING = 1,
    /** Fix the program: NULL, not UTF-8, bad JSON, unknown member, bad URL, illegal header. Nothing was sent. */
    BEARER_INVALID_ARGUMENT = 10,
    /** Fix the program: the handle was freed, is of another kind, or was never one. */
    BEARER_INVALID_HANDLE = 11,
    /** Fix the program: a hook called back into the very call that waits for it. */
    BEARER_WOULD_DEADLOCK = 12,
    /** This build, or this server, does not offer it. */
    BEARER_UNSUPPORTED = 13,
    /** A person must sign in: there is no token, or the server will renew it no more. */
    BEARER_LOGIN_REQUIRED = 20,
    /** The person said no. */
    BEARER_ACCESS_DENIED = 21,
    /** The login or device code is too old: begin again. */
    BEARER_EXPIRED = 22,
    /** Try again later: name lookup, connection, or the authorization server failed (429, 5xx). */
    BEARER_UNAVAILABLE = 30,
    /** The deadline passed. */
    BEARER_TIMEOUT = 31,
    /** The handle was cancelled. */
    BEARER_CANCELLED = 32,
    /** The answer to a renewal was lost: the server may have rotated the refresh token. The old one is kept. */
    BEARER_UNCERTAIN = 33,
    /** The secure connection could not be trusted or set up. */
    BEARER_TLS = 40,
    /** The answer is not what the RFC says. */
    BEARER_PROTOCOL = 41,
    /** The authorization server answered with an OAuth error. */
    BEARER_REJECTED = 42,
    /** Larger than the limit, or than the buffer. */
    BEARER_TOO_LARGE = 43,
    /** Going on would be unsafe: a token about to leave its origin, a mismatch, a downgrade. */
    BEARER_UNSAFE = 44,
    /** One of the program's own hooks failed; its words are in the message. */
    BEARER_HOOK_FAILED = 50,
    /** No memory. */
    BEARER_OUT_OF_MEMORY = 60,
    /** A bug in this library. */
    BEARER_INTERNAL = 61
};


/**
 * A client: one API, one token, one set of hooks. Any number of threads may use it at once.
 */
typedef struct bearer_client bearer_client;

/**
 * Why a call failed. Made by the call, freed by whoever made the call.
 */
typedef struct bearer_error bearer_error;

/**
 * The answer that a hook owes; given once, on the hook's thread or later on any other. Everything that is handed in
 * is copied. Answering ends it: only a reply that is given up is freed.
 */
typedef struct bearer_reply bearer_reply;

/**
 * A request: one to send, or the one that an on_http hook is asked to make.
 */
typedef struct bearer_request bearer_request;

/**
 * An answer. Its head is in; its body comes whole or piece by piece, under the deadline and cancel of the call that
 * asked for it, also after the client was freed.
 */
typedef struct bearer_response bearer_response;

/**
 * What a call returns: 0 is success, the tens say what to do (see the enum above).
 */
typedef int32_t bearer_status;

/**
 * "Return a valid access token": asked at every request; answer with bearer_reply_token. rejected_access_token is
 * the token that the API has just answered 401 to, or NULL; the request is sent again only if the answer differs.
 * A hook returns BEARER_OK after it has answered, BEARER_PENDING to answer later from any thread, or any other
 * status to fail. What a hook is given lives until its reply is answered or freed. It must not unwind: no C++
 * exception and no longjmp may leave it.
 */
typedef bearer_status (*bearer_access_token_fn)(void *user_data,
                                                const char *rejected_access_token,
                                                bearer_reply *reply);

/**
 * Lets user_data go: called exactly once, on whichever thread lets go last: when the hook is replaced or removed,
 * when the client is gone and no call uses it any more, or at once when the registration fails.
 */
typedef void (*bearer_destroy_fn)(void *user_data);

/**
 * Renews through your own service: answer with bearer_reply_token, a token JSON or a bare access token. token_json
 * is the token set to renew, or NULL where there is none yet. An answer that comes after the call has left is kept
 * for the next one: the hook is not asked again meanwhile.
 */
typedef bearer_status (*bearer_refresh_fn)(void *user_data, const char *token_json, bearer_reply *reply);

/**
 * Told of every new token set before anything uses it: save token_json, then return BEARER_OK (or answer with
 * bearer_reply_done). Calls for one client never overlap and come in order.
 */
typedef bearer_status (*bearer_token_fn)(void *user_data, const char *token_json, bearer_reply *reply);

/**
 * Makes one HTTP exchange in place of the library: read the request with bearer_request_method, _url, _header_at and
 * _body_read, answer with bearer_reply_header, _body and _http. Follow no redirect, and send the headers as they
 * are.
 */
typedef bearer_status (*bearer_http_fn)(void *user_data, const bearer_request *request, bearer_reply *reply);

/**
 * Takes a lock that covers everybody who shares the token; return BEARER_OK (or answer with bearer_reply_done) once
 * it is held. token_json may be NULL.
 */
typedef bearer_status (*bearer_lock_fn)(void *user_data, const char *token_json, bearer_reply *reply);

/**
 * Under the lock: answer bearer_reply_token with the token set that somebody else stored meanwhile, which is then
 * used and nothing is sent; or return BEARER_OK where there is nothing newer.
 */
typedef bearer_status (*bearer_reload_fn)(void *user_data, const char *token_json, bearer_reply *reply);

/**
 * Lets the lock go: exactly once for every lock that was granted, with the status that the renewal ended with;
 * BEARER_UNCERTAIN where it was given up before its answer came.
 */
typedef void (*bearer_unlock_fn)(void *user_data, const char *token_json, bearer_status outcome);

/**
 * How much a log hook wants to hear: BEARER_LEVEL_ERROR to BEARER_LEVEL_TRACE.
 */
typedef int32_t bearer_level;

/**
 * Hears one event as a JSON object, {"event":"renewed",...}; tokens appear only as 8 hex digits of their SHA-256.
 * event_json lives until the function returns. Events of calls made from inside it are dropped.
 */
typedef void (*bearer_log_fn)(void *user_data, bearer_level level, const char *event_json);

/**
 * Signs bytes with a key that the library never sees, as algorithm says (RFC 7518 section 3.1): ES256, RS256, PS256 or
 * EdDSA. Answer with bearer_reply_signature; algorithm and bytes live until then.
 */
typedef bearer_status (*bearer_sign_fn)(void *user_data,
                                        const char *algorithm,
                                        const void *bytes,
                                        size_t len,
                                        bearer_reply *reply);

/**
 * Bytes written into buffer, at most capacity; 0 is the end; negative: failed. It must not unwind.
 */
typedef int64_t (*bearer_read_fn)(void *user_data, void *buffer, size_t capacity);

/**
 * Opens a URL in a browser, and returns without waiting for it: the browser gets no answer before. BEARER_OK, or any
 * other status to fail. url lives until the function returns. It must not unwind.
 */
typedef bearer_status (*bearer_open_url_fn)(void *user_data, const char *url);

/**
 * Something failed that a person should know of.
 */
#define BEARER_LEVEL_ERROR 1

/**
 * Something failed, and the library dealt with it.
 */
#define BEARER_LEVEL_WARN 2

/**
 * What happens to the token.
 */
#define BEARER_LEVEL_INFO 3

/**
 * Every request.
 */
#define BEARER_LEVEL_DEBUG 4

/**
 * Everything.
 */
#define BEARER_LEVEL_TRACE 5

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a status, "BEARER_LOGIN_REQUIRED" for 20; "BEARER_UNKNOWN" for a number that is none. Static text.
 */
const char *bearer_status_name(bearer_status status);

/**
 * The status that came with the error; BEARER_OK for NULL, BEARER_INVALID_HANDLE for what is no error.
 */
bearer_status bearer_error_status(const bearer_error *error);

/**
 * What happened, in English, for people and logs. It holds no secret. Borrowed: lives as long as the error.
 * NULL for NULL and for what is no error.
 */
const char *bearer_error_message(const bearer_error *error);

/**
 * The error as JSON, for programs:
 * {"status":"login_required","reason":"invalid_grant","message":"...","oauth_error":"invalid_grant",
 * "oauth_error_description":"...","url":"https://as.example/token","http_status":400,"retry_after":12}.
 * Members that are unknown are absent; `reason` is a stable sub-code (docs/errors.md lists them); `retry_after` is
 * in seconds; URLs come without their query. Borrowed: lives as long as the error. NULL for NULL and for what is no
 * error.
 */
const char *bearer_error_json(const bearer_error *error);

/**
 * Frees an error. NULL is fine.
 */
void bearer_error_free(bearer_error *error);

/**
 * Makes a client.
 *
 * config_json: the configuration (docs/configuration.md; bearer_config_schema() has it as JSON Schema). The one
 *   member that requests need is "base_url". Files that it names are read now.
 * client: gets the client; free it with bearer_client_free.
 *
 * Nothing is sent, and no thread is started. INVALID_ARGUMENT names the member that does not fit by its path, with
 * the nearest known name; UNSUPPORTED where the configuration asks for what this build does not have.
 */
BEARER_MUST_USE
bearer_status bearer_client_new(const char *config_json,
                                bearer_client **client,
                                bearer_error **error);

/**
 * Frees a client, or a scope. Calls that run on it on other threads end on their own; its hooks' destroy functions
 * run once nothing uses them any more. NULL is fine.
 *
 * Blocks only where it is the client's last handle: for at most 5 s to read a renewal to its end that a call has left
 * under way, or that another client of the same refresh token makes, so that a rotated one is still saved; for on_token, which is offered a set that it failed to
 * save, or that another client of the process renewed; and with "ahead", for a hook that the renewal thread is
 * running. Where a call still uses the client, that call does so instead.
 */
void bearer_client_free(bearer_client *client);

/**
 * Makes a second handle on the same client with a deadline and a cancel of its own: one per task, context or
 * AbortSignal. Token, hooks and connections are those of the client, also for what is set through the scope.
 *
 * options_json: {"timeout_s": 5} or NULL. The time runs from now, over all calls on the scope; each call ends at
 *   the latest with the client's own timeout.
 * scope: gets the scope; free it with bearer_client_free.
 *
 * Does not block. INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_scope(bearer_client *client,
                                  const char *options_json,
                                  bearer_client **scope,
                                  bearer_error **error);

/**
 * Ends every call on this handle, running or still to come, with BEARER_CANCELLED, at once: on a scope only the
 * scope's, on a client its scopes' too. There is no way back; make a new handle. A renewal that such a call has begun
 * goes on without it: the next call on the client, or its last free, takes the answer.
 *
 * Does not block; may be called from a hook. INVALID_HANDLE; INVALID_ARGUMENT for NULL.
 */
bearer_status bearer_client_cancel(bearer_client *client);

/**
 * Supplies the access token by a function of your own, at every request, in place of every other way. fn NULL
 * removes it.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_access_token(bearer_client *client,
                                            bearer_access_token_fn fn,
                                            void *user_data,
                                            bearer_destroy_fn destroy,
                                            bearer_error **error);

/**
 * Renews by a function of your own, in place of the refresh_token grant (RFC 6749 section 6). fn NULL removes it.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_refresh(bearer_client *client,
                                       bearer_refresh_fn fn,
                                       void *user_data,
                                       bearer_destroy_fn destroy,
                                       bearer_error **error);

/**
 * Sets the function that saves every new token set. If it fails, the call that caused it fails with
 * BEARER_HOOK_FAILED (not_saved); the set is kept in memory and offered again before its next use. fn NULL removes
 * it.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_token(bearer_client *client,
                                     bearer_token_fn fn,
                                     void *user_data,
                                     bearer_destroy_fn destroy,
                                     bearer_error **error);

/**
 * Replaces the network: your own HTTP stack, a serial line, a test. Requests to the API and to the authorization
 * server both go through it. fn NULL removes it.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_http(bearer_client *client,
                                    bearer_http_fn fn,
                                    void *user_data,
                                    bearer_destroy_fn destroy,
                                    bearer_error **error);

/**
 * Sets functions around every renewal: lock, reload, send, on_token, unlock. After an invalid_grant, reload is asked
 * once more under the same lock. lock NULL removes all three; reload and unlock may be NULL. A renewal that its call
 * leaves under way keeps the lock until a later call, or the last free, has read its answer; unlock may run on another
 * thread than lock did.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_lock(bearer_client *client,
                                    bearer_lock_fn lock,
                                    bearer_reload_fn reload,
                                    bearer_unlock_fn unlock,
                                    void *user_data,
                                    bearer_destroy_fn destroy,
                                    bearer_error **error);

/**
 * Sets a function that hears structured events without secrets, up to a level. fn NULL removes it.
 *
 * Does not block. INVALID_HANDLE; INVALID_ARGUMENT for a level that is none.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_log(bearer_client *client,
                                   bearer_log_fn fn,
                                   void *user_data,
                                   bearer_destroy_fn destroy,
                                   bearer_level level,
                                   bearer_error **error);

/**
 * Answers on_access_token and on_refresh (and reload) with a token: token JSON if it begins with "{", else a bare
 * access token. JSON is RFC 6749 section 5.1 plus "expires_at"; without a "refresh_token" the old one is kept.
 *
 * INVALID_ARGUMENT for what is no token (the reply is then still unanswered), for a second answer and for other
 * hooks; INVALID_HANDLE where it is too late.
 */
bearer_status bearer_reply_token(bearer_reply *reply,
                                 const char *token);

/**
 * Adds a header line to the answer of on_http; any number, before bearer_reply_http.
 *
 * INVALID_ARGUMENT for what is no header and for other hooks; INVALID_HANDLE where it is too late.
 */
bearer_status bearer_reply_header(bearer_reply *reply, const char *name, const char *value);

/**
 * Adds bytes to the body of the answer of on_http; any number, before bearer_reply_http.
 *
 * INVALID_ARGUMENT for other hooks; INVALID_HANDLE where it is too late; OUT_OF_MEMORY.
 */
bearer_status bearer_reply_body(bearer_reply *reply, const void *bytes, size_t len);

/**
 * Answers on_http: the HTTP status (200 to 599), and the rest of the body, which may be NULL with length 0.
 *
 * INVALID_ARGUMENT for another status, for a second answer and for other hooks; INVALID_HANDLE where it is too
 * late; OUT_OF_MEMORY.
 */
bearer_status bearer_reply_http(bearer_reply *reply,
                                uint16_t http_status,
                                const void *body,
                                size_t len);

/**
 * Answers lock ("mine, go on"), on_token ("saved") and reload ("nothing newer").
 *
 * INVALID_ARGUMENT for a second answer and for other hooks; INVALID_HANDLE where it is too late: a lock that is
 * granted so late is let go at once through its unlock function.
 */
bearer_status bearer_reply_done(bearer_reply *reply);

/**
 * Answers any hook with a failure. A status from 20 to 39 is handed through to the waiting call (on_refresh may say
 * BEARER_LOGIN_REQUIRED); anything else becomes BEARER_HOOK_FAILED. message is shown to people, so it must hold no
 * secret; it may be NULL.
 *
 * INVALID_ARGUMENT for a second answer; INVALID_HANDLE where it is too late.
 */
bearer_status bearer_reply_error(bearer_reply *reply,
                                 bearer_status status,
                                 const char *message);

/**
 * Gives a reply up: the waiting call fails with BEARER_HOOK_FAILED. Nothing is to be freed after an answer. NULL is
 * fine.
 */
void bearer_reply_free(bearer_reply *reply);

/**
 * The method of the request that on_http is asked to make, "GET" for example. Borrowed until the reply is answered.
 * NULL for any other request.
 */
const char *bearer_request_method(const bearer_request *request);

/**
 * The absolute URL of the request that on_http is asked to make. It may hold secrets in its query. Borrowed until
 * the reply is answered. NULL for any other request.
 */
const char *bearer_request_url(const bearer_request *request);

/**
 * The header line at an index, from 0, of the request that on_http is asked to make; false behind the last. The
 * framing (Host, Content-Length...) is yours to add. Borrowed until the reply is answered. name and value may be NULL.
 */
bool bearer_request_header_at(const bearer_request *request,
                              size_t index,
                              const char **name,
                              const char **value);

/**
 * Reads the next bytes of the body of the request that on_http is asked to make.
 *
 * buffer, capacity: where they go. read: gets how many; 0 is the end. It must not be NULL.
 *
 * Blocks as long as the caller's own body function does. INVALID_ARGUMENT; INVALID_HANDLE also where the call that
 * asked has left; HOOK_FAILED where the body function fails.
 */
BEARER_MUST_USE
bearer_status bearer_request_body_read(const bearer_request *request,
                                       void *buffer,
                                       size_t capacity,
                                       size_t *read,
                                       bearer_error **error);

/**
 * How many milliseconds the call has left that on_http is asked to serve; 0 for any other request.
 */
uint64_t bearer_request_timeout_ms(const bearer_request *request);

/**
 * Signs client assertions (private_key_jwt, RFC 7523) by a function of your own, in place of client.private_key:
 * client.token_endpoint_auth_signing_alg says with what (default ES256), client.key_id the key's name. fn NULL removes
 * it.
 *
 * Does not block. INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_on_sign(bearer_client *client,
                                    bearer_sign_fn fn,
                                    void *user_data,
                                    bearer_destroy_fn destroy,
                                    bearer_error **error);

/**
 * Answers on_sign with the signature as RFC 7518 has it; that of ES256 may also be the DER that OpenSSL writes.
 *
 * INVALID_ARGUMENT for an empty one, for a second answer and for other hooks; INVALID_HANDLE where it is too late.
 */
bearer_status bearer_reply_signature(bearer_reply *reply,
                                     const void *signature,
                                     size_t len);

/**
 * The token set that the client holds now, for you to store: RFC 6749 section 5.1 plus "expires_at", and whatever
 * else the server sent, byte for byte.
 *
 * token_json: gets the JSON; free it with bearer_free. May be NULL.
 *
 * Does not block, and uses no network. LOGIN_REQUIRED (no_token) where there is none; INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_client_token(bearer_client *client,
                                  char **token_json,
                                  bearer_error **error);

/**
 * Replaces the token set by one that you have stored; on_token is not told.
 *
 * token_json: what bearer_client_token or on_token gave, or what Home Assistant, requests-oauthlib or golang/oauth2
 *   store. It must hold an access token or a refresh token.
 *
 * Does not block. INVALID_ARGUMENT names the member that does not fit; INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_client_set_token(bearer_client *client,
                                      const char *token_json,
                                      bearer_error **error);

/**
 * Renews now, whatever the token's age (RFC 6749 section 6, or on_refresh, refresh.endpoint, grant). Callers that
 * ask at the same time share one renewal. The new set goes through on_token before this returns.
 *
 * token_json: gets the new set; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. LOGIN_REQUIRED where the server will not renew; UNAVAILABLE, TIMEOUT,
 * CANCELLED, UNCERTAIN: the refresh token is kept, try again later; REJECTED, PROTOCOL, TLS, UNSAFE, TOO_LARGE;
 * HOOK_FAILED (not_saved) where on_token failed; INVALID_HANDLE, WOULD_DEADLOCK.
 */
BEARER_MUST_USE
bearer_status bearer_client_refresh(bearer_client *client,
                                    char **token_json,
                                    bearer_error **error);

/**
 * The headers that a request by your own HTTP stack needs, as JSON: {"authorization":"Bearer ..."}, or for a token
 * that is bound to a key {"authorization":"DPoP ...","dpop":"..."}, of which the second is good for one request.
 *
 * method, url: of that request; the URL is absolute, and of the client's base_url or origins.
 * headers_json: gets the headers; free it with bearer_free. May be NULL.
 *
 * Blocks where the token must be renewed first. UNSAFE (origin) for a URL that must not get the token; otherwise as
 * bearer_client_refresh; INVALID_ARGUMENT.
 */
BEARER_MUST_USE
bearer_status bearer_client_authorization(bearer_client *client,
                                          const char *method,
                                          const char *url,
                                          char **headers_json,
                                          bearer_error **error);

/**
 * An access token that is valid for at least min_valid_s more seconds, renewed if need be: for Kafka, SQL, MQTT,
 * gRPC... With a fixed "authorization" it is that value.
 *
 * access_token: gets the token; free it with bearer_free. May be NULL.
 * expires_at: gets when it expires, in seconds since 1970; 0 where nobody knows. May be NULL.
 *
 * Blocks where the token must be renewed first. As bearer_client_refresh.
 */
BEARER_MUST_USE
bearer_status bearer_client_access_token(bearer_client *client,
                                         uint32_t min_valid_s,
                                         char **access_token,
                                         int64_t *expires_at,
                                         bearer_error **error);

/**
 * The same into a buffer of yours.
 *
 * buffer, capacity: where the token and a NUL go. len: gets the token's length in bytes, the NUL not counted, also
 *   where the buffer is too small (then with TOO_LARGE, and the buffer holds ""). May be NULL.
 * expires_at: as above.
 *
 * Blocks where the token must be renewed first. As bearer_client_refresh; INVALID_ARGUMENT, TOO_LARGE (buffer).
 */
BEARER_MUST_USE
bearer_status bearer_client_access_token_into(bearer_client *client,
                                              uint32_t min_valid_s,
                                              char *buffer,
                                              size_t capacity,
                                              size_t *len,
                                              int64_t *expires_at,
                                              bearer_error **error);

/**
 * For your own HTTP stack, after every answer: learns from it, and says whether to ask bearer_client_authorization
 * for new headers and send the request once more. Call it once for each request, not for the one that was resent.
 *
 * method, url: of the request. sent_headers_json: what bearer_client_authorization gave for it. http_status: of the
 *   answer. answer_headers_json: the answer's headers as {"name":"value"}, or {"name":["value","value"]}; NULL for
 *   none. resend: gets whether to send again; it must not be NULL.
 *
 * Blocks where a 401 makes it renew the token. As bearer_client_authorization.
 */
BEARER_MUST_USE
bearer_status bearer_client_feedback(bearer_client *client,
                                     const char *method,
                                     const char *url,
                                     const char *sent_headers_json,
                                     uint16_t http_status,
                                     const char *answer_headers_json,
                                     bool *resend,
                                     bearer_error **error);

/**
 * Makes a request, which can be sent any number of times.
 *
 * method: any method; those of RFC 9110 may be written in lower case.
 * path: joined to the client's base_url with exactly one slash; may have a query, already encoded
 *   (bearer_percent_encode, bearer_request_add_query). An absolute URL must be of the client's own origins.
 * request: gets the request; free it with bearer_request_free.
 *
 * INVALID_ARGUMENT. The path is checked when the request is sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_new(const char *method,
                                 const char *path,
                                 bearer_request **request,
                                 bearer_error **error);

/**
 * Adds a query parameter, encoded (RFC 3986 section 2.1).
 *
 * INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_add_query(bearer_request *request,
                                       const char *name,
                                       const char *value,
                                       bearer_error **error);

/**
 * Adds a header line; lines of one name are all sent, in order. An authorization header (or whichever carries the
 * token) is replaced by the library's own; those of the framing (Host, Content-Length, Transfer-Encoding,
 * Connection, Expect, Proxy-*...) are refused.
 *
 * INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_add_header(bearer_request *request,
                                        const char *name,
                                        const char *value,
                                        bearer_error **error);

/**
 * Sets the body: these bytes, NULs included, copied. It is sent again where the request is. bytes may be NULL with
 * len 0: an empty body.
 *
 * INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY; WOULD_DEADLOCK while the request is being sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_set_body(bearer_request *request,
                                      const void *bytes,
                                      size_t len,
                                      bearer_error **error);

/**
 * Sets a body that is read piece by piece while the request is sent, a firmware image for example. It is read once,
 * so the request cannot be sent again: a 401 is returned as the answer it is, and the next request renews.
 *
 * read: gives the bytes; it must not be NULL. user_data: handed to read and destroy. destroy: called exactly once,
 *   also when this call fails; may be NULL. len: how many bytes they are, or -1 where that is not known.
 *
 * INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_set_body_from(bearer_request *request,
                                           bearer_read_fn read,
                                           void *user_data,
                                           bearer_destroy_fn destroy,
                                           int64_t len,
                                           bearer_error **error);

/**
 * Sets how long the whole call may take, renewal included, in place of the client's timeout. At most a day.
 *
 * INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
 */
BEARER_MUST_USE
bearer_status bearer_request_set_timeout(bearer_request *request,
                                         uint64_t milliseconds,
                                         bearer_error **error);

/**
 * Frees a request. NULL is fine; a request that belongs to an on_http hook is left alone.
 */
void bearer_request_free(bearer_request *request);

/**
 * Sends a request with a valid token, renewed first if it must be. After a 401 the token is renewed once and the
 * request sent once more. Redirects are followed as http.redirects says: by default those of a GET or HEAD inside the
 * origin. An answer of any HTTP status is a success; it is returned as soon as its headers are in.
 *
 * request: what to send; it can be sent again, by one thread at a time.
 * response: gets the answer; free it with bearer_response_free.
 *
 * Blocks, at most until the timeout. LOGIN_REQUIRED where a person must sign in; UNAVAILABLE, TIMEOUT, CANCELLED,
 * UNCERTAIN: try again later; TLS, PROTOCOL, REJECTED, TOO_LARGE, UNSAFE: the other side; HOOK_FAILED;
 * INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK, UNSUPPORTED: the program.
 */
BEARER_MUST_USE
bearer_status bearer_client_send(bearer_client *client,
                                 bearer_request *request,
                                 bearer_response **response,
                                 bearer_error **error);

/**
 * The short way: makes a request with these bytes as its body (NULL with len 0 for none), and sends it as
 * bearer_client_send does.
 */
BEARER_MUST_USE
bearer_status bearer_client_request(bearer_client *client,
                                    const char *method,
                                    const char *path,
                                    const void *body,
                                    size_t len,
                                    bearer_response **response,
                                    bearer_error **error);

/**
 * The HTTP status of an answer; 0 for what is no response.
 */
uint16_t bearer_response_status(const bearer_response *response);

/**
 * The first value of a header, its name in any case; NULL if it is absent. Borrowed: lives as long as the response.
 */
const char *bearer_response_header(const bearer_response *response,
                                   const char *name);

/**
 * The header line at an index, from 0, in the order of the answer; false behind the last. Borrowed: lives as long as
 * the response. name and value may be NULL.
 */
bool bearer_response_header_at(const bearer_response *response,
                               size_t index,
                               const char **name,
                               const char **value);

/**
 * The URL that answered. Borrowed: lives as long as the response. NULL for what is no response.
 */
const char *bearer_response_url(const bearer_response *response);

/**
 * What the API asks for, read out of every WWW-Authenticate header (RFC 9110 section 11.6.1), for a 401 and a 403:
 * {"challenges":[{"scheme":"Bearer","realm":...}],"error":"insufficient_scope","login":{"scope":...},
 * "resource_metadata":"https://..."}.
 *
 * challenge_json: gets it, or NULL where the answer has no such header; free it with bearer_free. May be NULL.
 *   "challenges" has each one's parameters as text, their names in small letters, and what a scheme has in their place
 *   as "token68". "error" is the first that a Bearer or DPoP challenge gives (RFC 6750 section 3.1). "login" is there
 *   where a person must sign in again: because of insufficient_scope, or insufficient_user_authentication (RFC 9470);
 *   its "scope", "acr_values" and "max_age", those that were sent, are params_json of bearer_login_begin.
 *   "resource_metadata" is the URL that says which authorization servers the API trusts (RFC 9728). Whatever the API
 *   sent stands there unchecked.
 *
 * Does not block. INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_response_challenge(const bearer_response *response,
                                        char **challenge_json,
                                        bearer_error **error);

/**
 * The whole body, or what bearer_response_read has left of it, as it was sent, whatever its Content-Encoding.
 *
 * bytes: gets the body, borrowed as long as the response lives; a NUL follows its last byte. May be NULL.
 * len: gets its length in bytes, the NUL not counted. May be NULL.
 *
 * Blocks, at most until the deadline of the call that asked. Asked again, it gives the same bytes. TOO_LARGE above
 * http.max_response_bytes; PROTOCOL (truncated) where the answer ended early; UNAVAILABLE, TIMEOUT, CANCELLED;
 * WOULD_DEADLOCK while another call reads it; INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_response_body(bearer_response *response,
                                   const uint8_t **bytes,
                                   size_t *len,
                                   bearer_error **error);

/**
 * The next bytes of the body, as many as have come; a body of any length can be read so.
 *
 * buffer, capacity: where they go. read: gets how many; 0 is the end. It must not be NULL.
 *
 * Blocks, at most until the deadline of the call that asked. PROTOCOL (truncated) where the answer ended early;
 * UNAVAILABLE, TIMEOUT, CANCELLED; WOULD_DEADLOCK while another call reads it; INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_response_read(bearer_response *response,
                                   void *buffer,
                                   size_t capacity,
                                   size_t *read,
                                   bearer_error **error);

/**
 * Frees a response; a body that was not read to its end closes its connection. NULL is fine.
 */
void bearer_response_free(bearer_response *response);

/**
 * Begins a login in a browser: the authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636, S256 only).
 * Open the login's "authorization_url", and hand the URL that the browser is sent back to to bearer_login_finish.
 *
 * params_json: parameters of the authorization request by their RFC names: "redirect_uri", "scope" (default:
 *   client.scope), "resource" (also a list), "prompt", "login_hint" and any other. May be NULL. state and PKCE are
 *   the library's own; with the scope openid it adds a nonce.
 * login_json: gets {"authorization_url":...,"state":...,"code_verifier":...,"redirect_uri":...,"issuer":...,
 *   "expires_at":...}: yours to keep for ten minutes, also for another process, and as secret as a password. Free it
 *   with bearer_free. May be NULL.
 *
 * Does not block, and sends nothing, unless "issuer" is to be discovered first: then as bearer_discover.
 * INVALID_ARGUMENT, also where client.client_id is missing; UNSUPPORTED (no_endpoint); UNSAFE (pkce) where the server's
 * metadata lists no S256; INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_login_begin(bearer_client *client,
                                 const char *params_json,
                                 char **login_json,
                                 bearer_error **error);

/**
 * Ends a login: checks that the callback belongs to it, and trades its code for a token, which becomes the client's
 * and goes through on_token first. Use a login once.
 *
 * login_json: what bearer_login_begin gave.
 * callback_url: the URL that the browser was sent back to, or its query.
 * token_json: gets the token set; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. The code is sent once, whatever happens. ACCESS_DENIED where the person said no;
 * EXPIRED after ten minutes; UNSAFE where the callback is of another login (state) or of another server (issuer, RFC
 * 9207), and the code then goes nowhere, or where the ID token that comes for it is not right (jwt); UNSUPPORTED where
 * that is encrypted; REJECTED, LOGIN_REQUIRED (invalid_grant) where the server refuses the code; UNAVAILABLE, TIMEOUT, CANCELLED, UNCERTAIN: begin again; PROTOCOL,
 * TLS, TOO_LARGE; HOOK_FAILED (not_saved); INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK.
 */
BEARER_MUST_USE
bearer_status bearer_login_finish(bearer_client *client,
                                  const char *login_json,
                                  const char *callback_url,
                                  char **token_json,
                                  bearer_error **error);

/**
 * Gets a token by any grant that needs no person at this moment: client_credentials and password (RFC 6749 sections
 * 4.3 and 4.4), token exchange (RFC 8693), JWT and SAML bearer (RFC 7522, 7523), your own. It becomes the client's
 * token, and goes through on_token first.
 *
 * grant_json: the parameters by their RFC names, {"grant_type":...} at least; numbers and booleans are sent as text.
 * token_json: gets the token set; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout; sends once. REJECTED, LOGIN_REQUIRED (invalid_grant), ACCESS_DENIED; UNAVAILABLE,
 * TIMEOUT, CANCELLED, UNCERTAIN; PROTOCOL, TLS, TOO_LARGE; HOOK_FAILED (not_saved); INVALID_ARGUMENT, INVALID_HANDLE,
 * WOULD_DEADLOCK.
 */
BEARER_MUST_USE
bearer_status bearer_grant(bearer_client *client,
                           const char *grant_json,
                           char **token_json,
                           bearer_error **error);

/**
 * Signs a person in with a browser on this machine (RFC 8252 section 7.3): listens on 127.0.0.1 and ::1, opens the
 * browser, waits until it comes back, gets the token, and tells the person on a page whether it worked. The token
 * becomes the client's, and goes through on_token first. It all happens on the calling thread.
 *
 * params_json: as for bearer_login_begin; may be NULL. "redirect_uri" is http://127.0.0.1/callback where it is
 *   missing; another path, and [::1] or localhost, may be given. A port is filled in where it has none; one that it
 *   has is used.
 * open_url: opens the browser, and is called once, from inside the call. NULL: the system does (xdg-open, open,
 *   rundll32).
 * token_json: gets the token set; free it with bearer_free. May be NULL.
 *
 * Blocks until the person is done, or ten minutes: http.timeout_s ends the exchange with the server, but not the
 * waiting; a scope's time and a cancel end both. ACCESS_DENIED where the person said no; EXPIRED where nobody came
 * back; UNSUPPORTED where the system has no browser (no_browser) or the build no network (not_built); UNAVAILABLE
 * (listen) where the port is taken; HOOK_FAILED, or what open_url returned if 20 to 39; UNSAFE (pkce); as
 * bearer_login_finish otherwise. INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_login_loopback(bearer_client *client,
                                    const char *params_json,
                                    bearer_open_url_fn open_url,
                                    void *user_data,
                                    char **token_json,
                                    bearer_error **error);

/**
 * Begins a login for a device without a browser (RFC 8628 section 3.1): show the person "user_code" and
 * "verification_uri", then poll or wait.
 *
 * params_json: parameters by their RFC names, "scope" (default: client.scope) for example. May be NULL.
 * device_json: gets the server's answer as it came, plus "expires_at": yours to keep. Free it with bearer_free. May be
 *   NULL.
 *
 * Blocks, at most until the timeout. INVALID_ARGUMENT; UNSUPPORTED (no_endpoint); REJECTED, UNAVAILABLE, TIMEOUT, CANCELLED; PROTOCOL where a member is missing or a person would be sent to what is no
 * https URL; TLS, TOO_LARGE, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_device_begin(bearer_client *client,
                                  const char *params_json,
                                  char **device_json,
                                  bearer_error **error);

/**
 * Begins a login that a person confirms on a device of their own (OpenID Connect CIBA core, poll mode): the server asks
 * whom "login_hint" names. Then poll or wait with bearer_device_poll or bearer_device_wait.
 *
 * params_json: parameters by their names there, "login_hint", "binding_message", "scope" (default: client.scope) and
 *   others. May be NULL.
 * ciba_json: gets the server's answer as it came, plus "expires_at": yours to keep, and to hand to the two as
 *   device_json. Free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. As bearer_device_begin.
 */
BEARER_MUST_USE
bearer_status bearer_ciba_begin(bearer_client *client,
                                const char *params_json,
                                char **ciba_json,
                                bearer_error **error);

/**
 * One step of a device's login (RFC 8628 section 3.4): PENDING until the person is done. Called too early it answers
 * PENDING without asking the server, whose pace the client keeps, slow_down included; so call it as often as you like.
 * The token becomes the client's, and goes through on_token first.
 *
 * device_json: what bearer_device_begin gave.
 * token_json: gets the token set; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. PENDING; ACCESS_DENIED where the person said no; EXPIRED where the code is too old;
 * UNAVAILABLE, TIMEOUT, CANCELLED, UNCERTAIN: poll on; REJECTED, LOGIN_REQUIRED, PROTOCOL, TLS, TOO_LARGE; HOOK_FAILED
 * (not_saved); INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK.
 */
BEARER_MUST_USE
bearer_status bearer_device_poll(bearer_client *client,
                                 const char *device_json,
                                 char **token_json,
                                 bearer_error **error);

/**
 * Waits until the person is done, over times when the server cannot be reached.
 *
 * device_json: what bearer_device_begin gave.
 * token_json: gets the token set; free it with bearer_free. May be NULL.
 *
 * Blocks until the person is done or the code is too old: http.timeout_s does not end it, but a scope's time and a
 * cancel do. As bearer_device_poll otherwise, without PENDING.
 */
BEARER_MUST_USE
bearer_status bearer_device_wait(bearer_client *client,
                                 const char *device_json,
                                 char **token_json,
                                 bearer_error **error);

/**
 * Draws a QR code for a terminal: the "verification_uri_complete" of bearer_device_begin, for a camera. Lines of UTF-8
 * half blocks, each line with two rows of the code, with the margin that the standard asks for; light on dark, for a
 * terminal whose text is lighter than its background. At least 15 % of it may be covered (error correction M).
 *
 * text: what to draw, at most 2331 bytes. qr: gets the lines, each with a line feed behind it; free it with
 *   bearer_free. May be NULL.
 *
 * Does not block. TOO_LARGE where no QR code holds the text; UNSUPPORTED (not_built) where the library was built without
 * it; INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_qr_text(const char *text,
                             char **qr,
                             bearer_error **error);

/**
 * Tells the authorization server's metadata as the client uses it: discovered from "issuer" (RFC 8414, then OpenID
 * Connect Discovery) the first time it is needed, and then kept; or as "server" says.
 *
 * server_json: gets the document, with absolute URLs; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. UNSAFE (issuer) where the document is another issuer's, or leads from https to
 * http; PROTOCOL (metadata) where there is none; UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_discover(bearer_client *client,
                              char **server_json,
                              bearer_error **error);

/**
 * Tells what the API at base_url says of itself (RFC 9728): "authorization_servers" lists the issuers that a client
 * for it may have.
 *
 * resource_json: gets the document as it came; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. UNSAFE (issuer) where the document is another resource's; PROTOCOL (metadata)
 * where there is none; INVALID_ARGUMENT without base_url; UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE,
 * INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_discover_resource(bearer_client *client,
                                       char **resource_json,
                                       bearer_error **error);

/**
 * Revokes the client's tokens (RFC 7009), and forgets them once the server has.
 *
 * token_type_hint: "access_token", after which the refresh token still gets another; "refresh_token" or NULL for both,
 *   after which a person must sign in again.
 *
 * Blocks, at most until the timeout. UNCERTAIN where the answer was lost twice: the tokens are forgotten then, too.
 * UNSUPPORTED (no_endpoint); LOGIN_REQUIRED (no_token) where there is none; INVALID_ARGUMENT, INVALID_HANDLE, REJECTED,
 * UNAVAILABLE, TIMEOUT, CANCELLED, TLS: the tokens are kept.
 */
BEARER_MUST_USE
bearer_status bearer_revoke(bearer_client *client,
                            const char *token_type_hint,
                            bearer_error **error);

/**
 * Asks the server what a token is (RFC 7662): {"active":true,...}.
 *
 * token: the token to ask about; NULL: the client's own access token, as it is.
 * json: gets the answer as it came; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. UNSUPPORTED (no_endpoint); LOGIN_REQUIRED (no_token) for NULL without a token;
 * REJECTED where the client may not ask; PROTOCOL, UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE, INVALID_HANDLE,
 * INVALID_ARGUMENT.
 */
BEARER_MUST_USE
bearer_status bearer_introspect(bearer_client *client,
                                const char *token,
                                char **json,
                                bearer_error **error);

/**
 * Asks the server who signed in (OpenID Connect Core section 5.3), with a valid token, which goes to the userinfo
 * endpoint although it is not of base_url. Where the token set has an ID token, both must be of the same "sub".
 *
 * json: gets the claims as they came; free it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. UNSUPPORTED (no_endpoint; not_built for an answer that is a JWT); UNSAFE (jwt) for
 * somebody else's claims; REJECTED where the token may not; otherwise as bearer_client_send.
 */
BEARER_MUST_USE
bearer_status bearer_userinfo(bearer_client *client,
                              char **json,
                              bearer_error **error);

/**
 * Registers a client (RFC 7591). A fixed "authorization" of this client is sent along, for servers that want an initial
 * access token; nothing else of it is.
 *
 * metadata_json: the client's metadata, {"redirect_uris":[...],...}.
 * client_json: gets the answer, which is a "client" for a configuration; it may hold a secret. Free it with
 *   bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout; sends once. UNSUPPORTED (no_endpoint); REJECTED, where oauth_error says why;
 * UNCERTAIN, UNAVAILABLE, TIMEOUT, CANCELLED, PROTOCOL, TLS, TOO_LARGE, INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_register(bearer_client *client,
                              const char *metadata_json,
                              char **client_json,
                              bearer_error **error);

/**
 * Sees a client's registration (RFC 7592 section 2.1).
 *
 * registration_json: what bearer_register gave, with "registration_client_uri" and "registration_access_token".
 * client_json: gets the registration as it is now, whose "registration_access_token" may be a new one: store it. Free
 *   it with bearer_free. May be NULL.
 *
 * Blocks, at most until the timeout. REJECTED; UNAVAILABLE, TIMEOUT, CANCELLED, PROTOCOL, TLS, TOO_LARGE,
 * INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_registration_read(bearer_client *client,
                                       const char *registration_json,
                                       char **client_json,
                                       bearer_error **error);

/**
 * Replaces a client's registration (RFC 7592 section 2.2).
 *
 * registration_json: what bearer_register gave. metadata_json: all of the new metadata; what is left out the server may
 *   forget. "client_id" and "client_secret" are added where they are missing.
 * client_json: as with bearer_registration_read.
 *
 * Blocks, at most until the timeout; sends once. As bearer_registration_read.
 */
BEARER_MUST_USE
bearer_status bearer_registration_update(bearer_client *client,
                                         const char *registration_json,
                                         const char *metadata_json,
                                         char **client_json,
                                         bearer_error **error);

/**
 * Ends a client's registration, and its tokens with it (RFC 7592 section 2.3).
 *
 * registration_json: what bearer_register gave.
 *
 * Blocks, at most until the timeout. As bearer_registration_read.
 */
BEARER_MUST_USE
bearer_status bearer_registration_delete(bearer_client *client,
                                         const char *registration_json,
                                         bearer_error **error);

/**
 * Where a person signs out at the server (OpenID Connect RP-Initiated Logout): open it in a browser, and free the
 * client's tokens or bearer_revoke them.
 *
 * params_json: "post_logout_redirect_uri", "state" and others by their names there; may be NULL. "id_token_hint" and
 *   "client_id" are added where the client has them: the URL is as secret as the ID token.
 * url: gets the URL; free it with bearer_free. May be NULL.
 *
 * Does not block, unless "issuer" is to be discovered first: then as bearer_discover. UNSUPPORTED (no_endpoint),
 * INVALID_ARGUMENT, INVALID_HANDLE.
 */
BEARER_MUST_USE
bearer_status bearer_logout_url(bearer_client *client,
                                const char *params_json,
                                char **url,
                                bearer_error **error);

/**
 * Who signed in: the claims of the ID token that the client holds (OpenID Connect Core section 2), "sub" and "iss" among
 * them. It was validated when it was received: its signature, whom it is for, its times, and that it answers this login.
 * One that you stored, or that on_refresh gave, is believed as the tokens beside it are.
 *
 * claims_json: gets the claims; free it with bearer_free. May be NULL.
 *
 * Does not block, and uses no network. LOGIN_REQUIRED (no_token) where there is no ID token; UNSAFE (jwt) where what was
 * stored is none, UNSUPPORTED where it is encrypted; INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_client_id_token(bearer_client *client,
                                     char **claims_json,
                                     bearer_error **error);

/**
 * The version that runs, "0.1.0"; BEARER_VERSION_MAJOR, _MINOR and _PATCH are what the program was compiled against.
 * Static text.
 */
const char *bearer_version(void);

/**
 * How the library was built, as JSON, for bug reports: {"version","features","tls","target","rustc"}. Static text.
 */
const char *bearer_build_json(void);

/**
 * The JSON Schema of the configuration, with every member's default and meaning: editors and bindings complete from
 * it. Static text.
 */
const char *bearer_config_schema(void);

/**
 * What a client has done since it was made, as JSON: requests, renewals, calls that joined one, retries after a 401,
 * connections... (docs/guarantees.md says what each counts).
 *
 * json: gets the counters; free it with bearer_free. May be NULL.
 *
 * Does not block. INVALID_HANDLE, OUT_OF_MEMORY.
 */
BEARER_MUST_USE
bearer_status bearer_client_stats(bearer_client *client,
                                  char **json,
                                  bearer_error **error);

/**
 * Encodes text for one segment of a path or one part of a query: everything but letters, digits and - . _ ~
 * (RFC 3986 section 2.1).
 *
 * text: what to encode. encoded: gets the result; free it with bearer_free. May be NULL.
 *
 * Does not block. INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
BEARER_MUST_USE bearer_status bearer_percent_encode(const char *text, char **encoded, bearer_error **error);

/**
 * Wipes and frees a text that the library gave away as char *. NULL is fine.
 */
void bearer_free(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* BEARER_H */
