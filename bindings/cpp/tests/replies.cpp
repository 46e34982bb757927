// Hooks that answer later, from other threads, and every kind of answer.
#include "check.hpp"

namespace {

bearer::client plain_client() { return bearer::client(bearer::object().text("base_url", check::url)); }

// Threads that are joined when the test ends.
class pool {
public:
    template <class Work>
    void post(Work work)
    {
        all_.push_back(std::async(std::launch::async, std::move(work)));
    }

private:
    std::vector<std::future<void>> all_;
};

void from_another_thread()
{
    pool pool;
    auto client = plain_client();
    client.on_access_token([&](std::string_view, bearer::reply reply) {
        pool.post([reply = std::move(reply), token = check::access_token()]() mutable { CHECK(reply.token(token)); });
    });
    EQUAL(check::get(client), 200);
}

void at_once()
{
    auto client = plain_client();
    client.on_access_token([&](std::string_view, bearer::reply reply) { CHECK(reply.token(check::access_token())); });
    EQUAL(check::get(client), 200);
}

// The API refuses the token; the hook hears of it.
void rejected()
{
    auto client = plain_client();
    const std::string good = check::access_token();
    std::vector<std::string> heard;
    client.on_access_token([&](std::string_view rejected) {
        heard.emplace_back(rejected);
        return rejected.empty() ? std::string("at-bad") : good;
    });
    EQUAL(check::get(client), 200);
    EQUAL(heard.size(), std::size_t(2));
    EQUAL(heard[1], "at-bad");
}

// Every hook of a renewal answers from another thread.
void renewal()
{
    pool pool;
    auto client = check::client_with_token(check::issue_expired());
    const std::string renewed = check::issue();
    std::string saved, order;
    client.on_lock(
        [&](std::string_view, bearer::reply reply) {
            order += "lock ";
            pool.post([reply = std::move(reply)]() mutable { CHECK(reply.done()); });
        },
        [&](std::string_view, bearer::reply reply) {
            order += "reload ";
            pool.post([reply = std::move(reply)]() mutable { CHECK(reply.done()); });
        },
        [&](std::string_view, bearer::status outcome) { order += "unlock " + std::string(name(outcome)); });
    client.on_refresh([&](std::string_view old, bearer::reply reply) {
        order += "refresh ";
        // What the hook was given lives until the answer.
        pool.post([old, renewed, reply = std::move(reply)]() mutable {
            CHECK(!bearer::member(old, "refresh_token")->empty());
            CHECK(reply.token(renewed));
        });
    });
    client.on_token([&](std::string_view set, bearer::reply reply) {
        order += "token ";
        pool.post([set, &saved, reply = std::move(reply)]() mutable {
            saved = set;
            CHECK(reply.done());
        });
    });
    EQUAL(check::get(client), 200);
    EQUAL(order, "lock reload refresh token unlock BEARER_OK");
    EQUAL(check::member(saved, "access_token"), check::member(renewed, "access_token"));
}

void reload_brings_a_newer_set()
{
    auto client = check::client_with_token(check::issue_expired());
    const std::string newer = check::issue();
    client.on_lock([](std::string_view) {}, [&](std::string_view) { return std::optional(newer); });
    EQUAL(check::get(client), 200);
    EQUAL(check::counter("token_requests"), 0);
    EQUAL(check::member(client.token(), "access_token"), check::member(newer, "access_token"));
}

void http()
{
    pool pool;
    auto client = plain_client();
    client.on_access_token([](std::string_view) { return "at-x"; });
    client.on_http([&](bearer::http_request request, bearer::reply reply) {
        pool.post([request, reply = std::move(reply)]() mutable {
            EQUAL(request.method(), "POST");
            EQUAL(request.url(), check::url + "/lights");
            EQUAL(request.body(), "on");
            CHECK(request.timeout() > std::chrono::seconds(10));
            bool has_token = false;
            for (const auto &[name, value] : request.headers()) {
                has_token = has_token || (name == "authorization" && value == "Bearer at-x");
            }
            CHECK(has_token);
            CHECK(reply.header("x-one", "1") && reply.body("first ") && reply.http(201, "rest"));
        });
    });
    auto answer = client.request("POST", "lights", "on");
    EQUAL(answer.status(), 201);
    EQUAL(answer.header("x-one").value_or(""), "1");
    EQUAL(answer.body(), "first rest");
}

void sign()
{
    pool pool;
    check::control("POST", "client", R"({"client_id":"signer","method":"private_key_jwt","jwk":{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})");
    bearer::client client(bearer::object()
                              .text("base_url", check::url)
                              .json("client", R"({"client_id":"signer","token_endpoint_auth_method":"private_key_jwt"})")
                              .json("grant", R"({"grant_type":"client_credentials"})"));
    // What arrives is the hook's signature, which is not right.
    const auto answer = [](std::string_view algorithm, std::string_view bytes) {
        EQUAL(algorithm, "ES256");
        CHECK(bytes.size() > 100);
        return std::string(64, 's');
    };
    client.on_sign(answer);
    FAILS(check::get(client), rejected, "oauth_error");
    EQUAL(check::counter("client_refused_signature"), 1);
    client.on_sign([&](std::string_view algorithm, std::string_view bytes, bearer::reply reply) {
        pool.post([=, reply = std::move(reply)]() mutable { CHECK(reply.signature(answer(algorithm, bytes))); });
    });
    FAILS(client.refresh(), rejected, "oauth_error");
    EQUAL(check::counter("client_refused_signature"), 2);
}

void failures()
{
    pool pool;
    auto client = plain_client();
    client.on_access_token([&](std::string_view, bearer::reply reply) {
        pool.post([reply = std::move(reply)]() mutable { CHECK(reply.fail(bearer::status::unavailable, "the vault is locked")); });
    });
    const auto e = FAILS(check::get(client), unavailable, "hook");
    CHECK(std::string(e.what()).find("the vault is locked") != std::string::npos);
    // An exception of another thread's comes out of the call that waits.
    client.on_access_token([&](std::string_view, bearer::reply reply) {
        pool.post([reply = std::move(reply)]() mutable {
            CHECK(reply.fail(std::make_exception_ptr(std::out_of_range("no such account"))));
        });
    });
    EQUAL(std::string(THROWS(std::out_of_range, check::get(client)).what()), "no such account");
    // Words that are no text are left out.
    client.on_access_token([&](std::string_view, bearer::reply reply) {
        reply.fail(std::make_exception_ptr(std::out_of_range("\xff\xfe")));
    });
    THROWS(std::out_of_range, check::get(client));
}

void given_up()
{
    pool pool;
    auto client = plain_client();
    client.on_access_token([](std::string_view, bearer::reply) {});
    FAILS(check::get(client), hook_failed, "unanswered");
    client.on_access_token([&](std::string_view, bearer::reply reply) {
        pool.post([reply = std::move(reply)]() mutable { const bearer::reply dropped = std::move(reply); });
    });
    FAILS(check::get(client), hook_failed, "unanswered");
    // A hook that throws with the reply in its hands: the exception is the answer, not the reply's end.
    client.on_access_token([](std::string_view, bearer::reply) { throw std::out_of_range("x"); });
    THROWS(std::out_of_range, check::get(client));
    client.on_access_token([](std::string_view, bearer::reply reply) {
        const bearer::reply mine = std::move(reply);
        throw std::out_of_range("no such account");
    });
    THROWS(std::out_of_range, check::get(client));
    // As whoever has no such exception hears.
    bearer_response *none = nullptr;
    bearer_error *error = nullptr;
    EQUAL(bearer_client_request(client.get(), "GET", "api/lights", nullptr, 0, &none, &error), BEARER_HOOK_FAILED);
    CHECK(std::string(bearer_error_message(error)).find("no such account") != std::string::npos);
    bearer_error_free(error);
}

void wrong_answers()
{
    auto client = plain_client();
    client.on_access_token([](std::string_view, bearer::reply reply) {
        FAILS(reply.done(), invalid_argument, "answer");
        FAILS(reply.http(200), invalid_argument, "answer");
        FAILS(reply.signature("x"), invalid_argument, "answer");
        FAILS(reply.token("no token\n"), invalid_argument, "answer");
        // Still unanswered.
        CHECK(reply.token(check::access_token()));
        FAILS(reply.token("at-x"), invalid_argument, "answer");
    });
    EQUAL(check::get(client), 200);
    client.on_access_token([](std::string_view) { return "no token\n"; });
    FAILS(check::get(client), hook_failed, "answer");
    client.on_access_token([](std::string_view) { return std::string("at-x\0y", 6); });
    FAILS(check::get(client), invalid_argument, "value");
    client.on_http([](bearer::http_request) { return bearer::http_answer{99, {}, ""}; });
    client.on_access_token([](std::string_view) { return "at-x"; });
    FAILS(check::get(client), hook_failed, "answer");
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"from_another_thread", from_another_thread},
                       {"at_once", at_once},
                       {"rejected", rejected},
                       {"renewal", renewal},
                       {"reload_brings_a_newer_set", reload_brings_a_newer_set},
                       {"http", http},
                       {"sign", sign},
                       {"failures", failures},
                       {"given_up", given_up},
                       {"wrong_answers", wrong_answers}});
}
