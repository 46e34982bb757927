package bearer

// #include "bridge.h"
import "C"

import (
	"context"
	"net/http"
)

// Hooks are where your code takes part; each may be nil. An error that is a Status from 20 to 39, or wraps one, reaches
// the waiting call as that status (ErrLoginRequired from Refresh); any other makes it ErrHookFailed. The call whose
// goroutine ran the hook has the error itself as its Cause, and panics with a *HookPanic where the hook has panicked.
//
// A hook runs on the goroutine of the call that needs it, and its context is that call's. It must return when the
// context ends, must not end its goroutine (runtime.Goexit, testing.T.FailNow), and must not ask its own client for
// what it is asked: that fails with ErrWouldDeadlock. See Later for the other way.
type Hooks struct {
	// AccessToken returns a valid access token. It is asked at every request. rejected is the token that the API has
	// just answered 401 to, or "".
	AccessToken func(ctx context.Context, rejected string) (string, error)

	// Refresh renews through your own service. It returns a token set or a bare access token. token is the set to
	// renew, "" where there is none.
	Refresh func(ctx context.Context, token Token) (Token, error)

	// Token saves a new token set, before anything uses it. Calls for one client never overlap and come in order. Its
	// context has no end: what is saved by half is lost.
	Token func(ctx context.Context, token Token) error

	// HTTP makes one exchange in place of the library's network: http.DefaultTransport.RoundTrip, for example. It must
	// follow no redirect. An error makes the call ErrUnavailable, unless it is, or wraps, a Status.
	HTTP func(request *http.Request) (*http.Response, error)

	// Lock, Reload and Unlock go around every renewal (docs/save-tokens.md). Lock takes a lock that covers everybody
	// who shares the token. Reload returns the set that somebody else stored meanwhile, or "". Unlock is called once
	// for every lock that was granted, and may run on another goroutine than Lock did.
	Lock   func(ctx context.Context, token Token) error
	Reload func(ctx context.Context, token Token) (Token, error)
	Unlock func(token Token, outcome Status)

	// Sign signs with a key that the library never sees, as algorithm says: "ES256", "RS256", "PS256", "EdDSA".
	Sign func(ctx context.Context, algorithm string, bytes []byte) ([]byte, error)

	// Log hears one event, a JSON object without secrets, up to LogLevel (LevelInfo where that is 0).
	Log      func(level Level, event Document)
	LogLevel Level

	// Later has AccessToken, Refresh, Token, HTTP, Lock, Reload and Sign each run on a goroutine of its own, and answer
	// when it can: a call leaves at once when its context ends, whatever the hook does. The contexts of Refresh, Token
	// and HTTP have no end then, for a renewal that was begun is to be finished: the next call takes its answer. A hook
	// that asks its own client for what it is asked waits until the deadline.
	Later bool
}

// A Level is how much a Log hook wants to hear.
type Level int32

// The levels: failures; failures that were dealt with; what happens to the token; every request; everything.
const (
	LevelError Level = 1 + iota
	LevelWarn
	LevelInfo
	LevelDebug
	LevelTrace
)

// On sets those hooks that are not nil, in place of the ones before.
func (c *Client) On(hooks Hooks) error {
	own := &hooks
	set := func(wanted bool, on func(hook C.uintptr_t) C.bg_result) error {
		if !wanted {
			return nil
		}
		return failure(on(register(own)))
	}
	if hooks.Lock == nil && (hooks.Reload != nil || hooks.Unlock != nil) {
		return invalid("hooks: Reload and Unlock need Lock")
	}
	for _, err := range []error{
		set(hooks.AccessToken != nil, func(h C.uintptr_t) C.bg_result { return C.bg_on_access_token(c.handle, h) }),
		set(hooks.Refresh != nil, func(h C.uintptr_t) C.bg_result { return C.bg_on_refresh(c.handle, h) }),
		set(hooks.Token != nil, func(h C.uintptr_t) C.bg_result { return C.bg_on_token(c.handle, h) }),
		set(hooks.HTTP != nil, func(h C.uintptr_t) C.bg_result { return C.bg_on_http(c.handle, h) }),
		set(hooks.Sign != nil, func(h C.uintptr_t) C.bg_result { return C.bg_on_sign(c.handle, h) }),
		set(hooks.Lock != nil, func(h C.uintptr_t) C.bg_result {
			return C.bg_on_lock(c.handle, h, C.bool(hooks.Reload != nil), C.bool(hooks.Unlock != nil))
		}),
		set(hooks.Log != nil, func(h C.uintptr_t) C.bg_result {
			level := hooks.LogLevel
			if level == 0 {
				level = LevelInfo
			}
			return C.bg_on_log(c.handle, h, C.bearer_level(level))
		}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}
