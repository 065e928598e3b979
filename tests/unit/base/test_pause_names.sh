#!/bin/sh
# The list of pause points in base/pause.c and the pause_point("...") calls in the tree agree, both ways.
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n '/^static const char \*const names\[\]/,/^};/p' base/pause.c | grep -oE '"[^"]+"' | tr -d '"' >"$work/listed"
LC_ALL=C sort -c "$work/listed" || { echo "base/pause.c: the list is not in alphabetical order"; exit 1; }
grep -rhoE 'pause_point\("[^"]+"\)' --include='*.c' base model storage proto server client shell bench cli \
    tests/unit/base | sed 's/.*"\(.*\)".*/\1/' | LC_ALL=C sort -u >"$work/used"
if ! diff "$work/listed" "$work/used" >"$work/difference"; then
    echo "pause points listed (<) and used (>) differ:"
    grep '^[<>]' "$work/difference"
    exit 1
fi
