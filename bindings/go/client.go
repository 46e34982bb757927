// Package bearer gets an OAuth 2.0 access token, keeps it valid and makes requests with it. It is libbearer's Go face:
// every protocol decision is made there.
//
// A Client may be used by any number of goroutines. Each call takes a context, whose end ends that call and no other.
// A renewal that such a call has begun goes on without it: the next call takes the answer.
package bearer

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// A Client is one API, one token and one set of hooks.
type Client struct {
	handle C.uintptr_t
	closed atomic.Bool
}

// New makes a client; Close frees it. Nothing is sent.
func New(config Config, hooks Hooks) (*Client, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, invalid("config: " + err.Error())
	}
	return NewJSON(string(text), hooks)
}

// NewJSON makes a client of a configuration in JSON (docs/configuration.md).
func NewJSON(config string, hooks Hooks) (*Client, error) {
	text, free := cText(config)
	defer free()
	made := C.bg_client_new(text)
	if err := failure(made); err != nil {
		return nil, err
	}
	client := &Client{handle: made.handle}
	if err := client.On(hooks); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// Close frees the client; calls that still run end on their own, and later ones fail with ErrInvalidHandle. It may be
// called from a hook, and more than once. It waits, for at most five seconds, for a renewal that a call has left under
// way, so that a rotated token is still saved.
func (c *Client) Close() error {
	if !c.closed.Swap(true) {
		C.bg_client_free(c.handle)
	}
	return nil
}

// Cancel ends every call on the client, running or still to come, with ErrCancelled.
func (c *Client) Cancel() {
	C.bg_client_cancel(c.handle)
}

// Token is the token set that the client holds, for you to store. It fails with ErrLoginRequired where there is none.
func (c *Client) Token() (Token, error) {
	return c.document(context.Background(), C.bg_out0(C.bearer_client_token))
}

// SetToken replaces the token set by one that you have stored. Hooks.Token is not told.
func (c *Client) SetToken(token Token) error {
	return c.told(context.Background(), C.bg_in1(C.bearer_client_set_token), (*string)(&token))
}

// Refresh renews now, whatever the token's age. Callers that ask at the same time share one renewal.
func (c *Client) Refresh(ctx context.Context) (Token, error) {
	return c.document(ctx, C.bg_out0(C.bearer_client_refresh))
}

// AccessToken is an access token that is valid for at least minValid more, renewed if need be. The time is when it
// expires, and zero where nobody knows.
func (c *Client) AccessToken(ctx context.Context, minValid time.Duration) (string, time.Time, error) {
	seconds := math.Ceil(max(minValid, 0).Seconds())
	if seconds > math.MaxUint32 {
		return "", time.Time{}, invalid("minValid: is too long")
	}
	call, err := c.enter(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	result := C.bg_client_access_token(call.id, call.handle, C.uint32_t(seconds))
	token := takeText(result)
	if err := call.leave(result); err != nil {
		return "", time.Time{}, err
	}
	expires := time.Time{}
	if result.number != 0 {
		expires = time.Unix(int64(result.number), 0)
	}
	return token, expires, nil
}

// Stats is what the client has done since it was made (docs/guarantees.md says what each counter counts).
func (c *Client) Stats() (Document, error) {
	return c.document(context.Background(), C.bg_out0(C.bearer_client_stats))
}

// document makes a call that takes no text and gives one.
func (c *Client) document(ctx context.Context, f C.bg_out0) (Document, error) {
	call, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	result := C.bg_call_out0(call.id, f, call.handle)
	return Document(takeText(result)), call.leave(result)
}

// asked makes a call that takes a text, nil for none, and gives one.
func (c *Client) asked(ctx context.Context, f C.bg_out1, a *string) (Document, error) {
	call, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	textA, free := cTextOrNull(a)
	defer free()
	result := C.bg_call_out1(call.id, f, call.handle, textA)
	return Document(takeText(result)), call.leave(result)
}

// askedBoth makes a call that takes two texts and gives one.
func (c *Client) askedBoth(ctx context.Context, f C.bg_out2, a, b string) (Document, error) {
	call, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	textA, freeA := cText(a)
	defer freeA()
	textB, freeB := cText(b)
	defer freeB()
	result := C.bg_call_out2(call.id, f, call.handle, textA, textB)
	return Document(takeText(result)), call.leave(result)
}

// told makes a call that takes a text, nil for none, and gives nothing.
func (c *Client) told(ctx context.Context, f C.bg_in1, a *string) error {
	call, err := c.enter(ctx)
	if err != nil {
		return err
	}
	text, free := cTextOrNull(a)
	defer free()
	return call.leave(C.bg_call_in1(call.id, f, call.handle, text))
}

// Version is that of the library, "0.1.0".
func Version() string { return C.GoString(C.bearer_version()) }

// BuildInfo says how the library was built, for bug reports.
func BuildInfo() Document { return Document(C.GoString(C.bearer_build_json())) }

// ConfigSchema is the JSON Schema of the configuration.
func ConfigSchema() Document { return Document(C.GoString(C.bearer_config_schema())) }

// PercentEncode encodes text for one segment of a path or one part of a query.
func PercentEncode(text string) (string, error) {
	c, free := cText(text)
	defer free()
	result := C.bg_percent_encode(c)
	return takeText(result), failure(result)
}

// QRText draws a QR code for a terminal.
func QRText(text string) (string, error) {
	c, free := cText(text)
	defer free()
	result := C.bg_qr_text(c)
	return takeText(result), failure(result)
}

// cText is a copy for the library. A NUL inside would cut it short unseen; there it becomes a byte that no UTF-8 has,
// which the library refuses.
func cText(text string) (*C.char, func()) {
	copied := C.CString(text)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(copied)), len(text))
	for i := range bytes {
		if bytes[i] == 0 {
			bytes[i] = 0xff
		}
	}
	return copied, func() {
		clear(bytes)
		C.free(unsafe.Pointer(copied))
	}
}

func cTextOrNull(text *string) (*C.char, func()) {
	if text == nil {
		return nil, func() {}
	}
	return cText(*text)
}

// takeText is the text that a call gave, which is freed.
func takeText(result C.bg_result) string {
	if result.text == nil {
		return ""
	}
	defer C.bearer_free(result.text)
	return C.GoString(result.text)
}
