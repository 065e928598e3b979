#!/bin/sh
# The master's policies at 100,000 tablets on 1,000 servers: an hour of a day in which servers fail. The program fails
# when a plan takes a second of CPU or memory passes 500 MB.
set -u
. "$(dirname "$0")/measured"
bench=${STELE:?}
measured "$(dirname "$bench")/bench/micro/bench-master-scale" -q -m 60 -f 720
