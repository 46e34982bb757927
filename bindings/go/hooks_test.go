package bearer_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"bearer"
)

var errOwn = errors.New("the disk is full")

func TestErrorOfAHookIsTheCallersCause(t *testing.T) {
	server := startServer(t)
	for name, hooks := range map[string]bearer.Hooks{
		"AccessToken": {AccessToken: func(context.Context, string) (string, error) { return "", errOwn }},
		"Refresh":     {Refresh: func(context.Context, bearer.Token) (bearer.Token, error) { return "", errOwn }},
		"Token":       {Token: func(context.Context, bearer.Token) error { return errOwn }},
		"Lock":        {Lock: func(context.Context, bearer.Token) error { return errOwn }},
	} {
		for _, later := range []bool{false, true} {
			hooks.Later = later
			client := newClient(t, server.config(server.issue(`{"expired": true}`)), hooks)
			_, err := client.Get(context.Background(), "lights")
			if !errors.Is(err, bearer.ErrHookFailed) || !errors.Is(err, errOwn) {
				t.Errorf("%s, later %v: %v", name, later, err)
			}
			if !strings.Contains(err.Error(), errOwn.Error()) {
				t.Errorf("%s, later %v: %v", name, later, err)
			}
		}
	}
}

func TestStatusOfAHookReachesTheCaller(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{
		Refresh: func(context.Context, bearer.Token) (bearer.Token, error) { return "", bearer.ErrLoginRequired },
	})
	_, err := client.Get(context.Background(), "lights")
	var failed *bearer.Error
	equal(t, errors.As(err, &failed), true)
	equal(t, failed.Status, bearer.StatusLoginRequired)
}

// panicOf is what a function panics with.
func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestPanicInAHookReachesTheCaller(t *testing.T) {
	server := startServer(t)
	boom := func() { panic("boom") }
	for name, hooks := range map[string]bearer.Hooks{
		"AccessToken": {AccessToken: func(context.Context, string) (string, error) { boom(); return "", nil }},
		"Refresh":     {Refresh: func(context.Context, bearer.Token) (bearer.Token, error) { boom(); return "", nil }},
		"Token":       {Token: func(context.Context, bearer.Token) error { boom(); return nil }},
		"Lock":        {Lock: func(context.Context, bearer.Token) error { boom(); return nil }},
		"Reload": {Lock: func(context.Context, bearer.Token) error { return nil },
			Reload: func(context.Context, bearer.Token) (bearer.Token, error) { boom(); return "", nil }},
		"Unlock": {Lock: func(context.Context, bearer.Token) error { return nil },
			Unlock: func(bearer.Token, bearer.Status) { boom() }},
		"Log": {Log: func(bearer.Level, bearer.Document) { boom() }},
	} {
		for _, later := range []bool{false, true} {
			hooks.Later = later
			client, err := bearer.New(server.config(server.issue(`{"expired": true}`)), hooks)
			must(t, err)
			value := panicOf(func() { _, _ = client.Get(context.Background(), "lights") })
			panicked, ok := value.(*bearer.HookPanic)
			if !ok || panicked.Value != "boom" || !strings.Contains(string(panicked.Stack), "hooks_test.go") {
				t.Errorf("%s, later %v: %v", name, later, value)
			}
			// Nobody hears it here, and nothing breaks.
			must(t, client.Close())
		}
	}
}

// A hook that ends its goroutine, as testing.T.FailNow does, harms no call where hooks have goroutines of their own.
func TestGoexitInALaterHook(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(""), bearer.Hooks{Later: true,
		AccessToken: func(context.Context, string) (string, error) { (&testing.T{}).SkipNow(); return "", nil }})
	value := panicOf(func() { _, _ = client.Get(context.Background(), "lights") })
	if _, ok := value.(*bearer.HookPanic); !ok {
		t.Fatal(value)
	}
}

func TestCloseInAHook(t *testing.T) {
	server := startServer(t)
	for _, later := range []bool{false, true} {
		var client *bearer.Client
		client = newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{Later: later,
			Token: func(context.Context, bearer.Token) error { return client.Close() }})
		response, err := client.Get(context.Background(), "lights")
		read(t, response, err)
		_, err = client.Get(context.Background(), "lights")
		mustBe(t, err, bearer.ErrInvalidHandle)
	}
}

func TestHookThatAsksItsOwnClient(t *testing.T) {
	server := startServer(t)
	var client *bearer.Client
	client = newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{
		Refresh: func(ctx context.Context, _ bearer.Token) (bearer.Token, error) { return client.Refresh(ctx) }})
	_, err := client.Get(context.Background(), "lights")
	mustBe(t, err, bearer.ErrWouldDeadlock)
}

type contextKey struct{}

func TestHooksHaveTheContextOfTheirCall(t *testing.T) {
	server := startServer(t)
	token := server.issue("{}").Text("access_token")
	for _, later := range []bool{false, true} {
		client := newClient(t, server.config(""), bearer.Hooks{Later: later,
			AccessToken: func(ctx context.Context, _ string) (string, error) {
				if ctx.Value(contextKey{}) == nil {
					return "", errors.New("another context")
				}
				return token, nil
			}})
		var tasks sync.WaitGroup
		for range 16 {
			tasks.Add(1)
			go func() {
				defer tasks.Done()
				ctx := context.WithValue(context.Background(), contextKey{}, true)
				response, err := client.Get(ctx, "lights")
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
			}()
		}
		tasks.Wait()
	}
}

// The call leaves at once; what the hook answers later is taken by the next call, and the hook is not asked again.
func TestLaterHookOutlivesItsCall(t *testing.T) {
	server := startServer(t)
	asked, answer := make(chan struct{}, 9), make(chan struct{})
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{Later: true,
		Refresh: func(ctx context.Context, _ bearer.Token) (bearer.Token, error) {
			asked <- struct{}{}
			<-answer
			return server.issue("{}"), ctx.Err()
		}})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-asked
		cancel()
	}()
	_, err := client.Get(ctx, "lights")
	mustBe(t, err, context.Canceled)
	close(answer)
	response, err := client.Get(context.Background(), "lights")
	read(t, response, err)
	equal(t, len(asked), 0)
}

func TestLockReloadUnlock(t *testing.T) {
	server := startServer(t)
	var order []string
	newer := server.issue("{}")
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{
		Lock: func(context.Context, bearer.Token) error { order = append(order, "lock"); return nil },
		Reload: func(context.Context, bearer.Token) (bearer.Token, error) {
			order = append(order, "reload")
			return newer, nil
		},
		Unlock: func(_ bearer.Token, outcome bearer.Status) { order = append(order, "unlock "+outcome.String()) },
	})
	response, err := client.Get(context.Background(), "lights")
	seen := read(t, response, err)
	equal(t, sentHeader(seen, "authorization"), "Bearer "+newer.Text("access_token"))
	equal(t, strings.Join(order, ", "), "lock, reload, unlock BEARER_OK")
	equal(t, server.counted("token_requests"), 0)
}

func TestLogHearsEvents(t *testing.T) {
	server := startServer(t)
	var mu sync.Mutex
	var events []string
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{
		Log: func(_ bearer.Level, event bearer.Document) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, event.Text("event"))
		},
	})
	response, err := client.Get(context.Background(), "lights")
	read(t, response, err)
	if !strings.Contains(strings.Join(events, " "), "renewed") {
		t.Fatal(events)
	}
}

// Hooks of the library's own thread, which no call of Go's is behind.
func TestRenewalAhead(t *testing.T) {
	server := startServer(t)
	saved := make(chan bearer.Token, 9)
	config := server.config(server.issue(`{"expires_in": 2}`))
	config.Refresh = bearer.Members{"ahead": true}
	client := newClient(t, config, bearer.Hooks{
		Token: func(_ context.Context, token bearer.Token) error { saved <- token; return nil },
	})
	response, err := client.Get(context.Background(), "lights")
	read(t, response, err)
	select {
	case <-saved:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was renewed")
	}
}
