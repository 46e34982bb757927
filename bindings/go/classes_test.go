package bearer_test

// The six classes of Home Assistant's guide for Python libraries, as Go has them: what is a class there is a struct
// that embeds a *bearer.Client here, and what is async there is a goroutine.

import (
	"context"
	"sync"
	"testing"

	"bearer"
)

// Auth makes authenticated requests with a token that never changes: the guide's first two classes.
type Auth struct{ *bearer.Client }

func NewAuth(host, accessToken string) (Auth, error) {
	client, err := bearer.New(bearer.Config{BaseURL: host, Authorization: accessToken}, bearer.Hooks{})
	return Auth{client}, err
}

func TestClassAuthAsync(t *testing.T) {
	server := startServer(t)
	auth, err := NewAuth(server.url()+"/fixed", "secret")
	must(t, err)
	defer auth.Close()
	var tasks sync.WaitGroup
	for range 8 {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			response, err := auth.Get(context.Background(), "lights")
			if err != nil || response.StatusCode != 200 {
				t.Error(response, err)
				return
			}
			response.Body.Close()
		}()
	}
	tasks.Wait()
	equal(t, server.counted("api_requests"), 8)
}

func TestClassAuthSync(t *testing.T) {
	server := startServer(t)
	auth, err := NewAuth(server.url()+"/fixed", "secret")
	must(t, err)
	defer auth.Close()
	response, err := auth.Get(context.Background(), "lights")
	seen := read(t, response, err)
	equal(t, seen["path"].(string), "/fixed/lights")
	equal(t, sentHeader(seen, "authorization"), "secret")
}

// TokenProvider is the guide's abstract method async_get_access_token.
type TokenProvider interface {
	AccessToken(ctx context.Context) (string, error)
}

// NewAbstractAuth is the guide's AbstractAuth: whoever can return a valid access token can make requests.
func NewAbstractAuth(host string, provider TokenProvider) (Auth, error) {
	client, err := bearer.New(bearer.Config{BaseURL: host}, bearer.Hooks{
		AccessToken: func(ctx context.Context, _ string) (string, error) { return provider.AccessToken(ctx) },
	})
	return Auth{client}, err
}

type fixedProvider string

func (p fixedProvider) AccessToken(context.Context) (string, error) { return string(p), nil }

func TestClassAbstractAuth(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}").Text("access_token")
	auth, err := NewAbstractAuth(server.url()+"/api", fixedProvider(token))
	must(t, err)
	defer auth.Close()
	response, err := auth.Get(context.Background(), "lights")
	equal(t, sentHeader(read(t, response, err), "authorization"), "Bearer "+token)
}

// TokenManager is the developer's own.
type TokenManager struct {
	server      *server
	accessToken string
	saved       int
}

func (m *TokenManager) IsTokenValid() bool { return m.accessToken != "" }
func (m *TokenManager) FetchAccessToken(context.Context) error {
	m.accessToken = m.server.issue("{}").Text("access_token")
	return nil
}
func (m *TokenManager) SaveAccessToken(context.Context) error {
	m.saved++
	return nil
}

// ManagedAuth is the guide's subclass of AbstractAuth with a token manager.
type ManagedAuth struct{ tokenManager *TokenManager }

func (a ManagedAuth) AccessToken(ctx context.Context) (string, error) {
	if a.tokenManager.IsTokenValid() {
		return a.tokenManager.accessToken, nil
	}
	if err := a.tokenManager.FetchAccessToken(ctx); err != nil {
		return "", err
	}
	if err := a.tokenManager.SaveAccessToken(ctx); err != nil {
		return "", err
	}
	return a.tokenManager.accessToken, nil
}

func TestClassTokenManager(t *testing.T) {
	server := startServer(t)
	manager := &TokenManager{server: server}
	auth, err := NewAbstractAuth(server.url()+"/api", ManagedAuth{manager})
	must(t, err)
	defer auth.Close()
	for range 2 {
		response, err := auth.Get(context.Background(), "lights")
		read(t, response, err)
	}
	equal(t, manager.saved, 1)
}

// NewOAuth2Auth is the guide's Auth with OAuth2: the token endpoint is {host}/auth/token.
func NewOAuth2Auth(host string, token bearer.Token, clientID, clientSecret string,
	tokenUpdater func(bearer.Token) error) (Auth, error) {
	client, err := bearer.New(bearer.Config{
		BaseURL: host,
		Token:   token,
		Client:  bearer.Members{"client_id": clientID, "client_secret": clientSecret},
	}, bearer.Hooks{
		Token: func(_ context.Context, token bearer.Token) error { return tokenUpdater(token) },
	})
	return Auth{client}, err
}

// RefreshTokens is the guide's refresh_tokens.
func (a Auth) RefreshTokens(ctx context.Context) (bearer.Token, error) { return a.Refresh(ctx) }

func TestClassOAuth2(t *testing.T) {
	server := startServer(t)
	var updated []bearer.Token
	auth, err := NewOAuth2Auth(server.url(), server.issue(`{"expired": true}`), "test-client", "test-secret",
		func(token bearer.Token) error { updated = append(updated, token); return nil })
	must(t, err)
	defer auth.Close()
	response, err := auth.Get(context.Background(), "api/lights")
	seen := read(t, response, err)
	equal(t, len(updated), 1)
	equal(t, sentHeader(seen, "authorization"), "Bearer "+updated[0].Text("access_token"))
	token, err := auth.RefreshTokens(context.Background())
	must(t, err)
	equal(t, len(updated), 2)
	equal(t, token, updated[1])
	equal(t, server.counted("refreshes"), 2)
}

// NewServiceAuth is the guide's subclass that overrides refresh_tokens, to route it by its own service.
func NewServiceAuth(host string, token bearer.Token, service *TokenManager) (Auth, error) {
	client, err := bearer.New(bearer.Config{BaseURL: host, Token: token}, bearer.Hooks{
		Refresh: func(ctx context.Context, _ bearer.Token) (bearer.Token, error) {
			if err := service.FetchAccessToken(ctx); err != nil {
				return "", err
			}
			return bearer.Token(service.accessToken), service.SaveAccessToken(ctx)
		},
	})
	return Auth{client}, err
}

func TestClassOverriddenRefresh(t *testing.T) {
	server := startServer(t)
	service := &TokenManager{server: server}
	auth, err := NewServiceAuth(server.url()+"/api", server.issue(`{"expired": true}`), service)
	must(t, err)
	defer auth.Close()
	response, err := auth.Get(context.Background(), "lights")
	equal(t, sentHeader(read(t, response, err), "authorization"), "Bearer "+service.accessToken)
	equal(t, service.saved, 1)
	equal(t, server.counted("token_requests"), 0)
}
