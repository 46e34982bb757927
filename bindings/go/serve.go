package bearer

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime/debug"
	"unsafe"
)

// An answer gives a reply what its hook has come to.
type answer func(reply C.uintptr_t) C.bearer_status

// serve runs a hook now, or on a goroutine of its own; nothing that C gave may be used by then but handles.
func serve(later bool, k *call, reply C.uintptr_t, hook func() (answer, error)) C.bearer_status {
	if !later {
		return ask(k, reply, hook)
	}
	go ask(k, reply, hook)
	return C.BEARER_PENDING
}

// ask runs a hook and answers its reply, also where the hook panics.
func ask(k *call, reply C.uintptr_t, hook func() (answer, error)) (status C.bearer_status) {
	answered := false
	defer func() {
		if !answered {
			panicked := caught(recover())
			k.note(panicked)
			status = refuse(reply, StatusHookFailed, fmt.Sprintf("the hook panicked: %v", panicked.Value))
		}
	}()
	answer, err := hook()
	if err != nil {
		k.note(err)
		answered = true
		return refuse(reply, statusOf(err), words(err))
	}
	answered = true
	return answer(reply)
}

func caught(value any) *HookPanic { return &HookPanic{Value: value, Stack: debug.Stack()} }

// refuse answers with a failure. A reply whose call has left is no matter: nobody waits.
func refuse(reply C.uintptr_t, status Status, message string) C.bearer_status {
	text, free := cText(message)
	defer free()
	C.bg_reply_error(reply, C.bearer_status(status), text)
	return C.BEARER_OK
}

// statusOf is what a hook's error says to the library.
func statusOf(err error) Status {
	var failed *Error
	var status Status
	switch {
	case errors.As(err, &failed):
		return failed.Status
	case errors.As(err, &status):
		return status
	case errors.Is(err, context.DeadlineExceeded):
		return StatusTimeout
	case errors.Is(err, context.Canceled):
		return StatusCancelled
	}
	return StatusHookFailed
}

// exchangeStatusOf is the same of an exchange by HTTP, where anything that failed may go well another time.
func exchangeStatusOf(err error) Status {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return StatusTimeout
	}
	if status := statusOf(err); status != StatusHookFailed {
		return status
	}
	return StatusUnavailable
}

// words are an error's, without the URL that net/http puts in front: its query may hold secrets.
func words(err error) string {
	var in *url.Error
	if errors.As(err, &in) {
		return in.Err.Error()
	}
	return err.Error()
}

func answerToken(token string) answer {
	return func(reply C.uintptr_t) C.bearer_status {
		text, free := cText(token)
		defer free()
		if status := C.bg_reply_token(reply, text); status != C.BEARER_OK && status != C.BEARER_INVALID_HANDLE {
			return refuse(reply, StatusHookFailed, "the hook returned what is no token")
		}
		return C.BEARER_OK
	}
}

func answerDone(reply C.uintptr_t) C.bearer_status {
	C.bg_reply_done(reply)
	return C.BEARER_OK
}

//export bearerGoDestroy
func bearerGoDestroy(hook C.uintptr_t) { letGo(hook) }

//export bearerGoAccessToken
func bearerGoAccessToken(hook, number C.uintptr_t, rejected *C.char, reply C.uintptr_t) C.bearer_status {
	hooks, k, refused := find[*Hooks](hook), find[*call](number), C.GoString(rejected)
	return serve(hooks.Later, k, reply, func() (answer, error) {
		token, err := hooks.AccessToken(k.context(), refused)
		return answerToken(token), err
	})
}

//export bearerGoRefresh
func bearerGoRefresh(hook, number C.uintptr_t, token *C.char, reply C.uintptr_t) C.bearer_status {
	hooks, k, old := find[*Hooks](hook), find[*call](number), Token(C.GoString(token))
	ctx := k.context()
	if hooks.Later {
		ctx = context.WithoutCancel(ctx)
	}
	return serve(hooks.Later, k, reply, func() (answer, error) {
		renewed, err := hooks.Refresh(ctx, old)
		return answerToken(string(renewed)), err
	})
}

//export bearerGoToken
func bearerGoToken(hook, number C.uintptr_t, token *C.char, reply C.uintptr_t) C.bearer_status {
	hooks, k, set := find[*Hooks](hook), find[*call](number), Token(C.GoString(token))
	return serve(hooks.Later, k, reply, func() (answer, error) {
		return answerDone, hooks.Token(context.WithoutCancel(k.context()), set)
	})
}

//export bearerGoLock
func bearerGoLock(hook, number C.uintptr_t, token *C.char, reply C.uintptr_t) C.bearer_status {
	hooks, k, set := find[*Hooks](hook), find[*call](number), Token(C.GoString(token))
	return serve(hooks.Later, k, reply, func() (answer, error) {
		return answerDone, hooks.Lock(k.context(), set)
	})
}

//export bearerGoReload
func bearerGoReload(hook, number C.uintptr_t, token *C.char, reply C.uintptr_t) C.bearer_status {
	hooks, k, set := find[*Hooks](hook), find[*call](number), Token(C.GoString(token))
	return serve(hooks.Later, k, reply, func() (answer, error) {
		stored, err := hooks.Reload(k.context(), set)
		if stored == "" {
			return answerDone, err
		}
		return answerToken(string(stored)), err
	})
}

//export bearerGoUnlock
func bearerGoUnlock(hook, number C.uintptr_t, token *C.char, outcome C.bearer_status) {
	hooks, k, set := find[*Hooks](hook), find[*call](number), Token(C.GoString(token))
	guard(k, func() { hooks.Unlock(set, Status(outcome)) })
}

//export bearerGoLog
func bearerGoLog(hook, number C.uintptr_t, level C.bearer_level, event *C.char) {
	hooks, k, said := find[*Hooks](hook), find[*call](number), Document(C.GoString(event))
	guard(k, func() { hooks.Log(Level(level), said) })
}

// guard runs a hook that owes no answer; its panic is kept for the call.
func guard(k *call, hook func()) {
	defer func() {
		if value := recover(); value != nil {
			k.note(caught(value))
		}
	}()
	hook()
}

//export bearerGoSign
func bearerGoSign(hook, number C.uintptr_t, algorithm *C.char, bytes unsafe.Pointer, length C.size_t,
	reply C.uintptr_t) C.bearer_status {
	hooks, k, by := find[*Hooks](hook), find[*call](number), C.GoString(algorithm)
	copied := append([]byte(nil), unsafe.Slice((*byte)(bytes), int(length))...)
	return serve(hooks.Later, k, reply, func() (answer, error) {
		signature, err := hooks.Sign(k.context(), by, copied)
		return func(reply C.uintptr_t) C.bearer_status {
			status := C.bg_reply_signature(reply, unsafe.Pointer(unsafe.SliceData(signature)), C.size_t(len(signature)))
			if status != C.BEARER_OK && status != C.BEARER_INVALID_HANDLE {
				return refuse(reply, StatusHookFailed, "the hook returned no signature")
			}
			return C.BEARER_OK
		}, err
	})
}

//export bearerGoOpenURL
func bearerGoOpenURL(hook C.uintptr_t, address *C.char) (status C.bearer_status) {
	opener, at := find[*opener](hook), C.GoString(address)
	defer func() {
		if value := recover(); value != nil {
			opener.call.note(caught(value))
			status = C.BEARER_HOOK_FAILED
		}
	}()
	if err := opener.open(at); err != nil {
		opener.call.note(err)
		return C.bearer_status(statusOf(err))
	}
	return C.BEARER_OK
}

// An opener is what opens a browser for one login.
type opener struct {
	call *call
	open func(url string) error
}

//export bearerGoRead
func bearerGoRead(body, number C.uintptr_t, buffer unsafe.Pointer, capacity C.size_t) (read C.int64_t) {
	k := find[*call](number)
	defer func() {
		if value := recover(); value != nil {
			k.note(caught(value))
			read = -1
		}
	}()
	into := unsafe.Slice((*byte)(buffer), int(capacity))
	n, err := readUnder(k.context(), find[io.Reader](body), into)
	if err != nil {
		k.note(err)
		return -1
	}
	return C.int64_t(n)
}

// readUnder reads the next bytes, 0 at the end. Where the context ends first, the reader is left to its goroutine.
func readUnder(ctx context.Context, from io.Reader, into []byte) (int, error) {
	if ctx.Done() == nil {
		return readSome(from, into)
	}
	type some struct {
		bytes    []byte
		err      error
		panicked *HookPanic
	}
	came := make(chan some, 1)
	go func() {
		one := some{bytes: make([]byte, len(into))}
		defer func() {
			if value := recover(); value != nil {
				one.panicked = caught(value)
			}
			came <- one
		}()
		n, err := readSome(from, one.bytes)
		one.bytes, one.err = one.bytes[:n], err
	}()
	select {
	case one := <-came:
		if one.panicked != nil {
			return 0, one.panicked
		}
		return copy(into, one.bytes), one.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// readSome hides what io.Reader may do besides: give nothing, or bytes with an error that comes again.
func readSome(from io.Reader, into []byte) (int, error) {
	for idle := 0; idle < 100; idle++ {
		n, err := from.Read(into)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, io.EOF):
			return 0, nil
		case err != nil:
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}
