// The six classes of Home Assistant's guide "Python library: authentication", as a library for some API would have them.
#ifndef SIX_HPP
#define SIX_HPP

#include <bearer.hpp>

#include <functional>
#include <future>
#include <string>
#include <vector>

// What the guide passes as **kwargs.
struct Options {
    std::vector<std::pair<std::string, std::string>> headers, params;
    std::string json;
};

inline bearer::response send(bearer::client &client, std::string_view method, std::string_view path, const Options &options)
{
    bearer::request request(method, path);
    for (const auto &[name, value] : options.headers) {
        request.header(name, value);
    }
    for (const auto &[name, value] : options.params) {
        request.query(name, value);
    }
    if (!options.json.empty()) {
        request.json(options.json);
    }
    return client.send(request);
}

// The developer's own, as the guide assumes it.
class TokenManager {
public:
    explicit TokenManager(std::function<std::string()> fetch) : fetch_(std::move(fetch)) {}

    bool is_token_valid() const { return !access_token.empty(); }
    void fetch_access_token() { access_token = fetch_(); }
    void save_access_token() { saved++; }

    std::string access_token;
    int saved = 0;

private:
    std::function<std::string()> fetch_;
};

namespace fixed {

// "Sync example": an access token that never changes.
class Auth {
public:
    Auth(std::string_view host, std::string_view access_token)
        : client_(bearer::object().text("base_url", host).text("authorization", access_token))
    {
    }

    bearer::response request(std::string_view method, std::string_view path, const Options &options = {})
    {
        return send(client_, method, path, options);
    }

private:
    bearer::client client_;
};

}  // namespace fixed

namespace fixed_async {

// "Async example": the same with the caller's own HTTP, and answers that come later. What is awaited there is a future here.
class Auth {
public:
    using Session = std::function<bearer::http_answer(bearer::http_request)>;

    Auth(Session websession, std::string_view host, std::string_view access_token)
        : client_(bearer::object().text("base_url", host).text("authorization", access_token))
    {
        client_.on_http(std::move(websession));
    }

    std::future<bearer::response> request(std::string method, std::string path, Options options = {})
    {
        return std::async(std::launch::async, [this, method = std::move(method), path = std::move(path), options = std::move(options)] {
            return send(client_, method, path, options);
        });
    }

private:
    bearer::client client_;
};

}  // namespace fixed_async

namespace oauth2_async {

// "OAuth2, async example": whoever uses the library says where a valid access token comes from.
class AbstractAuth {
public:
    using Session = fixed_async::Auth::Session;

    AbstractAuth(Session websession, std::string_view host) : client_(bearer::object().text("base_url", host))
    {
        client_.on_http(std::move(websession));
        client_.on_access_token([this](std::string_view, bearer::reply reply) { async_get_access_token(std::move(reply)); });
    }
    virtual ~AbstractAuth() = default;

    // Answers with a valid access token: now or later, on any thread.
    virtual void async_get_access_token(bearer::reply reply) = 0;

    std::future<bearer::response> request(std::string method, std::string path, Options options = {})
    {
        return std::async(std::launch::async, [this, method = std::move(method), path = std::move(path), options = std::move(options)] {
            return send(client_, method, path, options);
        });
    }

private:
    bearer::client client_;
};

// "...implement the abstract method for getting the access token."
class Auth : public AbstractAuth {
public:
    Auth(Session websession, std::string_view host, TokenManager &token_manager)
        : AbstractAuth(std::move(websession), host), token_manager_(token_manager)
    {
    }

    void async_get_access_token(bearer::reply reply) override
    {
        work_ = std::async(std::launch::async, [this, reply = std::move(reply)]() mutable {
            // On another thread, while the request waits; what is thrown here is thrown there.
            try {
                if (!token_manager_.is_token_valid()) {
                    token_manager_.fetch_access_token();
                    token_manager_.save_access_token();
                }
                reply.token(token_manager_.access_token);
            } catch (...) {
                reply.fail(std::current_exception());
            }
        });
    }

private:
    TokenManager &token_manager_;
    std::future<void> work_;
};

}  // namespace oauth2_async

namespace oauth2 {

// "OAuth2, sync example": renewed with the client's id and secret at {host}/auth/token, unless a subclass does it.
class Auth {
public:
    using TokenUpdater = std::function<void(std::string_view token)>;

    explicit Auth(std::string_view host, std::string_view token = {}, std::string_view client_id = {},
                  std::string_view client_secret = {}, TokenUpdater token_updater = nullptr)
        : client_(config(host, token, client_id, client_secret))
    {
        if (token_updater) {
            client_.on_token(std::move(token_updater));
        }
    }
    virtual ~Auth() = default;

    // Refresh and return new tokens.
    virtual std::string refresh_tokens() { return client_.refresh(); }

    // Make a request; a token that has expired is renewed first, and the request is sent again after a 401.
    bearer::response request(std::string_view method, std::string_view path, const Options &options = {})
    {
        return send(client_, method, path, options);
    }

protected:
    bearer::client client_;

private:
    static bearer::object config(std::string_view host, std::string_view token, std::string_view id, std::string_view secret)
    {
        auto config = bearer::object().text("base_url", host);
        if (!token.empty()) {
            config.json("token", token);
        }
        if (!id.empty()) {
            config.json("client", bearer::object().text("client_id", id).text("client_secret", secret));
        }
        return config;
    }
};

}  // namespace oauth2

namespace overridden {

// "A developer will now be able to override the refresh token function to route it via their own external service."
class Auth : public oauth2::Auth {
public:
    Auth(std::string_view host, std::string_view token, TokenManager &token_manager)
        : oauth2::Auth(host, token), token_manager_(token_manager)
    {
        client_.on_refresh([this](std::string_view) { return refresh_tokens(); });
    }

    std::string refresh_tokens() override
    {
        token_manager_.fetch_access_token();
        token_manager_.save_access_token();
        return token_manager_.access_token;
    }

private:
    TokenManager &token_manager_;
};

}  // namespace overridden

#endif
