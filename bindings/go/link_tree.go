//go:build !bearer_system

package bearer

// The library as `make` has built it in the tree that this folder is part of. CGO_LDFLAGS counts more.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../target/release -lbearer -Wl,-rpath,${SRCDIR}/../../target/release
import "C"
