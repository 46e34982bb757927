/*
 * Keeps the token set in a file that a power cut cannot tear, and begins with it at the next start:
 *     ./store_token CONFIG lights token.json
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

static int write_and_sync(const char *path, const char *text)
{
    /* Nobody else may read it. */
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t done = 0, len = strlen(text);
    if (file < 0)
        return -1;
    while (done < len) {
        ssize_t n = write(file, text + done, len - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n < 0 ? 0 : (size_t)n;
    }
    int failed = done < len || fsync(file) != 0;
    return close(file) != 0 || failed ? -1 : 0;
}

/* The rename lasts only once the folder is written too. */
static int sync_folder(const char *path)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return -1;
    int failed = fsync(folder);
    close(folder);
    return failed;
}

/* The file is at every moment the old token set or the new one. Calls for one client never overlap. */
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    const char *path = user_data;
    char temporary[1024];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    if (write_and_sync(temporary, token_json) != 0 || rename(temporary, path) != 0 || sync_folder(path) != 0)
        return bearer_reply_error(reply, BEARER_HOOK_FAILED, strerror(errno));
    printf("saved in %s\n", path);
    return BEARER_OK;
}

/* The stored set as text, or NULL where there is none yet. */
static char *load(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    if (file != NULL && text != NULL && fread(text, 1, 65535, file) > 0) {
        fclose(file);
        return text;
    }
    if (file != NULL)
        fclose(file);
    free(text);
    return NULL;
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_response *response = NULL;
    bearer_error *error = NULL;
    if (argc != 4)
        return 2;

    char *stored = load(argv[3]);
    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK && stored != NULL)
        status = bearer_client_set_token(client, stored, &error);
    if (status == BEARER_OK)
        status = bearer_client_on_token(client, save, argv[3], NULL, &error);
    if (status == BEARER_OK)
        status = bearer_client_request(client, "GET", argv[2], NULL, 0, &response, &error);
    if (status == BEARER_OK)
        printf("HTTP status %d\n", bearer_response_status(response));
    else
        fprintf(stderr, "%s\n", bearer_error_json(error));

    free(stored);
    bearer_error_free(error);
    bearer_response_free(response);
    bearer_client_free(client);
    return status != BEARER_OK;
}
