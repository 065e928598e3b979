# Sourced, after server.sh: questions asked by hand over the wire.
#
#   ask TABLE        runs the Python of standard input with `client` (a Connection to ClientService), `region` (the
#                    encoded name of the table's one region), what is of tests/cluster/wire.py, and check(NAME, OK, DETAIL)
#   tell COUNT       says what failed, and "N passed, N failed, N skipped"; false when anything did, or fewer were asked.
#                    Lines "passed ..." and "failed ..." in $work/results count.
: >"$work/results"

cat >"$work/start.py" <<'PY'
import sys
from wire import Connection, Refused, Region, cell, field, fields, get, put, specifier, tag

def check(name, ok, detail=""):
    print("passed" if ok else "failed", name, repr(detail))

regions = map(Region, Connection(sys.argv[1], "AdminService").call("GetOnlineRegion")[1])
[region] = [one.encoded for one in regions if one.table == sys.argv[2]]
client = Connection(sys.argv[1], "ClientService")
PY

ask() {
    cat "$work/start.py" - >"$work/questions.py"
    PYTHONPATH=$top/tests/cluster python3 "$work/questions.py" "$address" "$1" >>"$work/results"
}

tell() {
    local passed=$(grep -c '^passed' "$work/results") failed=$(grep -vc '^passed' "$work/results")
    grep -v '^passed' "$work/results"
    [ "$passed" -eq "$1" ] || { failed=$((failed + 1)); echo "FAILED: $passed checks of $1"; tail -5 "$work/server.log"; }
    echo "$passed passed, $failed failed, 0 skipped"
    [ "$failed" = 0 ]
}
