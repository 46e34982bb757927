/* Signing in on another device (RFC 8628). */
#include "check.h"
#include <unistd.h>

static int saved;
static bearer_status save(void *user_data, const char *token_json, bearer_reply *reply)
{
    (void)user_data, (void)token_json, (void)reply;
    saved++;
    return BEARER_OK;
}

static bearer_client *client_for_device(void)
{
    bearer_client *client = client_of(json("{'base_url':'%s'," TEST_CLIENT
                                           ",'server':{'device_authorization_endpoint':'/auth/device_authorization'}}",
                                           server_url));
    OK(bearer_client_on_token(client, save, NULL, NULL, &error));
    saved = 0;
    return client;
}

static char *begin_device(bearer_client *client, const char *params)
{
    char *device;
    OK(bearer_device_begin(client, params ? swap_quotes(params) : NULL, &device, &error));
    char *copy = format("%s", device);
    bearer_free(device);
    return copy;
}

static void person(const char *device, int approves)
{
    control("POST", "device",
            json("{'user_code':'%s','approve':%s}", json_text(device, "user_code"), approves ? "true" : "false"));
}

static void pending(bearer_client *client, const char *device)
{
    char *token = "x";
    CHECK_NUMBER(bearer_device_poll(client, device, &token, &error), BEARER_PENDING);
    CHECK(token == NULL && error == NULL);
}

/* However often it is called, the server is asked no more often than it wants. */
static void step_by_step(void)
{
    bearer_client *client = client_for_device();
    char *device = begin_device(client, "{'scope':'read'}"), *token;
    CHECK(json_number(device, "expires_at") >= counter("now") + 599);
    CHECK(strstr(json_text(device, "verification_uri_complete"), json_text(device, "user_code")) != NULL);
    reset();
    for (int i = 0; i < 1000; i++) {
        pending(client, device);
    }
    CHECK(counter("token_requests") <= 2);
    person(device, 1);
    bearer_status status;
    while ((status = bearer_device_poll(client, device, &token, &error)) == BEARER_PENDING) {
        usleep(1000);
    }
    OK(status);
    CHECK_TEXT(held_token(client), token);
    bearer_free(token);
    CHECK_NUMBER(saved, 1);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    OK(bearer_client_refresh(client, NULL, &error));
    bearer_client_free(client);
}

static void *approve_later(void *device)
{
    usleep(300000);
    person(device, 1);
    return NULL;
}

/* To the end, also where the server is away for a while. */
static void wait_for_it(void)
{
    bearer_client *client = client_for_device();
    char *device = begin_device(client, NULL);
    fault(json("{'path':'/auth/token','times':1,'status':503}"));
    pthread_t thread = start(approve_later, device);
    char *token;
    OK(bearer_device_wait(client, device, &token, &error));
    join(thread);
    CHECK_TEXT(held_token(client), token);
    bearer_free(token);
    bearer_client_free(client);
}

static void *cancel_it(void *client)
{
    CHECK_NUMBER(bearer_client_cancel(client), BEARER_OK);
    return NULL;
}

static void how_it_ends(void)
{
    bearer_client *client = client_for_device();
    char *device = begin_device(client, NULL);
    person(device, 0);
    EXPECT(bearer_device_poll(client, device, NULL, &error), BEARER_ACCESS_DENIED, "oauth_error");

    /* The code is too old: by the server's word, and by what was told of it. */
    device = begin_device(client, NULL);
    control("POST", "clock", json("{'advance_s':601}"));
    EXPECT(bearer_device_poll(client, device, NULL, &error), BEARER_EXPIRED, "login_expired");
    control("POST", "clock", json("{'offset_s':0}"));
    EXPECT(bearer_device_poll(client, json("{'device_code':'d','expires_at':1}"), NULL, &error), BEARER_EXPIRED, "login_expired");

    /* A scope's time and a cancel end the waiting. */
    device = begin_device(client, NULL);
    bearer_client *scope;
    OK(bearer_client_scope(client, "{\"timeout_s\":0.05}", &scope, &error));
    EXPECT(bearer_device_wait(scope, device, NULL, &error), BEARER_TIMEOUT, "deadline");
    bearer_client_free(scope);
    OK(bearer_client_scope(client, NULL, &scope, &error));
    pthread_t thread = start(cancel_it, scope);
    EXPECT(bearer_device_wait(scope, device, NULL, &error), BEARER_CANCELLED, "cancelled");
    join(thread);
    bearer_client_free(scope);

    EXPECT(bearer_device_poll(client, "{}", NULL, &error), BEARER_INVALID_ARGUMENT, "member");
    EXPECT(bearer_device_wait(client, "{", NULL, &error), BEARER_INVALID_ARGUMENT, "json");
    EXPECT(bearer_device_poll(client, json("{'device_code':'d'}"), NULL, &error), BEARER_LOGIN_REQUIRED, "invalid_grant");
    bearer_client_free(client);

    client = client_of(json("{'base_url':'%s'," TEST_CLIENT "}", server_url));
    char *text;
    EXPECT(bearer_device_begin(client, NULL, &text, &error), BEARER_UNSUPPORTED, "no_endpoint");
    CHECK(text == NULL);
    bearer_client_free(client);
}

/* A server that is asked too early says slow_down: the client that begins anew from the stored JSON does. */
static void slow_down(void)
{
    bearer_client *client = client_for_device(), *other = client_for_device();
    char *device = begin_device(client, NULL);
    reset();
    pending(client, device);
    pending(other, device);
    CHECK_NUMBER(counter("token_requests"), 2);
    for (int i = 0; i < 100; i++) {
        pending(other, device);
    }
    CHECK_NUMBER(counter("token_requests"), 2);
    bearer_client_free(client);
    bearer_client_free(other);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    step_by_step();
    wait_for_it();
    how_it_ends();
    slow_down();
    return finish();
}
