#!/bin/sh
# Builds and runs demo.c against a server of its own, which it stops at the end. `make demo` builds the library first.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
${CARGO:-cargo} build --quiet -p bearer-testserver

work=$(mktemp -d)
mkfifo "$work/stdin" "$work/stdout"
"$target/debug/bearer-testserver" --until-stdin-closes <"$work/stdin" >"$work/stdout" &
server=$!
# The server lives as long as descriptor 3 is open, that is, no longer than this script, and then clears up.
exec 3>"$work/stdin"
trap 'exec 3>&-; wait "$server" || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

read -r ready <"$work/stdout"
url=$(printf '%s\n' "$ready" | sed 's/.*"url":"\([^"]*\)".*/\1/')

# The path of the library is written into the program, so that it runs from here without being installed.
release=$(cd "$target/release" && pwd)
${CC:-cc} -std=c11 -Wall -Wextra -Iinclude examples/demo.c -o "$work/demo" -L"$release" -lbearer -Wl,-rpath,"$release"
"$work/demo" "$url"
