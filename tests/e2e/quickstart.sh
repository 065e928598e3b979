#!/usr/bin/env bash
# ./quickstart without its build, by its own functions, on a session of a few lines: a command of the session that fails
# ends it and is named, and a second run leaves a person's own tables as they are. In a network of the test's own, for it
# takes the ports that clients expect.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/own_network.sh"
. "$here/server.sh"
unset STELE_CONNECT
cd "$work" || exit 1
passed=0
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "FAILED $name"
        tail -n 30 said
        exit 1
    fi
}

mkdir -p build/release build/quickstart
ln -s "$(realpath "$stele")" build/release/stele
printf 'bash\tinfo:section\tshells\n' >build/quickstart/packages.cells
# All from the settings down to the cluster; the build and the catalogue are here.
sed -n '/^release=/p; /^place=/,/^# ---- The cluster/p' "$top/quickstart" >functions
printf '%s\n' 'build() { :; }' 'set -eu' run_all >run_all
cat functions run_all >script

session() { printf '    stele> %s\n' "$@" >README.md; }
run() { sh ./script >said 2>&1 </dev/null; }
says() { grep -qF -- "$1" said; }
fails() { ! run; }

session "create 'notes', 'n'" "put 'notes', 'r', 'n:mine', 'kept'; create 'mine', 'f'; put 'mine', 'r', 'f:q', 'by hand'" \
    "get 'packages', 'bash'" "scan 'mine'"
check "the session" run
check "shows what it answers" says "value=by hand"
check "the catalogue is loaded" says "value=shells"
session "create 'notes', 'n'" "get 'packages', 'bash'" "scan 'mine'"
check "a second time, with tables left over" run
check "a person's own table is still there" says "value=by hand"
check "and the catalogue is loaded anew" says "value=shells"
session "create 'notes', 'n'" "get 'nowhere', 'r'" "scan 'notes'"
check "a command that fails ends it" fails
check "and is named" grep -q "^This failed: stele:[0-9]*:[0-9]*> get 'nowhere', 'r'" said
check "after all of the session" says "0 row(s)"
echo >README.md
check "no session at all is none" fails
check "and is said" says "README.md has no session"
check "no server is left, and its directory is whole" "$stele" fsck build/quickstart/data >/dev/null
echo "$passed passed, 0 failed, 0 skipped"
