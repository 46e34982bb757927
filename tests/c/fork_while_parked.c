/* Fork while a renewal is under way whose call has left: it stays the parent's. The child makes one of its own, and leaves
 * the connection, the lock and the question of a hook alone. */
#include "forking.h"
#include "leaving.h"

static struct told told;

/* What the child has from its parent and must not touch. */
static void check_untouched(int locked, int unlocked)
{
    NEED(told.locked == locked, 10);
    NEED(told.unlocked == unlocked, 11);
}

static bearer_client *client_of_base(const char *base)
{
    bearer_client *made = client_of(json("{'base_url':'%s'," TEST_CLIENT ",'token':%s,'http':{'ca_file':'%s'}}", base,
                                         issue_expired(), json_text(server, "ca_file")));
    tell(made, &told);
    return made;
}

/* The child renews over a connection of its own, and both have their answers. */
static void the_child_renews(const char *base, const char *listener)
{
    reset();
    control("POST", "config", json("{'rotate':false}"));
    client = client_of_base(base);
    int id = leave_held(client);
    pid_t child = fork_child();
    if (child == 0) {
        NEED(bearer_client_refresh(client, NULL, NULL) == BEARER_OK, 20);
        NEED(told.saved == 1, 21);
        check_untouched(2, 1);
        NEED(echo(client, "child", 0) == OWN, 22);
        bearer_client_free(client);
        check_untouched(2, 1);
        leave(0);
    }
    wait_held(id, 2);
    release(id);
    wait_for(child);
    /* The parent's answer was there all the time, and is whole. */
    OK(bearer_client_refresh(client, NULL, &error));
    CHECK_NUMBER(told.resumed, 1);
    CHECK_NUMBER(told.saved, 1);
    CHECK_NUMBER(told.locked, 1);
    CHECK_NUMBER(told.unlocked, 1);
    CHECK(echo(client, "parent", 0) == OWN);
    CHECK_NUMBER(counter("token_requests"), 2);
    CHECK_NUMBER(connections_of(listener), 2);
    bearer_client_free(client);
    CHECK_NUMBER(told.saved, 1);
    check_gone(&told);
}

/* The child goes without a call: neither does its free wait, nor does it let the parent's lock go. */
static void the_child_goes(const char *base, const char *listener)
{
    reset();
    client = client_of_base(base);
    int id = leave_held(client);
    for (int frees = 0; frees < 2; frees++) {
        pid_t child = fork_child();
        if (child == 0) {
            if (frees) {
                bearer_client_free(client);
            }
            check_untouched(1, 0);
            NEED(told.saved == 0 && told.resumed == 0, 30);
            leave(0);
        }
        wait_for(child);
    }
    release(id);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(told.saved, 1);
    CHECK_NUMBER(told.unlocked, 1);
    CHECK_NUMBER(counter("token_requests"), 1);
    CHECK_NUMBER(connections_of(listener), 1);
    bearer_client_free(client);
    check_gone(&told);
}

/* Another login in the child ends what is under way for the child alone. */
static void the_child_signs_in(void)
{
    reset();
    client = client_of_base(server_url);
    char *other = issue("{}");
    int id = leave_held(client);
    pid_t child = fork_child();
    if (child == 0) {
        NEED(bearer_client_set_token(client, other, NULL) == BEARER_OK, 40);
        check_untouched(1, 0);
        NEED(echo(client, "child", 0) == OWN, 41);
        bearer_client_free(client);
        check_untouched(1, 0);
        leave(0);
    }
    wait_for(child);
    release(id);
    CHECK_NUMBER(get_status(client, "api/lights"), 200);
    CHECK_NUMBER(counter("token_requests"), 1);
    bearer_client_free(client);
    CHECK_NUMBER(told.saved, 1);
    check_gone(&told);
}

/* --- A hook that answers later --- */

static int asked;
static bearer_reply *reply_owed;
static const char *answer_now; /* NULL: later */

static bearer_status ask_for_one(void *scope, const char *token_json, bearer_reply *reply)
{
    (void)token_json;
    asked++;
    if (answer_now) {
        return bearer_reply_token(reply, answer_now);
    }
    reply_owed = reply;
    CHECK_NUMBER(bearer_client_cancel(*(bearer_client **)scope), BEARER_OK);
    return BEARER_PENDING;
}

static void a_question_is_the_parents(void)
{
    bearer_client *scope;
    client = client_of_base(server_url);
    char *childs = issue("{}"), *parents = issue("{}");
    OK(bearer_client_on_refresh(client, ask_for_one, &scope, NULL, &error));
    for (int answered_first = 0; answered_first < 2; answered_first++) {
        asked = 0;
        scope = scope_of(client, NULL);
        EXPECT(bearer_client_refresh(scope, NULL, &error), BEARER_CANCELLED, "cancelled");
        bearer_client_free(scope);
        if (answered_first) {
            CHECK_NUMBER(bearer_reply_token(reply_owed, parents), BEARER_OK);
        }
        pid_t child = fork_child();
        if (child == 0) {
            char *text;
            /* Here the hook is asked anew, and answers at once. */
            answer_now = childs;
            NEED(bearer_client_refresh(client, &text, NULL) == BEARER_OK, 50);
            NEED(strcmp(text, childs) == 0 && asked == 2, 51);
            bearer_free(text);
            bearer_client_free(client);
            leave(0);
        }
        wait_for(child);
        if (!answered_first) {
            CHECK_NUMBER(bearer_reply_token(reply_owed, parents), BEARER_OK);
        }
        OK(bearer_client_refresh(client, NULL, &error));
        CHECK_TEXT(json_text(held_token(client), "access_token"), json_text(parents, "access_token"));
        CHECK_NUMBER(asked, 1);
        CHECK_NUMBER(told.unlocked, 1 + answered_first);
    }
    bearer_client_free(client);
    check_gone(&told);
}

int main(int argc, char **argv)
{
    begin_forking(argc, argv);
    const char *https = json_text(server, "https_url");
    the_child_renews(server_url, "http");
    the_child_renews(https, "https");
    the_child_goes(server_url, "http");
    the_child_goes(https, "https");
    the_child_signs_in();
    a_question_is_the_parents();
    return finish();
}
