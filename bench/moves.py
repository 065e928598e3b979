#!/usr/bin/env python3
"""How long rows cannot be written while their tablet moves: a writer that follows every RegionMovedException at once, and
does nothing else, sees gaps between its acknowledgements; those in which it was sent elsewhere count.

    bench/moves.py DIR [MOVES [RATE]]    DIR: a running cluster of tests/support/cluster.sh, two tablet servers or more,
                                         started with OPTIONS=--web-port=0

Prints the gaps' p50, p99 and worst beside the time between other acknowledgements (flushes are in those), and what else the writer was
answered. With a RATE there is one move a second, and `stele bench load` writes and reads rows of 1 KB in the same tablet meanwhile, so many operations a
second: what it says of latency and failures is libstele's picture of the same moves. Then which SSTable bytes were written, by cause: the
tablet has FILLED rows of 1 KB in SSTables, and no byte of them may be written again (exit 1)."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/cluster"))
from sstable_bytes import SstableBytes  # noqa: E402
from wire import Cluster, Connection, Refused, moved_to, put  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../build/release/cli/stele"))

FILLED = int(os.environ.get("FILLED", "50000"))


class Writer(threading.Thread):
    def __init__(self, address, encoded):
        super().__init__()
        self.address, self.encoded = address, encoded
        self.connections = {}
        self.gaps = []  # (end, seconds, was refused in it) of consecutive acknowledgements
        self.refusals = {}
        self.is_stopping = False

    def call(self, number):
        if self.address not in self.connections:
            self.connections[self.address] = Connection(self.address, "ClientService")
        self.connections[self.address].call("Mutate", put(self.encoded, b"row", "f", "q", b"%d" % number))

    def run(self):
        last, number, was_refused = time.monotonic(), 0, False
        while not self.is_stopping:
            try:
                self.call(number)
                number += 1
                now = time.monotonic()
                self.gaps.append((now, now - last, was_refused))
                last, was_refused = now, False
            except Refused as refusal:
                self.refusals[refusal.name] = self.refusals.get(refusal.name, 0) + 1
                was_refused = True
                self.address = moved_to(refusal) or self.address
                if refusal.name != "RegionMovedException":
                    time.sleep(0.001)


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000


def main():
    cluster = Cluster(sys.argv[1])
    moves = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with open(os.path.join(sys.argv[1], "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"
    subprocess.run([STELE, "shell", zookeeper], input=b"create 'moves', 'f'\n", stdout=subprocess.DEVNULL, check=True)
    subprocess.run([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--fill", "--table=moves", f"--rows={FILLED}", "--value-size=1000", "--mix=get:100",
                    "--operations=1"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run([STELE, "shell", "-n", zookeeper], input=b"flush 'moves'\nbalance_switch false\n", stdout=subprocess.DEVNULL, check=True)
    sstables = SstableBytes(STELE, sys.argv[1], zookeeper)
    servers = cluster.server_texts()
    address, region = next((a, r) for a, r in cluster.regions() if r.table == "moves")
    writer = Writer(address, region.encoded)
    writer.start()
    master = cluster.master()
    load, pause = None, 0.15
    if len(sys.argv) > 3:
        pause = 1
        load = subprocess.Popen([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--key-order=hashed", "--table=moves", "--mix=put:70,get:30", "--depth=4",
                                 "--connections=4", "--value-size=1000", "--rate=" + sys.argv[3],
                                 f"--duration={int(moves * pause + 2)}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(1)
    time.sleep(1)
    before = len(writer.gaps)
    for number in range(moves):
        others = [one for one in servers if one != address]
        address = others[number % len(others)]
        begin = time.monotonic()
        cluster.move(master, region.encoded, servers[address])
        while not any(a == address and r.encoded == region.encoded for a, r in cluster.regions()):
            time.sleep(0.005)
        time.sleep(max(0.15, begin + pause - time.monotonic()))
    writer.is_stopping = True
    writer.join()
    usual = [gap for _, gap, was_refused in writer.gaps[before:] if not was_refused]
    moved = [gap for _, gap, was_refused in writer.gaps[before:] if was_refused]
    print(f"writes {len(usual)}, usually {share(usual, 0.5):.1f} ms apart (p99 {share(usual, 0.99):.1f}, "
          f"p99.9 {share(usual, 0.999):.1f}, worst {max(usual) * 1000:.1f})")
    print(f"moves {moves}: rows not written for p50 {share(moved, 0.5):.1f} ms, p99 {share(moved, 0.99):.1f} ms, "
          f"worst {max(moved) * 1000:.1f} ms")
    print("the writer was answered", writer.refusals)
    if load:
        print(load.communicate()[0].decode(), end="")
    sys.exit(not sstables.tell())


main()
