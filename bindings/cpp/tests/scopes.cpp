// Deadlines and cancels of one task's own.
#include "check.hpp"

namespace {

void cancel_leaves_the_others_alone()
{
    auto client = check::client_with_token(check::issue());
    auto one = client.scope(), other = client.scope();
    const check::hold hold("/api/lights");
    auto ends = std::async(std::launch::async, [&] { FAILS(check::get(one), cancelled, "cancelled"); });
    auto goes_on = std::async(std::launch::async, [&] { return check::get(other); });
    auto of_the_client = std::async(std::launch::async, [&] { return check::get(client); });
    hold.wait_for(3);
    one.cancel();
    ends.get();
    hold.release();
    EQUAL(goes_on.get(), 200);
    EQUAL(of_the_client.get(), 200);
    FAILS(check::get(one), cancelled, "cancelled");
    EQUAL(check::get(other), 200);
    EQUAL(check::get(client), 200);
}

// Of two that wait for one renewal, the one that makes it leaves: the other gets its result, and it was sent once.
void cancel_of_a_renewal_leaves_the_other_alone()
{
    auto client = check::client_with_token(check::issue_expired());
    auto one = client.scope(), other = client.scope();
    const check::hold hold("/auth/token");
    auto ends = std::async(std::launch::async, [&] { FAILS(check::get(one), cancelled, "cancelled"); });
    hold.wait_for(1);
    auto goes_on = std::async(std::launch::async, [&] { return check::get(other); });
    check::await_stat(client, "renewals_joined", 1);
    one.cancel();
    ends.get();
    hold.release();
    EQUAL(goes_on.get(), 200);
    EQUAL(check::counter("token_requests"), 1);
}

void cancel_of_the_client_is_that_of_its_scopes()
{
    auto client = check::client_with_token(check::issue());
    auto scope = client.scope();
    client.cancel();
    FAILS(check::get(scope), cancelled, "cancelled");
    FAILS(client.refresh(), cancelled, "cancelled");
}

void timeout()
{
    auto client = check::client_with_token(check::issue());
    const check::hold hold("/api/lights");
    auto scope = client.scope(std::chrono::milliseconds(70));
    const auto e = FAILS(check::get(scope), timeout, "deadline");
    CHECK(e.is_transient());
    bearer::request request("GET", "api/lights");
    request.timeout(std::chrono::milliseconds(50));
    FAILS(client.send(request), timeout, "deadline");
    hold.release();
    EQUAL(check::get(client), 200);
    auto long_one = client.scope(std::chrono::milliseconds(20005));
    EQUAL(check::get(long_one), 200);
    FAILS(client.scope(std::chrono::milliseconds(-1005)), invalid_argument, "member");
}

// The cancel reaches a call that waits for a hook's answer, which then comes too late and harms nothing.
void cancel_while_a_hook_owes_its_answer()
{
    bearer::client client(bearer::object().text("base_url", check::url));
    std::promise<bearer::reply> asked;
    client.on_access_token([&](std::string_view, bearer::reply reply) { asked.set_value(std::move(reply)); });
    auto scope = client.scope();
    auto ends = std::async(std::launch::async, [&] { FAILS(check::get(scope), cancelled, "cancelled"); });
    bearer::reply late = asked.get_future().get();
    scope.cancel();
    ends.get();
    CHECK(!late.token("at-x"));
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"cancel_leaves_the_others_alone", cancel_leaves_the_others_alone},
                       {"cancel_of_a_renewal_leaves_the_other_alone", cancel_of_a_renewal_leaves_the_other_alone},
                       {"cancel_of_the_client_is_that_of_its_scopes", cancel_of_the_client_is_that_of_its_scopes},
                       {"timeout", timeout},
                       {"cancel_while_a_hook_owes_its_answer", cancel_while_a_hook_owes_its_answer}});
}
