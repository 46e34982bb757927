/* What the programs about renewals share whose call does not wait for their end. */
#ifndef LEAVING_H
#define LEAVING_H

#include "check.h"

static inline long long stat_of(bearer_client *client, const char *name)
{
    char *stats;
    OK(bearer_client_stats(client, &stats, &error));
    CHECK_SAYING(json_has(stats, name), "%s", name);
    long long value = json_number(stats, name);
    bearer_free(stats);
    return value;
}

static inline bearer_client *scope_of(bearer_client *client, const char *options)
{
    bearer_client *scope;
    OK(bearer_client_scope(client, options, &scope, &error));
    return scope;
}

static inline const char *refresh_token_of(bearer_client *client)
{
    return json_text(held_token(client), "refresh_token");
}

/* --- Hooks that count, all of one client --- */

struct told;

/* What one registration is given. */
struct registered {
    struct told *told;
    atomic_int destroyed;
};

struct told {
    struct registered on_token, on_lock, on_log;
    atomic_int saved, locked, unlocked, parked, resumed, lost;
    _Atomic bearer_status outcome; /* that the lock was let go with */
    atomic_int saves_fail;         /* how often on_token fails before it saves */
    char saved_token[200];         /* the refresh token of what was offered last */
};

static inline struct told *told_by(void *user_data)
{
    struct registered *registered = user_data;
    CHECK_SAYING(registered->destroyed == 0, "a hook was called after its destroy");
    return registered->told;
}

static inline bearer_status told_save(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct told *told = told_by(user_data);
    (void)reply;
    const char *token = json_text(token_json, "refresh_token");
    snprintf(told->saved_token, sizeof told->saved_token, "%s", token ? token : "");
    if (told->saves_fail > 0) {
        atomic_fetch_sub(&told->saves_fail, 1);
        return BEARER_INTERNAL;
    }
    atomic_fetch_add(&told->saved, 1);
    return BEARER_OK;
}

static inline bearer_status told_lock(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json, (void)reply;
    atomic_fetch_add(&told_by(user_data)->locked, 1);
    return BEARER_OK;
}

static inline void told_unlock(void *user_data, const char *token_json, bearer_status outcome)
{
    struct told *told = told_by(user_data);
    (void)token_json;
    told->outcome = outcome;
    atomic_fetch_add(&told->unlocked, 1);
}

static inline void told_event(void *user_data, bearer_level level, const char *event_json)
{
    struct told *told = told_by(user_data);
    const char *event = json_text(event_json, "event");
    if (strcmp(event, "renewal_parked") == 0) {
        CHECK_NUMBER(level, BEARER_LEVEL_WARN);
        atomic_fetch_add(&told->parked, 1);
    } else if (strcmp(event, "renewal_resumed") == 0) {
        CHECK_NUMBER(level, BEARER_LEVEL_INFO);
        atomic_fetch_add(&told->resumed, 1);
    } else if (strcmp(event, "token_lost") == 0) {
        CHECK_NUMBER(level, BEARER_LEVEL_ERROR);
        atomic_fetch_add(&told->lost, 1);
    }
}

static inline void told_destroy(void *user_data)
{
    atomic_fetch_add(&((struct registered *)user_data)->destroyed, 1);
}

/* Has a client tell: what it saves, its lock, its log. */
static inline void tell(bearer_client *client, struct told *told)
{
    memset(told, 0, sizeof *told);
    told->on_token.told = told->on_lock.told = told->on_log.told = told;
    OK(bearer_client_on_token(client, told_save, &told->on_token, told_destroy, &error));
    OK(bearer_client_on_lock(client, told_lock, NULL, told_unlock, &told->on_lock, told_destroy, &error));
    OK(bearer_client_on_log(client, told_event, &told->on_log, told_destroy, BEARER_LEVEL_TRACE, &error));
}

/* After the client is gone: every hook was let go once, and so was the lock as often as it was granted. */
static inline void check_gone(struct told *told)
{
    CHECK_NUMBER(told->on_token.destroyed, 1);
    CHECK_NUMBER(told->on_lock.destroyed, 1);
    CHECK_NUMBER(told->on_log.destroyed, 1);
    CHECK_NUMBER(told->unlocked, told->locked);
}

/* --- Calls that leave --- */

static inline void *refresh_until_cancelled(void *scope)
{
    EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_CANCELLED, "cancelled");
    return NULL;
}

/* Makes a renewal at the server, and leaves it when the server holds it back; returns the hold. */
static inline int leave_held(bearer_client *client)
{
    bearer_client *scope = scope_of(client, NULL);
    int id = hold("/auth/token");
    pthread_t thread = start(refresh_until_cancelled, scope);
    wait_held(id, 1);
    CHECK_NUMBER(bearer_client_cancel(scope), BEARER_OK);
    join(thread);
    bearer_client_free(scope);
    return id;
}

#endif
