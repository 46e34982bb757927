// 10,000 times create, use, free: the memory stays as it is.
#include "check.hpp"

#include <fstream>

namespace {

// VmRSS in KiB.
long resident()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "VmRSS:") {
            long kib = 0;
            status >> kib;
            return kib;
        }
    }
    std::_Exit(77);
}

// What is asked for is answered by a hook: ten thousand connections would measure the system.
void use(int i)
{
    bearer::client client(bearer::object().text("base_url", "https://api.example").json("client", R"({"client_id":"x"})").json(
        "token", R"({"access_token":"at-old","refresh_token":"rt-old","expires_at":1})"));
    std::string saved;
    const std::string big(1000, 'x');
    client.on_refresh([big](std::string_view) { return R"({"access_token":"at-new","refresh_token":"rt-new","expires_in":100})"; });
    client.on_token([&saved, big](std::string_view json) { saved = json; });
    client.on_log(bearer::level::trace, [big](bearer::level, std::string_view) {});
    client.on_lock([big](std::string_view) {}, nullptr, [big](std::string_view, bearer::status) {});
    client.on_http([big](bearer::http_request request) {
        return bearer::http_answer{200, {{"x-method", std::string(request.method())}}, request.body() + big};
    });
    auto scope = client.scope(std::chrono::seconds(5));
    bearer::request request("PUT", "lights");
    request.query("a", "b").header("x-mine", "1").body_from([big, left = 1](char *buffer, std::size_t) mutable {
        buffer[0] = 'b';
        return static_cast<std::size_t>(left-- > 0);
    });
    bearer::response response = scope.send(request);
    EQUAL(response.body().size(), std::size_t(1001));
    EQUAL(response.header("x-method").value_or(""), "PUT");
    CHECK(!saved.empty());
    CHECK(!client.stats().empty() && !client.token().empty() && !client.access_token().token.empty());
    CHECK(!client.authorization("GET", "https://api.example/lights").empty());
    // A failing call, a hook that throws, a reply that is given up.
    FAILS(client.set_token("{}"), invalid_argument, "member");
    if (i % 2 == 0) {
        client.on_access_token([big](std::string_view) -> std::string { throw std::out_of_range(big); });
        THROWS(std::out_of_range, client.request("GET", "lights"));
    } else {
        client.on_access_token([big](std::string_view, bearer::reply) {});
        FAILS(client.request("GET", "lights"), hook_failed, "unanswered");
    }
}

void flat()
{
    constexpr int rounds = 10000, warm_up = 1000;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < warm_up; i++) {
        use(i);
    }
    const long before = resident();
    for (int i = 0; i < rounds; i++) {
        use(i);
    }
    const long grown = resident() - before;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << rounds << " rounds: VmRSS " << before << " KiB, grown by " << grown << " KiB, " << took.count() << " s" << std::endl;
    // The smallest leak, one of the 1,000-byte hooks, would be 10 MB.
    CHECK(grown < 1024);
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv, {{"flat", flat}});
}
