/* A login's way through the browser, for the programs that need one. */
#ifndef BROWSER_H
#define BROWSER_H

#include "check.h"

#define REDIRECT "'redirect_uri':'http://127.0.0.1:1/cb'"

static inline char *begin_login(bearer_client *client, const char *params)
{
    char *login;
    OK(bearer_login_begin(client, params ? swap_quotes(params) : NULL, &login, &error));
    char *copy = format("%s", login);
    bearer_free(login);
    return copy;
}

/* What a browser does: it goes to the URL, and says where it was sent back to. */
static inline char *browse(const char *login)
{
    char *url = json_text(login, "authorization_url");
    CHECK(strncmp(url, server_url, strlen(server_url)) == 0);
    bearer_client *browser =
        client_of(json("{'base_url':'%s','authorization':'none','http':{'redirects':'none'}}", server_url));
    bearer_response *response = ask(browser, "GET", url + strlen(server_url));
    CHECK_NUMBER(bearer_response_status(response), 302);
    char *back = format("%s", bearer_response_header(response, "location"));
    bearer_response_free(response);
    bearer_client_free(browser);
    return back;
}

#endif
