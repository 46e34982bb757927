/* refresh.ahead: one thread renews in the background, and is gone with the last client that asks for it. */
#include "check.h"
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    while (readdir(tasks)) {
        count++;
    }
    closedir(tasks);
    return count - 2;
}

static bearer_client *ahead(const char *more)
{
    return client_with_token(issue("{}"), format("'refresh':{'ahead':true}%s", more));
}

static long long stat_of(bearer_client *client, const char *name)
{
    char *stats;
    OK(bearer_client_stats(client, &stats, &error));
    long long value = json_number(stats, name);
    bearer_free(stats);
    return value;
}

static void wait_stat(bearer_client *client, const char *name, long long at_least)
{
    while (stat_of(client, name) < at_least) {
        usleep(1000);
    }
}

/* Tokens live for six seconds, of which the last third at least is left to the renewal; requests never make or await one. */
static void nobody_waits(void)
{
    int before = threads();
    bearer_client *client = ahead(""), *other = ahead("");
    reset();
    control("POST", "config", json("{'access_ttl_s':6}"));
    CHECK_NUMBER(threads(), before);
    OK(bearer_client_set_token(client, issue("{}"), &error));
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(get_status(other, "api/lights"), 200);
    CHECK_NUMBER(threads(), before + 1);
    while (stat_of(client, "renewals") < 2) {
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
    }
    CHECK_NUMBER(stat_of(client, "renewals_joined"), 0);
    CHECK_NUMBER(stat_of(client, "unauthorized_retries"), 0);
    CHECK_NUMBER(stat_of(client, "tokens_not_saved"), 0);
    bearer_client_free(client);
    CHECK_NUMBER(threads(), before + 1);
    bearer_client_free(other);
    CHECK_NUMBER(threads(), before);
    /* And again. */
    client = ahead("");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(threads(), before + 1);
    bearer_client_free(client);
    CHECK_NUMBER(threads(), before);
}

static char *saved;

static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)reply;
    saved = format("%s", token_json);
    return BEARER_OK;
}

static void *let_go(void *id)
{
    release(*(int *)id);
    return NULL;
}

/* A renewal that the free finds under way is read to its end and saved. */
static void freed_while_it_renews(void)
{
    int before = threads();
    bearer_client *client = ahead("");
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    control("POST", "config", json("{'access_ttl_s':2}"));
    OK(bearer_client_set_token(client, issue("{}"), &error));
    int id = hold("/auth/token");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    wait_held(id, 1);
    saved = NULL;
    pthread_t thread = start(let_go, &id);
    bearer_client_free(client);
    join(thread);
    CHECK(saved != NULL);
    CHECK_NUMBER(threads(), before);
}

static bearer_client *own;

static bearer_status free_in_hook(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json, (void)reply;
    bearer_client_free(own);
    atomic_store((atomic_int *)user_data, 1);
    return BEARER_OK;
}

/* A hook on the renewal thread may free its own client. */
static void freed_by_its_own_hook(void)
{
    static atomic_int done;
    int before = threads();
    own = ahead("");
    control("POST", "config", json("{'access_ttl_s':2}"));
    OK(bearer_client_set_token(own, issue("{}"), &error));
    OK(bearer_client_on_token(own, free_in_hook, &done, NULL, &error));
    CHECK_NUMBER(get_status(own, "api/lights"), 200);
    while (!done || threads() > before) {
        usleep(1000);
    }
    EXPECT(bearer_client_refresh(own, NULL, &error), BEARER_INVALID_HANDLE, "handle");
}

/* A child has the client and starts a thread of its own. */
static void after_a_fork(void)
{
    bearer_client *client = ahead("");
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    pid_t child = fork();
    if (child == 0) {
        CHECK_NUMBER(threads(), 1);
        CHECK_NUMBER(get_status(client, "api/lights"), 200);
        CHECK_NUMBER(threads(), 2);
        control("POST", "config", json("{'access_ttl_s':2}"));
        OK(bearer_client_set_token(client, issue("{}"), &error));
        wait_stat(client, "renewals", 1);
        bearer_client_free(client);
        CHECK_NUMBER(threads(), 1);
        _exit(finish());
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_SAYING(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
    bearer_client_free(client);
}

static void *nothing(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    /* Where a sanitizer has a thread of its own, it comes with the first, and is counted from here on. */
    join(start(nothing, NULL));
    nobody_waits();
    freed_while_it_renews();
    freed_by_its_own_hook();
    after_a_fork();
    return finish();
}
