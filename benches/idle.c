/* The memory of clients that have a connection each and nothing to do. */
#include "bench.h"

enum { CLIENTS = 200 };

static bearer_client *clients[CLIENTS];

static void measure(const char *what, const char *config, int has_connection)
{
    /* The first one pays for what all share. */
    for (int warm = 0; warm < 2; warm++) {
        long before = status_of("VmRSS:");
        for (int i = warm ? 1 : 0; i < (warm ? CLIENTS : 1); i++) {
            clients[i] = client_of(config);
            if (has_connection) {
                /* Read to its end, or else the connection would not be kept. */
                get_text(clients[i], "fixed/bytes/100");
            }
        }
        if (warm) {
            printf("%-36s %10d %10.1f\n", what, CLIENTS - 1, (double)(status_of("VmRSS:") - before) / (CLIENTS - 1));
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        bearer_client_free(clients[i]);
    }
}

int main(int argc, char **argv)
{
    CHECK_NUMBER(argc, 3);
    const char *which = argv[2];
    printf("%s", strcmp(which, "none") == 0 ? "idle                                          n KiB each\n" : "");
    const char *http = json("{'authorization':'secret','base_url':'%s'}", json_text(argv[1], "url"));
    if (strcmp(which, "none") == 0) {
        measure("client without a connection", http, 0);
    } else if (strcmp(which, "http") == 0) {
        measure("client with a http connection", http, 1);
    } else {
        measure("client with a https connection",
                json("{'authorization':'secret','base_url':'%s','http':{'ca_file':'%s'}}", json_text(argv[1], "https_url"),
                     json_text(argv[1], "ca_file")), 1);
    }
    return 0;
}
