#!/usr/bin/env bash
# The server closes a scanner with its last row. Clients of before HBase 2 (hbase-rpc-client of npm, for one) do not know
# and ask once more, or close it: as in HBase, that is an empty answer and no error. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
. "$(dirname "$0")/ask.sh"
start_server
"$stele" shell -n -e "create 't', 'f'; put 't', 'a', 'f:q', '1'; put 't', 'b', 'f:q', '2'" >/dev/null

ask t <<'PY'
REGION, SCAN, ID, ROWS, CLOSE, SEQ = 1, 2, 3, 4, 5, 6

def scan(*parts):
    """(scanner id, rows, whether the region has more: 1, 0 or None when it is not said)"""
    answer = client.call("Scan", b"".join(parts))
    return answer[2][0], len(answer.get(5, [])), answer.get(8, [None])[0]

def refusal(*parts):
    try:
        return scan(*parts)
    except Refused as refused:
        return str(refused)

first = field(REGION, specifier(region)) + field(SCAN, b"")

scanner, rows, more = scan(first, field(ROWS, 10))
check("two rows, and no more", (rows, more) == (2, 0), (rows, more))
check("once more, without a number", scan(field(ID, scanner), field(ROWS, 10)) == (scanner, 0, None))
check("closed after its end", scan(field(ID, scanner), field(CLOSE, 1)) == (scanner, 0, None))
check("and once more", scan(field(ID, scanner), field(CLOSE, 1)) == (scanner, 0, None))

scanner, rows, more = scan(first, field(ROWS, 1))
check("a row, and more", (rows, more) == (1, 1), (rows, more))
check("the other", scan(field(ID, scanner), field(ROWS, 5), field(SEQ, 0))[1:] == (1, 0))
check("the next number after the end", scan(field(ID, scanner), field(ROWS, 5), field(SEQ, 1)) == (scanner, 0, None))
said = refusal(field(ID, scanner), field(ROWS, 5), field(SEQ, 0))
check("a call repeated after the end must not look like the end", "OutOfOrderScannerNextException" in said and "nextCallSeq: 1 " in said, said)
said = refusal(field(ID, scanner + 1), field(ROWS, 5))
check("a scanner that never was", "UnknownScannerException" in said, said)
PY
tell 9
