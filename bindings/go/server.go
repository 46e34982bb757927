package bearer

// #include "bridge.h"
import "C"

import "context"

// Discover is the authorization server's metadata as the client uses it.
func (c *Client) Discover(ctx context.Context) (Document, error) {
	return c.document(ctx, C.bg_out0(C.bearer_discover))
}

// DiscoverResource is what the API says of itself (RFC 9728).
func (c *Client) DiscoverResource(ctx context.Context) (Document, error) {
	return c.document(ctx, C.bg_out0(C.bearer_discover_resource))
}

// Revoke revokes the client's tokens (RFC 7009) and forgets them: both, or with the hint "access_token" that one.
func (c *Client) Revoke(ctx context.Context, hint string) error {
	return c.told(ctx, C.bg_in1(C.bearer_revoke), orNil(hint))
}

// Introspect asks the server what a token is (RFC 7662); "" is the client's own access token.
func (c *Client) Introspect(ctx context.Context, token string) (Document, error) {
	return c.asked(ctx, C.bg_out1(C.bearer_introspect), orNil(token))
}

// UserInfo asks the server who signed in.
func (c *Client) UserInfo(ctx context.Context) (Document, error) {
	return c.document(ctx, C.bg_out0(C.bearer_userinfo))
}

// Register registers a client (RFC 7591); the answer is a Config's Client.
func (c *Client) Register(ctx context.Context, metadata Members) (Document, error) {
	return c.withParameters(ctx, C.bg_out1(C.bearer_register), metadata)
}

// RegistrationRead sees a client's registration (RFC 7592); registration is what Register gave.
func (c *Client) RegistrationRead(ctx context.Context, registration Document) (Document, error) {
	return c.asked(ctx, C.bg_out1(C.bearer_registration_read), (*string)(&registration))
}

// RegistrationUpdate replaces a client's registration by all of its new metadata.
func (c *Client) RegistrationUpdate(ctx context.Context, registration Document, metadata Members) (Document, error) {
	text, err := parameters(metadata)
	if err != nil {
		return "", err
	}
	if text == nil {
		return "", invalid("metadata: is missing")
	}
	return c.askedBoth(ctx, C.bg_out2(C.bearer_registration_update), string(registration), *text)
}

// RegistrationDelete ends a client's registration, and its tokens with it.
func (c *Client) RegistrationDelete(ctx context.Context, registration Document) error {
	return c.told(ctx, C.bg_in1(C.bearer_registration_delete), (*string)(&registration))
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
