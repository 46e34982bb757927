// A client: one API, one token, one set of hooks.
#ifndef BEARER_CLIENT_HPP
#define BEARER_CLIENT_HPP

#include "trampolines.hpp"

namespace bearer {

// An access token, and when it expires in seconds since 1970, where that is known.
struct access {
    std::string token;
    std::optional<std::int64_t> expires_at;
};

class client {
public:
    // config: JSON (docs/configuration.md); bearer::object writes it.
    explicit client(std::string_view config)
    {
        bearer_client *made = nullptr;
        detail::call(bearer_client_new, detail::c_text(config), &made);
        handle_.reset(made);
    }

    // A handle of C's, which is freed with this.
    explicit client(bearer_client *handle) noexcept : handle_(handle) {}

    bearer_client *get() const noexcept { return handle_.get(); }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    // --- Scopes ---

    // A second handle on the same client, with a deadline over all of its calls and a cancel of its own.
    client scope(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        std::string options;
        if (timeout) {
            // No floating point: its decimal point is the locale's.
            const auto ms = timeout->count();
            const std::string part = std::to_string(ms % 1000);
            const std::string zeros(ms < 0 ? 0 : 3 - part.size(), '0');
            options = object().json("timeout_s", ms < 0 ? "-1" : std::to_string(ms / 1000) + "." + zeros + part);
        }
        bearer_client *made = nullptr;
        detail::call(bearer_client_scope, get(), detail::c_text(options).or_null(), &made);
        return client(made);
    }

    // Ends every call on this handle, running or to come; on a client those of its scopes too.
    void cancel()
    {
        const bearer_status status = bearer_client_cancel(get());
        if (status != BEARER_OK) {
            throw error(static_cast<bearer::status>(status), {}, "handle");
        }
    }

    // --- Requests ---

    bearer::response request(std::string_view method, std::string_view path, std::string_view body = {})
    {
        return answered(bearer_client_request, detail::c_text(method), detail::c_text(path), body.data(), body.size());
    }

    bearer::response send(bearer::request &request)
    {
        return answered(bearer_client_send, request.get());
    }
    bearer::response send(bearer::request &&request) { return send(request); }

    // --- Tokens ---

    // The token set that the client holds now, as JSON for you to store.
    std::string token() { return detail::text_of(bearer_client_token, get()); }

    void set_token(std::string_view json) { detail::call(bearer_client_set_token, get(), detail::c_text(json)); }

    // Renews now; returns the new token set.
    std::string refresh() { return detail::text_of(bearer_client_refresh, get()); }

    // A token that is valid for at least so long, renewed if need be.
    access access_token(std::chrono::seconds min_valid = std::chrono::seconds(0))
    {
        std::int64_t expires_at = 0;
        const auto seconds = static_cast<std::uint32_t>(min_valid.count());
        const auto get_it = [](bearer_client *c, std::uint32_t s, std::int64_t *at, char **text, bearer_error **e) {
            return bearer_client_access_token(c, s, text, at, e);
        };
        std::string token = detail::text_of(get_it, get(), seconds, &expires_at);
        return {std::move(token), expires_at ? std::optional(expires_at) : std::nullopt};
    }

    // The headers, as JSON, that a request by your own HTTP stack needs.
    std::string authorization(std::string_view method, std::string_view url)
    {
        return detail::text_of(bearer_client_authorization, get(), detail::c_text(method), detail::c_text(url));
    }

    // After such a request: whether to ask for new headers and send it once more.
    bool feedback(std::string_view method, std::string_view url, std::string_view sent_headers, std::uint16_t http_status,
                  std::string_view answer_headers = {})
    {
        bool resend = false;
        detail::call(bearer_client_feedback, get(), detail::c_text(method), detail::c_text(url),
                     detail::c_text(sent_headers), http_status, detail::c_text(answer_headers).or_null(), &resend);
        return resend;
    }

    // --- Hooks; nullptr removes one ---

    // hook(string_view rejected) -> access token or token set as JSON. rejected is empty, or what the API has refused.
    template <class Hook>
    void on_access_token(Hook &&hook)
    {
        set<Hook>(bearer_client_on_access_token, &detail::on_access_token<std::decay_t<Hook>>, hook);
    }
    void on_access_token(std::nullptr_t) { detail::call(bearer_client_on_access_token, get(), nullptr, nullptr, nullptr); }

    // hook(string_view token_set) -> token set as JSON, or an access token. The argument is empty where there is none.
    template <class Hook>
    void on_refresh(Hook &&hook)
    {
        set<Hook>(bearer_client_on_refresh, &detail::on_refresh<std::decay_t<Hook>>, hook);
    }
    void on_refresh(std::nullptr_t) { detail::call(bearer_client_on_refresh, get(), nullptr, nullptr, nullptr); }

    // hook(string_view token_set): saves it.
    template <class Hook>
    void on_token(Hook &&hook)
    {
        set<Hook>(bearer_client_on_token, &detail::on_token<std::decay_t<Hook>>, hook);
    }
    void on_token(std::nullptr_t) { detail::call(bearer_client_on_token, get(), nullptr, nullptr, nullptr); }

    // hook(http_request) -> http_answer.
    template <class Hook>
    void on_http(Hook &&hook)
    {
        set<Hook>(bearer_client_on_http, &detail::on_http<std::decay_t<Hook>>, hook);
    }
    void on_http(std::nullptr_t) { detail::call(bearer_client_on_http, get(), nullptr, nullptr, nullptr); }

    // hook(string_view algorithm, string_view bytes) -> signature.
    template <class Hook>
    void on_sign(Hook &&hook)
    {
        set<Hook>(bearer_client_on_sign, &detail::on_sign<std::decay_t<Hook>>, hook);
    }
    void on_sign(std::nullptr_t) { detail::call(bearer_client_on_sign, get(), nullptr, nullptr, nullptr); }

    // lock(string_view token_set); reload(string_view token_set) -> optional<string>; unlock(string_view token_set, status).
    template <class Lock, class Reload = std::nullptr_t, class Unlock = std::nullptr_t>
    void on_lock(Lock &&lock, Reload &&reload = nullptr, Unlock &&unlock = nullptr)
    {
        using hooks = detail::locks<std::decay_t<Lock>, std::decay_t<Reload>, std::decay_t<Unlock>>;
        void *held = new hooks{std::forward<Lock>(lock), std::forward<Reload>(reload), std::forward<Unlock>(unlock)};
        detail::call(bearer_client_on_lock, get(), &hooks::on_lock, hooks::reload_or_null(), hooks::unlock_or_null(), held,
                     &detail::destroy<hooks>);
    }
    void on_lock(std::nullptr_t)
    {
        detail::call(bearer_client_on_lock, get(), nullptr, nullptr, nullptr, nullptr, nullptr);
    }

    // hook(level, string_view event): hears events as JSON, without secrets.
    template <class Hook>
    void on_log(bearer::level up_to, Hook &&hook)
    {
        using held = std::decay_t<Hook>;
        const auto number = static_cast<bearer_level>(up_to);
        if constexpr (std::is_null_pointer_v<held>) {
            detail::call(bearer_client_on_log, get(), nullptr, nullptr, nullptr, number);
        } else {
            void *made = new held(std::forward<Hook>(hook));
            detail::call(bearer_client_on_log, get(), &detail::on_log<held>, made, &detail::destroy<held>, number);
        }
    }

    // --- Logins and grants; what returns a string returns the token set, unless it says otherwise ---

    // The login, as JSON: send the browser to its member "authorization_url".
    std::string login_begin(std::string_view params = {})
    {
        return detail::text_of(bearer_login_begin, get(), detail::c_text(params).or_null());
    }

    std::string login_finish(std::string_view login, std::string_view callback_url)
    {
        return detail::text_of(bearer_login_finish, get(), detail::c_text(login), detail::c_text(callback_url));
    }

    // With the system's browser on this machine.
    std::string login_loopback(std::string_view params = {})
    {
        return loopback(params, nullptr, nullptr);
    }

    // With a browser that open(string_view url) opens.
    template <class Open>
    std::string login_loopback(std::string_view params, Open &&open)
    {
        auto held = [&open](std::string_view url) { open(url); };
        return loopback(params, &detail::open_url<decltype(held)>, &held);
    }

    std::string grant(std::string_view params) { return detail::text_of(bearer_grant, get(), detail::c_text(params)); }

    // The server's answer, as JSON: show its "user_code" and "verification_uri".
    std::string device_begin(std::string_view params = {})
    {
        return detail::text_of(bearer_device_begin, get(), detail::c_text(params).or_null());
    }

    // The server's answer, for device_poll and device_wait.
    std::string ciba_begin(std::string_view params)
    {
        return detail::text_of(bearer_ciba_begin, get(), detail::c_text(params).or_null());
    }

    // Nothing until the person is done; call it as often as you like.
    std::optional<std::string> device_poll(std::string_view device)
    {
        return detail::call_for_text(bearer_device_poll, get(), detail::c_text(device));
    }

    std::string device_wait(std::string_view device)
    {
        return detail::text_of(bearer_device_wait, get(), detail::c_text(device));
    }

    // --- The authorization server; the strings are JSON ---

    std::string discover() { return detail::text_of(bearer_discover, get()); }
    std::string discover_resource() { return detail::text_of(bearer_discover_resource, get()); }

    // "access_token" revokes this alone.
    void revoke(std::string_view token_type_hint = {})
    {
        detail::call(bearer_revoke, get(), detail::c_text(token_type_hint).or_null());
    }

    // Of the client's own access token where none is given.
    std::string introspect(std::string_view token = {})
    {
        return detail::text_of(bearer_introspect, get(), detail::c_text(token).or_null());
    }

    std::string userinfo() { return detail::text_of(bearer_userinfo, get()); }

    // The claims of the ID token that the client holds.
    std::string id_token() { return detail::text_of(bearer_client_id_token, get()); }

    std::string register_client(std::string_view metadata)
    {
        return detail::text_of(bearer_register, get(), detail::c_text(metadata));
    }

    std::string registration_read(std::string_view registration)
    {
        return detail::text_of(bearer_registration_read, get(), detail::c_text(registration));
    }

    std::string registration_update(std::string_view registration, std::string_view metadata)
    {
        return detail::text_of(bearer_registration_update, get(), detail::c_text(registration), detail::c_text(metadata));
    }

    void registration_delete(std::string_view registration)
    {
        detail::call(bearer_registration_delete, get(), detail::c_text(registration));
    }

    // The URL where a person signs out.
    std::string logout_url(std::string_view params = {})
    {
        return detail::text_of(bearer_logout_url, get(), detail::c_text(params).or_null());
    }

    // --- About ---

    // What the client has done so far.
    std::string stats() { return detail::text_of(bearer_client_stats, get()); }

private:
    detail::owned<bearer_client, bearer_client_free> handle_;

    template <class Function, class... Arguments>
    bearer::response answered(Function function, const Arguments &...arguments)
    {
        struct owner {
            bearer_response *answer = nullptr;
            ~owner() { bearer_response_free(answer); }
        } out;
        detail::call(function, get(), arguments..., &out.answer);
        return bearer::response(std::exchange(out.answer, nullptr));
    }

    std::string loopback(std::string_view params, bearer_open_url_fn open, void *user_data)
    {
        return detail::text_of(bearer_login_loopback, get(), detail::c_text(params).or_null(), open, user_data);
    }

    // hook is forwarded as Hook, whose function is fn; the library destroys it, also where this fails.
    template <class Hook, class Setter, class Function>
    void set(Setter setter, Function fn, std::remove_reference_t<Hook> &hook)
    {
        using held = std::decay_t<Hook>;
        void *made = new held(std::forward<Hook>(hook));
        detail::call(setter, get(), fn, made, &detail::destroy<held>);
    }
};

// The version that runs.
inline std::string_view version() noexcept { return bearer_version(); }

// How the library was built, as JSON.
inline std::string_view build_info() noexcept { return bearer_build_json(); }

// The JSON Schema of the configuration.
inline std::string_view config_schema() noexcept { return bearer_config_schema(); }

// A QR code for a terminal.
inline std::string qr(std::string_view text) { return detail::text_of(bearer_qr_text, detail::c_text(text)); }

// Text for one segment of a path, or one part of a query.
inline std::string percent_encode(std::string_view text)
{
    return detail::text_of(bearer_percent_encode, detail::c_text(text));
}

}  // namespace bearer

#endif
