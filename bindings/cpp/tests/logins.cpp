// Logins of every kind, grants, and what the authorization server has beside its token endpoint.
#include "check.hpp"

#include <algorithm>

namespace {

bearer::object issuer() { return check::config().text("issuer", check::url); }

// What a browser does with a URL of the server's: it says where it is sent to.
std::string browse(std::string_view url)
{
    bearer::client browser(
        bearer::object().text("base_url", check::url).text("authorization", "none").json("http", R"({"redirects":"none"})"));
    auto answer = browser.request("GET", url.substr(check::url.size()));
    EQUAL(answer.status(), 302);
    return std::string(answer.header("location").value());
}

const char *const redirect = R"({"redirect_uri":"http://127.0.0.1:1/cb","scope":"read"})";

void login()
{
    bearer::client client(check::config());
    std::string saved;
    client.on_token([&](std::string_view set) { saved = set; });
    const std::string login = client.login_begin(redirect);
    const std::string back = browse(check::member(login, "authorization_url"));
    const std::string token = client.login_finish(login, back);
    EQUAL(token, saved);
    EQUAL(token, client.token());
    EQUAL(check::get(client), 200);
    FAILS(client.login_finish(login, back), login_required, "invalid_grant");
    FAILS(client.login_finish(client.login_begin(redirect), back), unsafe, "state");
    FAILS(client.login_begin(R"({"state":"x"})"), invalid_argument, "member");
    const std::string denied = client.login_begin(R"({"redirect_uri":"http://127.0.0.1:1/cb","login_hint":"deny"})");
    const auto e = FAILS(client.login_finish(denied, browse(check::member(denied, "authorization_url"))), access_denied, "access_denied");
    CHECK(e.needs_person());
}

void loopback()
{
    bearer::client client(check::config());
    std::future<void> browser;
    // The browser is another thread: it goes to the server, and from there to the library's listener.
    const auto open = [&, alone = std::make_unique<int>()](std::string_view url) {
        browser = std::async(std::launch::async, [url = std::string(url)] {
            const std::string back = browse(url);
            const std::size_t path = back.find('/', 7);
            bearer::client visitor(bearer::object().text("base_url", back.substr(0, path)).text("authorization", "none"));
            auto page = visitor.request("GET", back.substr(path));
            CHECK(page.body().find("Signed in") != std::string_view::npos);
        });
    };
    const std::string token = client.login_loopback({}, open);
    browser.get();
    EQUAL(token, client.token());
    EQUAL(check::get(client), 200);
    FAILS(client.login_loopback({}, [](std::string_view) { throw bearer::error(bearer::status::unavailable, "no display", "x"); }),
          unavailable, "x");
}

void approve(const char *by, const std::string &code, bool approves = true)
{
    check::control("POST", "device", bearer::object().text(by, code).boolean("approve", approves));
}

void device()
{
    bearer::client client(
        check::config().json("server", R"({"device_authorization_endpoint":"/auth/device_authorization"})"));
    check::control("POST", "config", R"({"device_interval_s":1})");
    std::string device = client.device_begin();
    CHECK(!client.device_poll(device));
    approve("user_code", check::member(device, "user_code"));
    const std::string token = client.device_wait(device);
    EQUAL(token, client.token());
    EQUAL(check::get(client), 200);
    device = client.device_begin(R"({"scope":"read"})");
    approve("user_code", check::member(device, "user_code"), false);
    FAILS(client.device_wait(device), access_denied, "oauth_error");
    const std::string drawn = bearer::qr(check::member(device, "verification_uri_complete"));
    CHECK(std::count(drawn.begin(), drawn.end(), '\n') > 10);
    FAILS(bearer::qr(std::string(3000, 'x')), too_large, "qr_size");
}

void ciba()
{
    bearer::client client(issuer());
    const std::string asked = client.ciba_begin(R"({"scope":"openid read","login_hint":"alice"})");
    CHECK(!client.device_poll(asked));
    approve("auth_req_id", check::member(asked, "auth_req_id"));
    const std::string token = client.device_wait(asked);
    EQUAL(token, client.token());
    FAILS(client.ciba_begin(R"({"scope":"openid","login_hint":"nobody"})"), rejected, "oauth_error");
}

void grants()
{
    bearer::client client(check::config());
    const std::string token = client.grant(bearer::object().text("grant_type", "client_credentials").text("scope", "read"));
    EQUAL(check::member(token, "scope"), "read");
    EQUAL(check::get(client), 200);
    FAILS(client.grant(R"({"grant_type":"urn:x"})"), rejected, "oauth_error");
}

void tokens()
{
    auto client = check::client_with_token(check::issue_expired());
    const auto access = client.access_token(std::chrono::seconds(60));
    EQUAL(access.token, check::member(client.token(), "access_token"));
    CHECK(access.expires_at.has_value());
    EQUAL(check::counter("token_requests"), 1);
    const std::string other = check::issue();
    client.set_token(other);
    EQUAL(client.access_token().token, check::member(other, "access_token"));
    const std::string renewed = client.refresh();
    EQUAL(client.token(), renewed);
    // By the program's own HTTP.
    const std::string where = check::url + "/api/lights";
    const std::string headers = client.authorization("GET", where);
    EQUAL(check::member(headers, "authorization"), "Bearer " + check::member(renewed, "access_token"));
    CHECK(!client.feedback("GET", where, headers, 200));
    CHECK(client.feedback("GET", where, headers, 401, R"({"date":"x"})"));
    CHECK(client.authorization("GET", where) != headers);
    bearer::client fixed(bearer::object().text("base_url", check::url).text("authorization", "secret"));
    const auto unknown = fixed.access_token();
    EQUAL(unknown.token, "secret");
    CHECK(!unknown.expires_at);
    EQUAL(std::stol(check::member(client.stats(), "renewals")), 3);
}

void discovery()
{
    bearer::client client(issuer().json("token", check::issue()));
    EQUAL(check::member(client.discover(), "issuer"), check::url);
    CHECK(bearer::member(client.discover_resource(), "authorization_servers"));
}

void about_the_token()
{
    bearer::client client(issuer().json("token", check::issue(R"({"scope":"openid read"})")));
    EQUAL(check::member(client.introspect(), "active"), "true");
    EQUAL(check::member(client.introspect("at-never-issued"), "active"), "false");
    EQUAL(check::member(client.userinfo(), "sub"), "test-user");
    client.refresh();
    EQUAL(check::member(client.id_token(), "sub"), "test-user");
    const std::string url = client.logout_url(R"({"state":"s 1"})");
    CHECK(url.find("state=s%201") != std::string::npos && url.find("id_token_hint=") != std::string::npos);
    CHECK(client.logout_url().rfind(check::url, 0) == 0);
    client.revoke("access_token");
    EQUAL(check::get(client), 200);
    client.revoke();
    FAILS(check::get(client), login_required, "no_token");
    auto bare = check::client_with_token(check::issue());
    FAILS(bare.revoke(), unsupported, "no_endpoint");
    FAILS(bare.id_token(), login_required, "no_token");
}

void registration()
{
    bearer::client client(bearer::object().text("issuer", check::url));
    const std::string made = client.register_client(R"({"redirect_uris":["http://127.0.0.1/cb"],"client_name":"first"})");
    bearer::client own(bearer::object().text("issuer", check::url).json("client", made));
    CHECK(check::member(own.login_begin(redirect), "authorization_url").find(check::member(made, "client_id")) != std::string::npos);
    EQUAL(check::member(client.registration_read(made), "client_name"), "first");
    const std::string changed = client.registration_update(made, R"({"redirect_uris":["http://127.0.0.1/cb"],"client_name":"second"})");
    EQUAL(check::member(changed, "client_name"), "second");
    client.registration_delete(changed);
    CHECK(THROWS(bearer::error, client.registration_read(changed)).status() == bearer::status::rejected);
    FAILS(client.register_client("["), invalid_argument, "json");
}

void build()
{
    EQUAL(bearer::version(), check::member(bearer::build_info(), "version"));
    CHECK(bearer::member(bearer::config_schema(), "properties"));
    EQUAL(bearer::percent_encode("a/b c"), "a%2Fb%20c");
}

void log()
{
    auto client = check::client_with_token(check::issue_expired());
    std::vector<std::string> events;
    client.on_log(bearer::level::info, [&](bearer::level level, std::string_view event) {
        CHECK(level <= bearer::level::info);
        events.push_back(check::member(event, "event"));
        CHECK(event.find("at-") == std::string_view::npos && event.find("rt-") == std::string_view::npos);
    });
    EQUAL(check::get(client), 200);
    CHECK(std::find(events.begin(), events.end(), "renewed") != events.end());
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"login", login},
                       {"loopback", loopback},
                       {"device", device},
                       {"ciba", ciba},
                       {"grants", grants},
                       {"tokens", tokens},
                       {"discovery", discovery},
                       {"about_the_token", about_the_token},
                       {"registration", registration},
                       {"build", build},
                       {"log", log}});
}
