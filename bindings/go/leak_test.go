package bearer_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"bearer"
)

// resident is how many bytes of the process are in memory.
func resident(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here")
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	must(t, err)
	return kilobytes << 10
}

// answers are those of an API and of a token endpoint, without a network.
func answers(request *http.Request) (*http.Response, error) {
	body := `{"access_token": "at", "refresh_token": "rt", "expires_in": 60, "token_type": "Bearer"}`
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body))}, nil
}

// What is left of it 10,000 times is seen.
var long = strings.Repeat("long", 250)

// One life of a client: an expired token is renewed and saved, a request with a body made, the answer read.
func useOnce(t *testing.T, free bool) {
	config := bearer.Config{BaseURL: "http://api.example", Client: testClient,
		Token: `{"access_token": "old", "refresh_token": "rt", "expires_at": 1}`}
	client, err := bearer.New(config, bearer.Hooks{
		HTTP:  answers,
		Token: func(context.Context, bearer.Token) error { return nil },
		Log:   func(bearer.Level, bearer.Document) {},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	response, err := client.Do(ctx, &bearer.Request{Method: "POST", Path: "x",
		Body: io.MultiReader(bytes.NewReader(make([]byte, 1000)))})
	must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
	_, err = client.Get(ctx, long+"\x00")
	mustBe(t, err, bearer.ErrInvalidArgument)
	must(t, response.Body.Close())
	if free {
		must(t, client.Close())
	}
}

func TestTenThousandClientsKeepMemoryFlat(t *testing.T) {
	const clients = 10000
	settle := func() int {
		runtime.GC()
		runtime.GC()
		return resident(t)
	}
	for range clients / 10 {
		useOnce(t, true)
	}
	before, goroutines := settle(), runtime.NumGoroutine()
	kept := bearer.Registered()
	for range clients {
		useOnce(t, true)
	}
	grown := settle() - before
	t.Logf("%d clients: %d KiB more", clients, grown>>10)
	// The race detector has a memory of its own, which grows.
	if grown > 4<<20 && !raced {
		t.Errorf("memory has grown by %d bytes", grown)
	}
	equal(t, bearer.Registered(), kept)
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines were %d", now, goroutines)
	}
}

// What the test above would see.
func TestLeakIsSeen(t *testing.T) {
	kept := bearer.Registered()
	useOnce(t, false)
	if bearer.Registered() == kept {
		t.Error("a client that was not freed is not seen")
	}
}

// A response that nobody closes is let go of by the collector.
func TestForgottenResponse(t *testing.T) {
	client := newClient(t, bearer.Config{BaseURL: "http://api.example", Authorization: "x"},
		bearer.Hooks{HTTP: answers})
	kept := bearer.Registered()
	for range 100 {
		_, err := client.Get(context.Background(), "x")
		must(t, err)
	}
	for i := 0; bearer.Registered() > kept+1; i++ {
		if i == 1000 {
			t.Fatalf("%d are kept", bearer.Registered()-kept)
		}
		runtime.GC()
		runtime.Gosched()
	}
}
