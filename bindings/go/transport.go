package bearer

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Authorization is the headers that a request by your own HTTP needs. A "Dpop" among them is good for one request.
func (c *Client) Authorization(ctx context.Context, method, url string) (http.Header, error) {
	document, err := c.askedBoth(ctx, C.bg_out2(C.bearer_client_authorization), method, url)
	if err != nil {
		return nil, err
	}
	var lines map[string]string
	if err := document.Decode(&lines); err != nil {
		return nil, err
	}
	found := http.Header{}
	for name, value := range lines {
		found.Set(name, value)
	}
	return found, nil
}

// Feedback learns from an answer, and says whether to ask for new headers and send the request once more. sent is what
// Authorization gave. Call it for every answer, but not for that to a request that was resent.
func (c *Client) Feedback(ctx context.Context, method, url string, sent http.Header, status int,
	answer http.Header) (resend bool, err error) {
	lines := map[string]string{}
	for name := range sent {
		lines[strings.ToLower(name)] = sent.Get(name)
	}
	sentJSON, err := json.Marshal(lines)
	if err != nil {
		return false, err
	}
	answerJSON, err := json.Marshal(answer)
	if err != nil {
		return false, err
	}
	call, err := c.enter(ctx)
	if err != nil {
		return false, err
	}
	textMethod, freeMethod := cText(method)
	defer freeMethod()
	textURL, freeURL := cText(url)
	defer freeURL()
	textSent, freeSent := cText(string(sentJSON))
	defer freeSent()
	textAnswer, freeAnswer := cText(string(answerJSON))
	defer freeAnswer()
	result := C.bg_client_feedback(call.id, call.handle, textMethod, textURL, textSent, C.uint16_t(status), textAnswer)
	return bool(result.yes), call.leave(result)
}

// A Transport is an http.RoundTripper that sends requests through another with a valid token, for programs that keep
// their HTTP stack. URLs of other origins than the client's fail with ErrUnsafe.
type Transport struct {
	Client *Client
	Base   http.RoundTripper // nil: http.DefaultTransport
}

// HTTPClient is an http.Client whose requests have the token, over base; nil: http.DefaultTransport.
func (c *Client) HTTPClient(base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &Transport{c, base}}
}

// RoundTrip sends a request, and once more with a new token where the API has refused the first and the body can be had
// again (http.Request.GetBody).
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	ctx, method, url := request.Context(), request.Method, request.URL.String()
	if method == "" {
		method = http.MethodGet
	}
	headers, err := t.Client.Authorization(ctx, method, url)
	if err != nil {
		closeBody(request)
		return nil, err
	}
	response, err := base.RoundTrip(with(request, request.Body, headers))
	if err != nil {
		return nil, err
	}
	resend, err := t.Client.Feedback(ctx, method, url, headers, response.StatusCode, response.Header)
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	if !resend {
		return response, nil
	}
	body := request.Body
	if body != nil && body != http.NoBody {
		if request.GetBody == nil {
			return response, nil
		}
		if body, err = request.GetBody(); err != nil {
			return response, nil
		}
	}
	// What is left of a short answer is read, so that its connection is used again.
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	response.Body.Close()
	if headers, err = t.Client.Authorization(ctx, method, url); err != nil {
		if body != nil {
			body.Close()
		}
		return nil, err
	}
	return base.RoundTrip(with(request, body, headers))
}

// with is a copy of a request with these headers: a RoundTripper must not change the one that it is given.
func with(request *http.Request, body io.ReadCloser, headers http.Header) *http.Request {
	sent := request.Clone(request.Context())
	sent.Body = body
	if sent.Header == nil {
		sent.Header = http.Header{}
	}
	for name, values := range headers {
		sent.Header[name] = values
	}
	return sent
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		request.Body.Close()
	}
}
