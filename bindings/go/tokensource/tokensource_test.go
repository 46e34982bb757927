package tokensource_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bearer"
	"bearer/tokensource"
	"golang.org/x/oauth2"
)

// The token endpoint, which counts what it is asked.
type endpoint struct {
	mu    sync.Mutex
	asked int
}

func (e *endpoint) RoundTrip(*http.Request) (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	body := `{"access_token": "new", "expires_in": 3600, "token_type": "Bearer"}`
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body))}, nil
}

func newClient(t testing.TB, token bearer.Token, e *endpoint) *bearer.Client {
	client, err := bearer.New(bearer.Config{
		Server: bearer.Members{"token_endpoint": "http://auth.example/token"},
		Client: bearer.Members{"client_id": "app"},
		Token:  token,
	}, bearer.Hooks{HTTP: e.RoundTrip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestTokenSource(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	defer api.Close()
	asked := &endpoint{}
	client := newClient(t, `{"access_token": "old", "refresh_token": "rt", "expires_at": 1}`, asked)
	source := tokensource.New(context.Background(), client, time.Minute)
	own := &http.Client{Transport: &oauth2.Transport{Source: source}}
	var tasks sync.WaitGroup
	for range 16 {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			response, err := own.Get(api.URL)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); string(body) != "Bearer new" {
				t.Errorf("%s %v", body, err)
			}
		}()
	}
	tasks.Wait()
	if asked.asked != 1 {
		t.Errorf("%d renewals", asked.asked)
	}
	token, err := source.Token()
	if err != nil || !token.Valid() || time.Until(token.Expiry) < 50*time.Minute {
		t.Error(token, err)
	}
}

func TestTokenSourceThatHasNone(t *testing.T) {
	client := newClient(t, "", &endpoint{})
	_, err := tokensource.New(context.Background(), client, 0).Token()
	if !errors.Is(err, bearer.ErrLoginRequired) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = tokensource.New(ended, client, 0).Token()
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A set that golang.org/x/oauth2 has stored is taken as it is.
func TestTokenOfOAuth2(t *testing.T) {
	client := newClient(t, `{"access_token": "stored", "token_type": "Bearer", "refresh_token": "rt",
		"expiry": "2999-01-01T00:00:00Z"}`, &endpoint{})
	token, err := tokensource.New(context.Background(), client, 0).Token()
	if err != nil || token.AccessToken != "stored" {
		t.Error(token, err)
	}
}
