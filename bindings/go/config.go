package bearer

import "encoding/json"

// Members is a JSON object, by the names that docs/configuration.md and the RFCs give its members.
type Members = map[string]any

// Config is what a client is made of (docs/configuration.md). Requests need BaseURL and nothing else.
type Config struct {
	Preset        string   `json:"preset,omitempty"`        // a vendor: "github", "home-assistant"
	BaseURL       string   `json:"base_url,omitempty"`      // where the API is; the token never leaves this origin
	Origins       []string `json:"origins,omitempty"`       // further origins that may get the token
	Authorization string   `json:"authorization,omitempty"` // a fixed value of the header, sent as it stands
	Token         Token    `json:"token,omitempty"`         // a token set that you have stored
	Issuer        string   `json:"issuer,omitempty"`        // the authorization server, to be discovered
	Server        Members  `json:"server,omitempty"`        // its metadata: "token_endpoint"
	Client        Members  `json:"client,omitempty"`        // "client_id", "client_secret", "scope"
	Grant         Members  `json:"grant,omitempty"`         // how a token is had with nobody present
	Refresh       Members  `json:"refresh,omitempty"`       // how tokens are renewed: "endpoint", "ahead"
	Header        Members  `json:"header,omitempty"`        // for APIs with a header of their own
	HTTP          Members  `json:"http,omitempty"`          // "timeout_s", "ca_file", "redirects"
	Quirks        Members  `json:"quirks,omitempty"`        // what the server does instead of the RFCs
}

// parameters are an RFC's parameters as JSON, nil for none.
func parameters(members Members) (*string, error) {
	if members == nil {
		return nil, nil
	}
	bytes, err := json.Marshal(members)
	if err != nil {
		return nil, invalid(err.Error())
	}
	text := string(bytes)
	return &text, nil
}
