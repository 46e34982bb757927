/*
 * The program that is killed: examples/store_token.c as it stands, except that its store names each of its system calls
 * and, where STOP_AT says so by a number, waits before one of them:
 *     STOP_AT=4 ./renewing CONFIG lights token.json
 * FAULT=in_place and FAULT=late make it store as programs often do, which the test has to notice.
 */
#define _POSIX_C_SOURCE 200809L
#include <bearer.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply);

static void call(const char *name)
{
    static int number;
    const char *stop_at = getenv("STOP_AT");
    printf("call %d: %s\n", ++number, name);
    fflush(stdout);
    while (stop_at != NULL && atoi(stop_at) == number)
        pause();
}

static int has_fault(const char *name)
{
    const char *fault = getenv("FAULT");
    return fault != NULL && strcmp(fault, name) == 0;
}

static char *path_of_late, *text_of_late;

/* Says "saved" and does it after the request. */
static bearer_status keep_for_later(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)reply;
    path_of_late = user_data;
    text_of_late = calloc(1, strlen(token_json) + 1);
    return text_of_late == NULL ? BEARER_HOOK_FAILED : (strcpy(text_of_late, token_json), BEARER_OK);
}

static bearer_status after_request(bearer_status status)
{
    return text_of_late == NULL || status != BEARER_OK ? status : save(path_of_late, text_of_late, NULL);
}

#define open(...) (call("open"), open(__VA_ARGS__))
/* In pieces, so that it can be killed between them. */
#define write(file, bytes, len) (call("write"), write(file, bytes, (len) < 64 ? (len) : 64))
#define fsync(file) (call("fsync"), fsync(file))
#define close(file) (call("close"), close(file))
#define rename(from, to) (call("rename"), rename(from, to))
/* The name of the temporary file; in_place: that of the file itself, which renaming leaves alone. */
#define snprintf(to, size, format, path) snprintf(to, size, has_fault("in_place") ? "%s" : format, path)
#define bearer_client_on_token(client, hook, ...) \
    bearer_client_on_token(client, has_fault("late") ? keep_for_later : (hook), __VA_ARGS__)
#define bearer_client_request(...) after_request(bearer_client_request(__VA_ARGS__))

#include "../../examples/store_token.c"
