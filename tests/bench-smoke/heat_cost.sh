#!/bin/sh
# What measuring heat costs of a call's instructions, by callgrind: fails above 2 % (bench/heat_cost.py; of few calls, which
# take somewhat fewer instructions each, so that the share is a little higher than the table's).
set -eu
command -v valgrind >/dev/null || { echo "SKIP: no valgrind here (Debian: valgrind)"; exit 77; }
exec python3 "$(dirname "$0")/../../bench/heat_cost.py" 500
