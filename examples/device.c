/* Signs a person in who has no browser here:  ./device "$(cat config.json)"  shows a code to enter elsewhere, and waits */
#include <bearer.h>
#include <stdio.h>
#include <string.h>

/* One text of a JSON object, which a real program leaves to its JSON library. */
static void print_member(const char *words, const char *json, const char *name)
{
    const char *at = strstr(json, name);
    if (at != NULL && (at = strchr(at + strlen(name), '"')) != NULL)
        printf("%s %.*s\n", words, (int)strcspn(at + 1, "\""), at + 1);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_error *error = NULL;
    char *device = NULL, *token = NULL;
    if (argc != 2)
        return 2;

    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_device_begin(client, NULL, &device, &error);
    if (status == BEARER_OK) {
        print_member("open", device, "\"verification_uri\":");
        print_member("and enter", device, "\"user_code\":");
        status = bearer_device_wait(client, device, &token, &error);
    }
    if (status == BEARER_OK)
        puts("signed in");
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_free(token);
    bearer_free(device);
    bearer_error_free(error);
    bearer_client_free(client);
    return status != BEARER_OK;
}
