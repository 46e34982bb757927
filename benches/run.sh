#!/bin/sh
# Measures, and prints a table for each figure. `make bench` builds the library first; docs/measurements.md has results.
# Nothing here fails because something is slow.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
release=$(cd "$target/release" && pwd)
cargo=${CARGO:-cargo}
"$cargo" build --quiet -p bearer-testserver
"$cargo" build --quiet --release --manifest-path benches/plain-ureq/Cargo.toml --target-dir "$target/plain-ureq"

work=$(mktemp -d)
mkfifo "$work/stdin" "$work/stdout"
"$target/debug/bearer-testserver" --until-stdin-closes <"$work/stdin" >"$work/stdout" &
server=$!
# The server lives as long as descriptor 3 is open, that is, no longer than this script, and then clears up.
exec 3>"$work/stdin"
trap 'exec 3>&- 4>&-; wait "$server" || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
read -r ready <"$work/stdout"
url=$(printf '%s\n' "$ready" | sed 's/.*"url":"\([^"]*\)".*/\1/')

for program in answer cancel requests raw_requests dead_address idle load; do
    ${CC:-cc} -std=c11 -O2 -Wall -Wextra -Werror -pthread -Iinclude -Itests/c -Ibenches "benches/$program.c" \
        -o "$work/$program" -L"$release" -lbearer -Wl,-rpath,"$release" -ldl
done

# How many system calls one more request makes, start-up not counted.
calls_each() {
    name=$1
    shift
    for n in 0 1000; do
        strace -f -c -o "$work/calls-$n" "$1" "$one_piece" "$n" ${2:-}
    done
    total() { awk '$NF == "total" {print $4}' "$work/calls-$1"; }
    awk -v name="$name" -v many="$(total 1000)" -v none="$(total 0)" \
        'BEGIN {printf "%-36s %10d %10.2f\n", name, 1000, (many - none) / 1000}'
    # Which ones, where somebody wants to know.
    if [ -n "${VERBOSE:-}" ]; then cat "$work/calls-1000"; fi
}

mkfifo "$work/answer-stdin" "$work/answer-stdout"
"$work/answer" <"$work/answer-stdin" >"$work/answer-stdout" &
exec 4>"$work/answer-stdin"
read -r one_piece <"$work/answer-stdout"

echo "# Cancel (target: p99 at most 10000)"
"$work/cancel"
echo
echo "# System calls for each request on a kept http connection (target: at most 4)"
if ! command -v strace >/dev/null; then
    apt-get install -y -q strace >/dev/null 2>&1 || true
fi
if command -v strace >/dev/null; then
    printf '%-36s %10s %10s\n' "" n "calls each"
    calls_each "raw sockets" "$work/raw_requests"
    calls_each "libbearer" "$work/requests"
    calls_each "ureq as it comes" "$target/plain-ureq/release/plain-ureq"
    calls_each "ureq with a timeout" "$target/plain-ureq/release/plain-ureq" with-timeout
else
    echo "not counted: there is no strace"
fi
echo
echo "# Dead first address (target: at most 300000)"
"$work/dead_address" "$url"
echo
echo "# Idle memory (target: at most 20 with http)"
for which in none http https; do "$work/idle" "$ready" "$which"; done
echo
echo "# Loading"
cp "$release/libbearer.so" "$work/"
(cd "$work" && LD_LIBRARY_PATH=. ./load ./libbearer.so libcurl.so.4 libcurl-gnutls.so.4 libssl.so.3 libz.so.1)
