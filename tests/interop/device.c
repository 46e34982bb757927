/* The device authorization grant (RFC 8628). */
#include "interop.h"

static bearer_client *tv(void)
{
    return saving_client(configured("'client_id':'tv','scope':'read'", "", ""));
}

/* The server names no interval; a second in place of the five that then hold saves the tests time. */
static char *begin_device(bearer_client *client)
{
    char *device;
    OK(bearer_device_begin(client, NULL, &device, &error));
    device = taken(device);
    CHECK(!json_has(device, "interval"));
    return format("{\"interval\":1,%s", device + 1);
}

static void person(const char *device, int approves)
{
    control("GET", format("device?user_code=%s&approves=%s", json_text(device, "user_code"), approves ? "true" : "false"), NULL);
}

static bearer_status poll_to_the_end(bearer_client *client, const char *device)
{
    bearer_status status;
    while ((status = bearer_device_poll(client, device, NULL, &error)) == BEARER_PENDING) {
        usleep(10000);
    }
    return status;
}

static void polled(void)
{
    bearer_client *client = tv();
    char *device = begin_device(client);
    CHECK(strncmp(json_text(device, "verification_uri"), issuer, strlen(issuer)) == 0);
    CHECK(strstr(json_text(device, "verification_uri_complete"), json_text(device, "user_code")) != NULL);
    long long before = token_requests();
    for (int i = 0; i < 100; i++) {
        CHECK_NUMBER(bearer_device_poll(client, device, NULL, &error), BEARER_PENDING);
    }
    /* Two where the hundred took a second. */
    CHECK(token_requests() > before && token_requests() <= before + 2);
    person(device, 1);
    OK(poll_to_the_end(client, device));
    CHECK_NUMBER(saved, 1);
    CHECK_TEXT(json_text(get_text(client, "read"), "sub"), "alice");
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void *approve(void *device)
{
    long long before = token_requests();
    while (token_requests() == before) {
        usleep(10000);
    }
    person(device, 1);
    return NULL;
}

static void waited(void)
{
    bearer_client *client = tv();
    char *device = begin_device(client), *token;
    pthread_t thread = start(approve, device);
    OK(bearer_device_wait(client, device, &token, &error));
    join(thread);
    CHECK_TEXT(held_token(client), taken(token));
    CHECK_NUMBER(get_status(client, "read"), 200);
    bearer_client_free(client);
}

static void denied(void)
{
    bearer_client *client = tv();
    char *device = begin_device(client);
    person(device, 0);
    EXPECT(bearer_device_poll(client, device, NULL, &error), BEARER_ACCESS_DENIED, NULL);
    CHECK_NUMBER(saved, 0);
    bearer_client_free(client);
}

/* By the server's word, for the client is told that there is time left. */
static void expired(void)
{
    control("GET", "settings?device_ttl=1", NULL);
    bearer_client *client = tv();
    char *device = begin_device(client);
    CHECK_NUMBER(json_number(device, "expires_in"), 1);
    EXPECT(poll_to_the_end(client, with_member(device, "expires_at", "99999999999")), BEARER_EXPIRED, "login_expired");
    bearer_client_free(client);
}

static const struct row rows[] = {
    {"device: begin, poll", EVERY, polled, NULL},
    {"device: wait", EVERY, waited, NULL},
    {"device: the person says no", EVERY, denied, NULL},
    {"device: the code expires", EVERY, expired, NULL},
    {"device: slow_down", PLAIN, NULL, "it never answers slow_down"},
};
ROWS(rows)
