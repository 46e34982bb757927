package bearer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bearer"
)

// 64 goroutines against an expired token that rotates: one renewal, one saved set.
func TestSixtyFourGoroutinesMakeOneRenewal(t *testing.T) {
	const callers = 64
	server := startServer(t)
	saved := 0
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{
		Token: func(context.Context, bearer.Token) error { saved++; return nil },
	})
	wait, release := server.hold("/auth/token")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	statuses := make(chan int, callers)
	for range callers {
		go func() {
			response, err := client.Get(ctx, "lights")
			if err != nil {
				t.Error(err)
				statuses <- 0
				return
			}
			response.Body.Close()
			statuses <- response.StatusCode
		}()
	}
	wait(1)
	release()
	for range callers {
		equal(t, <-statuses, 200)
	}
	equal(t, server.counted("token_requests"), 1)
	equal(t, server.counted("refreshes"), 1)
	equal(t, server.counted("families_revoked"), 0)
	equal(t, saved, 1)
}

func TestCancelLeavesTheOthersAlone(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	wait, release := server.hold("/api")
	contexts := make([]context.Context, 8)
	cancels := make([]context.CancelFunc, 8)
	results := make([]error, 8)
	var tasks sync.WaitGroup
	cancelled := make(chan struct{})
	for i := range contexts {
		contexts[i], cancels[i] = context.WithCancel(context.Background())
		defer cancels[i]()
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			var response *bearer.Response
			if response, results[i] = client.Get(contexts[i], "lights"); results[i] == nil {
				response.Body.Close()
			}
			if i == 0 {
				close(cancelled)
			}
		}()
	}
	wait(8)
	cancels[0]()
	<-cancelled // while the others are held
	mustBe(t, results[0], bearer.ErrCancelled)
	mustBe(t, results[0], context.Canceled)
	release()
	tasks.Wait()
	for i, err := range results[1:] {
		if err != nil {
			t.Errorf("%d: %v", i+1, err)
		}
	}
}

func TestDeadlineEndsTheCall(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	_, release := server.hold("/api")
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Get(ctx, "lights")
	mustBe(t, err, bearer.ErrTimeout)
	mustBe(t, err, context.DeadlineExceeded)
}

// Not even the token endpoint is asked, and no hook.
func TestFinishedContextCostsNothing(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{})
	cause := errors.New("the program ends")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	_, err := client.Get(ctx, "lights")
	mustBe(t, err, bearer.ErrCancelled)
	mustBe(t, err, context.Canceled)
	mustBe(t, err, cause)
	equal(t, server.counted("token_requests")+server.counted("api_requests"), 0)
	stats, err := client.Stats()
	must(t, err)
	equal(t, stats.Number("requests"), 0)
	allocated := testing.AllocsPerRun(100, func() { _, _, _ = client.AccessToken(ctx, 0) })
	if allocated > 6 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestContextEndsTheBody(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	server.control("/fault", `{"path": "/api/bytes", "drip_ms": 5}`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	response, err := client.Get(ctx, "bytes/100000")
	must(t, err)
	defer response.Body.Close()
	one := make([]byte, 1)
	_, err = response.Body.Read(one)
	must(t, err)
	cancel()
	for err == nil {
		_, err = response.Body.Read(one)
	}
	mustBe(t, err, context.Canceled)
}

func TestClosedClient(t *testing.T) {
	server := startServer(t)
	client := newClient(t, server.config(server.issue("{}")), bearer.Hooks{})
	must(t, client.Close())
	must(t, client.Close())
	_, err := client.Get(context.Background(), "lights")
	mustBe(t, err, bearer.ErrInvalidHandle)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err = client.Get(ctx, "lights")
	mustBe(t, err, bearer.ErrInvalidHandle)
}

func TestErrorsHaveTheirReasons(t *testing.T) {
	server := startServer(t)
	_, err := bearer.New(bearer.Config{BaseURL: "no url"}, bearer.Hooks{})
	mustBe(t, err, bearer.ErrInvalidArgument)

	client := newClient(t, server.config(server.issue(`{"expired": true}`)), bearer.Hooks{})
	server.control("/fault", `{"path": "/auth/token", "status": 503, "headers": [["Retry-After", "7"]]}`)
	_, err = client.Get(context.Background(), "lights")
	var failed *bearer.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	equal(t, failed.Status, bearer.StatusUnavailable)
	equal(t, failed.Reason, "server_error")
	equal(t, failed.HTTPStatus, 503)
	equal(t, failed.RetryAfter, 7*time.Second)
	equal(t, failed.URL, server.url()+"/auth/token")
	equal(t, failed.Status.TryAgain(), true)

	_, err = client.Get(context.Background(), "a\x00b")
	mustBe(t, err, bearer.ErrInvalidArgument)
}
