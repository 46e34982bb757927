//go:build race

package bearer_test

const raced = true
