package bearer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"bearer"
)

func TestRoundTripperRenewsAndSendsAgain(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}")
	client := newClient(t, server.config(token), bearer.Hooks{})
	own := client.HTTPClient(nil)
	server.control("/invalidate", `{"access_token": "`+token.Text("access_token")+`"}`)
	response, err := own.Post(server.url()+"/api/lights", "text/plain", strings.NewReader("on"))
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	equal(t, response.StatusCode, 200)
	equal(t, strings.Contains(string(body), `"body_text":"on"`), true)
	equal(t, server.counted("refreshes"), 1)
	equal(t, server.counted("api_requests"), 2)
}

// The answer is the 401, and the next request has a new token.
func TestRoundTripperDoesNotSendAgainWhatIsStreamed(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}")
	own := newClient(t, server.config(token), bearer.Hooks{}).HTTPClient(nil)
	server.control("/invalidate", `{"access_token": "`+token.Text("access_token")+`"}`)
	closed := false
	response, err := own.Post(server.url()+"/api/lights", "", streamed{strings.NewReader("on"), &closed})
	must(t, err)
	response.Body.Close()
	equal(t, response.StatusCode, 401)
	equal(t, closed, true)
	response, err = own.Get(server.url() + "/api/lights")
	must(t, err)
	response.Body.Close()
	equal(t, response.StatusCode, 200)
}

func TestRoundTripperLeavesTheRequestAlone(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	request, err := http.NewRequest("GET", server.url()+"/api/lights", nil)
	must(t, err)
	request.Header = nil
	response, err := (&bearer.Transport{Client: client}).RoundTrip(request)
	must(t, err)
	response.Body.Close()
	equal(t, len(request.Header), 0)
}

func TestRoundTripperKeepsTheTokenFromOtherOrigins(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	closed := false
	_, err := client.HTTPClient(nil).Post(server.text("other_url")+"/", "", streamed{strings.NewReader("x"), &closed})
	mustBe(t, err, bearer.ErrUnsafe)
	equal(t, closed, true)
}

func TestRoundTripperSaysWhoMustSignIn(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}")
	client := newClient(t, server.config(token), bearer.Hooks{})
	server.control("/invalidate", `{"access_token": "`+token.Text("access_token")+`", "refresh_token": "`+
		token.Text("refresh_token")+`"}`)
	_, err := client.HTTPClient(nil).Get(server.url() + "/api/lights")
	mustBe(t, err, bearer.ErrLoginRequired)
}

func TestRoundTripperWithProofOfPossession(t *testing.T) {
	server := startServer(t)
	config := server.config("")
	config.Client = bearer.Members{"client_id": "test-client", "client_secret": "test-secret",
		"dpop_bound_access_tokens": true}
	config.Grant = bearer.Members{"grant_type": "client_credentials"}
	client := newClient(t, config, bearer.Hooks{})
	server.control("/config", `{"dpop_nonce": "required"}`)
	response, err := client.HTTPClient(nil).Get(server.url() + "/api/lights")
	must(t, err)
	response.Body.Close()
	equal(t, response.StatusCode, 200)
}

// The library's own exchanges over net/http.
func TestHTTPHook(t *testing.T) {
	server := startServer(t)
	for _, later := range []bool{false, true} {
		exchanges := 0
		client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{Later: later,
			HTTP: func(request *http.Request) (*http.Response, error) {
				exchanges++
				return http.DefaultTransport.RoundTrip(request)
			}})
		response, err := client.Do(context.Background(), &bearer.Request{
			Method: "PUT", Path: "lights", Body: strings.NewReader(strings.Repeat("on", 100000))})
		seen := read(t, response, err)
		equal(t, int(seen["body_length"].(float64)), 200000)
		equal(t, exchanges, 2)
		response, err = client.Get(context.Background(), "bytes/3000000")
		must(t, err)
		body, err := io.ReadAll(response.Body)
		must(t, err)
		response.Body.Close()
		equal(t, len(body), 3000000)
	}
}

func TestHTTPHookThatFails(t *testing.T) {
	server := startServer(t)
	for _, later := range []bool{false, true} {
		client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{Later: later,
			HTTP: func(*http.Request) (*http.Response, error) { return nil, errOwn }})
		_, err := client.Get(context.Background(), "lights")
		if !errors.Is(err, bearer.ErrUnavailable) || !errors.Is(err, errOwn) {
			t.Errorf("later %v: %v", later, err)
		}
	}
}
