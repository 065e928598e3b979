#!/bin/sh
# The Key Visualizer's day of a table of 100,000 tablets on 1,000 servers, over HTTP: fails above
# 300 ms of CPU: 200 are promised, of a machine such as that of the figures (bench/README.md).
set -u
. "$(dirname "$0")/measured"
measured "$(dirname "${STELE:?}")/tests/sim/bench_keyvis" 100000 1000 300
