#!/bin/sh
# Installs oidc-provider, a Node that runs it where the machine's is too old, and server.mjs into the folder given; prints
# which Node that is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=$1
mkdir -p "$into"
cd "$into"

needs=22
major=$(node -p 'process.versions.node.split(".")[0]')
want="$(cat "$here/package.json") $major"
if [ "$(cat installed 2>/dev/null)" != "$want" ]; then
    rm -f installed
    cp "$here/package.json" .
    set --
    if [ "$major" -lt $needs ]; then
        set -- "node-$(node -p 'process.platform + "-" + process.arch')@$needs"
    fi
    # Scripts of packages are not run: none of these has one that matters.
    npm install --no-audit --no-fund --no-save --no-package-lock --ignore-scripts "$@" >&2
    echo "$want" >installed
fi
# Beside the packages, where it finds them.
cp "$here"/*.mjs .
if [ "$major" -ge $needs ]; then
    command -v node
else
    echo "$into"/node_modules/node-*/bin/node
fi
