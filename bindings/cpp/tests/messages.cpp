// Requests and answers, JSON, and what fails with which reason.
#include "check.hpp"

#include <algorithm>

namespace {

std::string bytes(std::size_t n)
{
    std::string all(n, 0);
    for (std::size_t i = 0; i < n; i++) {
        all[i] = static_cast<char>(i % 251);
    }
    return all;
}

bearer::client client() { return check::client_with_token(check::issue()); }

void requests()
{
    auto c = client();
    auto answer = c.send(bearer::request("patch", "api/lights?first=1")
                             .query("a b", "c&d")
                             .header("x-mine", "1")
                             .header("x-mine", "2")
                             .json(R"({"on":true})")
                             .timeout(std::chrono::seconds(20)));
    const std::string echo(answer.body());
    EQUAL(check::member(echo, "method"), "PATCH");
    EQUAL(check::member(echo, "path"), "/api/lights?first=1&a%20b=c%26d");
    EQUAL(check::member(echo, "body_text"), R"({"on":true})");
    CHECK(echo.find(R"(["x-mine","1"],["x-mine","2"])") != std::string::npos);
    CHECK(answer.ok());
    EQUAL(answer.url(), check::url + "/api/lights?first=1&a%20b=c%26d");

    // It can be sent again; a body may have NULs.
    bearer::request request("PUT", "api/x");
    request.body(std::string_view("a\0b", 3));
    for (int i = 0; i < 2; i++) {
        EQUAL(check::member(c.send(request).body(), "body_length"), "3");
    }
    EQUAL(check::member(c.request("POST", "api/x", "short").body(), "body_text"), "short");
}

void answers()
{
    auto c = client();
    auto answer = c.request("GET", "api/headers");
    EQUAL(answer.header("SET-COOKIE").value_or(""), "first=1; Path=/");
    CHECK(!answer.header("x-absent"));
    int cookies = 0;
    for (const auto &[name, value] : answer.headers()) {
        cookies += name == "set-cookie" || name == "Set-Cookie";
    }
    EQUAL(cookies, 2);
    // Of any status.
    EQUAL(check::get(c, "api/status/404"), 404);
    CHECK(!c.request("GET", "api/status/503").ok());
    CHECK(!answer.challenge());
    check::control("POST", "config", R"({"step_up":{"scope":"admin"}})");
    answer = c.request("GET", "api/lights");
    EQUAL(answer.status(), 403);
    EQUAL(check::member(answer.challenge().value_or("{}"), "error"), "insufficient_scope");
}

void streamed_both_ways()
{
    auto c = client();
    const std::string all = bytes(1000000);
    for (const bool is_known : {true, false}) {
        std::size_t sent = 0;
        bearer::request request("PUT", "api/x");
        auto read = [&, part = std::make_unique<std::size_t>(7001)](char *buffer, std::size_t capacity) {
            const std::size_t n = std::min({capacity, *part, all.size() - sent});
            all.copy(buffer, n, sent);
            sent += n;
            return n;
        };
        const auto length = is_known ? std::optional(static_cast<std::int64_t>(all.size())) : std::nullopt;
        request.body_from(std::move(read), length);
        EQUAL(check::member(c.send(request).body(), "body_length"), "1000000");
    }
    for (const char *path : {"api/bytes/1000000", "api/chunked/1000000"}) {
        auto answer = c.request("GET", path);
        std::string got;
        char piece[3001];
        while (const std::size_t n = answer.read(piece, sizeof piece)) {
            got.append(piece, n);
        }
        CHECK(got == all);
    }
    // body() gives what read has left.
    auto answer = c.request("GET", "api/bytes/1000");
    char piece[10];
    const std::size_t n = answer.read(piece, sizeof piece);
    CHECK(answer.body() == all.substr(n, 1000 - n));
}

void errors()
{
    const auto e = FAILS(bearer::client(R"({"base_ulr":"http://127.0.0.1"})"), invalid_argument, "member");
    CHECK(std::string(e.what()).find("base_url") != std::string::npos);
    EQUAL(check::member(e.json(), "status"), "invalid_argument");
    EQUAL(name(e.status()), "BEARER_INVALID_ARGUMENT");
    CHECK(!e.needs_person() && !e.is_transient() && !e.retry_after());

    auto c = client();
    FAILS(bearer::client("{"), invalid_argument, "json");
    FAILS(bearer::client("\xff"), invalid_argument, "utf8");
    FAILS(bearer::client(std::string_view("{}\0", 3)), invalid_argument, "value");
    FAILS(c.send(bearer::request("GET", "https://elsewhere.example/")), invalid_argument, "url");
    FAILS(c.authorization("GET", "https://elsewhere.example/"), unsafe, "origin");
    FAILS(bearer::request("G T", "x"), invalid_argument, "value");
    FAILS(bearer::request("GET", "x").header("Host", "y"), invalid_argument, "header");
    FAILS(bearer::request("GET", "x").header("x", std::string_view("a\0b", 3)), invalid_argument, "value");
    FAILS(bearer::request("GET", "x").timeout(std::chrono::milliseconds(-1)), invalid_argument, "value");
    FAILS(c.set_token("[]"), invalid_argument, "json");
    check::control("POST", "fault", R"({"path":"/api/x","truncate_at":150})");
    auto cut = c.request("GET", "api/x");
    FAILS(cut.body(), protocol, "truncated");

    // What the token endpoint says.
    auto spent = check::client_with_token(bearer::object().text("refresh_token", "rt-spent"));
    const auto login = FAILS(spent.refresh(), login_required, "invalid_grant");
    CHECK(login.needs_person());
    EQUAL(check::member(login.json(), "oauth_error"), "invalid_grant");
    FAILS(bearer::client(bearer::object().text("base_url", check::url)).token(), login_required, "no_token");
    // Thrown errors are copied without a throw, and keep all.
    const bearer::error copy = login;
    EQUAL(copy.reason(), "invalid_grant");
    // A Retry-After holds for the whole process: it comes last.
    auto expired = check::client_with_token(check::issue_expired());
    check::control("POST", "fault", R"({"path":"/auth/token","times":2,"status":503,"headers":[["Retry-After","7"]]})");
    const auto later = FAILS(check::get(expired), unavailable, "server_error");
    CHECK(later.is_transient());
    EQUAL(later.retry_after().value_or(std::chrono::seconds(0)).count(), 7);
    EQUAL(check::member(later.json(), "http_status"), "503");
}

void json()
{
    const auto text = bearer::object()
                          .text("quo\"te", "a\"b\\c\n\x01")
                          .number("number", -7)
                          .boolean("is", true)
                          .json("nested", R"({"quo\"te":[1,"}]"], "x" : null } )")
                          .text("last", "\xc3\xa9")
                          .str();
    EQUAL(text, R"({"quo\"te":"a\"b\\c\u000a\u0001","number":-7,"is":true,"nested":{"quo\"te":[1,"}]"], "x" : null } ,"last":"é"})");
    EQUAL(check::member(text, "quo\"te"), "a\"b\\c\n\x01");
    EQUAL(check::member(text, "number"), "-7");
    EQUAL(check::member(text, "is"), "true");
    EQUAL(check::member(text, "nested"), R"({"quo\"te":[1,"}]"], "x" : null })");
    EQUAL(check::member(text, "last"), "\xc3\xa9");
    CHECK(!bearer::member(text, "x"));
    EQUAL(check::member(R"( { "a" : "\u00e9\u20ac\ud83d\ude00\/\t" } )", "a"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\t");
    for (const char *broken : {"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\u", "{\"a\":\"\\ud83d\\u", "[]", "x", "{}"}) {
        CHECK(!bearer::member(broken, "b"));
    }
    EQUAL(bearer::object().str(), "{}");
}

}  // namespace

int main(int argc, char **argv)
{
    return check::run(argc, argv,
                      {{"requests", requests}, {"answers", answers}, {"streamed_both_ways", streamed_both_ways}, {"errors", errors}, {"json", json}});
}
