//go:build bearer_system

package bearer

// The library as it is installed on this system: go build -tags bearer_system

// #cgo LDFLAGS: -lbearer
import "C"
