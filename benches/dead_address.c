/* How long a request takes whose host has two addresses, the first of which does not answer. This program's own
 * getaddrinfo says so for one name; the loader gives it to the library too. */
#include "bench.h"
#include <dlfcn.h>
#include <netdb.h>

#define TWO_ADDRESSES "two.example"

static struct addrinfo *entry(const char *ip, const char *service, struct addrinfo *next)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *made = calloc(1, sizeof *made);
    made->address = address_of(ip, service ? (int)strtol(service, NULL, 10) : 0);
    made->info = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addrlen = sizeof made->address,
                                   .ai_addr = (struct sockaddr *)&made->address, .ai_next = next};
    return &made->info;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    if (node != NULL && strcmp(node, TWO_ADDRESSES) == 0) {
        *found = entry("127.0.0.2", service, entry("127.0.0.1", service, NULL));
        return 0;
    }
    int (*system_one)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&system_one = dlsym(RTLD_NEXT, "getaddrinfo");
    return system_one(node, service, hints, found);
}

/* Only what the function above made is freed; the rest of this short program's life is no leak. */
void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        if (list->ai_addr == (struct sockaddr *)(list + 1)) {
            free(list);
        }
        list = next;
    }
}

int main(int argc, char **argv)
{
    enum { ROUNDS = 20 };
    double times[ROUNDS];
    CHECK_NUMBER(argc, 2);
    int port = (int)strtol(strrchr(argv[1], ':') + 1, NULL, 10);
    black_hole("127.0.0.2", &port);
    print_times_head("first request");
    for (int dead = 0; dead < 2; dead++) {
        for (int i = 0; i < ROUNDS; i++) {
            const char *host = dead ? TWO_ADDRESSES : "127.0.0.1";
            bearer_client *client = client_of(json("{'authorization':'secret','base_url':'http://%s:%d'}", host, port));
            double began = now_us();
            CHECK_NUMBER(get_status(client, "fixed/x"), 200);
            times[i] = now_us() - began;
            bearer_client_free(client);
        }
        print_times(dead ? "first address is dead" : "one address", times, ROUNDS);
    }
    fflush(stdout);
    /* Side by side, where there is a curl: both addresses by its own option. */
    return system(format("if command -v curl >/dev/null; then curl -s -o /dev/null --max-time 20 --noproxy '*' "
                         "-w 'curl, first address is dead: %%{time_total} s\\n' -H 'Authorization: secret' "
                         "--resolve " TWO_ADDRESSES ":%d:127.0.0.2,127.0.0.1 http://" TWO_ADDRESSES ":%d/fixed/x; fi",
                         port, port)) == -1;
}
