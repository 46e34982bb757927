// Who frees what, and when: hooks, clients inside their own hooks, and what was moved from.
#include "check.hpp"

namespace {

std::atomic<int> alive{0};

// A move-only part of a hook that counts itself.
class counted {
public:
    counted() { alive++; }
    counted(counted &&other) noexcept : is_empty_(std::exchange(other.is_empty_, true)) {}
    ~counted() { alive -= !is_empty_; }

private:
    bool is_empty_ = false;
};

bearer::client plain_client() { return bearer::client(bearer::object().text("base_url", check::url)); }

// By hand: an aggregate, so that the hook itself is move-only.
struct provider {
    counted part;
    std::string token;
    std::string operator()(std::string_view) const { return token; }
};

void hooks_are_freed()
{
    {
        auto client = plain_client();
        client.on_access_token(provider{{}, check::access_token()});
        EQUAL(alive.load(), 1);
        EQUAL(check::get(client), 200);
        client.on_access_token(provider{{}, check::access_token()});
        EQUAL(alive.load(), 1);
        client.on_access_token(nullptr);
        EQUAL(alive.load(), 0);

        client.on_refresh([part = counted()](std::string_view) { return "x"; });
        client.on_token([part = counted()](std::string_view) {});
        client.on_http([part = counted()](bearer::http_request) { return bearer::http_answer{200, {}, ""}; });
        client.on_sign([part = counted()](std::string_view, std::string_view) { return "x"; });
        client.on_log(bearer::level::info, [part = counted()](bearer::level, std::string_view) {});
        client.on_lock([part = counted()](std::string_view) {},
                       [part = counted()](std::string_view) { return std::optional<std::string>(); },
                       [part = counted()](std::string_view, bearer::status) {});
        EQUAL(alive.load(), 8);
        client.on_lock(nullptr);
        EQUAL(alive.load(), 5);
        bearer::request request("PUT", "x");
        request.body_from([part = counted()](char *, std::size_t) { return std::size_t(0); });
        EQUAL(alive.load(), 6);
    }
    EQUAL(alive.load(), 0);
}

void hooks_are_freed_where_setting_fails()
{
    auto client = plain_client();
    auto moved = std::move(client);
    FAILS(client.on_token([part = counted()](std::string_view) {}), invalid_argument, "null");
    FAILS(client.on_access_token(provider{{}, "x"}), invalid_argument, "null");
    FAILS(moved.on_log(static_cast<bearer::level>(99), [part = counted()](bearer::level, std::string_view) {}),
          invalid_argument, "value");
    FAILS(client.on_lock([part = counted()](std::string_view) {}), invalid_argument, "null");
    EQUAL(alive.load(), 0);
}

void client_is_freed_in_its_own_hook()
{
    auto client = std::make_unique<bearer::client>(check::config().json("token", check::issue_expired()));
    client->on_token([&, part = counted()](std::string_view json) {
        client.reset();
        EQUAL(alive.load(), 1);
        CHECK(!bearer::member(json, "access_token")->empty());
    });
    // The call that runs ends on its own.
    EQUAL(client->request("GET", "api/lights").status(), 200);
    CHECK(client == nullptr);
    EQUAL(alive.load(), 0);
}

// Also where the hook throws after that.
void client_is_freed_in_a_hook_that_throws()
{
    auto client = std::make_unique<bearer::client>(bearer::object().text("base_url", check::url));
    client->on_access_token([&, part = counted()](std::string_view) -> std::string {
        client.reset();
        throw std::out_of_range("gone");
    });
    THROWS(std::out_of_range, client->request("GET", "api/lights"));
    EQUAL(alive.load(), 0);
}

void hook_is_replaced_in_itself()
{
    auto client = plain_client();
    const std::string token = check::access_token();
    client.on_access_token([&, part = counted()](std::string_view) {
        client.on_access_token([&, next = counted()](std::string_view) { return token; });
        EQUAL(alive.load(), 2);
        return token;
    });
    EQUAL(check::get(client), 200);
    EQUAL(alive.load(), 1);
    EQUAL(check::get(client), 200);
    client = plain_client();
    EQUAL(alive.load(), 0);
}

void client_is_freed_while_others_use_it()
{
    auto client = std::make_unique<bearer::client>(check::config().json("token", check::issue()));
    const check::hold hold("/api/lights");
    auto scope = client->scope();
    auto goes_on = std::async(std::launch::async, [&] { return check::get(scope); });
    hold.wait_for(1);
    client.reset();
    hold.release();
    EQUAL(goes_on.get(), 200);
    EQUAL(check::get(scope), 200);
}

void answers_outlive_their_client()
{
    bearer::response answer = [] {
        auto client = check::client_with_token(check::issue());
        return client.request("GET", "api/bytes/300000");
    }();
    EQUAL(answer.body().size(), std::size_t(300000));
}

void moving()
{
    static_assert(!std::is_copy_constructible_v<bearer::client> && !std::is_copy_assignable_v<bearer::client>);
    static_assert(!std::is_copy_constructible_v<bearer::request> && !std::is_copy_constructible_v<bearer::response>);
    static_assert(!std::is_copy_constructible_v<bearer::reply>);
    static_assert(std::is_nothrow_move_constructible_v<bearer::client> && std::is_nothrow_move_assignable_v<bearer::client>);
    static_assert(std::is_nothrow_move_constructible_v<bearer::request> && std::is_nothrow_move_constructible_v<bearer::response>);
    static_assert(std::is_nothrow_move_constructible_v<bearer::reply> && std::is_nothrow_copy_constructible_v<bearer::error>);

    auto one = check::client_with_token(check::issue());
    auto two = std::move(one);
    CHECK(!one && two);
    FAILS(check::get(one), invalid_argument, "null");
    EQUAL(check::get(two), 200);
    one = std::move(two);
    EQUAL(check::get(one), 200);
    FAILS(two.cancel(), invalid_argument, "handle");

    bearer::request request("GET", "api/lights"), taken = std::move(request);
    FAILS(one.send(request), invalid_argument, "null");
    bearer::response answer = one.send(taken), also = std::move(answer);
    EQUAL(answer.status(), 0);
    FAILS(answer.body(), invalid_argument, "null");
    CHECK(!answer.header("content-type") && answer.headers().empty() && answer.url().empty());
    EQUAL(also.status(), 200);
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"hooks_are_freed", hooks_are_freed},
                       {"hooks_are_freed_where_setting_fails", hooks_are_freed_where_setting_fails},
                       {"client_is_freed_in_its_own_hook", client_is_freed_in_its_own_hook},
                       {"client_is_freed_in_a_hook_that_throws", client_is_freed_in_a_hook_that_throws},
                       {"hook_is_replaced_in_itself", hook_is_replaced_in_itself},
                       {"client_is_freed_while_others_use_it", client_is_freed_while_others_use_it},
                       {"answers_outlive_their_client", answers_outlive_their_client},
                       {"moving", moving}});
}
