#!/bin/sh
# kill9.sh on the server built with ThreadSanitizer, three cycles: under load and recovery no thread races another.
here=$(cd "$(dirname "$0")" && pwd)
STELE=${STELE_TSAN:-$here/../../build/tsan/cli/stele} exec "$here/kill9.sh" 3
