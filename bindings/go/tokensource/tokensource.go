// Package tokensource has a bearer.Client serve as golang.org/x/oauth2's TokenSource, for the libraries that take one. It
// is a module of its own, so that bearer depends on nothing.
package tokensource

import (
	"context"
	"time"

	"bearer"
	"golang.org/x/oauth2"
)

// New makes a TokenSource of a client. Its tokens are valid for at least minValid more. The context is that of every
// call, as everywhere in oauth2: once it ends, Token fails.
//
// The source is safe for concurrent use, and needs no oauth2.ReuseTokenSource: the client keeps the token, and several
// sources of one client share it. Where tokens are bound to a key (DPoP), use bearer.Transport.
func New(ctx context.Context, client *bearer.Client, minValid time.Duration) oauth2.TokenSource {
	return source{ctx, client, minValid}
}

type source struct {
	ctx      context.Context
	client   *bearer.Client
	minValid time.Duration
}

func (s source) Token() (*oauth2.Token, error) {
	token, expires, err := s.client.AccessToken(s.ctx, s.minValid)
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: token, TokenType: "Bearer", Expiry: expires}, nil
}
