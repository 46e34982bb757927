/* A race on purpose: two threads have the library write to one place. That it is reported shows that the library's own
 * stores are watched from a C program, and that its calls put nothing in order between their callers by accident. */
#include "check.h"

static int64_t expires_at; /* of both */
static pthread_barrier_t both_are_here;

static bearer_status answer(void *user_data, const char *rejected_access_token, bearer_reply *reply)
{
    (void)user_data, (void)rejected_access_token;
    /* A thread that has ended before the other began would be taken for the same. */
    pthread_barrier_wait(&both_are_here);
    return bearer_reply_token(reply, "at");
}

static void *ask_for_token(void *client)
{
    OK(bearer_client_access_token(client, 0, NULL, &expires_at, &error));
    return NULL;
}

int main(void)
{
    bearer_client *client = client_of("{}");
    CHECK(pthread_barrier_init(&both_are_here, NULL, 2) == 0);
    OK(bearer_client_on_access_token(client, answer, NULL, NULL, &error));
    pthread_t one = start(ask_for_token, client), other = start(ask_for_token, client);
    join(one);
    join(other);
    bearer_client_free(client);
    return 0;
}
