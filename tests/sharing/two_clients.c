/* Two clients in one process, which share a token as examples/shared_file.c does, also with other processes:
 *     echo "1 lights" | ./two_clients CONFIG token.json */
#define main main_of_the_example
#include "../../examples/shared_file.c"
#undef main

/* What two clients of one process need, and locks of a process would not give. */
static int is_exclusive(struct shared *one, struct shared *other)
{
    if (acquire(one) != 0)
        return 0;
    char path[1024];
    snprintf(path, sizeof path, "%s.lock", other->path);
    int file = open(path, O_RDWR | O_CLOEXEC);
    int was_busy = file >= 0 && set_lock(file, F_WRLCK) != 0 && (errno == EAGAIN || errno == EACCES);
    close(file);
    release(one);
    if (acquire(other) != 0)
        return 0;
    release(other);
    return was_busy;
}

int main(int argc, char **argv)
{
    struct shared shared[2] = {{.path = argv[argc - 1], .lock = -1}, {.path = argv[argc - 1], .lock = -1}};
    bearer_client *clients[2];
    bearer_error *error;
    char path[1024];
    int number;
    if (!is_exclusive(&shared[0], &shared[1])) {
        puts("two clients hold the lock at once");
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        if (open_client(argv[1], &shared[i], &clients[i], &error) != BEARER_OK)
            return 2;
    }
    while (scanf("%d %1023s", &number, path) == 2) {
        bearer_response *response;
        if (bearer_client_request(clients[number - 1], "GET", path, NULL, 0, &response, &error) == BEARER_OK)
            printf("HTTP status %d\n", bearer_response_status(response));
        else
            puts(bearer_error_json(error));
        fflush(stdout);
        bearer_error_free(error);
        bearer_response_free(response);
    }
    bearer_client_free(clients[0]);
    bearer_client_free(clients[1]);
    return 0;
}
