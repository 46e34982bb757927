package bearer

// #include "bridge.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Status says what to do about an error: its tens are the group (docs/errors.md). It is an error itself, for
// errors.Is and for hooks to return.
type Status int32

// The statuses, as bearer.h numbers them.
const (
	StatusOK              Status = 0
	StatusPending         Status = 1
	StatusInvalidArgument Status = 10
	StatusInvalidHandle   Status = 11
	StatusWouldDeadlock   Status = 12
	StatusUnsupported     Status = 13
	StatusLoginRequired   Status = 20
	StatusAccessDenied    Status = 21
	StatusExpired         Status = 22
	StatusUnavailable     Status = 30
	StatusTimeout         Status = 31
	StatusCancelled       Status = 32
	StatusUncertain       Status = 33
	StatusTLS             Status = 40
	StatusProtocol        Status = 41
	StatusRejected        Status = 42
	StatusTooLarge        Status = 43
	StatusUnsafe          Status = 44
	StatusHookFailed      Status = 50
	StatusOutOfMemory     Status = 60
	StatusInternal        Status = 61
)

// What errors.Is takes. An error that a context ended is also that context's: context.Canceled, context.DeadlineExceeded.
const (
	ErrPending         = StatusPending
	ErrInvalidArgument = StatusInvalidArgument
	ErrInvalidHandle   = StatusInvalidHandle
	ErrWouldDeadlock   = StatusWouldDeadlock
	ErrUnsupported     = StatusUnsupported
	ErrLoginRequired   = StatusLoginRequired
	ErrAccessDenied    = StatusAccessDenied
	ErrExpired         = StatusExpired
	ErrUnavailable     = StatusUnavailable
	ErrTimeout         = StatusTimeout
	ErrCancelled       = StatusCancelled
	ErrUncertain       = StatusUncertain
	ErrTLS             = StatusTLS
	ErrProtocol        = StatusProtocol
	ErrRejected        = StatusRejected
	ErrTooLarge        = StatusTooLarge
	ErrUnsafe          = StatusUnsafe
	ErrHookFailed      = StatusHookFailed
	ErrOutOfMemory     = StatusOutOfMemory
	ErrInternal        = StatusInternal
)

// String is the status's name in C, "BEARER_LOGIN_REQUIRED".
func (s Status) String() string { return C.GoString(C.bearer_status_name(C.bearer_status(s))) }

func (s Status) Error() string { return s.String() }

// TryAgain is whether the same call may succeed later: the statuses from 30 to 39.
func (s Status) TryAgain() bool { return s >= 30 && s < 40 }

// An Error is why a call failed. Branch on Status, by errors.Is, and on Reason; never on Message.
type Error struct {
	Status                Status
	Reason                string // a stable sub-code, "invalid_grant"
	Message               string // for people and logs; it holds no secret
	OAuthError            string
	OAuthErrorDescription string
	URL                   string // without its query
	HTTPStatus            int
	RetryAfter            time.Duration
	Cause                 error // what a hook of yours returned, or the context's error
}

func (e *Error) Error() string { return e.Status.String() + ": " + e.Message }

// Is makes errors.Is(err, bearer.ErrLoginRequired) work.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Unwrap is the Cause.
func (e *Error) Unwrap() error { return e.Cause }

// A HookPanic is what a call panics with when a hook that served it has panicked. (A hook that served nobody's call fails
// with the value as its message.)
type HookPanic struct {
	Value any    // what the hook panicked with; nil where it ended its goroutine
	Stack []byte // where
}

func (p *HookPanic) Error() string { return fmt.Sprintf("a hook panicked: %v\n%s", p.Value, p.Stack) }

// Unwrap is the value, where that is an error.
func (p *HookPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

func invalid(message string) error {
	return &Error{Status: StatusInvalidArgument, Reason: "value", Message: message}
}

// failure is the error of a result, which is freed; nil after success.
func failure(result C.bg_result) error {
	if result.status == C.BEARER_OK {
		return nil
	}
	failed := &Error{Status: Status(result.status)}
	failed.Message = failed.Status.String()
	if result.error == 0 {
		return failed
	}
	defer C.bg_error_free(result.error)
	var said struct {
		Reason      string  `json:"reason"`
		Message     string  `json:"message"`
		OAuthError  string  `json:"oauth_error"`
		Description string  `json:"oauth_error_description"`
		URL         string  `json:"url"`
		HTTPStatus  int     `json:"http_status"`
		RetryAfter  float64 `json:"retry_after"`
	}
	if text := C.bg_error_json(result.error); text != nil && json.Unmarshal([]byte(C.GoString(text)), &said) == nil {
		failed.Reason, failed.Message = said.Reason, said.Message
		failed.OAuthError, failed.OAuthErrorDescription = said.OAuthError, said.Description
		failed.URL, failed.HTTPStatus = said.URL, said.HTTPStatus
		failed.RetryAfter = time.Duration(said.RetryAfter * float64(time.Second))
	}
	return failed
}
