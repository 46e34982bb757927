/* A server that writes each answer in one piece, so that whoever asks needs one read for it. Ends with its input. */
#include "bench.h"

static void *serve(void *argument)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    char answer[sizeof head - 1 + 100], request[4096];
    size_t len = 0;
    int connection = *(int *)argument;
    free(argument);
    memcpy(answer, head, sizeof head - 1);
    memset(answer + sizeof head - 1, 'b', 100);
    for (;;) {
        ssize_t n = read(connection, request + len, sizeof request - len);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
        if (len >= 4 && memcmp(request + len - 4, "\r\n\r\n", 4) == 0) {
            len = 0;
            if (write(connection, answer, sizeof answer) < 0) {
                break;
            }
        }
    }
    close(connection);
    return NULL;
}

static void *accept_all(void *argument)
{
    int listener = *(int *)argument;
    for (;;) {
        int *connection = malloc(sizeof *connection);
        *connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_detach(start(serve, connection));
    }
    return NULL;
}

int main(void)
{
    int port = 0, listener = listen_at("127.0.0.1", &port, 100);
    char scratch[16];
    printf("http://127.0.0.1:%d\n", port);
    fflush(stdout);
    pthread_detach(start(accept_all, &listener));
    while (read(0, scratch, sizeof scratch) > 0) {
    }
    return 0;
}
