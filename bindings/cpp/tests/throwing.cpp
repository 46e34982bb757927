// What a hook throws comes out of the call that ran it, as it was, and never goes through the library.
#include "check.hpp"

namespace {

// No std::exception: the very object must arrive.
struct own {
    int number;
};

bearer::client expired_client() { return check::client_with_token(check::issue_expired()); }

bearer::client plain_client() { return bearer::client(bearer::object().text("base_url", check::url)); }

void access_token()
{
    auto client = plain_client();
    client.on_access_token([](std::string_view) -> std::string { throw own{1}; });
    EQUAL(THROWS(own, check::get(client)).number, 1);
    EQUAL(check::counter("api_requests"), 0);
    // The client works on.
    client.on_access_token([](std::string_view) { return check::access_token(); });
    EQUAL(check::get(client), 200);
}

void refresh()
{
    auto client = expired_client();
    client.on_refresh([](std::string_view) -> std::string { throw std::out_of_range("no such account"); });
    EQUAL(std::string(THROWS(std::out_of_range, check::get(client)).what()), "no such account");
    EQUAL(std::string(THROWS(std::out_of_range, client.refresh()).what()), "no such account");
    client.on_refresh(nullptr);
    client.refresh();
}

void refresh_with_a_status()
{
    auto client = expired_client();
    client.on_refresh([](std::string_view) -> std::string {
        throw bearer::error(bearer::status::login_required, "the account was unlinked", "mine");
    });
    const auto e = FAILS(client.refresh(), login_required, "mine");
    EQUAL(std::string(e.what()), "the account was unlinked");
    CHECK(e.needs_person() && !e.is_transient());
}

void token()
{
    auto client = expired_client();
    client.on_token([](std::string_view) { throw own{3}; });
    EQUAL(THROWS(own, check::get(client)).number, 3);
    // The new set is kept, and offered again.
    std::string saved;
    client.on_token([&](std::string_view json) { saved = json; });
    EQUAL(check::get(client), 200);
    EQUAL(check::counter("token_requests"), 1);
    CHECK(!check::member(saved, "refresh_token").empty());
}

void http()
{
    auto client = plain_client();
    client.on_access_token([](std::string_view) { return "at-x"; });
    client.on_http([](bearer::http_request) -> bearer::http_answer { throw own{4}; });
    EQUAL(THROWS(own, check::get(client)).number, 4);
    // Of a renewal too, whose answer counts as lost.
    auto renewing = expired_client();
    renewing.on_http([](bearer::http_request) -> bearer::http_answer { throw own{5}; });
    EQUAL(THROWS(own, renewing.refresh()).number, 5);
}

void lock_reload_unlock()
{
    auto client = expired_client();
    client.on_lock([](std::string_view) { throw own{6}; });
    EQUAL(THROWS(own, client.refresh()).number, 6);
    int unlocked = 0;
    client.on_lock([](std::string_view) {}, [](std::string_view) -> std::optional<std::string> { throw own{7}; },
                   [&](std::string_view, bearer::status) { unlocked++; });
    EQUAL(THROWS(own, client.refresh()).number, 7);
    EQUAL(unlocked, 1);
    EQUAL(check::counter("token_requests"), 0);
    client.on_lock([](std::string_view) {}, nullptr, [](std::string_view, bearer::status) { throw own{8}; });
    EQUAL(THROWS(own, client.refresh()).number, 8);
    // The renewal itself has succeeded.
    client.on_lock(nullptr);
    EQUAL(check::get(client), 200);
    EQUAL(check::counter("token_requests"), 1);
}

void sign()
{
    bearer::client client(bearer::object()
                              .text("base_url", check::url)
                              .json("client", R"({"client_id":"x","token_endpoint_auth_method":"private_key_jwt"})")
                              .json("grant", R"({"grant_type":"client_credentials"})"));
    client.on_sign([](std::string_view, std::string_view) -> std::string { throw own{17}; });
    EQUAL(THROWS(own, check::get(client)).number, 17);
}

void log()
{
    auto client = expired_client();
    client.on_log(bearer::level::trace, [](bearer::level, std::string_view) { throw own{9}; });
    EQUAL(THROWS(own, check::get(client)).number, 9);
    client.on_log(bearer::level::trace, nullptr);
    EQUAL(check::get(client), 200);
}

void body()
{
    auto client = check::client_with_token(check::issue());
    bearer::request request("PUT", "api/x");
    request.body_from([](char *, std::size_t) -> std::size_t { throw own{10}; });
    EQUAL(THROWS(own, client.send(request)).number, 10);
    // Also where a hook of the same client's reads it.
    client.on_http([](bearer::http_request asked) {
        asked.body();
        return bearer::http_answer{200, {}, ""};
    });
    request.body_from([](char *, std::size_t) -> std::size_t { throw own{11}; });
    EQUAL(THROWS(own, client.send(request)).number, 11);
}

void open_url()
{
    bearer::client client(check::config());
    EQUAL(THROWS(own, client.login_loopback({}, [](std::string_view) { throw own{12}; })).number, 12);
}

// A renewal is shared: who ran the hook gets the exception, the others its words.
void shared()
{
    auto client = expired_client();
    std::promise<void> begun, go_on;
    client.on_refresh([&](std::string_view) -> std::string {
        begun.set_value();
        go_on.get_future().wait();
        throw std::out_of_range("no such account");
    });
    auto first = std::async(std::launch::async, [&] { THROWS(std::out_of_range, client.refresh()); });
    begun.get_future().wait();
    auto second = std::async(std::launch::async, [&] {
        const auto e = FAILS(client.refresh(), hook_failed, "hook");
        CHECK(std::string(e.what()).find("no such account") != std::string::npos);
    });
    check::await_stat(client, "renewals_joined", 1);
    go_on.set_value();
    first.get();
    second.get();
}

// What the library got along without is no failure of the call.
void survived()
{
    const std::string token = check::access_token();
    const auto now = std::stoll(check::member(check::control("GET", "state"), "now"));
    auto client = check::client_with_token(
        bearer::object().text("access_token", token).text("refresh_token", "rt").number("expires_at", now + 20));
    int asked = 0;
    client.on_refresh([&](std::string_view) -> std::string {
        asked++;
        throw own{13};
    });
    EQUAL(check::get(client), 200);
    EQUAL(asked, 1);
    // Where the call fails for another reason, this is its error.
    check::control("POST", "fault", R"({"path":"/api/lights","times":-1,"close_before_answer":true})");
    FAILS(check::get(client), unavailable, "connection");
    EQUAL(asked, 2);
}

// A hook that uses another client, whose own hook throws.
void nested()
{
    auto inner = plain_client(), outer = expired_client();
    inner.on_access_token([](std::string_view) -> std::string { throw own{14}; });
    bool was_seen = false;
    outer.on_refresh([&](std::string_view) -> std::string {
        try {
            check::get(inner);
        } catch (const own &e) {
            was_seen = e.number == 14;
            throw own{15};
        }
        return "at-x";
    });
    EQUAL(THROWS(own, outer.refresh()).number, 15);
    CHECK(was_seen);
    // The outer call is still known after the inner one.
    inner.on_access_token([](std::string_view) { return check::access_token(); });
    outer.on_refresh([&](std::string_view) {
        EQUAL(check::get(inner), 200);
        return check::issue();
    });
    outer.on_token([](std::string_view) { throw own{18}; });
    EQUAL(THROWS(own, outer.refresh()).number, 18);
}

// There is no call of the program's: the exception is the library's "not saved", and the process lives.
void without_a_caller()
{
    std::atomic<int> asked{0};
    {
        auto client = expired_client();
        client.on_token([&](std::string_view) {
            asked++;
            throw own{16};
        });
        EQUAL(THROWS(own, client.refresh()).number, 16);
    }
    EQUAL(asked.load(), 2);
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"access_token", access_token},
                       {"refresh", refresh},
                       {"refresh_with_a_status", refresh_with_a_status},
                       {"token", token},
                       {"http", http},
                       {"lock_reload_unlock", lock_reload_unlock},
                       {"sign", sign},
                       {"log", log},
                       {"body", body},
                       {"open_url", open_url},
                       {"shared", shared},
                       {"survived", survived},
                       {"nested", nested},
                       {"without_a_caller", without_a_caller}});
}
