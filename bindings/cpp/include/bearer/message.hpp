// Requests and answers.
#ifndef BEARER_MESSAGE_HPP
#define BEARER_MESSAGE_HPP

#include "hook.hpp"

#include <vector>

namespace bearer {

using header_view = std::pair<std::string_view, std::string_view>;

namespace detail {

template <class Handle, void (*free)(Handle *)>
struct freed {
    void operator()(Handle *handle) const noexcept
    {
        // A frame of its own: what a hook throws meanwhile is not an outer call's.
        frame here;
        free(handle);
    }
};

template <class Handle, void (*free)(Handle *)>
using owned = std::unique_ptr<Handle, freed<Handle, free>>;

template <class Message, class At>
std::vector<header_view> headers_of(const Message *message, At at)
{
    std::vector<header_view> headers;
    const char *name, *value;
    for (std::size_t i = 0; at(message, i, &name, &value); i++) {
        headers.emplace_back(name, value);
    }
    return headers;
}

template <class Read>
std::int64_t read_body(void *read, void *buffer, std::size_t capacity) noexcept
{
    std::int64_t count = -1;
    run_plain(false, [&] {
        const std::size_t read_now = (*static_cast<Read *>(read))(static_cast<char *>(buffer), capacity);
        count = static_cast<std::int64_t>(read_now);
    });
    return count;
}

}  // namespace detail

// A request, which can be sent any number of times, unless its body is streamed.
class request {
public:
    // path is joined to the client's base_url, and may have a query.
    request(std::string_view method, std::string_view path)
    {
        bearer_request *made = nullptr;
        detail::call(bearer_request_new, detail::c_text(method), detail::c_text(path), &made);
        handle_.reset(made);
    }

    request &query(std::string_view name, std::string_view value)
    {
        detail::call(bearer_request_add_query, get(), detail::c_text(name), detail::c_text(value));
        return *this;
    }

    request &header(std::string_view name, std::string_view value)
    {
        detail::call(bearer_request_add_header, get(), detail::c_text(name), detail::c_text(value));
        return *this;
    }

    // The body, copied.
    request &body(std::string_view bytes)
    {
        detail::call(bearer_request_set_body, get(), bytes.data(), bytes.size());
        return *this;
    }

    request &json(std::string_view text) { return header("content-type", "application/json").body(text); }

    // A body that is read while the request is sent: read(char *buffer, size_t capacity) returns how many bytes it wrote,
    // 0 at the end. length is how many they are in all, where that is known.
    template <class Read>
    request &body_from(Read &&read, std::optional<std::int64_t> length = std::nullopt)
    {
        using held = std::decay_t<Read>;
        void *hook = new held(std::forward<Read>(read));
        detail::call(bearer_request_set_body_from, get(), &detail::read_body<held>, hook, &detail::destroy<held>,
                     length.value_or(-1));
        return *this;
    }

    // For the whole call, renewal included.
    request &timeout(std::chrono::milliseconds timeout)
    {
        if (timeout.count() < 0) {
            throw error(status::invalid_argument, "a timeout is not negative", "value");
        }
        detail::call(bearer_request_set_timeout, get(), static_cast<std::uint64_t>(timeout.count()));
        return *this;
    }

    bearer_request *get() const noexcept { return handle_.get(); }

private:
    detail::owned<bearer_request, bearer_request_free> handle_;
};

// An answer: its head is in, its body comes whole or piece by piece. Views live as long as the answer.
class response {
public:
    explicit response(bearer_response *handle) noexcept : handle_(handle) {}

    int status() const noexcept { return bearer_response_status(get()); }

    // Whether the status is from 200 to 299.
    bool ok() const noexcept { return status() / 100 == 2; }

    std::optional<std::string_view> header(std::string_view name) const
    {
        const char *value = bearer_response_header(get(), detail::c_text(name));
        return value ? std::optional<std::string_view>(value) : std::nullopt;
    }

    std::vector<header_view> headers() const { return detail::headers_of(get(), bearer_response_header_at); }

    // The URL that answered.
    std::string_view url() const noexcept { return detail::view(bearer_response_url(get())); }

    // What the API asks for in WWW-Authenticate, as JSON.
    std::optional<std::string> challenge() const
    {
        return detail::call_for_text(bearer_response_challenge, get());
    }

    // The whole body, or what read has left of it; a NUL follows its last byte.
    std::string_view body()
    {
        const std::uint8_t *bytes = nullptr;
        std::size_t len = 0;
        detail::call(bearer_response_body, get(), &bytes, &len);
        return {reinterpret_cast<const char *>(bytes), len};
    }

    // The next bytes of the body, as many as have come; 0 is the end.
    std::size_t read(char *buffer, std::size_t capacity)
    {
        std::size_t count = 0;
        detail::call(bearer_response_read, get(), buffer, capacity, &count);
        return count;
    }

    bearer_response *get() const noexcept { return handle_.get(); }

private:
    detail::owned<bearer_response, bearer_response_free> handle_;
};

// The request that on_http is asked to make. It lives until its reply is answered.
class http_request {
public:
    explicit http_request(const bearer_request *handle) noexcept : handle_(handle) {}

    std::string_view method() const noexcept { return detail::view(bearer_request_method(handle_)); }
    std::string_view url() const noexcept { return detail::view(bearer_request_url(handle_)); }
    std::vector<header_view> headers() const { return detail::headers_of(handle_, bearer_request_header_at); }

    // The next bytes of the body; 0 is the end.
    std::size_t read(char *buffer, std::size_t capacity) const
    {
        std::size_t count = 0;
        detail::call(bearer_request_body_read, handle_, buffer, capacity, &count);
        return count;
    }

    std::string body() const
    {
        std::string text;
        char piece[8192];
        while (const std::size_t count = read(piece, sizeof piece)) {
            text.append(piece, count);
        }
        return text;
    }

    // How long the call may still take.
    std::chrono::milliseconds timeout() const noexcept
    {
        return std::chrono::milliseconds(bearer_request_timeout_ms(handle_));
    }

private:
    const bearer_request *handle_;
};

// What an on_http that answers at once returns.
struct http_answer {
    std::uint16_t status;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

}  // namespace bearer

#endif
