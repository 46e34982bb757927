package bearer

// #include "bridge.h"
import "C"

import (
	"sync"
	"sync/atomic"
)

// What C holds for Go: numbers in place of pointers. A number is never used twice, so that one that was let go of finds
// nothing, as with the library's own handles. No lock is held while what it names is used.
var (
	registered sync.Map // of uintptr
	lastNumber atomic.Uintptr
	held       atomic.Int64 // how many there are
)

func register(value any) C.uintptr_t {
	number := lastNumber.Add(1)
	registered.Store(number, value)
	held.Add(1)
	return C.uintptr_t(number)
}

func letGo(number C.uintptr_t) {
	if _, was := registered.LoadAndDelete(uintptr(number)); was {
		held.Add(-1)
	}
}

// find is what a number names; the zero value where it was let go of.
func find[T any](number C.uintptr_t) T {
	value, _ := registered.Load(uintptr(number))
	found, _ := value.(T)
	return found
}
