/* What the measurements share: a clock, a table, a place where connections hang. */
#ifndef BENCH_H
#define BENCH_H

#include "check.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

static inline double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A row: 50th and 99th percentile, and the largest. */
static inline void print_times(const char *name, double *times, size_t count)
{
    qsort(times, count, sizeof *times, by_size);
    printf("%-36s %10zu %10.0f %10.0f %10.0f\n", name, count, times[count / 2], times[count * 99 / 100], times[count - 1]);
}

static inline void print_times_head(const char *what)
{
    printf("%-36s %10s %10s %10s %10s\n", what, "n", "p50 us", "p99 us", "max us");
}

static inline struct sockaddr_in address_of(const char *ip, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    CHECK(inet_pton(AF_INET, ip, &address.sin_addr) == 1);
    return address;
}

/* A listening socket; port 0: the system chooses. */
static inline int listen_at(const char *ip, int *port, int backlog)
{
    struct sockaddr_in address = address_of(ip, *port);
    socklen_t len = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK_SAYING(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "%s", strerror(errno));
    CHECK(listen(listener, backlog) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return listener;
}

/* An address that answers nobody: its queue of connections to accept is full, so further ones get no answer. */
static inline void black_hole(const char *ip, int *port)
{
    listen_at(ip, port, 0);
    struct sockaddr_in address = address_of(ip, *port);
    for (;;) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        CHECK(connect(filler, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
        struct pollfd polled = {.fd = filler, .events = POLLOUT};
        if (poll(&polled, 1, 300) == 0) {
            return;
        }
    }
}

/* A number of /proc/self/status, "VmRSS:" in KiB for example. */
static inline long status_of(const char *name)
{
    char line[256];
    long number = -1;
    FILE *file = fopen("/proc/self/status", "re");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = strtol(line + strlen(name), NULL, 10);
        }
    }
    fclose(file);
    return number;
}

#endif
