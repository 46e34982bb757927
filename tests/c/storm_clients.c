/* The same with a client of its own for each thread, all made of the same token set: as programs do that make a client
 * for every task. */
#include "check.h"
#include "storm.h"

static void a_client_each(enum expiry expiry, const char *name)
{
    static struct storm_saver savers[THREADS];
    struct storm storm = {.expiry = expiry, .client_count = THREADS};
    char *token = storm_token(expiry);
    for (int i = 0; i < THREADS; i++) {
        savers[i] = (struct storm_saver){0};
        storm.clients[i] = storm.handles[i] = storm_client(token, &savers[i]);
    }
    storm_run(&storm, name, savers);
    for (int i = 0; i < THREADS; i++) {
        bearer_client_free(storm.clients[i]);
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    a_client_each(REFUSED, "refused, a client each");
    a_client_each(EXPIRED, "expired, a client each");
    a_client_each(EXPIRING, "expiring, a client each");
    return finish();
}
