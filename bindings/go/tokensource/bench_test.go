package tokensource_test

// An authenticated request through this library beside one through golang.org/x/oauth2:
//
//	go test -run NONE -bench . -benchmem

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"bearer"
	"golang.org/x/oauth2"
)

func api(b *testing.B) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer fine" {
			w.WriteHeader(401)
		}
		_, _ = io.WriteString(w, `{"lights": []}`)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func client(b *testing.B, url string) *bearer.Client {
	client, err := bearer.New(bearer.Config{
		BaseURL: url, Client: bearer.Members{"client_id": "app"},
		Token: `{"access_token": "fine", "refresh_token": "rt", "expires_in": 36000}`,
	}, bearer.Hooks{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	return client
}

func drain(b *testing.B, status int, body io.ReadCloser, err error) {
	if err != nil || status != 200 {
		b.Fatal(status, err)
	}
	_, _ = io.Copy(io.Discard, body)
	body.Close()
}

func viaNetHTTP(b *testing.B, own *http.Client, url string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		request, err := http.NewRequestWithContext(ctx, "GET", url+"/lights", nil)
		if err != nil {
			b.Fatal(err)
		}
		response, err := own.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		drain(b, response.StatusCode, response.Body, err)
	}
}

func BenchmarkClientDo(b *testing.B) {
	client := client(b, api(b))
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		response, err := client.Get(ctx, "lights")
		if err != nil {
			b.Fatal(err)
		}
		drain(b, response.StatusCode, response.Body, err)
	}
}

func BenchmarkRoundTripper(b *testing.B) {
	url := api(b)
	viaNetHTTP(b, client(b, url).HTTPClient(nil), url)
}

func BenchmarkOAuth2(b *testing.B) {
	url := api(b)
	token := &oauth2.Token{AccessToken: "fine", RefreshToken: "rt", Expiry: time.Now().Add(10 * time.Hour)}
	viaNetHTTP(b, (&oauth2.Config{}).Client(context.Background(), token), url)
}
