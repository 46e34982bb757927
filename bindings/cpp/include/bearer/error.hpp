// Why a call failed.
#ifndef BEARER_ERROR_HPP
#define BEARER_ERROR_HPP

#include "json.hpp"

#include <bearer.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bearer {

// The tens say what the program should do; bearer.h says more of each.
enum class status : bearer_status {
    ok = BEARER_OK,
    pending = BEARER_PENDING,
    invalid_argument = BEARER_INVALID_ARGUMENT,
    invalid_handle = BEARER_INVALID_HANDLE,
    would_deadlock = BEARER_WOULD_DEADLOCK,
    unsupported = BEARER_UNSUPPORTED,
    login_required = BEARER_LOGIN_REQUIRED,
    access_denied = BEARER_ACCESS_DENIED,
    expired = BEARER_EXPIRED,
    unavailable = BEARER_UNAVAILABLE,
    timeout = BEARER_TIMEOUT,
    cancelled = BEARER_CANCELLED,
    uncertain = BEARER_UNCERTAIN,
    tls = BEARER_TLS,
    protocol = BEARER_PROTOCOL,
    rejected = BEARER_REJECTED,
    too_large = BEARER_TOO_LARGE,
    unsafe = BEARER_UNSAFE,
    hook_failed = BEARER_HOOK_FAILED,
    out_of_memory = BEARER_OUT_OF_MEMORY,
    internal = BEARER_INTERNAL
};

// "BEARER_LOGIN_REQUIRED" for status::login_required.
inline std::string_view name(status status) noexcept
{
    return bearer_status_name(static_cast<bearer_status>(status));
}

// What every failing call throws. A hook may throw it too: a status from 20 to 39 is then that of the waiting call.
class error : public std::runtime_error {
public:
    explicit error(bearer::status status, const std::string &message = {}, std::string reason = {}, std::string json = {})
        : std::runtime_error(message.empty() ? std::string(name(status)) : message),
          more_(std::make_shared<const more>(more{status, std::move(reason), std::move(json)}))
    {
    }

    bearer::status status() const noexcept { return more_->status; }

    // A stable code below the status, "invalid_grant" for example (docs/errors.md); empty where there is none.
    const std::string &reason() const noexcept { return more_->reason; }

    // All that is known, for programs: {"status":...,"reason":...,"message":...,"oauth_error":...}.
    const std::string &json() const noexcept { return more_->json; }

    // When to try again, where the server said so.
    std::optional<std::chrono::seconds> retry_after() const
    {
        const auto text = member(json(), "retry_after");
        return text ? std::optional(std::chrono::seconds(std::strtoll(text->c_str(), nullptr, 10))) : std::nullopt;
    }

    // Whether a person must act: sign in, or begin again.
    bool needs_person() const noexcept { return is_in(20); }

    // Whether the same call may succeed later.
    bool is_transient() const noexcept { return is_in(30); }

private:
    // Shared, so that copying an error that is thrown cannot throw.
    struct more {
        bearer::status status;
        std::string reason, json;
    };
    std::shared_ptr<const more> more_;

    bool is_in(bearer_status tens) const noexcept
    {
        const auto value = static_cast<bearer_status>(status());
        return value >= tens && value < tens + 10;
    }
};

namespace detail {

inline std::string_view view(const char *text) noexcept
{
    return text ? std::string_view(text) : std::string_view();
}

// Text for C: with a NUL behind it, and none within it, where C would end.
class c_text {
public:
    explicit c_text(std::string_view text) : text_(text)
    {
        if (text_.find('\0') != std::string::npos) {
            throw error(status::invalid_argument, "text has a NUL in it", "value");
        }
    }

    operator const char *() const noexcept { return text_.c_str(); }

    // For parameters that may be NULL.
    const char *or_null() const noexcept { return text_.empty() ? nullptr : text_.c_str(); }

private:
    std::string text_;
};

inline error taken(bearer_status status, bearer_error *from)
{
    const std::unique_ptr<bearer_error, void (*)(bearer_error *)> owner(from, bearer_error_free);
    std::string json(view(bearer_error_json(from)));
    std::string reason = member(json, "reason").value_or("");
    return error(static_cast<bearer::status>(status), std::string(view(bearer_error_message(from))), std::move(reason),
                 std::move(json));
}

}  // namespace detail
}  // namespace bearer

#endif
