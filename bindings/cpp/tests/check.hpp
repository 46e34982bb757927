// What the test programs share. A failed check says where, and ends the program with 1.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <bearer.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace check {

inline std::string ready;  // the server's ready line
inline std::string url;    // its plain listener

[[noreturn]] inline void failed(const char *file, int line, const std::string &what)
{
    std::cerr << file << ':' << line << ": " << what << std::endl;
    std::_Exit(1);
}

template <class Is, class ShouldBe>
void equal(const Is &is, const ShouldBe &should_be, const char *what, const char *file, int line)
{
    if (!(is == should_be)) {
        std::cerr << file << ':' << line << ": " << what << "\n  is        " << is << "\n  should be " << should_be << std::endl;
        std::_Exit(1);
    }
}

// The error that a call fails with, of this status and reason.
template <class Call>
bearer::error fails(Call call, bearer::status status, std::string_view reason, const char *file, int line)
{
    try {
        call();
    } catch (const bearer::error &e) {
        if (e.status() != status || e.reason() != reason) {
            failed(file, line, "is " + e.json() + ", should be " + std::string(name(status)) + " " + std::string(reason));
        }
        return e;
    } catch (const std::exception &e) {
        failed(file, line, std::string("throws what is no bearer::error: ") + e.what());
    }
    failed(file, line, "does not fail, should be " + std::string(name(status)));
}

// The exception of a type of the test's own that a call throws.
template <class Exception, class Call>
Exception throws(Call call, const char *file, int line)
{
    try {
        call();
    } catch (const Exception &e) {
        return e;
    } catch (const std::exception &e) {
        failed(file, line, std::string("throws another exception: ") + e.what());
    }
    failed(file, line, "throws nothing");
}

#define CHECK(condition) ((condition) ? void() : check::failed(__FILE__, __LINE__, #condition))
#define EQUAL(is, should_be) check::equal((is), (should_be), #is, __FILE__, __LINE__)
#define FAILS(call, which, reason) check::fails([&] { (void)(call); }, bearer::status::which, reason, __FILE__, __LINE__)
#define THROWS(Exception, call) check::throws<Exception>([&] { (void)(call); }, __FILE__, __LINE__)

inline std::string member(std::string_view json, std::string_view name)
{
    return bearer::member(json, name).value_or("(none)");
}

// --- The server ---

inline std::string control(std::string_view method, std::string_view path, std::string_view body = {})
{
    static bearer::client client(bearer::object().text("base_url", member(ready, "control")).text("authorization", "x"));
    bearer::response response = client.request(method, path, body);
    const std::string text(response.body());
    if (!response.ok()) {
        failed(path.data(), response.status(), text);
    }
    return text;
}

inline std::string issue(std::string_view options = "{}") { return control("POST", "issue", options); }
inline std::string issue_expired() { return issue(R"({"expired":true})"); }
inline std::string access_token() { return member(issue(), "access_token"); }
inline long counter(std::string_view name) { return std::atol(member(control("GET", "state"), name).c_str()); }
inline void reset() { control("POST", "reset", "{}"); }

// Requests to a path are received, and held until release.
class hold {
public:
    explicit hold(std::string_view path)
        : id_(member(control("POST", "hold", bearer::object().text("path", path)), "id"))
    {
    }
    void wait_for(int at_least) const
    {
        control("GET", "held?id=" + id_ + "&at_least=" + std::to_string(at_least));
    }
    void release() const { control("POST", "release", bearer::object().json("id", id_)); }

private:
    std::string id_;
};

// --- Clients ---

// What a client of the server is configured with, its API at the root.
inline bearer::object config()
{
    return bearer::object().text("base_url", url).json("client", R"({"client_id":"test-client","client_secret":"test-secret"})");
}

inline bearer::client client_with_token(std::string_view token) { return bearer::client(config().json("token", token)); }

inline int get(bearer::client &client, std::string_view path = "api/lights") { return client.request("GET", path).status(); }

// Waits until one of a client's counters has come so far.
inline void await_stat(bearer::client &client, std::string_view name, long at_least)
{
    while (std::atol(member(client.stats(), name).c_str()) < at_least) {
        std::this_thread::yield();
    }
}

using cases = std::vector<std::pair<std::string, std::function<void()>>>;

// Runs all cases, or the one that is named behind the ready line.
inline int run(int argc, char **argv, const cases &all)
{
    alarm(120);
    if (argc < 2 || argc > 3) {
        std::cerr << "usage: " << argv[0] << " READY-LINE (of bearer-testserver) [CASE]" << std::endl;
        return 2;
    }
    ready = argv[1];
    url = member(ready, "url");
    int done = 0;
    for (const auto &[name, function] : all) {
        if (argc == 2 || name == argv[2]) {
            reset();
            try {
                function();
            } catch (const std::exception &e) {
                std::cerr << name << ": " << e.what() << std::endl;
                return 1;
            }
            std::cout << name << std::endl;
            done++;
        }
    }
    return done > 0 ? 0 : 2;
}

}  // namespace check

#endif
