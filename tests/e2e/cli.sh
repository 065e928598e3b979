#!/usr/bin/env bash
# What docs and scripts rely on at the command line, beyond bad input (bad-input.sh): import and export, a shell that is
# given a script, the server's line, ports, names and end. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0 skipped=0

# check NAME COMMAND...: it succeeds.
check() {
    local name=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        head -5 "$work/check.log" "$work/out" "$work/err" 2>/dev/null | sed 's/^/    | /'
    fi
}

# run CODE COMMAND...: it ends with this code; what it prints is in $work/out and $work/err.
run() {
    local code=$1
    shift
    timeout 120 "$@" >"$work/out" 2>"$work/err" </dev/null
    [ $? -eq "$code" ]
}

# prints TEXT / complains PATTERN: the last run did so and nothing else.
prints() { diff <(printf '%b' "$1") "$work/out"; }
complains() { grep -qE "$1" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]; }

# ---- import and export ----
start_server
full() { "$@" >/dev/full 2>"$work/err" && return 1; [ $? -eq 1 ] && grep -q "standard output: No space left" "$work/err"; }
check "output that is lost is an error" full "$stele" version
printf "list\ncreate 'never', 'f'\n" >"$work/script"
check "of the shell too, and the next statement is not run" full "$stele" shell -n "$work/script"
check "which was" run 0 "$stele" shell -n -e "puts list_namespace_tables('default').size"
check "not run" grep -q '^0$' "$work/out"
"$stele" shell -n -e "create 't', {NAME => 'f', VERSIONS => 3}, 'g'; create 'copy', {NAME => 'f', VERSIONS => 3}, 'g'" >/dev/null
printf 'one|1|first\ntwo|2|second\nthree|3|third|more\nfour|4|fourth\nfive|5\n' >"$work/some.psv"
check "import with a separator, bad lines left out" run 0 "$stele" import t --columns='HBASE_ROW_KEY,g:number,f:word' --separator='|' --skip-bad "$work/some.psv"
check "the summary counts both; the last columns may be missing" prints '4 rows, 1 bad lines\n'
check "what was imported" run 0 "$stele" export t --columns=g,f:word
check "all of it, by column" diff <(printf 'five\tg:number\t5\nfour\tf:word\tfourth\nfour\tg:number\t4\none\tf:word\tfirst\none\tg:number\t1\ntwo\tf:word\tsecond\ntwo\tg:number\t2\n') <(cut -f 1,2,4 "$work/out")
check "a bad line ends the work" run 1 "$stele" import t --columns='HBASE_ROW_KEY,g:number,f:word' --separator='|' "$work/some.psv"
check "it is named by number" complains "some.psv:3: "
check "a summary all the same" prints '0 rows, 1 bad lines\n'
printf '5\trow\tlate\n' >"$work/some.tsv"
check "tabs, and a column of timestamps" run 0 "$stele" import t --columns=HBASE_TS_KEY,HBASE_ROW_KEY,f:word "$work/some.tsv"
check "one row" prints '1 rows, 0 bad lines\n'
check "a separator is one byte" run 2 "$stele" import t --columns=HBASE_ROW_KEY,f:q --separator=ab "$work/some.tsv"
"$stele" shell -n -e "put 't', \"r\\x00\\xff\\t\\\\\\\\\", \"f:\\x01:q\", \"v\\n\\xe4\", 7; put 't', 'row', 'f:word', 'earlier', 4; put 't', 'row', 'f:', '', 1; put 't', 'row', 'g:', 'x', 1" >/dev/null
check "export one column" run 0 "$stele" export t --columns=f:word
check "it has no other, and older versions" diff <(printf '5\tlate\n4\tearlier\n') <(grep '^row' "$work/out" | cut -f 3,4)
check "export to a file" run 0 "$stele" export t "$work/exported"
check "every cell" [ "$(wc -l <"$work/exported")" -eq 12 ]
cp "$work/exported" "$work/before"
check "export of a table that is not there" run 1 "$stele" export missing "$work/exported"
check "what was exported before is still there" cmp "$work/exported" "$work/before"
check "and nothing beside it" [ ! -e "$work/exported.part" ]
mkfifo "$work/pipe"
cat "$work/pipe" >"$work/piped" &
check "export to a pipe" run 0 "$stele" export t "$work/pipe"
wait $!
check "what came through it" cmp "$work/piped" "$work/before"
check "a folder that is not there" run 1 "$stele" export t "$work/nowhere/file"
check "bytes are told" grep -qF 'r\x00\xFF\x09\x5C\x5C	f:\x01:q	7	v\x0A\xE4' "$work/exported"
check "import of what was exported" run 0 "$stele" import copy --format=cells "$work/exported"
check "the rows of it" prints '6 rows, 0 bad lines\n'
check "export again" run 0 "$stele" export copy
check "the same bytes" cmp "$work/exported" "$work/out"
printf 'good\tf:q\t1\n%040000d\tf:q\t1\nfine\tf:q\t1\n' 0 >"$work/long.tsv"
check "a row that no table takes is a bad line" run 1 "$stele" import copy --format=cells "$work/long.tsv"
check "named by its number" complains "long.tsv:2: a row of 40000 bytes, the most is 32767"
check "and left out when told so" run 0 "$stele" import copy --format=cells --skip-bad "$work/long.tsv"
check "the rest is there" prints '2 rows, 1 bad lines\n'

printf 'a\tf:q\t1\nb\tnone:q\t1\nc\tg:q\t1\n' >"$work/family.tsv"
check "a family that the table has not is a bad line" run 1 "$stele" import copy --format=cells "$work/family.tsv"
check "named by its number" complains "family.tsv:2: Unknown column family none! Valid column names: f:\*, g:\*$"
check "and left out when told so" run 0 "$stele" import copy --format=cells --skip-bad "$work/family.tsv"
check "the rest is there" prints '2 rows, 1 bad lines\n'
check "one of the columns is told before the work" run 1 "$stele" import copy --columns=HBASE_ROW_KEY,f:q,none:q --skip-bad "$work/family.tsv"
check "by its name" complains "^stele: import: --columns: Unknown column family none! Valid column names: f:\*, g:\*$"
check "no row was read" prints ''
dropped() { # the table, after import looked at it and before it meets a family that it does not know
    python3 - "$stele" "$work" <<'PY'
import array, fcntl, os, subprocess, sys, termios, time
stele, work = sys.argv[1:]
subprocess.run([stele, "shell", "-n", "-e", "create 'gone', 'f'"], check=True, stdout=subprocess.DEVNULL)
reading, writing = os.pipe()
with open(work + "/out", "w") as out, open(work + "/err", "w") as err:
    process = subprocess.Popen([stele, "import", "gone", "--format=cells", "--skip-bad", "-"], stdin=reading, stdout=out, stderr=err)
os.write(writing, b"a\tnone:q\t1\n")
unread = array.array("i", [1])
while unread[0] and process.poll() is None:
    time.sleep(0.02)
    fcntl.ioctl(reading, termios.FIONREAD, unread)
subprocess.run([stele, "shell", "-n", "-e", "disable 'gone'; drop 'gone'"], check=True, stdout=subprocess.DEVNULL)
time.sleep(1.1)  # a schema is not asked for more than once a second
os.close(writing)
sys.exit(process.wait(120) != 1)
PY
}
check "a table that is dropped meanwhile is an error, whatever --skip-bad says" dropped
check "told so" complains "^stele: import: Unknown table gone!$"
check "and no summary" prints ''
printf 'lives\t1\t\t0\nlives\t2\tk=>v,l=>w\t86400000\ndies\t3\t_ttl=>\t1\nlives\t4\t\t-1\n' >"$work/ttl.tsv"
"$stele" shell -n -e "create 'ttl', {NAME => 'f', VERSIONS => 9}" >/dev/null
check "a time to live and attributes" run 0 "$stele" import ttl --columns=HBASE_ROW_KEY,f:q,HBASE_ATTRIBUTES_KEY,HBASE_CELL_TTL "$work/ttl.tsv"
check "each line is its own" prints '3 rows, 0 bad lines\n'
sleep 0.01 # the cell dies a millisecond later
run 0 "$stele" shell -n -e "count 'ttl'"
check "a cell that lives for a millisecond is gone, the others are there" grep -q '^1 row' "$work/out"
printf 'r\t1\tnone\t5\n' >"$work/ttl.tsv"
check "attributes that are none are a bad line" run 1 "$stele" import ttl --columns=HBASE_ROW_KEY,f:q,HBASE_ATTRIBUTES_KEY,HBASE_CELL_TTL "$work/ttl.tsv"
check "told so" complains "ttl.tsv:1: the attributes are not key=>value"

# ---- dump ----
check "dump has its page" run 0 "$stele" dump --help
check "it begins with the usage" [ "$(head -n 1 "$work/out")" = "usage: stele dump PATH..." ]
check "it fits a screen" [ "$(wc -l <"$work/out")" -le 24 -a "$(wc -L <"$work/out")" -le 120 ]
for kind in "log segment" SSTable manifest descriptor snapshot plan loss seal procedure settings namespace history "cluster file" quorum; do
    check "it names every kind: $kind" grep -qF "$kind" "$work/out"
done
cp "$top/tests/golden/quorum-v1" "$work/quorum"
for file in "$work/quorum" $(find "$top/tests/golden" -maxdepth 1 -type f ! -name 'quorum-*'); do
    check "a file of long ago in words: ${file##*/}" run 0 "$stele" dump "$file"
    check "what it is comes first: ${file##*/}" eval "head -n 1 '$work/out' | grep -qE '^(history|loss|plan|procedure|sstable|the ZooKeeper) '"
done

for file in procedure-v3 sstable-v1-lz4.sst; do
    run 0 "$stele" dump "$top/tests/golden/$file"
    sed "s|$top/tests/golden/||; s|$file|standard input|" "$work/out" >"$work/named"
    check "a file on standard input: $file" run 0 sh -c "cat '$top/tests/golden/$file' | '$stele' dump -"
    check "in the same words: $file" diff "$work/named" "$work/out"
done
check "what is none is told" run 1 sh -c "echo nothing | '$stele' dump -"
check "by name" complains "^stele: standard input is no file of Stele$"

# ---- a shell that is given a script ----
printf "put 't', 'a', 'f:q', '1'\nput 't', 'a', 'none:q', '1'\nput 't', 'b', 'f:q', '1'\n" >"$work/script"
check "-n ends at the first error" run 1 "$stele" shell -n "$work/script"
check "and says which" complains "^stele: ERROR: Unknown column family! Valid column names: f:\*, g:\*$"
run 0 "$stele" shell -n -e "get 't', 'a', 'f:q'; get 't', 'b'"
check "what stood before is done, what follows not" [ "$(grep -c 'value=1' "$work/out")" -eq 1 ]
check "without -n the next line runs" run 0 "$stele" shell "$work/script"
check "the error is told" grep -q '^ERROR: ' "$work/out"
run 0 "$stele" shell -n -e "get 't', 'b'"
check "the file's last line was run" grep -q 'value=1' "$work/out"
check "-n with -e" run 1 "$stele" shell -n -e "get 't', 'a', 'none:q'; put 't', 'c', 'f:q', '1'"
run 0 "$stele" shell -n -e "get 't', 'c'"
check "ends at the first error too" grep -q '^0 row' "$work/out"
# A line that Ruby cannot read, and one with a command that is none: by -e, a file and standard input alike.
lines="puts 'first'
puts 'a' )
frobnicate 't'
put 't',
  'several', 'f:q',
  'lines'
[1].each do |one|
  puts \"block #{one}\"
end
puts 'last'"
printed=$'first\nERROR: SyntaxError: \nERROR: NoMethodError: \nblock 1\n=> [1]\nlast'
only_results() { grep -v -e '^stele:[0-9]' -e '^Took ' "$work/out" | sed -E 's/^(ERROR: [A-Za-z]+: ).*/\1/'; }
printf '%s\n' "$lines" >"$work/script"
for way in "-e" "file" "stdin"; do
    case $way in -e) set -- "$stele" shell -e "$lines" ;; file) set -- "$stele" shell "$work/script" ;; *) set -- bash -c 'printf "%s\n" "$0" | "$@"' "$lines" "$stele" shell ;; esac
    check "$way: past lines that are wrong the next one runs" run 0 "$@"
    check "$way: each told in its place" [ "$(only_results)" = "$printed" ]
    run 0 "$stele" shell -n -e "get 't', 'several'; deleteall 't', 'several'"
    check "$way: a statement of several lines has run" grep -q 'value=lines' "$work/out"
    check "$way -n: the first wrong line ends it" run 1 "$@" -n
    check "$way -n: what stood before has run" [ "$(cat "$work/out")" = first ]
    check "$way -n: told why" complains "^stele: ERROR: SyntaxError: "
done
check "-n: a command that is none ends it" run 1 "$stele" shell -n -e "frobnicate 't'
puts 'later'"
check "-n: told so" complains "^stele: ERROR: NoMethodError: .*'frobnicate'"
check "-n: what follows is not run" [ ! -s "$work/out" ]
check "a statement that does not end is told" run 0 "$stele" shell -e "puts 'before'
create 't', {"
check "after all before it" [ "$(only_results)" = $'before\nERROR: SyntaxError: ' ]

# Who tries for minutes says so at once. (Port 1: nobody listens there.)
tries() { timeout 5 "$stele" "$@" --connect=127.0.0.1:1 >"$work/out" 2>"$work/err" </dev/null; [ $? -eq 124 ]; }
check "an import that nobody answers goes on trying" tries import t --format=cells -
check "and says so" complains "^stele: import: cannot connect to 127.0.0.1:1: Connection refused; trying again for some minutes$"
check "an export does too" tries export t
check "and says so" complains "^stele: export: cannot connect to 127.0.0.1:1: Connection refused; trying again for some minutes$"

# Its arguments, and what is beside it.
printf 'TWICE = ->(x) { x * 2 }\n' >"$work/beside.rb"
printf 'require_relative "beside"\nputs [$0, __FILE__, ARGV, TWICE.call(ARGV.size)].inspect\nabort "enough"\n' >"$work/arguments.rb"
check "a script ends by abort" run 1 "$stele" shell -n "$work/arguments.rb" one --connect="$address" -- -n 'two words'
check "it has its arguments" grep -qxF "[\"$work/arguments.rb\", \"$work/arguments.rb\", [\"one\", \"-n\", \"two words\"], 6]" "$work/out"
check "what it warns of is on stderr" complains "^enough$"

check "a regular expression nested too deeply is refused" run 1 "$stele" shell -n -e "Regexp.new('(' * 20000 + ')' * 20000)"
check "and told so" complains "^stele: ERROR: ArgumentError: Failed parse of regular expression "

# ---- the server's one line, and its end ----
check "one line on stdout" diff <(echo "ready hbase=$address") "$work/ready"
# The time is measured up to three times: the machine may have stood still.
for try in 1 2 3; do
    [ $try -eq 1 ] || start_server
    "$stele" bench load --table=busy$try --rows=1000 --duration=120 --mix=update:100 --connections=2 --depth=16 -q >/dev/null 2>&1 &
    load=$!
    # under load: when the table has grown
    until timeout 20 "$stele" shell -n -e "get 'busy$try', 'none'" >/dev/null 2>&1 || ! kill -0 $load 2>/dev/null; do sleep 0.02; done
    began=$(date +%s%N)
    kill -TERM "$server"
    wait "$server"
    code=$? server=
    took_ms=$((($(date +%s%N) - began) / 1000000))
    check "SIGTERM under load ends with 0" [ $code -eq 0 ]
    check "the load ran until then" kill -0 $load
    { kill -KILL $load && wait $load; } 2>/dev/null
    check "nothing more on stdout" diff <(echo "ready hbase=$address") "$work/ready"
    [ $took_ms -ge 5000 ] || break
    echo "try $try: the end took $took_ms ms"
done
check "within 5 s" [ $took_ms -lt 5000 ]

# While it starts: who waits for a ZooKeeper (for 30 s, and then fails) is stopped all the same.
"$stele" tabletserver "$work/data" --zookeeper=127.0.0.1:1 --listen=127.0.0.1:0 --web-port=off >/dev/null 2>&1 &
waits=$!
catches_term() { (((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$waits/status) >> 14) & 1)); }
for _ in $(seq 600); do catches_term && break; sleep 0.05; done
kill -TERM $waits
wait $waits
check "SIGTERM while it waits for ZooKeeper ends with 0" [ $? -eq 0 ]

# ---- what clients are told ----
start_server --zookeeper-port=0 --advertise=localhost:0
port=${address##*:}
check "the line tells the advertised name" diff <(echo "ready hbase=localhost:$port zookeeper=localhost:${zookeeper##*:}") "$work/ready"
told() {
    PYTHONPATH=$top/tests/cluster python3 - "127.0.0.1:$port" "127.0.0.1:${zookeeper##*:}" <<'PY'
import socket, struct, sys
from wire import Connection, field, get, server_name
port = int(sys.argv[1].rsplit(":", 1)[1])
place = field(1, b"localhost") + field(2, port)
registry = Connection(sys.argv[1], "ClientMetaService")
assert place in registry.call("GetActiveMaster")[1][0]
assert place in b"".join(registry.call("GetMetaRegionLocations")[1])

def ask(s, message):
    s.sendall(struct.pack(">I", len(message)) + message)
    size = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
    return s.recv(size, socket.MSG_WAITALL)

host, zookeeper = sys.argv[2].rsplit(":", 1)
with socket.create_connection((host, int(zookeeper)), 60) as s:
    ask(s, struct.pack(">iqiqi16s", 0, 0, 30000, 0, 16, b""))
    for node in (b"/hbase/meta-region-server", b"/hbase/master"):
        assert place in ask(s, struct.pack(">iii", 1, 4, len(node)) + node + b"\0"), node
PY
}
check "the registry and ZooKeeper's nodes tell it" told
run 0 "$stele" shell -n --connect="127.0.0.1:$port" -e "scan 'hbase:meta', {COLUMNS => 'info:server'}"
check "hbase:meta tells it" [ "$(grep -c "value=localhost:$port$" "$work/out")" -ge 3 ]
stop_server

# ---- readiness for systemd, and what is not built ----
notified() {
    python3 - "$stele" "$work/notified" "$1" <<'PY'
import os, signal, socket, subprocess, sys
stele, directory, name = sys.argv[1:]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.bind(name.replace("@", "\0", 1))
    s.settimeout(60)
    process = subprocess.Popen([stele, "standalone", directory, "--listen=127.0.0.1:0", "--zookeeper-port=off", "--web-port=off"],
                               env={**os.environ, "NOTIFY_SOCKET": name}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert s.recv(100) == b"READY=1"
        assert process.stdout.readline().startswith(b"ready ")
        process.send_signal(signal.SIGTERM)
        assert s.recv(100) == b"STOPPING=1"
        assert process.wait(60) == 0
    finally:
        process.kill()
PY
}
check "sd_notify" notified "$work/notify"
check "sd_notify to an abstract socket" notified "@stele-cli-$$"
check "Bigtable is not built" run 2 "$stele" standalone "$work/x" --listen=127.0.0.1:0 --bigtable-port=8086
check "and is said so" complains "bigtable-port.*not built yet"

# ---- what a program reads ----
json() { python3 -c "import json,sys; j=json.load(open('$work/out')); sys.exit(not ($1))"; }
check "the version as JSON" run 0 "$stele" version --json
check "is the version" json '"stele %s" % j["version"] == __import__("subprocess").check_output(["'"$stele"'", "version"], text=True).strip()'
"$stele" standalone "$work/checked" --listen=127.0.0.1:0 --zookeeper-port=0 --bigtable-port=off --web-port=off >"$work/ready.checked" 2>/dev/null &
checked=$!
for _ in $(seq 600); do grep -q ^ready "$work/ready.checked" && break; sleep 0.1; done
kill $checked
wait $checked
check "fsck of a clean directory as JSON" run 0 "$stele" fsck "$work/checked" --json
check "it is clean" json 'j["schema"] == "stele.fsck/1" and j["problems"] == [] == j["acts"]'
cp -a "$work/checked" "$work/checked-table"
broken=$(ls "$work"/checked/tables/meta/tablets/* | tail -n 1)
printf x | dd of="$broken" bs=1 seek=40 conv=notrunc 2>/dev/null
check "fsck of a damaged one as JSON" run 1 "$stele" fsck "$work/checked" --json
check "it names the file" json 'len(j["problems"]) >= 1 and j["problems"][0]["file"] == "'"$broken"'" and "checksum" in j["problems"][0]["what"]'
broken=$(ls "$work"/checked-table/tables/meta/sst/* | tail -n 1)
printf x | dd of="$broken" bs=1 seek=20 conv=notrunc 2>/dev/null
check "fsck of a damaged SSTable" run 1 "$stele" fsck "$work/checked-table"
check "it names the file once" grep -Eq "^$(printf '%s' "$broken" | sed 's/[.+]/[&]/g'): offset [0-9]+: [^/]*checksum[^/]*$" "$work/out"
check "fsck of a damaged manifest" run 1 "$stele" fsck "$work/checked"
check "no line names its file twice" grep -Evq '(/tables/[^ ]*).*\1' "$work/out"

# ---- default ports that are taken, in a network of its own ----
defaults() {
    unshare -n -- bash -c 'ip link set lo up && exec python3 - "$@"' bash "$stele" "$work/defaults" <<'PY'
import re, socket, subprocess, sys
stele, directory = sys.argv[1:]

def serve(*options):
    """The ready line, the exit code and the errors of a server that is stopped as soon as it serves."""
    process = subprocess.Popen([stele, "standalone", directory, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    process.terminate()
    rest, errors = process.communicate(timeout=60)
    assert rest == "", rest
    return line, process.returncode, errors

line, code, errors = serve()
assert line == "ready hbase=127.0.0.1:16000 zookeeper=127.0.0.1:2181 web=127.0.0.1:16010\n" and code == 0, (line, code, errors)
taken = [socket.create_server(("127.0.0.1", port)) for port in (2181, 16010)]
line, code, errors = serve()
assert line == "ready hbase=127.0.0.1:16000\n" and code == 0, (line, code, errors)
for service, port in (("zookeeper", 2181), ("web", 16010)):
    told = [one for one in errors.splitlines() if " %s.off " % service in one]
    assert len(told) == 1 and str(port) in told[0], errors
    line, code, told = serve("--%s-port=%d" % (service, port))
    assert line == "" and code == 1 and re.search("^stele: .*%d.* in use$" % port, told, re.M), (line, code, told)
PY
}
if command -v ip >/dev/null && unshare -n true 2>/dev/null; then
    check "default ports that are taken are left out, others are errors" defaults
else
    skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
