/* Fork while another thread is in the middle of something that nobody will finish in the child. */
#include "forking.h"

static atomic_int is_over;

static void *read_it(void *response)
{
    bearer_error *why = NULL;
    CHECK_NUMBER(bearer_response_body(response, NULL, NULL, &why), BEARER_OK);
    return NULL;
}

/* The thread that reads the answer is not in the child, where nobody will ever finish reading it. */
static void responses_of_others(void)
{
    client = client_with_token(issue("{}"), "");
    fault(json("{'path':'/api/bytes','drip_ms':1}"));
    bearer_response *response = ask(client, "GET", "api/bytes/1000");
    pthread_t thread = start(read_it, response);
    /* Until it is at it: nothing says so. The worst that a slow machine does to this is to make it prove less. */
    usleep(100000);
    pid_t child = fork_child();
    if (child == 0) {
        char piece[10];
        size_t len;
        NEED(bearer_response_status(response) == 200, 100);
        NEED(bearer_response_read(response, piece, sizeof piece, &len, NULL) != BEARER_OK, 101);
        NEED(bearer_response_body(response, NULL, NULL, NULL) != BEARER_OK, 102);
        bearer_response_free(response);
        NEED(echo(client, "child", 0) == OWN, 103);
        leave(0);
    }
    join(thread);
    wait_for(child);
    bearer_response_free(response);
    bearer_client_free(client);
    no_faults();
}

enum { HANDLES = 300000 };

static void *make_handles(void *unused)
{
    (void)unused;
    int count = is_slow ? 5000 : HANDLES;
    bearer_request **made_here = malloc((size_t)count * sizeof(bearer_request *));
    CHECK(made_here != NULL);
    for (int i = 0; i < count; i++) {
        CHECK(bearer_request_new("GET", "x", &made_here[i], NULL) == BEARER_OK);
    }
    is_over = 1;
    for (int i = 0; i < count; i++) {
        bearer_request_free(made_here[i]);
    }
    free(made_here);
    return NULL;
}

static void while_the_table_grows(void)
{
    int rounds = 0;
    pthread_t thread = start(make_handles, NULL);
    do {
        pid_t child = fork_child();
        if (child == 0) {
            for (int i = 0; i < 100; i++) {
                bearer_request *request;
                NEED(bearer_request_new("GET", "x", &request, NULL) == BEARER_OK, 110);
            }
            leave(0);
        }
        wait_for(child);
        rounds++;
    } while (!is_over);
    join(thread);
    printf("%d forks while handles were made\n", rounds);
}

int main(int argc, char **argv)
{
    begin_forking(argc, argv);
    responses_of_others();
    while_the_table_grows();
    return finish();
}
