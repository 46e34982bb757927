// The six classes of the guide, each used as the guide uses it.
#include "../examples/six.hpp"

#include "check.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

// The program's own HTTP: one connection for each exchange, read to its end.
class Session {
public:
    std::atomic<int> exchanges{0};

    bearer::http_answer operator()(bearer::http_request request)
    {
        exchanges++;
        const std::string body = request.body();
        const std::string target(request.url().substr(check::url.size()));
        std::string out = std::string(request.method()) + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        for (const auto &[name, value] : request.headers()) {
            out += std::string(name) + ": " + std::string(value) + "\r\n";
        }
        out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        const std::string in = exchange(out);
        const std::size_t end = in.find("\r\n\r\n");
        bearer::http_answer answer{static_cast<std::uint16_t>(std::stoi(in.substr(9, 3))), {}, in.substr(end + 4)};
        for (std::size_t at = in.find("\r\n") + 2; at < end;) {
            const std::size_t stop = in.find("\r\n", at), colon = in.find(": ", at);
            answer.headers.emplace_back(in.substr(at, colon - at), in.substr(colon + 2, stop - colon - 2));
            at = stop + 2;
        }
        return answer;
    }

    fixed_async::Auth::Session shared()
    {
        return [this](bearer::http_request request) { return (*this)(request); };
    }

private:
    static std::string exchange(const std::string &out)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(check::url.substr(check::url.rfind(':') + 1))));
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
        CHECK(send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size()));
        std::string in;
        char piece[4096];
        for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;) {
            in.append(piece, static_cast<std::size_t>(n));
        }
        close(fd);
        return in;
    }
};

std::string fixed_host() { return check::url + "/fixed"; }

bool has_authorization(std::string_view echo, const std::string &value)
{
    return echo.find(R"(["authorization",")" + value + "\"]") != std::string_view::npos;
}

void auth_async()
{
    Session websession;
    fixed_async::Auth auth(websession.shared(), fixed_host(), "secret");
    auto first = auth.request("get", "lights"), second = auth.request("get", "doors", {{{"x-mine", "1"}}, {}, {}});
    bearer::response lights = first.get(), doors = second.get();
    EQUAL(lights.status(), 200);
    CHECK(has_authorization(lights.body(), "secret"));
    EQUAL(check::member(lights.body(), "path"), "/fixed/lights");
    CHECK(doors.body().find("x-mine") != std::string_view::npos);
    EQUAL(websession.exchanges.load(), 2);
}

void auth_sync()
{
    fixed::Auth auth(fixed_host(), "secret");
    bearer::response resp = auth.request("get", "lights");
    EQUAL(resp.status(), 200);
    CHECK(has_authorization(resp.body(), "secret"));
    // The caller's own authorization header gives way, as the guide's code has it.
    resp = auth.request("post", "lights", {{{"authorization", "mine"}}, {{"a b", "c&d"}}, R"({"on":true})"});
    CHECK(has_authorization(resp.body(), "secret"));
    EQUAL(check::member(resp.body(), "method"), "POST");
    EQUAL(check::member(resp.body(), "path"), "/fixed/lights?a%20b=c%26d");
    EQUAL(check::member(resp.body(), "body_text"), R"({"on":true})");
}

// AbstractAuth itself, with the least that a subclass can be.
void abstract_auth_async()
{
    struct Least : oauth2_async::AbstractAuth {
        using AbstractAuth::AbstractAuth;
        void async_get_access_token(bearer::reply reply) override { reply.token(token); }
        std::string token = check::access_token();
    };
    Session websession;
    Least auth(websession.shared(), check::url + "/api");
    bearer::response resp = auth.request("get", "lights").get();
    EQUAL(resp.status(), 200);
    CHECK(has_authorization(resp.body(), "Bearer " + auth.token));
    static_assert(std::is_abstract_v<oauth2_async::AbstractAuth>);
}

void token_manager_async()
{
    Session websession;
    TokenManager manager([] { return check::access_token(); });
    oauth2_async::Auth auth(websession.shared(), check::url + "/api", manager);
    EQUAL(auth.request("get", "lights").get().status(), 200);
    EQUAL(manager.saved, 1);
    EQUAL(auth.request("get", "lights").get().status(), 200);
    EQUAL(manager.saved, 1);
    // What the manager throws, on its own thread, arrives at the request.
    TokenManager broken([]() -> std::string { throw std::out_of_range("no token"); });
    oauth2_async::Auth failing(websession.shared(), check::url + "/api", broken);
    EQUAL(std::string(THROWS(std::out_of_range, failing.request("get", "lights").get()).what()), "no token");
}

void oauth2_sync()
{
    // The guide's default: the token endpoint is {host}/auth/token.
    std::string updated;
    const auto token_updater = [&](std::string_view token) { updated = token; };
    oauth2::Auth auth(check::url, check::issue_expired(), "test-client", "test-secret", token_updater);
    bearer::response resp = auth.request("get", "api/lights");
    EQUAL(resp.status(), 200);
    EQUAL(check::counter("token_requests"), 1);
    CHECK(has_authorization(resp.body(), "Bearer " + check::member(updated, "access_token")));
    // Tokens are JSON of texts and numbers, to be stored by the caller.
    CHECK(std::stoll(check::member(updated, "expires_at")) > 0);
    // A token that the API refuses is renewed too.
    check::control("POST", "invalidate", bearer::object().text("access_token", check::member(updated, "access_token")));
    EQUAL(auth.request("get", "api/lights").status(), 200);
    EQUAL(check::counter("token_requests"), 2);
    const std::string before = updated;
    EQUAL(auth.refresh_tokens(), updated);
    CHECK(updated != before);
    oauth2::Auth without_updater(check::url, check::issue_expired(), "test-client", "test-secret");
    EQUAL(without_updater.request("get", "api/lights").status(), 200);
}

void oauth2_overridden()
{
    // The external service: account linking, which takes a refresh token alone.
    bearer::client service(bearer::object().text("base_url", check::url + "/link").text("authorization", "none"));
    std::string stored = check::issue_expired();
    TokenManager manager([&] {
        const auto body = bearer::object().text("refresh_token", check::member(stored, "refresh_token"));
        bearer::response answer = service.send(bearer::request("POST", "refresh_token/netatmo").json(body));
        if (!answer.ok()) {
            throw bearer::error(bearer::status::login_required, "the account was unlinked");
        }
        return stored = answer.body();
    });
    overridden::Auth auth(check::url, stored, manager);
    EQUAL(auth.request("get", "api/lights").status(), 200);
    EQUAL(manager.saved, 1);
    EQUAL(check::counter("link_refreshes"), 1);
    EQUAL(check::counter("token_requests"), 0);
    // Refused tokens go the same way.
    check::control("POST", "invalidate", bearer::object().text("access_token", check::member(stored, "access_token")));
    EQUAL(auth.request("get", "api/lights").status(), 200);
    EQUAL(auth.refresh_tokens(), stored);
    EQUAL(check::counter("link_refreshes"), 3);
    // Everything has expired, and the service says no.
    check::control("POST", "invalidate", bearer::object().text("refresh_token", check::member(stored, "refresh_token")));
    check::control("POST", "clock", R"({"advance_s":7200})");
    FAILS(auth.request("get", "api/lights"), login_required, "");
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"auth_async", auth_async},
                       {"auth_sync", auth_sync},
                       {"abstract_auth_async", abstract_auth_async},
                       {"token_manager_async", token_manager_async},
                       {"oauth2_sync", oauth2_sync},
                       {"oauth2_overridden", oauth2_overridden}});
}
