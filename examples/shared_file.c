/*
 * Several processes on one host share one token set, whose refresh token is good for one use, in a file:
 *     echo lights | ./shared_file CONFIG token.json
 * Each line of standard input is a path to request. Start as many of these as you like.
 */
#define _GNU_SOURCE
#include <bearer.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A hook that has not returned cannot be interrupted: where the lock is busy, a call overruns its deadline by up to this
 * wait, and by any time if it slept in the kernel. (A hook that returns BEARER_PENDING, and has a thread of its own wait,
 * keeps deadline and cancel exactly.) */
enum { LONGEST_WAIT_MS = 10000, POLL_MS = 10, LONGEST_TOKEN = 16384 };

/* One for each client. */
struct shared {
    const char *path;
    int lock;                  /* the lock file's descriptor while the lock is held, else -1 */
    char known[LONGEST_TOKEN]; /* what this client last found in the file or put there; "": nothing */
};

/* This lock belongs to the open file, not to the process as that of F_SETLK does: it shuts out other clients of this
 * process too, any thread may let it go, and a process that dies lets it go. All who share must use the same kind. */
static int set_lock(int file, short type)
{
#ifdef F_OFD_SETLK
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &whole);
#else
    return flock(file, type == F_UNLCK ? LOCK_UN : LOCK_EX | LOCK_NB);
#endif
}

/* The lock file is never removed: else one process could lock the old one and another the new one. */
static int acquire(struct shared *shared)
{
    char path[1024];
    snprintf(path, sizeof path, "%s.lock", shared->path);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), failed = file < 0 ? errno : 0;
    for (int waited = 0; failed == 0 && set_lock(file, F_WRLCK) != 0; waited += POLL_MS) {
        int is_busy = errno == EAGAIN || errno == EACCES || errno == EINTR;
        failed = !is_busy ? errno : waited >= LONGEST_WAIT_MS ? EBUSY : 0;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    if (failed == 0)
        shared->lock = file;
    else if (file >= 0)
        close(file);
    return failed;
}

/* Unlocks first: a forked child may have the descriptor too, and closing this one would then keep the lock. */
static void release(struct shared *shared)
{
    set_lock(shared->lock, F_UNLCK);
    close(shared->lock);
    shared->lock = -1;
}

/* The stored set, "" where there is none yet. */
static int load(const char *path, char text[LONGEST_TOKEN])
{
    FILE *file = fopen(path, "r");
    memset(text, 0, LONGEST_TOKEN);
    if (file == NULL)
        return errno == ENOENT ? 0 : errno;
    size_t len = fread(text, 1, LONGEST_TOKEN, file);
    int failed = ferror(file) ? EIO : len == LONGEST_TOKEN ? EFBIG : 0;
    fclose(file);
    return failed;
}

/* The file is at every moment the old token set or the new one; the rename lasts once the folder is written too. */
static int replace(const char *path, const char *text)
{
    char temporary[1024], copy[1024];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        return errno;
    int failed = fputs(text, file) < 0 || fflush(file) != 0 || fsync(fd) != 0 ? errno : 0;
    fclose(file);
    if (failed == 0 && rename(temporary, path) != 0)
        failed = errno;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (failed == 0 && (folder < 0 || fsync(folder) != 0))
        failed = errno;
    if (folder >= 0)
        close(folder);
    return failed;
}

static bearer_status lock(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)token_json;
    int failed = acquire(user_data);
    return failed == 0 ? BEARER_OK : bearer_reply_error(reply, BEARER_UNAVAILABLE, strerror(failed));
}

/* Where another process has renewed meanwhile, its token set is used and nothing is sent. */
static bearer_status reload(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    (void)token_json;
    int failed = load(shared->path, shared->known);
    if (failed != 0)
        return bearer_reply_error(reply, BEARER_HOOK_FAILED, strerror(failed));
    return shared->known[0] == '\0' ? BEARER_OK : bearer_reply_token(reply, shared->known);
}

/* Comes under the lock, right after a renewal; or later and without it, for a set that could not be saved then. By then
 * another process may have stored the next set, and writing over that would lose the session: only what this client
 * knows is replaced. Whatever else is there, `reload` will find. */
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    struct shared *shared = user_data;
    char stored[LONGEST_TOKEN];
    int is_held = shared->lock >= 0, failed = is_held ? 0 : acquire(shared);
    if (failed == 0)
        failed = strlen(token_json) < LONGEST_TOKEN ? load(shared->path, stored) : EFBIG;
    if (failed == 0 && (stored[0] == '\0' || strcmp(stored, shared->known) == 0)) {
        failed = replace(shared->path, token_json);
        if (failed == 0)
            strcpy(shared->known, token_json);
    }
    if (!is_held && shared->lock >= 0)
        release(shared);
    return failed == 0 ? BEARER_OK : bearer_reply_error(reply, BEARER_HOOK_FAILED, strerror(failed));
}

static void unlock(void *user_data, const char *token_json, bearer_status outcome)
{
    (void)token_json, (void)outcome;
    release(user_data);
}

/* A client that begins with what is stored, else with the configuration's token. */
static bearer_status open_client(const char *config, struct shared *shared, bearer_client **client, bearer_error **error)
{
    bearer_status status = bearer_client_new(config, client, error);
    if (status == BEARER_OK && load(shared->path, shared->known) == 0 && shared->known[0] != '\0')
        status = bearer_client_set_token(*client, shared->known, error);
    if (status == BEARER_OK)
        status = bearer_client_on_token(*client, save, shared, NULL, error);
    if (status == BEARER_OK)
        status = bearer_client_on_lock(*client, lock, reload, unlock, shared, NULL, error);
    return status;
}

int main(int argc, char **argv)
{
    char path[1024];
    bearer_client *client;
    bearer_error *error;
    if (argc != 3 || strlen(argv[2]) > 1000)
        return 2;

    struct shared shared = {.path = argv[2], .lock = -1};
    bearer_status status = open_client(argv[1], &shared, &client, &error);
    if (status != BEARER_OK)
        fprintf(stderr, "%s\n", bearer_error_json(error));
    bearer_error_free(error);
    while (status == BEARER_OK && fgets(path, sizeof path, stdin) != NULL) {
        bearer_response *response;
        path[strcspn(path, "\n")] = '\0';
        if (bearer_client_request(client, "GET", path, NULL, 0, &response, &error) == BEARER_OK)
            printf("HTTP status %d\n", bearer_response_status(response));
        else
            puts(bearer_error_json(error));
        fflush(stdout);
        bearer_error_free(error);
        bearer_response_free(response);
    }
    bearer_client_free(client);
    return status != BEARER_OK;
}
