// Between C's hooks and callables: each hook takes a callable that answers with what it returns, or one that takes a
// bearer::reply last and answers with it, then or later.
#ifndef BEARER_TRAMPOLINES_HPP
#define BEARER_TRAMPOLINES_HPP

#include "message.hpp"

namespace bearer {

// How much a log hook wants to hear.
enum class level : bearer_level {
    error = BEARER_LEVEL_ERROR,
    warn = BEARER_LEVEL_WARN,
    info = BEARER_LEVEL_INFO,
    debug = BEARER_LEVEL_DEBUG,
    trace = BEARER_LEVEL_TRACE
};

namespace detail {

template <class Hook, class... Arguments>
constexpr bool answers_itself = std::is_invocable_v<Hook &, Arguments..., reply>;

// Runs hook(arguments...) with or without a reply; answer makes the library's answer of what the callable returns.
template <class Hook, class Answer, class... Arguments>
bearer_status ask(void *user_data, bearer_reply *asked, Answer answer, Arguments... arguments) noexcept
{
    static_assert(answers_itself<Hook, Arguments...> || std::is_invocable_v<Hook &, Arguments...>,
                  "the hook takes its arguments as README.md lists them, and may take a bearer::reply behind them");
    return run_hook(asked, [&](const std::shared_ptr<carried> &caller) -> bearer_status {
        Hook &hook = *static_cast<Hook *>(user_data);
        if constexpr (answers_itself<Hook, Arguments...>) {
            hook(arguments..., reply(asked, caller));
            return BEARER_PENDING;
        } else {
            return answer([&]() -> decltype(auto) { return hook(arguments...); });
        }
    });
}

// A refused answer fails the hook.
inline bearer_status accepted(bearer_status status)
{
    if (status == BEARER_INVALID_ARGUMENT) {
        throw error(status::hook_failed, "the hook's answer is not what it should be", "answer");
    }
    return BEARER_OK;
}

inline auto token_answer(bearer_reply *asked)
{
    return [asked](auto run) {
        const std::string token(run());
        return accepted(bearer_reply_token(asked, c_text(token)));
    };
}

// Of lock and on_token: to return is to say "done".
inline auto done_answer()
{
    return [](auto run) -> bearer_status {
        run();
        return BEARER_OK;
    };
}

template <class Hook>
bearer_status on_access_token(void *hook, const char *rejected, bearer_reply *asked) noexcept
{
    return ask<Hook>(hook, asked, token_answer(asked), view(rejected));
}

template <class Hook>
bearer_status on_refresh(void *hook, const char *token_json, bearer_reply *asked) noexcept
{
    return ask<Hook>(hook, asked, token_answer(asked), view(token_json));
}

template <class Hook>
bearer_status on_token(void *hook, const char *token_json, bearer_reply *asked) noexcept
{
    return ask<Hook>(hook, asked, done_answer(), view(token_json));
}

template <class Hook>
bearer_status on_http(void *hook, const bearer_request *request, bearer_reply *asked) noexcept
{
    const auto answer = [asked](auto run) {
        const http_answer answered = run();
        for (const auto &[name, value] : answered.headers) {
            accepted(bearer_reply_header(asked, c_text(name), c_text(value)));
        }
        return accepted(bearer_reply_http(asked, answered.status, answered.body.data(), answered.body.size()));
    };
    return ask<Hook>(hook, asked, answer, http_request(request));
}

template <class Hook>
bearer_status on_sign(void *hook, const char *algorithm, const void *bytes, std::size_t len, bearer_reply *asked) noexcept
{
    const auto answer = [asked](auto run) {
        const std::string signature(run());
        return accepted(bearer_reply_signature(asked, signature.data(), signature.size()));
    };
    return ask<Hook>(hook, asked, answer, view(algorithm), std::string_view(static_cast<const char *>(bytes), len));
}

template <class Hook>
void on_log(void *hook, bearer_level level, const char *event_json) noexcept
{
    run_plain(true, [&] { (*static_cast<Hook *>(hook))(static_cast<bearer::level>(level), view(event_json)); });
}

template <class Hook>
bearer_status open_url(void *hook, const char *url) noexcept
{
    return run_plain(false, [&] { (*static_cast<Hook *>(hook))(view(url)); });
}

// The three functions of on_lock; std::nullptr_t where there is none.
template <class Lock, class Reload, class Unlock>
struct locks {
    Lock lock;
    Reload reload;
    Unlock unlock;

    static bearer_status on_lock(void *hooks, const char *token_json, bearer_reply *asked) noexcept
    {
        return ask<Lock>(&static_cast<locks *>(hooks)->lock, asked, done_answer(), view(token_json));
    }

    // Answers with an optional token set: nothing where nobody stored a newer one.
    static bearer_status on_reload(void *hooks, const char *token_json, bearer_reply *asked) noexcept
    {
        const auto answer = [asked](auto run) -> bearer_status {
            const std::optional<std::string> token(run());
            return token ? accepted(bearer_reply_token(asked, c_text(*token))) : BEARER_OK;
        };
        return ask<Reload>(&static_cast<locks *>(hooks)->reload, asked, answer, view(token_json));
    }

    static void on_unlock(void *hooks, const char *token_json, bearer_status outcome) noexcept
    {
        run_plain(true, [&] { static_cast<locks *>(hooks)->unlock(view(token_json), static_cast<status>(outcome)); });
    }

    static constexpr bearer_reload_fn reload_or_null() noexcept
    {
        if constexpr (std::is_null_pointer_v<Reload>) {
            return nullptr;
        } else {
            return &on_reload;
        }
    }

    static constexpr bearer_unlock_fn unlock_or_null() noexcept
    {
        if constexpr (std::is_null_pointer_v<Unlock>) {
            return nullptr;
        } else {
            return &on_unlock;
        }
    }
};

}  // namespace detail
}  // namespace bearer

#endif
