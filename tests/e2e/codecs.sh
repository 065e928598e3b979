#!/usr/bin/env bash
# Cell blocks with tags (KeyValueCodecWithTags), as a client that keeps cells' times to live itself sends and reads them;
# and each answer in the codec that its connection asked for. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
. "$(dirname "$0")/ask.sh"
start_server
"$stele" shell -n -e "create 't', 'f'" >/dev/null

ask t <<'PY'
import struct
TTL, OTHER = 8, 65  # kinds of tags: milliseconds to live, as HBase's; one that is nobody's
tagged = Connection(sys.argv[1], "ClientService", codec="KeyValueCodecWithTags")
plain = Connection(sys.argv[1], "ClientService", codec="KeyValueCodec")

def mutation(row, cells):
    """A put of so many cells of the block."""
    return field(1, row) + field(2, 2) + field(8, cells)

def ttl(ms):
    return tag(TTL, struct.pack(">q", ms))

def read(connection, row=b"r"):
    """What a get says: the result, and the block beside it."""
    return fields(connection.call("Get", get(region, row))[1][0]), connection.cells

def inline(row, qualifier, value):
    """How a message says a cell of time 1000."""
    return field(1, row) + field(2, b"f") + field(3, qualifier) + field(4, 1000) + field(5, 4) + field(6, value)

def scan(connection):
    """All of the first rows: the answer, and the block beside it."""
    answer = connection.call("Scan", field(1, specifier(region)) + field(2, b"") + field(4, 10) + field(5, 1))
    return answer, connection.cells

lives = ttl(1 << 60) + tag(OTHER, b"mark")
sent = [cell(b"r", b"f", b"a", 1000, b"va", lives), cell(b"r", b"f", b"b", 1000, b"vb"), cell(b"r", b"f", b"dead", 1000, b"vc", ttl(1)),
        cell(b"r", b"f", b"e", 1000, b"ve", tag(OTHER, b""))]
tagged.call("Mutate", field(1, specifier(region)) + field(2, mutation(b"r", len(sent))), cells=b"".join(sent))
kept = b"".join([sent[0], sent[1], sent[3]])
bare = b"".join(cell(b"r", b"f", name, 1000, value) for name, value in ((b"a", b"va"), (b"b", b"vb"), (b"e", b"ve")))
result, block = read(tagged)
check("a cell's time to live comes in a tag of its block", b"dead" not in block, block)
check("tags are answered to who takes them, byte for byte", result.get(2) == [3] and 1 not in result and block == kept, (result, block))
result, block = read(plain)
check("KeyValueCodec knows no tags", result.get(2) == [3] and 1 not in result and block == bare, (result, block))
result, block = read(client)
said = [inline(b"r", name, value) for name, value in ((b"a", b"va"), (b"b", b"vb"), (b"e", b"ve"))]
check("without a codec cells are in the message, without tags", result.get(1) == said and 2 not in result and not block, result)

# a batch, with tags on some of its cells
actions = field(3, field(1, 0) + field(2, mutation(b"s", 2))) + field(3, field(1, 1) + field(2, mutation(b"u", 1)))
sent_s = cell(b"s", b"f", b"a", 1000, b"vs", lives) + cell(b"s", b"f", b"b", 1000, b"vs", ttl(1))
tagged.call("Multi", field(1, field(1, specifier(region)) + actions), cells=sent_s + cell(b"u", b"f", b"a", 1000, b"vu"))
check("tags in a batch", read(tagged, b"s")[1] == cell(b"s", b"f", b"a", 1000, b"vs", lives), read(tagged, b"s"))
reads = b"".join(field(3, field(1, i) + field(3, field(1, row))) for i, row in enumerate((b"s", b"u")))
batch = field(1, field(1, specifier(region)) + reads)
all_rows = kept + read(tagged, b"s")[1] + cell(b"u", b"f", b"a", 1000, b"vu")
all_bare = bare + cell(b"s", b"f", b"a", 1000, b"vs") + cell(b"u", b"f", b"a", 1000, b"vu")
tagged.call("Multi", batch)
check("a batch of gets answers with tags", tagged.cells == all_rows[len(kept):], tagged.cells)
plain.call("Multi", batch)
check("and without", plain.cells == all_bare[len(bare):], plain.cells)
client.call("Multi", batch)
check("and in the message", not client.cells, client.cells)

# scans
answer, block = scan(tagged)
check("a scan answers with tags", block == all_rows, block)
answer, block = scan(plain)
check("and without them", block == all_bare, block)
answer, block = scan(client)
rows = [fields(row)[1] for row in answer[5]]
check("and in the message", rows[0] == said and rows[1:] == [[inline(b"s", b"a", b"vs")], [inline(b"u", b"a", b"vu")]] and not block, answer)

# what an append adds to keeps what its cell had; the answer is in the codec, too
appended = field(1, specifier(region)) + field(2, field(1, b"s") + field(2, 0) + field(3, field(1, b"f") + field(2, field(1, b"a") + field(2, b"+"))))
tagged.call("Mutate", appended)
check("an append answers with the tags of what it added to", tagged.cells.endswith(b"vs+" + struct.pack(">H", len(lives)) + lives), tagged.cells)
plain.call("Mutate", appended)
check("and without", plain.cells.endswith(b"vs++"), plain.cells)

# tags that are none: refused, nothing is written, and the connection goes on
for name, bad in (("a tag longer than all tags", b"\0\7\x41"), ("a tag without a kind", b"\0\0"), ("half a tag", b"\0")):
    try:
        tagged.call("Mutate", field(1, specifier(region)) + field(2, mutation(b"bad", 1)), cells=cell(b"bad", b"f", b"a", 1000, b"v", bad))
        check(name, False)
    except Refused as refusal:
        check(name, refusal.name == "DoNotRetryIOException" and "tags are malformed" in refusal.text, refusal)
check("nothing of it was written", read(tagged, b"bad")[1] == b"")
PY
"$stele" shell -n -e "flush 't'" >/dev/null
ask t <<'PY'
tagged = Connection(sys.argv[1], "ClientService", codec="KeyValueCodecWithTags")
tagged.call("Get", get(region, b"r"))
check("tags outlive a flush", tagged.cells.count(b"mark") == 1 and b"dead" not in tagged.cells, tagged.cells)
PY
tell 18
