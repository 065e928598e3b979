#!/usr/bin/env bash
# libstele as another program finds it: installed, by pkg-config, shared and static, C and C++; its name and its symbols.
# STELE names the program, in the build that is installed. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name:"
        tail -5 "$work/out" | sed 's/^/    | /'
    fi
}

build=$(dirname "$stele")
[ -f "$build/build.ninja" ] || build=$build/..
DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/install" 2>&1 || { cat "$work/install"; exit 1; }
pc=$(find "$work/root" -name stele.pc)
lib=$(dirname "$(find "$work/root" -name libstele.so)")
export PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$work/root
example=$top/client/examples/rows.c
start_server

# shellcheck disable=SC2046 # lists of options
shared() { cc -Wall -Wextra -Werror "$example" $(pkg-config --cflags --libs stele) -o "$work/rows"; }
run_shared() { LD_LIBRARY_PATH=$lib "$work/rows" "$address" && LD_LIBRARY_PATH=$lib "$work/rows" "$address"; }
# The system's libraries lie outside the root that was installed into.
static() {
    local options
    options=$(PKG_CONFIG_SYSROOT_DIR= pkg-config --static --libs stele | tr ' ' '\n' | grep -v -e '^-lstele$' -e '^-L/usr/local')
    cc "$example" "-I$work/root/usr/local/include" "$lib/libstele.a" $options -o "$work/rows-static"
}
header_alone() { printf '#include <stele/%s>\nint main(void) { return 0; }\n' "$1" >"$work/one.c" && cc -Wall -Wextra -Werror -pedantic $(pkg-config --cflags stele) -c "$work/one.c" -o "$work/one.o"; }
in_cpp() { ! command -v c++ >/dev/null || { cp "$work/one.c" "$work/one.cc" && c++ -Wall -Wextra -Werror $(pkg-config --cflags stele) -c "$work/one.cc" -o "$work/one.o"; }; }
only_ours() { ! nm -D --defined-only "$lib/libstele.so" | awk '{print $3}' | grep -v -e '^stele_' -e '^STELE_0'; }
has_soname() { readelf -d "$lib/libstele.so" | grep -q 'SONAME.*\[libstele\.so\.[0-9]'; }
no_engine() { ! readelf -d "$lib/libstele.so" | grep -E 'NEEDED.*(lz4|zstd|snappy|xxhash|zookeeper|mruby|edit)'; }

check "the example builds against the shared library" shared
check "it runs, twice" run_shared
check "the example builds against the static library" static
check "it runs" "$work/rows-static" "$address"
check "stele.h alone" header_alone stele.h
check "admin.h alone" header_alone admin.h
check "the headers are C++ too" in_cpp
check "symbols are stele_* only" only_ours
check "the library has a versioned name" has_soname
check "no engine is in it" no_engine
check "the program is installed too" test -x "$work/root/usr/local/bin/stele"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
