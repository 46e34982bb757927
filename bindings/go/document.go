package bearer

import "encoding/json"

// A Document is JSON as the library gave it, byte for byte: a token set, a login, a device's codes, claims. Store
// string(document), or marshal it, and hand it back later. Printed, it shows nothing, for most of them are secret.
type Document string

// A Token is a token set: RFC 6749 section 5.1 plus "expires_at", and whatever else the server sent.
type Token = Document

// Text is a member that is text; "" where it is missing or something else.
func (d Document) Text(name string) string {
	var text string
	_ = json.Unmarshal(d.members()[name], &text)
	return text
}

// Number is a member that is a whole number; 0 where it is missing or something else.
func (d Document) Number(name string) int64 {
	var number int64
	_ = json.Unmarshal(d.members()[name], &number)
	return number
}

func (d Document) members() map[string]json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal([]byte(d), &members)
	return members
}

// Decode reads the document into a value, as json.Unmarshal does.
func (d Document) Decode(value any) error { return json.Unmarshal([]byte(d), value) }

// MarshalJSON is the document itself; null where it is empty.
func (d Document) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return []byte(d), nil
}

// UnmarshalJSON keeps the document as it stands.
func (d *Document) UnmarshalJSON(text []byte) error {
	*d = Document(text)
	if *d == "null" {
		*d = ""
	}
	return nil
}

func (d Document) String() string { return "(not shown)" }

// GoString is that of %#v.
func (d Document) GoString() string { return "bearer.Document(not shown)" }
