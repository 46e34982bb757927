package bearer_test

// The binding has what the library has, so that neither grows without the other.

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bearer"
)

func header(t *testing.T) string {
	text, err := os.ReadFile("../../include/bearer.h")
	must(t, err)
	return string(text)
}

func TestConfigHasEveryMember(t *testing.T) {
	var schema struct{ Properties map[string]any }
	must(t, bearer.ConfigSchema().Decode(&schema))
	var wanted, have []string
	for name := range schema.Properties {
		wanted = append(wanted, name)
	}
	of := reflect.TypeOf(bearer.Config{})
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		have = append(have, name)
	}
	slices.Sort(wanted)
	slices.Sort(have)
	equal(t, strings.Join(have, " "), strings.Join(wanted, " "))
}

func TestStatusesAreThoseOfTheHeader(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	must(t, err)
	numbers := map[string]bool{}
	for _, found := range regexp.MustCompile(`Status\w+ +Status = (\d+)`).FindAllStringSubmatch(string(source), -1) {
		numbers[found[1]] = true
	}
	count := 0
	for _, found := range regexp.MustCompile(`(BEARER_[A-Z_]+) = (\d+)`).FindAllStringSubmatch(header(t), -1) {
		number, err := strconv.Atoi(found[2])
		must(t, err)
		equal(t, bearer.Status(number).String(), found[1])
		if !numbers[found[2]] {
			t.Errorf("%s is missing", found[1])
		}
		count++
	}
	equal(t, len(numbers), count)
	equal(t, count > 20, true)
}

// Functions that Go has no use for, each with the reason.
var unused = map[string]string{
	"bearer_client_request":           "bearer_client_send does the same",
	"bearer_client_access_token_into": "Go's strings are no buffers",
	"bearer_response_body":            "a Body is read piece by piece",
	"bearer_response_header":          "Header has every line",
	"bearer_error_status":             "the status comes with the call",
	"bearer_error_message":            "it is in the error's JSON",
	"bearer_reply_free":               "every reply is answered",
}

func TestEveryFunctionIsThere(t *testing.T) {
	files, err := filepath.Glob("*")
	must(t, err)
	var sources strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || filepath.Ext(file) != ".go" && filepath.Ext(file) != ".c" {
			continue
		}
		text, err := os.ReadFile(file)
		must(t, err)
		sources.Write(text)
	}
	functions := regexp.MustCompile(`(?m)^[^/\s*(][^(\n]*?\b(bearer_\w+)\(`).FindAllStringSubmatch(header(t), -1)
	equal(t, len(functions) > 70, true)
	for _, found := range functions {
		name := found[1]
		hook, isHook := strings.CutPrefix(name, "bearer_client_on_")
		is := regexp.MustCompile(`\b`+name+`\b`).MatchString(sources.String()) ||
			isHook && strings.Contains(sources.String(), "REGISTER("+hook)
		if reason := unused[name]; is == (reason != "") {
			t.Errorf("%s: there %v, %q", name, is, reason)
		}
	}
}
