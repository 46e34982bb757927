package bearer

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// A Request is what Client.Do sends.
type Request struct {
	Method string     // "" is GET
	Path   string     // joined to the base URL; may have a query, encoded
	Query  url.Values // added to it
	Header http.Header
	// Body is closed, if it can be, once the request is sent. That of bytes.NewReader, bytes.Buffer and strings.NewReader
	// is sent again where the request is; any other is streamed, and read once.
	Body          io.Reader
	ContentLength int64         // of a body that is streamed; 0 or less: not known
	Timeout       time.Duration // in place of the client's; 0: the client's
}

// A Response is an answer, of whatever HTTP status. Its Body streams, and must be closed.
type Response struct {
	StatusCode int
	Header     http.Header
	URL        string // the one that answered
	Body       io.ReadCloser
	body       *body
}

// Get makes a GET request.
func (c *Client) Get(ctx context.Context, path string) (*Response, error) {
	return c.Do(ctx, &Request{Path: path})
}

// Do sends a request with a valid token, renewed first if it must be. The context's end ends the reading of the body, too.
func (c *Client) Do(ctx context.Context, request *Request) (*Response, error) {
	if closer, ok := request.Body.(io.Closer); ok {
		defer closer.Close()
	}
	handle, err := request.make()
	if err != nil {
		return nil, err
	}
	defer C.bg_request_free(handle)
	call, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	result := C.bg_client_send(call.id, call.handle, handle)
	if result.status != C.BEARER_OK {
		return nil, call.leave(result)
	}
	response := newResponse(result.handle, call)
	defer func() {
		if recover := recover(); recover != nil {
			response.Body.Close()
			panic(recover)
		}
	}()
	return response, call.outcome(result)
}

// make is the request as the library has it; the caller frees it.
func (r *Request) make() (C.uintptr_t, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	textMethod, freeMethod := cText(method)
	defer freeMethod()
	textPath, freePath := cText(r.Path)
	defer freePath()
	made := C.bg_request_new(textMethod, textPath)
	if err := failure(made); err != nil {
		return 0, err
	}
	if err := r.fill(made.handle); err != nil {
		C.bg_request_free(made.handle)
		return 0, err
	}
	return made.handle, nil
}

func (r *Request) fill(handle C.uintptr_t) error {
	for name, values := range r.Query {
		for _, value := range values {
			if err := pair(name, value, func(name, value *C.char) C.bg_result {
				return C.bg_request_add_query(handle, name, value)
			}); err != nil {
				return err
			}
		}
	}
	for name, values := range r.Header {
		for _, value := range values {
			if err := pair(name, value, func(name, value *C.char) C.bg_result {
				return C.bg_request_add_header(handle, name, value)
			}); err != nil {
				return err
			}
		}
	}
	if r.Timeout > 0 {
		milliseconds := max((r.Timeout+time.Millisecond-1)/time.Millisecond, 1)
		if err := failure(C.bg_request_set_timeout(handle, C.uint64_t(milliseconds))); err != nil {
			return err
		}
	}
	switch body := r.Body.(type) {
	case nil:
		return nil
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		whole, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		return failure(C.bg_request_set_body(handle, unsafe.Pointer(unsafe.SliceData(whole)), C.size_t(len(whole))))
	default:
		length := C.int64_t(-1)
		if r.ContentLength > 0 {
			length = C.int64_t(r.ContentLength)
		}
		return failure(C.bg_request_set_body_from(handle, register(body), length))
	}
}

func pair(name, value string, use func(name, value *C.char) C.bg_result) error {
	textName, freeName := cText(name)
	defer freeName()
	textValue, freeValue := cText(value)
	defer freeValue()
	return failure(use(textName, textValue))
}

func newResponse(handle C.uintptr_t, call *call) *Response {
	response := &Response{
		StatusCode: int(C.bg_response_status(handle)),
		URL:        C.GoString(C.bg_response_url(handle)),
		Header: headers(func(index C.size_t, name, value **C.char) C.bool {
			return C.bg_response_header_at(handle, index, name, value)
		}),
		body: &body{handle: handle, call: call},
	}
	response.Body = response.body
	// For a response that nobody closed.
	runtime.SetFinalizer(response.body, func(b *body) { b.Close() })
	return response
}

// headers are the lines that a function of the library gives one by one.
func headers(at func(C.size_t, **C.char, **C.char) C.bool) http.Header {
	found := http.Header{}
	var name, value *C.char
	for index := C.size_t(0); at(index, &name, &value); index++ {
		found.Add(C.GoString(name), C.GoString(value))
	}
	return found
}

// Challenge is what the API asks for in WWW-Authenticate (docs/sign-in.md); "" where it says nothing. It is to be asked
// before the body is closed.
func (r *Response) Challenge() (Document, error) {
	result := C.bg_response_challenge(r.body.handle)
	return Document(takeText(result)), failure(result)
}

type body struct {
	handle C.uintptr_t
	call   *call
	end    sync.Once
	free   sync.Once
}

// Read gives what has come. At the end, and where it fails, the context is let go of.
func (b *body) Read(into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	result := C.bg_response_read(b.call.id, b.handle, unsafe.Pointer(&into[0]), C.size_t(len(into)))
	err := b.call.outcome(result)
	if err == nil && result.len == 0 {
		b.end.Do(b.call.end)
		return 0, io.EOF
	}
	return int(result.len), err
}

// Close ends the reading; a body that was not read to its end closes its connection.
func (b *body) Close() error {
	b.free.Do(func() {
		runtime.SetFinalizer(b, nil)
		C.bg_response_free(b.handle)
		b.end.Do(b.call.end)
	})
	return nil
}
