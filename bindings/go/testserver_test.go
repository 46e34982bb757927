package bearer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"bearer"
)

// A server is the project's test server (tests/server/README.md), which ends with the test.
type server struct {
	t     testing.TB
	ready map[string]any
}

func startServer(t testing.TB) *server {
	t.Helper()
	program := os.Getenv("BEARER_TESTSERVER")
	if program == "" {
		t.Fatal("BEARER_TESTSERVER is to name the test server's program: cargo build -p bearer-testserver")
	}
	command := exec.Command(program, "--until-stdin-closes")
	stdin, err := command.StdinPipe()
	must(t, err)
	stdout, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		stdin.Close()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	must(t, err)
	s := &server{t: t}
	must(t, json.Unmarshal(line, &s.ready))
	return s
}

func (s *server) text(name string) string { return s.ready[name].(string) }
func (s *server) url() string             { return s.text("url") }

// ask makes a control request; body is JSON, or "" for none.
func (s *server) ask(method, path, body string) map[string]any {
	s.t.Helper()
	request, err := http.NewRequest(method, s.text("control")+path, bytes.NewReader([]byte(body)))
	must(s.t, err)
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	must(s.t, err)
	if response.StatusCode != 200 {
		s.t.Fatalf("%s: %d %s", path, response.StatusCode, answer)
	}
	var members map[string]any
	_ = json.Unmarshal(answer, &members)
	return members
}

func (s *server) control(path, body string) map[string]any {
	s.t.Helper()
	return s.ask("POST", path, body)
}

func (s *server) counted(name string) int {
	s.t.Helper()
	return int(s.ask("GET", "/state", "")[name].(float64))
}

// issue is a fresh token set.
func (s *server) issue(body string) bearer.Token {
	s.t.Helper()
	text, err := json.Marshal(s.control("/issue", body))
	must(s.t, err)
	return bearer.Token(text)
}

// hold holds requests to a path: wait returns when so many are there, release lets them go on.
func (s *server) hold(path string) (wait func(int), release func()) {
	id := s.control("/hold", fmt.Sprintf(`{"path": %q}`, path))["id"].(float64)
	wait = func(n int) { s.ask("GET", fmt.Sprintf("/held?id=%v&at_least=%d", id, n), "") }
	release = func() { s.control("/release", fmt.Sprintf(`{"id": %v}`, id)) }
	return wait, release
}

var testClient = bearer.Members{"client_id": "test-client", "client_secret": "test-secret"}

// config is one for the server's API with a token set.
func (s *server) config(token bearer.Token) bearer.Config {
	return bearer.Config{
		BaseURL: s.url() + "/api",
		Server:  bearer.Members{"token_endpoint": s.url() + "/auth/token"},
		Client:  testClient,
		Token:   token,
	}
}

func newClient(t testing.TB, config bearer.Config, hooks bearer.Hooks) *bearer.Client {
	t.Helper()
	client, err := bearer.New(config, hooks)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// read is an answer's JSON, whose status must be 200.
func read(t testing.TB, response *bearer.Response, err error) map[string]any {
	t.Helper()
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != 200 {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	var members map[string]any
	must(t, json.Unmarshal(body, &members))
	return members
}

// sentHeader is a header of the request that the server saw.
func sentHeader(seen map[string]any, name string) string {
	for _, line := range seen["headers"].([]any) {
		if pair := line.([]any); http.CanonicalHeaderKey(pair[0].(string)) == http.CanonicalHeaderKey(name) {
			return pair[1].(string)
		}
	}
	return ""
}
