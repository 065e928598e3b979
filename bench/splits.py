#!/usr/bin/env python3
"""How long rows cannot be written while their tablet is split, and while the halves are merged again: a writer that looks
for the tablet of its row as soon as it is refused, and does nothing else, sees gaps between its acknowledgements.

    bench/splits.py DIR [ROUNDS [RATE]]    DIR: a running cluster of tests/support/cluster.sh, started with OPTIONS=--web-port=0

Prints p50, p99 and worst of both. With a RATE, `stele bench load` works on the same table meanwhile, so many operations a
second: what it says of latency and failures is libstele's picture of the same splits and merges. Then which SSTable bytes were written, by
cause: the table has FILLED rows of 1 KB in SSTables, and no byte of them may be written again (exit 1)."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/cluster"))
from sstable_bytes import SstableBytes  # noqa: E402
from wire import Cluster, Connection, Refused, Region, field, put, specifier  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../build/release/cli/stele"))
TABLE, ROW, MIDDLE = "splits", b"row", b"user5"
FILLED = int(os.environ.get("FILLED", "50000"))


class Writer(threading.Thread):
    def __init__(self, cluster):
        super().__init__()
        self.servers = cluster.tablet_servers()
        self.clients = {address: Connection(address, "ClientService") for address in self.servers}
        self.admins = {address: Connection(address, "AdminService") for address in self.servers}
        self.gaps = []  # seconds between acknowledgements with a refusal between them, by what was under way
        self.usual = []
        self.under_way = "split"
        self.is_stopping = False

    def regions(self):
        for address in self.servers:
            for one in self.admins[address].call("GetOnlineRegion").get(1, []):
                region = Region(one)
                if region.table == TABLE:
                    yield address, region

    def find(self):
        return next(((a, r.encoded) for a, r in self.regions() if r.has(ROW)), None)

    def run(self):
        last, number, was_refused, place = time.monotonic(), 0, False, self.find()
        while not self.is_stopping:
            try:
                if place:
                    self.clients[place[0]].call("Mutate", put(place[1], ROW, "f", "q", b"%d" % number))
                else:
                    raise Refused("", "")
                number += 1
                now = time.monotonic()
                (self.gaps if was_refused else self.usual).append((self.under_way, now - last))
                last, was_refused = now, False
            except Refused:
                was_refused = True
                place = self.find()


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000


def wait_for(master, id_field):
    """Until the procedure has ended."""
    while id_field and master.call("getProcedureResult", field(1, id_field))[1][0] != 2:
        time.sleep(0.002)


def main():
    cluster = Cluster(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with open(os.path.join(sys.argv[1], "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"
    subprocess.run([STELE, "shell", zookeeper], input=b"balance_switch false\ncreate 'splits', 'f'\n",
                   stdout=subprocess.DEVNULL, check=True)
    subprocess.run([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--fill", "--table=" + TABLE, f"--rows={FILLED}", "--value-size=1000",
                    "--key-order=hashed", "--mix=get:100", "--operations=1"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run([STELE, "shell", "-n", zookeeper], input=b"flush 'splits'\n", stdout=subprocess.DEVNULL, check=True)
    sstables = SstableBytes(STELE, sys.argv[1], zookeeper)
    writer, master, load, pause = Writer(cluster), cluster.master(), None, 0.1
    asker = Writer(cluster)
    if len(sys.argv) > 3:
        pause = 0.5
        load = subprocess.Popen([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--key-order=hashed", "--table=" + TABLE, "--mix=put:70,get:30", "--depth=4",
                                 "--connections=4", "--value-size=1000", "--rate=" + sys.argv[3],
                                 f"--duration={int(rounds * 2 * (pause + 0.1) + 2)}"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        time.sleep(1)
    writer.start()
    time.sleep(1)
    for _ in range(rounds):
        region = next(r for _, r in asker.regions() if r.has(ROW))
        info = field(1, region.id) + field(2, field(1, "default") + field(2, TABLE)) + field(3, region.start) + field(4, region.end)
        writer.under_way = "split"
        wait_for(master, master.call("SplitRegion", field(1, info) + field(2, MIDDLE)).get(1, [0])[0])
        time.sleep(pause)
        writer.under_way = "merge"
        halves = b"".join(field(1, specifier(r.encoded)) for _, r in asker.regions())
        wait_for(master, master.call("MergeTableRegions", halves).get(1, [0])[0])
        time.sleep(pause)
    writer.is_stopping = True
    writer.join()
    usual = [gap for _, gap in writer.usual]
    print(f"writes {len(usual)}, usually {share(usual, 0.5):.1f} ms apart (p99 {share(usual, 0.99):.1f}, worst {max(usual) * 1000:.1f})")
    for what in ("split", "merge"):
        gaps = [gap for one, gap in writer.gaps if one == what]
        print(f"{what}s {len(gaps)}: rows not written for p50 {share(gaps, 0.5):.1f} ms, p99 {share(gaps, 0.99):.1f} ms, "
              f"worst {max(gaps) * 1000:.1f} ms")
    if load:
        print(load.communicate()[0].decode(), end="")
    sys.exit(not sstables.tell())


main()
