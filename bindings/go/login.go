package bearer

// #include "bridge.h"
import "C"

import "context"

// LoginBegin begins a login in a browser: open the login's Text("authorization_url"), and hand the URL that the browser
// is sent back to to LoginFinish. Keep the login for ten minutes, as secret as a password. params are parameters of the
// authorization request by their RFC names; nil for none.
func (c *Client) LoginBegin(ctx context.Context, params Members) (Document, error) {
	return c.withParameters(ctx, C.bg_out1(C.bearer_login_begin), params)
}

// LoginFinish ends a login, once: the token becomes the client's, and goes through Hooks.Token first.
func (c *Client) LoginFinish(ctx context.Context, login Document, callbackURL string) (Token, error) {
	return c.askedBoth(ctx, C.bg_out2(C.bearer_login_finish), string(login), callbackURL)
}

// LoginLoopback signs a person in with a browser on this machine (RFC 8252), and waits for it. open opens the browser and
// must not wait for it; nil: the system's own.
func (c *Client) LoginLoopback(ctx context.Context, params Members, open func(url string) error) (Token, error) {
	text, err := parameters(params)
	if err != nil {
		return "", err
	}
	call, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	textParams, free := cTextOrNull(text)
	defer free()
	number := C.uintptr_t(0)
	if open != nil {
		number = register(&opener{call, open})
		defer letGo(number)
	}
	result := C.bg_login_loopback(call.id, call.handle, textParams, number)
	return Token(takeText(result)), call.leave(result)
}

// DeviceBegin begins a login for a device without a browser (RFC 8628): show the person Text("user_code") and
// Text("verification_uri"), then wait or poll.
func (c *Client) DeviceBegin(ctx context.Context, params Members) (Document, error) {
	return c.withParameters(ctx, C.bg_out1(C.bearer_device_begin), params)
}

// CIBABegin begins a login that a person confirms on a device of their own; go on as with DeviceBegin.
func (c *Client) CIBABegin(ctx context.Context, params Members) (Document, error) {
	return c.withParameters(ctx, C.bg_out1(C.bearer_ciba_begin), params)
}

// DeviceWait waits until the person is done, the code is too old, or the context ends.
func (c *Client) DeviceWait(ctx context.Context, device Document) (Token, error) {
	return c.asked(ctx, C.bg_out1(C.bearer_device_wait), (*string)(&device))
}

// DevicePoll is one step: ErrPending until the person is done. Call it as often as you like.
func (c *Client) DevicePoll(ctx context.Context, device Document) (Token, error) {
	return c.asked(ctx, C.bg_out1(C.bearer_device_poll), (*string)(&device))
}

// Grant gets a token by any grant that needs no person at this moment: {"grant_type": "client_credentials"}.
func (c *Client) Grant(ctx context.Context, grant Members) (Token, error) {
	return c.withParameters(ctx, C.bg_out1(C.bearer_grant), grant)
}

// IDToken is the claims of the ID token that the client holds: who signed in.
func (c *Client) IDToken() (Document, error) {
	return c.document(context.Background(), C.bg_out0(C.bearer_client_id_token))
}

// LogoutURL is where a person signs out at the server.
func (c *Client) LogoutURL(ctx context.Context, params Members) (string, error) {
	url, err := c.withParameters(ctx, C.bg_out1(C.bearer_logout_url), params)
	return string(url), err
}

func (c *Client) withParameters(ctx context.Context, f C.bg_out1, members Members) (Document, error) {
	text, err := parameters(members)
	if err != nil {
		return "", err
	}
	return c.asked(ctx, f, text)
}
