/* 64 threads, 100 expiries, refresh tokens that are good once: exactly 100 renewals, and no request fails. */
#include "check.h"
#include "storm.h"

enum share { ONE_HANDLE, A_SCOPE_EACH };

static void one_client(enum expiry expiry, enum share share, const char *name)
{
    struct storm_saver saver = {0};
    struct storm storm = {.expiry = expiry, .client_count = 1};
    storm.clients[0] = storm_client(storm_token(expiry), &saver);
    for (int i = 0; i < THREADS; i++) {
        storm.handles[i] = storm.clients[0];
        if (share == A_SCOPE_EACH) {
            OK(bearer_client_scope(storm.clients[0], NULL, &storm.handles[i], &error));
        }
    }
    storm_run(&storm, name, &saver);
    for (int i = 0; i < THREADS && share == A_SCOPE_EACH; i++) {
        bearer_client_free(storm.handles[i]);
    }
    bearer_client_free(storm.clients[0]);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    one_client(REFUSED, ONE_HANDLE, "refused, one handle");
    one_client(EXPIRED, ONE_HANDLE, "expired, one handle");
    one_client(EXPIRING, ONE_HANDLE, "expiring, one handle");
    one_client(REFUSED, A_SCOPE_EACH, "refused, a scope each");
    one_client(EXPIRED, A_SCOPE_EACH, "expired, a scope each");
    one_client(EXPIRING, A_SCOPE_EACH, "expiring, a scope each");
    return finish();
}
