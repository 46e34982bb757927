/* Signs a person in who has no browser here:  ./device "$(cat config.json)"  shows a code to enter elsewhere, and waits */
#include <bearer.h>
#include <stdio.h>
#include <string.h>

/* One text of a JSON object, empty where it is absent: which a real program leaves to its JSON library. */
static const char *member(const char *json, const char *name)
{
    static char text[1024];
    const char *at = strstr(json, name);
    *text = '\0';
    if (at != NULL && (at = strchr(at + strlen(name), '"')) != NULL)
        snprintf(text, sizeof text, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    return text;
}

/* For a camera, where the server gives a URL that has the code in it. */
static void show_qr(const char *url)
{
    char *qr = NULL;
    if (*url != '\0' && bearer_qr_text(url, &qr, NULL) == BEARER_OK)
        printf("or scan\n%s", qr);
    bearer_free(qr);
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
        printf("open %s\n", member(device, "\"verification_uri\":"));
        printf("and enter %s\n", member(device, "\"user_code\":"));
        show_qr(member(device, "\"verification_uri_complete\":"));
        fflush(stdout);
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
