/* Signs a person in with this machine's browser:  ./login_loopback "$(cat config.json)"  */
#include <bearer.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_error *error = NULL;
    char *token = NULL;
    if (argc != 2)
        return 2;

    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_login_loopback(client, NULL, NULL, NULL, &token, &error);
    if (status == BEARER_OK)
        puts("signed in");
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_free(token);
    bearer_error_free(error);
    bearer_client_free(client);
    return status != BEARER_OK;
}
