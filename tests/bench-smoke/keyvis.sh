#!/bin/sh
# The Key Visualizer's day of a table of 100,000 tablets on 1,000 servers, over HTTP: 200 ms of CPU are promised, of a machine such
# as that of the figures (bench/README.md). Fails above twice that, and more on a slower one: what shares the memory changes much.
set -u
. "$(dirname "$0")/measured"
measured "$(dirname "${STELE:?}")/tests/sim/bench_keyvis" 100000 1000 400
