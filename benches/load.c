/* How long dlopen takes, in a fresh process each time: of the library, and of others to compare with. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200 };

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* -1 where there is no such library. */
static double load_once(const char *library)
{
    int ends[2];
    double took = -1;
    if (pipe(ends) != 0) {
        exit(1);
    }
    if (fork() == 0) {
        double began = now_us();
        took = dlopen(library, RTLD_NOW) ? now_us() - began : -1;
        _exit(write(ends[1], &took, sizeof took) != sizeof took);
    }
    close(ends[1]);
    if (read(ends[0], &took, sizeof took) != sizeof took) {
        exit(1);
    }
    close(ends[0]);
    wait(NULL);
    return took;
}

int main(int argc, char **argv)
{
    static double times[ROUNDS];
    printf("%-36s %10s %10s %10s %10s\n", "dlopen of", "n", "p50 us", "p99 us", "max us");
    for (int which = 1; which < argc; which++) {
        if (load_once(argv[which]) < 0) {
            printf("%-36s is not here\n", argv[which]);
            continue;
        }
        for (int i = 0; i < ROUNDS; i++) {
            times[i] = load_once(argv[which]);
        }
        qsort(times, ROUNDS, sizeof *times, by_size);
        printf("%-36s %10d %10.0f %10.0f %10.0f\n", argv[which], ROUNDS, times[ROUNDS / 2], times[ROUNDS * 99 / 100],
               times[ROUNDS - 1]);
    }
    return 0;
}
