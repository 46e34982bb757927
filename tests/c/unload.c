/* Loading, using and unloading the library again and again (FFI hazard 6). It is linked with -z nodelete, so dlclose
 * leaves it where it is: a thread that used it runs its destructors later, and the lookup thread its code. What is
 * proven here is that nothing grows with the cycles, and that nobody runs into code that is gone. This program is not
 * linked with the library, or nothing would ever be loaded. */
#include "check.h"
#include <dlfcn.h>

#define FUNCTIONS(X) \
    X(bearer_client_new) X(bearer_client_free) X(bearer_client_request) X(bearer_client_stats) X(bearer_error_json) \
    X(bearer_error_status) X(bearer_error_free) X(bearer_response_status) X(bearer_response_body) \
    X(bearer_response_free) X(bearer_free) X(bearer_version)

/* Its functions, as one dlopen found them. */
struct library {
    void *handle;
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

static struct library load(void)
{
    struct library library = {.handle = dlopen(BEARER_LIBRARY, RTLD_NOW | RTLD_LOCAL)};
    CHECK_SAYING(library.handle != NULL, "%s", dlerror());
#define FIND(name) CHECK((*(void **)&library.name = dlsym(library.handle, #name)) != NULL);
    FUNCTIONS(FIND)
#undef FIND
    return library;
}

/* The same server by the name of its host, which must be looked up: on a thread of the library's. */
static char config[200];

static void request(const struct library *library, bearer_client *client)
{
    bearer_response *response;
    const uint8_t *bytes;
    size_t len;
    CHECK_NUMBER(library->bearer_client_request(client, "GET", "fixed/bytes/5000", NULL, 0, &response, NULL), BEARER_OK);
    CHECK_NUMBER(library->bearer_response_status(response), 200);
    CHECK_NUMBER(library->bearer_response_body(response, &bytes, &len, NULL), BEARER_OK);
    CHECK_NUMBER(len, 5000);
    library->bearer_response_free(response);
}

static void cycle(int number)
{
    struct library library = load();
    bearer_client *client, *none;
    bearer_error *why;
    char *stats;
    CHECK(library.bearer_version()[0] != 0);
    CHECK_NUMBER(library.bearer_client_new(config, &client, NULL), BEARER_OK);
    CHECK_NUMBER(library.bearer_client_new("{'", &none, &why), BEARER_INVALID_ARGUMENT);
    CHECK(library.bearer_error_json(why)[0] == '{');
    CHECK_NUMBER(library.bearer_error_status(why), BEARER_INVALID_ARGUMENT);
    library.bearer_error_free(why);
    if (number % 100 == 0) {
        request(&library, client);
    }
    CHECK_NUMBER(library.bearer_client_stats(client, &stats, NULL), BEARER_OK);
    CHECK(strstr(stats, number % 100 == 0 ? "\"connections\":1" : "\"connections\":0") != NULL);
    library.bearer_free(stats);
    library.bearer_client_free(client);
    CHECK_NUMBER(dlclose(library.handle), 0);
}

/* A number of /proc/self/status, "VmRSS:" in KiB for example. */
static long status_of(const char *name)
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

static void cycles(void)
{
    int is_slow = getenv("BEARER_TEST_SLOW") != NULL;
    int first = is_slow ? 100 : 1000, last = is_slow ? 300 : 10000, number = 0;
    for (; number < first; number++) {
        cycle(number);
    }
    long memory = status_of("VmRSS:"), threads = status_of("Threads:");
    for (; number < last; number++) {
        cycle(number);
    }
    /* A checker's own memory grows as it likes. */
    long grown = status_of("VmRSS:") - memory;
    CHECK_SAYING(is_slow || grown <= 1024, "%ld KiB in %d cycles", grown, last - first);
    /* This one, and the one that looks names up. */
    CHECK(threads <= 2);
    CHECK(status_of("Threads:") <= threads);
    printf("%ld KiB after %d cycles, %ld KiB more after %d\n", memory, first, grown, last);
}

static pthread_barrier_t barrier;

/* Uses the library, and ends once that is unloaded. */
static void *outlive(void *argument)
{
    const struct library *library = argument;
    bearer_client *client;
    CHECK_NUMBER(library->bearer_client_new(config, &client, NULL), BEARER_OK);
    request(library, client);
    library->bearer_client_free(client);
    pthread_barrier_wait(&barrier); /* used */
    pthread_barrier_wait(&barrier); /* unloaded */
    return NULL;
}

/* Threads that used the library end after its dlclose; the lookup thread is idle all the while. */
static void threads_outlive_it(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int round = 0; round < 10; round++) {
        struct library library = load();
        CHECK(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
        for (int i = 0; i < THREADS; i++) {
            threads[i] = start(outlive, &library);
        }
        pthread_barrier_wait(&barrier);
        CHECK_NUMBER(status_of("Threads:"), 1 + THREADS + 1);
        CHECK_NUMBER(dlclose(library.handle), 0);
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < THREADS; i++) {
            join(threads[i]);
        }
        pthread_barrier_destroy(&barrier);
    }
}

/* dlclose while a client lives, with a connection that is kept; the next dlopen finds both. */
static void a_client_outlives_it(void)
{
    struct library library = load();
    bearer_client *client;
    char *stats;
    CHECK_NUMBER(library.bearer_client_new(config, &client, NULL), BEARER_OK);
    request(&library, client);
    CHECK_NUMBER(dlclose(library.handle), 0);
    library = load();
    request(&library, client);
    CHECK_NUMBER(library.bearer_client_stats(client, &stats, NULL), BEARER_OK);
    CHECK(strstr(stats, "\"connections\":1") != NULL);
    library.bearer_free(stats);
    library.bearer_client_free(client);
    CHECK_NUMBER(dlclose(library.handle), 0);
}

int main(int argc, char **argv)
{
    alarm(getenv("BEARER_TEST_SLOW") ? 600 : 120);
    CHECK_NUMBER(argc, 2);
    const char *url = json_text(argv[1], "url");
    CHECK(url != NULL && strrchr(url, ':') != NULL);
    int len = snprintf(config, sizeof config, "{\"authorization\":\"secret\",\"base_url\":\"http://localhost:%s\"}",
                       strrchr(url, ':') + 1);
    CHECK(len > 0 && (size_t)len < sizeof config);
    CHECK(dlopen(BEARER_LIBRARY, RTLD_NOW | RTLD_NOLOAD) == NULL);
    cycles();
    threads_outlive_it();
    a_client_outlives_it();
    /* Said by the linker's flag, and relied on by all the above. */
    CHECK(dlopen(BEARER_LIBRARY, RTLD_NOW | RTLD_NOLOAD) != NULL);
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i]);
    }
    free(kept);
    printf("%d checks\n", (int)checks_done);
    return 0;
}
