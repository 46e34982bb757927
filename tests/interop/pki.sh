#!/bin/sh
# Makes a throw-away PKI in the folder given: a private authority, server and client certificates of it, one for another
# name, and a client certificate that nobody signed.
set -eu
cd "$1"

quietly() {
    "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }
}

key() { # name
    quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

self_signed() { # name, subject, further arguments
    key "$1"
    name=$1 subject=$2
    shift 2
    quietly openssl req -x509 -new -key "$name.key" -sha256 -days 7 -subj "/CN=$subject" -out "$name.pem" "$@"
}

signed() { # name, subject, subjectAltName, extendedKeyUsage
    key "$1"
    quietly openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=%s\nbasicConstraints=CA:FALSE\n' "$3" "$4" >"$1.ext"
    quietly openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 7 \
        -extfile "$1.ext" -out "$1.pem"
}

self_signed ca "interop CA" -addext keyUsage=critical,keyCertSign,cRLSign
signed server localhost DNS:localhost,IP:127.0.0.1 serverAuth
signed wrong_name elsewhere.example DNS:elsewhere.example serverAuth
signed client interop-client DNS:interop-client.example clientAuth
self_signed self interop-self
