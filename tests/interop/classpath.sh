#!/bin/sh
# Resolves the jars of stock HBase by name through maven and prints a class path.
#
#   classpath.sh client-2.6.4 | client-2.5.10 | server | PROGRAM      PROGRAM: a folder of programs/ with a pom
#
# The answer is kept in build/interop/NAME.cp at the top of the tree, so that maven runs once. Exit 77 means that the package
# registry could not be reached: the caller skips, loudly. Nothing is copied into the tree; the jars stay in maven's own cache.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
poms=$top/tests/interop/java
cache=${STELE_INTEROP_CACHE:-$top/build/interop}
name=${1:?"usage: classpath.sh client-2.6.4 | client-2.5.10 | server | PROGRAM"}
file=$cache/$name.cp

case $name in
    client-*) pom=$poms/client/pom.xml version=${name#client-} ;;
    server) pom=$poms/server/pom.xml version=2.6.4 ;;
    asynchbase | opentsdb | janusgraph) pom=$top/tests/interop/programs/$name/pom.xml version=none ;;
    *) echo "classpath.sh: unknown class path '$name'" >&2; exit 2 ;;
esac

# A cached class path is good while its pom is not newer and its jars are still where they were.
is_fresh() {
    [ -s "$file" ] && [ ! "$pom" -nt "$file" ] && tr ':' '\n' <"$file" | while read -r jar; do [ -f "$jar" ] || exit 1; done
}

# One maven at a time: two would write the same jars.
if ! is_fresh; then
    mkdir -p "$cache"
    exec 8>"$cache/maven.lock"
    flock 8
fi
if ! is_fresh; then
    command -v mvn >/dev/null || { echo "classpath.sh: SKIP: no mvn here (Debian: maven)" >&2; exit 77; }
    . "$top/tools/packages.sh"
    if ! with_tries timeout 300 mvn -B -q -f "$pom" "-Dhbase.version=$version" dependency:build-classpath \
        "-Dmdep.outputFile=$file.$$" >"$cache/$name.log" 2>&1; then
        rm -f "$file.$$"
        tail -n 5 "$cache/$name.log" >&2
        echo "classpath.sh: SKIP: maven could not resolve $name; see $cache/$name.log" >&2
        exit 77
    fi
    mv "$file.$$" "$file"
fi
cat "$file"
