#!/bin/sh
# make-static-library.sh OUTPUT ARCHIVE...: one archive of all of them in which only stele_* are global, so that
# the names inside the library cannot meet those of the program it is linked into.
set -eu
output=$1
shift
object=${output%.a}.o
ld -r -o "$object" --whole-archive "$@"
objcopy --wildcard --keep-global-symbol='stele_*' --remove-section='.gnu.lto_*' "$object"
rm -f "$output"
ar rcs "$output" "$object"
rm -f "$object"
