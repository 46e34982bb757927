package bearer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"bearer"
)

func (s *server) loginConfig() bearer.Config {
	return bearer.Config{BaseURL: s.url() + "/api", Issuer: s.url(),
		Client: bearer.Members{"client_id": "test-client", "client_secret": "test-secret", "scope": "openid read write"}}
}

// browse goes where an authorization URL leads, and says where it was sent back to.
func browse(url string) (string, error) {
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Get(url)
	if err != nil {
		return "", err
	}
	response.Body.Close()
	return response.Header.Get("Location"), nil
}

func TestLogin(t *testing.T) {
	server, ctx := startServer(t), context.Background()
	saved := 0
	client := newClient(t, server.loginConfig(), bearer.Hooks{
		Token: func(context.Context, bearer.Token) error { saved++; return nil }})
	_, err := client.Get(ctx, "lights")
	mustBe(t, err, bearer.ErrLoginRequired)

	login, err := client.LoginBegin(ctx, bearer.Members{"redirect_uri": "http://127.0.0.1:8123/callback"})
	must(t, err)
	back, err := browse(login.Text("authorization_url"))
	must(t, err)
	token, err := client.LoginFinish(ctx, login, back)
	must(t, err)
	held, err := client.Token()
	must(t, err)
	equal(t, token, held)
	equal(t, saved, 1)

	claims, err := client.IDToken()
	must(t, err)
	equal(t, claims.Text("sub"), "test-user")
	user, err := client.UserInfo(ctx)
	must(t, err)
	equal(t, user.Text("sub"), "test-user")
	said, err := client.Introspect(ctx, "")
	must(t, err)
	equal(t, said.Text("sub"), "test-user")
	metadata, err := client.Discover(ctx)
	must(t, err)
	equal(t, metadata.Text("token_endpoint"), server.url()+"/auth/token")
	resource, err := client.DiscoverResource(ctx)
	must(t, err)
	equal(t, resource.Text("resource"), server.url()+"/api")
	_, err = client.LogoutURL(ctx, nil)
	must(t, err)

	// The set is JSON in the program's own JSON, and comes back as it was.
	stored, err := json.Marshal(map[string]any{"token": token})
	must(t, err)
	var loaded struct{ Token bearer.Token }
	must(t, json.Unmarshal(stored, &loaded))
	must(t, client.SetToken(loaded.Token))
	equal(t, loaded.Token.Text("access_token"), token.Text("access_token"))

	must(t, client.Revoke(ctx, ""))
	_, err = client.Token()
	mustBe(t, err, bearer.ErrLoginRequired)
}

func TestLoginThatIsRefused(t *testing.T) {
	server, ctx := startServer(t), context.Background()
	client := newClient(t, server.loginConfig(), bearer.Hooks{})
	login, err := client.LoginBegin(ctx, bearer.Members{
		"redirect_uri": "http://127.0.0.1:8123/callback", "login_hint": "deny"})
	must(t, err)
	back, err := browse(login.Text("authorization_url"))
	must(t, err)
	_, err = client.LoginFinish(ctx, login, back)
	mustBe(t, err, bearer.ErrAccessDenied)
}

func TestLoopback(t *testing.T) {
	server, ctx := startServer(t), context.Background()
	client := newClient(t, server.loginConfig(), bearer.Hooks{})
	token, err := client.LoginLoopback(ctx, nil, func(url string) error {
		go func() {
			if response, err := http.Get(url); err == nil {
				response.Body.Close()
			}
		}()
		return nil
	})
	must(t, err)
	equal(t, token.Text("access_token") != "", true)

	_, err = client.LoginLoopback(ctx, nil, func(string) error { return errOwn })
	mustBe(t, err, bearer.ErrHookFailed)
	mustBe(t, err, errOwn)
	value := panicOf(func() { _, _ = client.LoginLoopback(ctx, nil, func(string) error { panic("boom") }) })
	if _, ok := value.(*bearer.HookPanic); !ok {
		t.Fatal(value)
	}
	left, cancel := context.WithCancel(ctx)
	_, err = client.LoginLoopback(left, nil, func(string) error { cancel(); return nil })
	mustBe(t, err, context.Canceled)
}

func TestDevice(t *testing.T) {
	server, ctx := startServer(t), context.Background()
	server.control("/config", `{"device_interval_s": 1}`)
	client := newClient(t, server.loginConfig(), bearer.Hooks{})
	device, err := client.DeviceBegin(ctx, nil)
	must(t, err)
	_, err = client.DevicePoll(ctx, device)
	mustBe(t, err, bearer.ErrPending)
	left, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err = client.DeviceWait(left, device)
	mustBe(t, err, context.DeadlineExceeded)
	server.control("/device", `{"approve": true, "user_code": "`+device.Text("user_code")+`"}`)
	token, err := client.DeviceWait(ctx, device)
	must(t, err)
	equal(t, token.Text("access_token") != "", true)
	_, err = bearer.QRText(device.Text("verification_uri_complete"))
	must(t, err)
}

func TestGrantAndRegistration(t *testing.T) {
	server, ctx := startServer(t), context.Background()
	client := newClient(t, server.loginConfig(), bearer.Hooks{})
	token, err := client.Grant(ctx, bearer.Members{
		"grant_type": "password", "username": "test-user", "password": "test-password"})
	must(t, err)
	equal(t, token.Text("access_token") != "", true)

	registered, err := client.Register(ctx, bearer.Members{"redirect_uris": []string{"http://127.0.0.1/callback"}})
	must(t, err)
	registered, err = client.RegistrationUpdate(ctx, registered, bearer.Members{
		"redirect_uris": []string{"http://127.0.0.1/other"}})
	must(t, err)
	registered, err = client.RegistrationRead(ctx, registered)
	must(t, err)
	must(t, client.RegistrationDelete(ctx, registered))
	_, err = client.RegistrationRead(ctx, registered)
	mustBe(t, err, bearer.ErrRejected)
}

// The key stays with the program.
func TestSign(t *testing.T) {
	server := startServer(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := key.PublicKey.ECDH()
	must(t, err)
	point := public.Bytes()
	encode := base64.RawURLEncoding.EncodeToString
	server.control("/client", `{"client_id": "signer", "method": "private_key_jwt", "jwk": {"kty": "EC", "crv": "P-256",
		"x": "`+encode(point[1:33])+`", "y": "`+encode(point[33:])+`"}}`)
	config := bearer.Config{BaseURL: server.url() + "/api", Issuer: server.url(),
		Client: bearer.Members{"client_id": "signer", "token_endpoint_auth_method": "private_key_jwt"},
		Grant:  bearer.Members{"grant_type": "client_credentials"}}
	for _, later := range []bool{false, true} {
		client := newClient(t, config, bearer.Hooks{Later: later,
			Sign: func(_ context.Context, algorithm string, bytes []byte) ([]byte, error) {
				if algorithm != "ES256" {
					return nil, errors.New(algorithm)
				}
				digest := sha256.Sum256(bytes)
				return key.Sign(rand.Reader, digest[:], crypto.SHA256)
			}})
		response, err := client.Get(context.Background(), "lights")
		read(t, response, err)
	}
	equal(t, server.counted("client_accepted_private_key_jwt"), 2)
}

func TestAccessToken(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue(`{"expires_in": 60}`)), bearer.Hooks{})
	_, expires, err := client.AccessToken(context.Background(), time.Second)
	must(t, err)
	equal(t, time.Until(expires) < time.Minute+time.Second, true)
	_, expires, err = client.AccessToken(context.Background(), 5*time.Minute)
	must(t, err)
	equal(t, time.Until(expires) > 5*time.Minute, true)
	equal(t, server.counted("refreshes"), 1)
}
