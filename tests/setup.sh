#!/bin/sh
# Installs what `make test` takes beside Rust and make, where the machine lacks it and apt can be asked; elsewhere it says
# what is missing. Whoever takes more than that names it by command, or C header, and package: tests/setup.sh
# strip=binutils openssl/evp.h=libssl-dev
set -eu

missing=
need() { # package, and a command that fails where it is missing
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has_header() {
    printf '#include <%s>\n' "$1" | cc -E -x c -
}

need gcc command -v cc
need g++ command -v c++
need cmake command -v cmake
need pkg-config command -v pkg-config
need redis-server command -v redis-server
need libhiredis-dev has_header hiredis/hiredis.h
for more in "$@"; do
    case $more in
    *.h=*) need "${more#*=}" has_header "${more%%=*}" ;;
    *) need "${more#*=}" command -v "${more%%=*}" ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "The tests need these packages (by their names in Debian), and only root can install them with apt:$missing" >&2
    exit 1
fi
echo "The tests need:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # each word is a package
apt-get install -y -qq --no-install-recommends $missing
