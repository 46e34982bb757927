// What runs when the library calls back: nothing unwinds through it, and nothing that was thrown is lost.
#ifndef BEARER_HOOK_HPP
#define BEARER_HOOK_HPP

#include "error.hpp"

#include <mutex>
#include <type_traits>
#include <utility>

namespace bearer {
namespace detail {

// An exception on its way from a hook to the call that waits for it, maybe from another thread.
class carried {
public:
    void set(std::exception_ptr exception)
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        exception_ = std::move(exception);
    }

    // Of a hook that has no answer by which it could fail the call, which shall throw all the same.
    void set_final(std::exception_ptr exception)
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        final_ = std::move(exception);
    }

    // Throws what is why the call ended so. reason is that of the call's error; empty for success.
    void rethrow(std::string_view reason)
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        const bool is_cause = reason == "hook" || reason == "not_saved" || reason == "unanswered" || reason == "answer_lost";
        if (exception_ && is_cause) {
            std::rethrow_exception(exception_);
        }
        if (final_) {
            std::rethrow_exception(final_);
        }
    }

private:
    std::mutex mutex_;
    std::exception_ptr exception_, final_;
};

// One call into C; hooks that run inside it find it by their thread.
struct frame {
    frame() noexcept;
    ~frame();
    frame(const frame &) = delete;
    frame &operator=(const frame &) = delete;

    frame *outer;
    std::shared_ptr<carried> slot;
};

inline thread_local frame *innermost_frame = nullptr;

inline frame::frame() noexcept : outer(innermost_frame) { innermost_frame = this; }
inline frame::~frame() { innermost_frame = outer; }

// Where a hook on this thread leaves an exception; NULL where no call of this header is under way here.
inline std::shared_ptr<carried> slot()
{
    if (innermost_frame == nullptr) {
        return nullptr;
    }
    if (!innermost_frame->slot) {
        innermost_frame->slot = std::make_shared<carried>();
    }
    return innermost_frame->slot;
}

// Calls a function of C whose last parameter is its error, and throws what went wrong: what a hook has thrown, or an error.
template <class Function, class... Arguments>
bearer_status call(Function function, const Arguments &...arguments)
{
    frame here;
    bearer_error *failure = nullptr;
    const bearer_status status = function(arguments..., &failure);
    if (status == BEARER_OK || status == BEARER_PENDING) {
        if (here.slot) {
            here.slot->rethrow({});
        }
        return status;
    }
    error thrown = taken(status, failure);
    if (here.slot) {
        here.slot->rethrow(thrown.reason());
    }
    throw thrown;
}

// The same for functions that give a text away.
template <class Function, class... Arguments>
std::optional<std::string> call_for_text(Function function, const Arguments &...arguments)
{
    struct owner {
        char *text = nullptr;
        ~owner() { bearer_free(text); }
    } out;
    const bearer_status status = call(function, arguments..., &out.text);
    return status == BEARER_OK && out.text ? std::optional<std::string>(out.text) : std::nullopt;
}

template <class Function, class... Arguments>
std::string text_of(Function function, const Arguments &...arguments)
{
    return call_for_text(function, arguments...).value_or("");
}

// The words and the status of an exception, for the library.
template <class Answer>
bearer_status tell(const std::exception_ptr &exception, Answer answer) noexcept
{
    try {
        std::rethrow_exception(exception);
    } catch (const error &e) {
        const bool is_passed_on = e.needs_person() || e.is_transient();
        return answer(is_passed_on ? static_cast<bearer_status>(e.status()) : BEARER_HOOK_FAILED, e.what());
    } catch (const std::exception &e) {
        return answer(BEARER_HOOK_FAILED, e.what());
    } catch (...) {
        return answer(BEARER_HOOK_FAILED, "the hook threw what is no std::exception");
    }
}

inline bearer_status answer_error(bearer_reply *reply, const std::exception_ptr &exception) noexcept
{
    return tell(exception, [reply](bearer_status status, const char *words) {
        const bearer_status told = bearer_reply_error(reply, status, words);
        // What is not UTF-8 is left out.
        return told == BEARER_INVALID_ARGUMENT ? bearer_reply_error(reply, status, nullptr) : told;
    });
}

// A hook that runs on this thread. Its reply is not given up while an exception that leaves it may still answer it.
struct running {
    explicit running(bearer_reply *asked) noexcept;
    ~running();
    running(const running &) = delete;
    running &operator=(const running &) = delete;

    running *outer;
    bearer_reply *reply;
    bool is_given_up = false;
};

inline thread_local running *innermost_hook = nullptr;

inline running::running(bearer_reply *asked) noexcept : outer(innermost_hook), reply(asked) { innermost_hook = this; }
inline running::~running() { innermost_hook = outer; }

inline void give_up(bearer_reply *reply) noexcept
{
    for (running *hook = innermost_hook; hook != nullptr; hook = hook->outer) {
        if (hook->reply == reply) {
            hook->is_given_up = true;
            return;
        }
    }
    bearer_reply_free(reply);
}

// Runs a hook that owes an answer. body answers and returns BEARER_OK, or has handed the reply on: BEARER_PENDING.
template <class Body>
bearer_status run_hook(bearer_reply *reply, Body body) noexcept
{
    running here(reply);
    std::shared_ptr<carried> caller;
    try {
        caller = slot();
        const bearer_status status = body(caller);
        if (here.is_given_up) {
            bearer_reply_free(reply);
        }
        return status;
    } catch (...) {
        const std::exception_ptr exception = std::current_exception();
        if (caller) {
            caller->set(exception);
        }
        answer_error(reply, exception);
        return BEARER_PENDING;
    }
}

// Runs a hook that owes none.
template <class Body>
bearer_status run_plain(bool is_final, Body body) noexcept
{
    std::shared_ptr<carried> caller;
    try {
        caller = slot();
        body();
        return BEARER_OK;
    } catch (...) {
        const std::exception_ptr exception = std::current_exception();
        if (caller && is_final) {
            caller->set_final(exception);
        } else if (caller) {
            caller->set(exception);
        }
        return tell(exception, [](bearer_status status, const char *) { return status; });
    }
}

template <class Hook>
void destroy(void *hook) noexcept
{
    delete static_cast<Hook *>(hook);
}

}  // namespace detail

// The answer that a hook owes: given once, in the hook or later on any thread. One that is destroyed without an answer is
// given up: the waiting call fails with hook_failed (unanswered). Each answer returns false where it comes too late.
class reply {
public:
    reply(bearer_reply *handle, std::shared_ptr<detail::carried> caller) noexcept
        : handle_(handle), caller_(std::move(caller))
    {
    }
    reply(reply &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)), caller_(std::move(other.caller_)) {}
    reply &operator=(reply &&other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(caller_, other.caller_);
        return *this;
    }
    ~reply()
    {
        if (handle_ != nullptr) {
            detail::give_up(handle_);
        }
    }

    // Answers on_access_token, on_refresh and reload: a token set as JSON, or a bare access token.
    bool token(std::string_view token) { return ends(bearer_reply_token(handle_, detail::c_text(token))); }

    // Answers on_token ("saved"), lock ("held") and reload ("nothing newer").
    bool done() { return ends(bearer_reply_done(handle_)); }

    // Answers on_sign.
    bool signature(std::string_view bytes) { return ends(bearer_reply_signature(handle_, bytes.data(), bytes.size())); }

    // Adds to the answer of on_http.
    bool header(std::string_view name, std::string_view value)
    {
        return is_taken(bearer_reply_header(handle_, detail::c_text(name), detail::c_text(value)));
    }
    bool body(std::string_view bytes) { return is_taken(bearer_reply_body(handle_, bytes.data(), bytes.size())); }

    // Answers on_http: the HTTP status, and the rest of the body.
    bool http(std::uint16_t http_status, std::string_view rest = {})
    {
        return ends(bearer_reply_http(handle_, http_status, rest.data(), rest.size()));
    }

    // Answers any hook with a failure; the words are shown to people.
    bool fail(bearer::status status, std::string_view words)
    {
        return ends(bearer_reply_error(handle_, static_cast<bearer_status>(status), detail::c_text(words)));
    }

    // The same with an exception, which the waiting call throws.
    bool fail(std::exception_ptr exception)
    {
        if (caller_) {
            caller_->set(exception);
        }
        return ends(detail::answer_error(handle_, exception));
    }

private:
    bearer_reply *handle_;
    std::shared_ptr<detail::carried> caller_;

    static bool is_taken(bearer_status status)
    {
        if (status != BEARER_OK && status != BEARER_INVALID_HANDLE) {
            throw error(static_cast<bearer::status>(status), "the reply does not take this answer", "answer");
        }
        return status == BEARER_OK;
    }

    bool ends(bearer_status status)
    {
        const bool was_taken = is_taken(status);
        handle_ = nullptr;
        return was_taken;
    }
};

}  // namespace bearer

#endif
