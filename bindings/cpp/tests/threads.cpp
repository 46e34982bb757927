// One client, 64 threads, an expired token whose refresh token is good for one use.
#include "check.hpp"

namespace {

constexpr int threads = 64;

void at_once(bearer::client &client, const std::function<void()> &work)
{
    const check::hold hold("/auth/token");
    std::vector<std::future<void>> all;
    for (int i = 0; i < threads; i++) {
        all.push_back(std::async(std::launch::async, work));
    }
    hold.wait_for(1);
    check::await_stat(client, "renewals_joined", threads - 1);
    hold.release();
    for (auto &one : all) {
        one.get();
    }
    EQUAL(check::counter("token_requests"), 1);
    EQUAL(check::counter("refreshes"), 1);
    EQUAL(check::counter("families_revoked"), 0);
}

void one_renewal()
{
    auto client = check::client_with_token(check::issue_expired());
    std::atomic<int> saved{0};
    client.on_token([&](std::string_view) { saved++; });
    at_once(client, [&] { EQUAL(check::get(client), 200); });
    EQUAL(saved.load(), 1);
    EQUAL(check::counter("api_requests"), threads);
    EQUAL(check::counter("api_401"), 0);
}

// Each through a scope of its own, as tasks do.
void one_renewal_through_scopes()
{
    auto client = check::client_with_token(check::issue_expired());
    at_once(client, [&] {
        auto scope = client.scope(std::chrono::seconds(20));
        EQUAL(check::get(scope), 200);
    });
}

// Each fails in its own way, and gets its own error.
void errors_of_their_own()
{
    std::vector<std::future<void>> all;
    for (int i = 0; i < threads; i++) {
        all.push_back(std::async(std::launch::async, [i] {
            const std::string name = "member_" + std::to_string(i);
            const auto e = FAILS(bearer::client(bearer::object().number(name, 1)), invalid_argument, "member");
            CHECK(std::string(e.what()).find(name + ":") != std::string::npos);
        }));
    }
    for (auto &one : all) {
        one.get();
    }
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"one_renewal", one_renewal},
                       {"one_renewal_through_scopes", one_renewal_through_scopes},
                       {"errors_of_their_own", errors_of_their_own}});
}
