/* The same N requests by hand: a write and a read each, which is the least there can be. */
#include "bench.h"

int main(int argc, char **argv)
{
    CHECK_NUMBER(argc, 3);
    struct sockaddr_in address = address_of("127.0.0.1", (int)strtol(strrchr(argv[1], ':') + 1, NULL, 10));
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
    static const char request[] = "GET /fixed/bytes/100 HTTP/1.1\r\nHost: x\r\nAuthorization: secret\r\n\r\n";
    for (long i = -1; i < strtol(argv[2], NULL, 10); i++) {
        char answer[4096];
        size_t len = 0;
        CHECK(write(connection, request, sizeof request - 1) == sizeof request - 1);
        do {
            ssize_t n = read(connection, answer + len, sizeof answer - 1 - len);
            CHECK(n > 0);
            len += (size_t)n;
            answer[len] = 0;
        } while (memmem(answer, len, "\r\n\r\n", 4) == NULL
                 || (char *)memmem(answer, len, "\r\n\r\n", 4) + 4 + 100 > answer + len);
        CHECK(memcmp(answer, "HTTP/1.1 200", 12) == 0);
    }
    return 0;
}
