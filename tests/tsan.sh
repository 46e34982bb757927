#!/usr/bin/env bash
# ThreadSanitizer over everything that has threads: the library's own tests, and the C programs. It fails at any report,
# and where one of two planted races is not reported. It installs what it lacks, and builds below target/tsan.
#
# The standard library is built anew, under the sanitizer too: a precompiled one hides its atomics and fences, so that
# every Arc that is let go would look like a race, and a list of suppressions would hide true ones. With it there is
# nothing to suppress. Its sources come with Debian's Rust, where the one at hand has none.
set -euo pipefail
cd "$(dirname "$0")/.."

# Not under test: the server.
cargo build --quiet -p bearer-testserver
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
server=$folder/debug/bearer-testserver

install() {
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || {
    echo "ThreadSanitizer needs these packages (by their names in Debian), and only root can install them with apt: $*" >&2
    exit 1
  }
  apt-get update -qq
  # A Rust of another package stays.
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends "$@"
}
has_sources() { [ -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }

if ! has_sources; then
  PATH=/usr/bin:$PATH
  { [ -e /usr/bin/rustc ] && [ -e /usr/bin/cargo ] && has_sources; } || install rustc-web rust-web-src cargo-web
fi
# One runtime for Rust and C, of the LLVM that this Rust is made with.
llvm=$(rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
clang=clang-$llvm
links() { echo 'int main(void) { return 0; }' | "$clang" -fsanitize=thread -x c -o /dev/null - 2>/dev/null; }
links || install "$clang" "libclang-rt-$llvm-dev"

target=$(rustc --version --verbose | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$folder/tsan
built=$CARGO_TARGET_DIR/$target/debug
# The flags are those of nightly compilers.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=$clang -Clink-arg=-fsanitize=thread --cfg planted_race"
# Without what only takes time to build.
of_the_build=(-Zbuild-std --target "$target" --no-default-features --features tls)
# After a fork in a program with threads the sanitizer goes on, as the library does.
export TSAN_OPTIONS="exitcode=66 die_after_fork=0 external_symbolizer_path=$(command -v addr2line)"
export BEARER_TEST_SLOW=1
failed=()

step() { printf '\n== ThreadSanitizer: %s\n' "$*"; }

must_be_reported() { # what, the function it is in, command...
  local what=$1 where=$2 report rc=0
  shift 2
  report=$("$@" 2>&1) || rc=$?
  if [ $rc -ne 0 ] && [[ $report == *"ThreadSanitizer: data race"*"$where"* ]]; then
    echo "reported, as it must be: $what"
  else
    printf '%s\n' "$report"
    failed+=("$what is not reported")
  fi
}

step "the library's own tests"
cargo test "${of_the_build[@]}" --lib --test tsan --no-run
must_be_reported "a race planted in Rust" "tsan::planted" \
  cargo test --quiet "${of_the_build[@]}" --test tsan
# Left out is a simulation of years in one thread.
cargo test --quiet "${of_the_build[@]}" --lib -- --skip retried_with_growing_delays || failed+=("the library's own tests")

step "the C programs"
cargo rustc --quiet --lib --crate-type cdylib "${of_the_build[@]}" -- \
  -C link-arg=-Wl,-z,nodelete -C link-arg=-Wl,-soname,libbearer.so.0
ln -sf libbearer.so "$built/libbearer.so.0"

compile() { # source
  program=$built/$(basename "$1" .c)
  "$clang" -std=c11 -Wall -Wextra -Werror -g -O1 -fsanitize=thread -pthread -Iinclude -Itests/c \
    -o "$program" "$1" "$built/libbearer.so" "-Wl,-rpath,$built"
}

compile tests/tsan/planted.c
must_be_reported "a race planted in C" "bearer_client_access_token" "$program"

for name in ahead destroy fork fork_in_hooks fork_in_the_middle freed_in_use lock own_http provider refresh scopes storm storm_clients \
  storm_refusals threads; do
  compile "tests/c/$name.c"
  printf '%s: ' "$name"
  coproc SERVER { exec "$server" --until-stdin-closes; }
  read -r ready <&"${SERVER[0]}"
  "$program" "$ready" | tail -n 1 || failed+=("tests/c/$name.c")
  eval "exec ${SERVER[1]}>&-"
  wait "$SERVER_PID"
done

for what in "${failed[@]}"; do
  echo "ThreadSanitizer: $what" >&2
done
[ ${#failed[@]} -eq 0 ]
