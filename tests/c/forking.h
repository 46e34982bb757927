/* What the programs about fork share. A child has its parent's clients and none of its threads and connections (FFI
 * hazard 7). A child of many threads may use no lock of its own program that another thread may have held, so `format`
 * and all that stands on it is for the parent alone. */
#ifndef FORKING_H
#define FORKING_H

#include "check.h"
#include <signal.h>
#include <sys/wait.h>

static int is_child;
static int is_slow;
static bearer_client *client;

/* The end of a child. Under valgrind another program's end, for leak checks know nothing of threads left behind. */
static inline void leave(int verdict)
{
    if (is_slow) {
        char text[32];
        snprintf(text, sizeof text, "exit %d", verdict);
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
    }
    _exit(verdict);
}

/* In a child; says where it failed, and is one of the child's statuses. */
#define NEED(cond, verdict) ((cond) ? (void)0 : (check_failed(__FILE__, __LINE__, #cond, ""), leave(verdict)))

/* Forks; the child has so long for what it does: one that hangs is ended by the alarm. */
static inline pid_t fork_child(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        is_child = 1;
        alarm(is_slow ? 120 : 20);
    }
    return pid;
}

static inline void wait_for(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_SAYING(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %s %d", WIFEXITED(status) ? "exit" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

enum { OWN, CROSSED, NO_ANSWER, FORKED };

/* What an echo has: this path, and this body if any. */
static inline int is_echo_of(bearer_response *response, const char *path, const char *body)
{
    const uint8_t *bytes;
    size_t len;
    char wanted[160];
    if (bearer_response_status(response) != 200 || bearer_response_body(response, &bytes, &len, NULL) != BEARER_OK) {
        return 0;
    }
    snprintf(wanted, sizeof wanted, "\"path\":\"/%s\"", path);
    if (strstr((const char *)bytes, wanted) == NULL) {
        return 0;
    }
    snprintf(wanted, sizeof wanted, "\"body_text\":\"%s\"", body);
    return strstr((const char *)bytes, wanted) != NULL;
}

/* One request whose answer can be nobody else's. */
static inline int echo(bearer_client *client, const char *who, long number)
{
    char path[80], body[100];
    bearer_response *response;
    bearer_error *why;
    snprintf(path, sizeof path, "api/%s/%ld/%ld", who, (long)getpid(), number);
    snprintf(body, sizeof body, "body of %s", path);
    int has_body = number % 2;
    const char *method = has_body ? "PUT" : "GET";
    size_t len = has_body ? strlen(body) : 0;
    for (int attempt = 0; attempt < 3; attempt++) {
        bearer_status status = bearer_client_request(client, method, path, has_body ? body : NULL, len, &response, &why);
        if (status != BEARER_OK) {
            const char *details = bearer_error_json(why);
            int verdict = details && strstr(details, "\"forked\"") ? FORKED : NO_ANSWER;
            if (verdict == NO_ANSWER) {
                fprintf(stderr, "%s: %s\n", path, details ? details : bearer_status_name(status));
            }
            bearer_error_free(why);
            return verdict;
        }
        /* On a busy machine a token of seconds may expire on the way, twice even. */
        if (bearer_response_status(response) != 401) {
            break;
        }
        bearer_response_free(response);
        response = NULL;
    }
    int verdict = is_echo_of(response, path, has_body ? body : "") ? OWN : CROSSED;
    bearer_response_free(response);
    return verdict;
}

static inline void begin_forking(int argc, char **argv)
{
    begin(argc, argv);
    is_slow = getenv("BEARER_TEST_SLOW") != NULL;
    alarm(is_slow ? 600 : 180);
}

static inline long long connections_of(const char *listener)
{
    return json_number(json_raw(control("GET", "state", NULL), "connections"), listener);
}

#endif
