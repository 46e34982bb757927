/* Signs a person in:  ./login "$(cat config.json)" http://127.0.0.1:8123/  then open the URL, and paste where it led  */
#include <bearer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A login is plain JSON: keep it in a cookie's session, a file or a variable, and hand it in again. This finds one text
 * in it, which a real program leaves to its JSON library. */
static void print_url(const char *login_json)
{
    const char *url = strstr(login_json, "\"authorization_url\":\"");
    if (url != NULL)
        printf("%.*s\n", (int)strcspn(url + 21, "\""), url + 21);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bearer_client *client = NULL;
    bearer_error *error = NULL;
    char *login = NULL, *token = NULL, params[512], callback[4096] = "";
    if (argc != 3 || strlen(argv[2]) > 400)
        return 2;
    snprintf(params, sizeof params, "{\"redirect_uri\": \"%s\"}", argv[2]);

    bearer_status status = bearer_client_new(argv[1], &client, &error);
    if (status == BEARER_OK)
        status = bearer_login_begin(client, params, &login, &error);
    if (status == BEARER_OK) {
        print_url(login);
        if (fgets(callback, sizeof callback, stdin) != NULL)
            callback[strcspn(callback, "\r\n")] = '\0';
        status = bearer_login_finish(client, login, callback, &token, &error);
    }
    if (status == BEARER_OK)
        puts("signed in");
    else
        fprintf(stderr, "%s: %s\n", bearer_status_name(status), bearer_error_message(error));

    bearer_free(token);
    bearer_free(login);
    bearer_error_free(error);
    bearer_client_free(client);
    return status != BEARER_OK;
}
