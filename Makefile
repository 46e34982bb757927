# `make help` lists what there is. Every target does its own set-up.

CARGO ?= cargo
CC ?= cc
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release
# Cargo features of the library; for one without TLS: make FEATURES=net
FEATURES ?= net tls mozilla-roots qr signing
BUILD := $(CARGO) rustc --release --lib --no-default-features --features "header-check $(FEATURES)"
# Kept loaded (a thread that used the library may still run its destructors), and named for the linker of programs.
LINK := -C link-arg=-Wl,-z,nodelete -C link-arg=-Wl,-soname,libbearer.so.0

# Tests call `make lib` under `cargo test`, which sets these; ring's build script would run again for it each time.
$(foreach name,$(filter CARGO_PKG_% CARGO_MANIFEST_% OUT_DIR,$(.VARIABLES)),$(eval unexport $(name)))

.PHONY: all lib shared header demo test interop bench clean help

## The library: target/release/libbearer.{so,a}, with include/bearer.h checked against the code.
all: lib

# Each type by itself: a cdylib built beside an rlib silently loses LTO.
lib: shared
	$(BUILD) --crate-type staticlib

shared:
	$(BUILD) --crate-type cdylib -- $(LINK)
	@ln -sf libbearer.so $(RELEASE)/libbearer.so.0

## Writes include/bearer.h from the code.
header:
	@BEARER_HEADER=unchecked $(CARGO) check --quiet --lib --message-format=json \
	  | sed -n 's/.*"reason":"build-script-executed".*bearer@.*"out_dir":"\([^"]*\)".*/\1/p' \
	  | tail -n 1 | while read -r out; do cp "$$out/bearer.h" include/bearer.h; echo "include/bearer.h written"; done

## The main job from C: an expired token is renewed, saved and used, step by step.
demo: lib
	@examples/demo.sh

## Every test.
test: lib
	@tests/setup.sh
	$(CARGO) build --quiet -p bearer-testserver
	$(CARGO) test --workspace

## The library against a certified authorization server, which is installed into target/interop from npm's registry.
interop: lib
	@tests/setup.sh node=nodejs npm=npm openssl=openssl openssl/evp.h=libssl-dev
	$(CARGO) test --quiet --test interop -- --ignored --nocapture

## Measures: cancel latency, system calls, a dead address, idle memory, loading time.
bench: lib
	@benches/run.sh

## Removes what was built.
clean:
	$(CARGO) clean

## This list.
help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z]+:/{if (text) printf "make %-8s %s\n", substr($$1,1,index($$1,":")-1), text; text=""}' Makefile
