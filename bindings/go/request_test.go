package bearer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bearer"
)

func TestRequestHasQueryHeadersAndBody(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	response, err := client.Do(context.Background(), &bearer.Request{
		Method: "post", Path: "lights?a=1", Query: url.Values{"name": {"living room"}},
		Header: http.Header{"X-One": {"1"}, "Content-Type": {"text/plain"}}, Body: strings.NewReader("on"),
		Timeout: 5 * time.Second,
	})
	seen := read(t, response, err)
	equal(t, seen["method"].(string), "POST")
	equal(t, seen["path"].(string), "/api/lights?a=1&name=living%20room")
	equal(t, sentHeader(seen, "x-one"), "1")
	equal(t, seen["body_text"].(string), "on")
	equal(t, response.URL, server.url()+seen["path"].(string))
}

func TestBodyInMemoryIsSentAgain(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}")
	client := newClient(t, server.config(token), bearer.Hooks{})
	server.control("/invalidate", `{"access_token": "`+token.Text("access_token")+`"}`)
	response, err := client.Do(context.Background(), &bearer.Request{
		Method: "PUT", Path: "lights", Body: bytes.NewReader([]byte("on"))})
	equal(t, read(t, response, err)["body_text"].(string), "on")
	equal(t, server.counted("api_requests"), 2)
}

// A reader of a kind of its own, which is streamed.
type streamed struct {
	io.Reader
	closed *bool
}

func (s streamed) Close() error {
	*s.closed = true
	return nil
}

func TestBodiesAreStreamedBothWays(t *testing.T) {
	const length = 3 << 20
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, ctx := range []context.Context{ctx, context.Background()} {
		for _, said := range []int64{length, 0} {
			sum, closed := sha256.New(), false
			body := io.TeeReader(io.LimitReader(zeros{}, length), sum)
			response, err := client.Do(ctx, &bearer.Request{
				Method: "PUT", Path: "image", Body: streamed{body, &closed}, ContentLength: said})
			seen := read(t, response, err)
			equal(t, int(seen["body_length"].(float64)), length)
			equal(t, seen["body_sha256"].(string), hex.EncodeToString(sum.Sum(nil)))
			equal(t, closed, true)
		}
	}
	for _, path := range []string{"bytes/3000000", "chunked/3000000"} {
		response, err := client.Get(ctx, path)
		must(t, err)
		got, err := io.ReadAll(response.Body)
		must(t, err)
		equal(t, len(got), 3000000)
		for i, b := range got {
			if int(b) != i%251 {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		must(t, response.Body.Close())
		must(t, response.Body.Close())
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }

func TestStreamedBodyThatFails(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, ctx := range []context.Context{ctx, context.Background()} {
		closed := false
		fails := io.MultiReader(strings.NewReader("half"), errReader{})
		_, err := client.Do(ctx, &bearer.Request{Method: "PUT", Path: "image", Body: streamed{fails, &closed}})
		mustBe(t, err, bearer.ErrHookFailed)
		mustBe(t, err, errOwn)
		value := panicOf(func() {
			_, _ = client.Do(ctx, &bearer.Request{Method: "PUT", Path: "image", Body: streamed{panicReader{}, &closed}})
		})
		var panicked *bearer.HookPanic
		if err, ok := value.(error); !ok || !errors.As(err, &panicked) || panicked.Value != "boom" {
			t.Fatal(value)
		}
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errOwn }

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("boom") }

// stuck is a reader that ends the context when it is asked a second time, and then gives nothing until the test is over.
type stuck struct {
	asked  int
	cancel context.CancelFunc
	over   chan struct{}
}

func (s *stuck) Read(into []byte) (int, error) {
	if s.asked++; s.asked == 1 {
		return copy(into, "half"), nil
	}
	s.cancel()
	<-s.over
	return 0, io.EOF
}

func TestContextEndsAStreamedBody(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	ctx, cancel := context.WithCancel(context.Background())
	body := &stuck{cancel: cancel, over: make(chan struct{})}
	defer close(body.over)
	_, err := client.Do(ctx, &bearer.Request{Method: "PUT", Path: "image", Body: body})
	mustBe(t, err, context.Canceled)
}

func TestChallenge(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue(`{"scope": "read"}`)), bearer.Hooks{})
	server.control("/config", `{"step_up": {"scope": "admin"}}`)
	response, err := client.Get(context.Background(), "lights")
	must(t, err)
	defer response.Body.Close()
	equal(t, response.StatusCode, 403)
	challenge, err := response.Challenge()
	must(t, err)
	equal(t, challenge.Text("error"), "insufficient_scope")
}

func TestRepeatedHeaders(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	response, err := client.Get(context.Background(), "headers")
	must(t, err)
	defer response.Body.Close()
	equal(t, len(response.Header.Values("Set-Cookie")), 2)
}
