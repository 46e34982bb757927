package bearer

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"sync"
)

// A call is one call of Go's into the library: the scope that its context ends, and what its hooks had to say.
type call struct {
	ctx    context.Context
	handle C.uintptr_t
	scoped bool
	stop   func() bool
	id     C.uintptr_t

	mu       sync.Mutex
	hookErr  error
	panicked *HookPanic
}

// enter begins a call under a context. One that is over costs nothing: the library is not asked.
func (c *Client) enter(ctx context.Context) (*call, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	k := &call{ctx: ctx, handle: c.handle}
	if ctx.Done() != nil {
		if err := k.scope(); err != nil {
			return nil, err
		}
	}
	k.id = register(k)
	return k, nil
}

// scope gives the call a handle of its own, which the context's end cancels. The library is not told of the deadline: of
// two clocks it would now and then be the first, and the context not over yet.
func (k *call) scope() error {
	made := C.bg_client_scope(k.handle, nil)
	if err := failure(made); err != nil {
		return err
	}
	k.handle, k.scoped = made.handle, true
	// A cancel that comes after the scope is freed harms nothing: handles are checked.
	scope := made.handle
	k.stop = context.AfterFunc(k.ctx, func() { C.bg_client_cancel(scope) })
	return nil
}

// end lets go of what the call holds.
func (k *call) end() {
	if k.scoped {
		k.stop()
		C.bg_client_free(k.handle)
	}
	letGo(k.id)
}

// leave ends the call: with the panic of a hook of its own, with its error, or with nothing.
func (k *call) leave(result C.bg_result) error {
	k.end()
	return k.outcome(result)
}

// outcome is what a step of the call comes to.
func (k *call) outcome(result C.bg_result) error {
	err := failure(result)
	k.mu.Lock()
	panicked, hookErr := k.panicked, k.hookErr
	k.panicked, k.hookErr = nil, nil
	k.mu.Unlock()
	if panicked != nil {
		panic(panicked)
	}
	var failed *Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Status {
	case StatusTimeout, StatusCancelled:
		if k.ctx.Err() != nil {
			return ended(k.ctx)
		}
	}
	if hookErr != nil && saidByHook(failed) {
		failed.Cause = hookErr
	}
	return failed
}

// saidByHook is whether the library says that a hook, or the caller's own body, was what failed.
func saidByHook(err *Error) bool {
	switch err.Reason {
	case "hook", "not_saved", "unanswered", "answer_lost":
		return true
	}
	return err.Status == StatusHookFailed
}

// ended is the error of a context that is over.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	status, reason := StatusCancelled, "cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		status, reason = StatusTimeout, "deadline"
	}
	if cause != ctx.Err() {
		cause = errors.Join(ctx.Err(), cause)
	}
	return &Error{Status: status, Reason: reason, Message: cause.Error(), Cause: cause}
}

// note keeps what a hook failed with for the caller whose call it served. The first word counts.
func (k *call) note(err error) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var panicked *HookPanic
	if errors.As(err, &panicked) && k.panicked == nil {
		k.panicked = panicked
	} else if k.hookErr == nil {
		k.hookErr = err
	}
}

// context is the caller's, or an empty one on the library's own thread.
func (k *call) context() context.Context {
	if k == nil {
		return context.Background()
	}
	return k.ctx
}
