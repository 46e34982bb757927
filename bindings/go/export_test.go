package bearer

// Registered is how many things C holds for Go.
func Registered() int64 { return held.Load() }
