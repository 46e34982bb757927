package bearer

// #include "bridge.h"
import "C"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
	"unsafe"
)

//export bearerGoHTTP
func bearerGoHTTP(hook, number, request, reply C.uintptr_t) C.bearer_status {
	hooks, k := find[*Hooks](hook), find[*call](number)
	ctx := k.context()
	if hooks.Later {
		ctx = context.WithoutCancel(ctx)
	}
	return serve(hooks.Later, k, reply, func() (answer, error) {
		answered, err := exchange(ctx, request, reply, hooks.HTTP)
		if err == nil {
			return answered, nil
		}
		return func(reply C.uintptr_t) C.bearer_status {
			k.note(err)
			return refuse(reply, exchangeStatusOf(err), words(err))
		}, nil
	})
}

// exchange has a function make a request of the library's, and gives what it came to.
func exchange(ctx context.Context, asked, reply C.uintptr_t,
	send func(*http.Request) (*http.Response, error)) (answer, error) {
	left := time.Duration(C.bg_request_timeout_ms(asked)) * time.Millisecond
	ctx, done := context.WithTimeout(ctx, left)
	defer done()
	request, err := requestOf(ctx, asked)
	if err != nil {
		return nil, err
	}
	response, err := send(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		for _, value := range values {
			addHeader(reply, name, value)
		}
	}
	buffer := make([]byte, 16<<10)
	for {
		n, err := response.Body.Read(buffer)
		if n > 0 {
			if C.bg_reply_body(reply, unsafe.Pointer(&buffer[0]), C.size_t(n)) != C.BEARER_OK {
				return answerDone, nil // nobody waits any more
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return func(reply C.uintptr_t) C.bearer_status {
		status := C.bg_reply_http(reply, C.uint16_t(response.StatusCode))
		if status != C.BEARER_OK && status != C.BEARER_INVALID_HANDLE {
			return refuse(reply, StatusHookFailed, "the hook returned what is no HTTP status")
		}
		return C.BEARER_OK
	}, nil
}

func addHeader(reply C.uintptr_t, name, value string) {
	textName, freeName := cText(name)
	defer freeName()
	textValue, freeValue := cText(value)
	defer freeValue()
	C.bg_reply_header(reply, textName, textValue)
}

// requestOf is a request of the library's for net/http. A body that is short goes with its length, for not every server
// takes chunks.
func requestOf(ctx context.Context, asked C.uintptr_t) (*http.Request, error) {
	const short = 64 << 10
	rest := bodyOf(asked)
	first, err := io.ReadAll(io.LimitReader(rest, short))
	if err != nil {
		return nil, err
	}
	var body io.Reader
	switch len(first) {
	case 0:
	case short:
		body = io.MultiReader(bytes.NewReader(first), rest)
	default:
		body = bytes.NewReader(first)
	}
	method, url := C.GoString(C.bg_request_method(asked)), C.GoString(C.bg_request_url(asked))
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	request.Header = headers(func(index C.size_t, name, value **C.char) C.bool {
		return C.bg_request_header_at(asked, index, name, value)
	})
	return request, nil
}

// bodyOf reads the body of a request of the library's.
type bodyOf C.uintptr_t

func (b bodyOf) Read(into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	result := C.bg_request_body_read(C.uintptr_t(b), unsafe.Pointer(&into[0]), C.size_t(len(into)))
	if err := failure(result); err != nil {
		return 0, err
	}
	if result.len == 0 {
		return 0, io.EOF
	}
	return int(result.len), nil
}
