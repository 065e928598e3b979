#!/usr/bin/env python3
"""What measuring heat costs a call: the share of the server's instructions for each read and update, by callgrind.

    heat_cost.py [CALLS]      20000; STELE names the program (build/release/cli/stele)

One server runs under callgrind, driven by `bench load` over one connection, twice for each kind of call: with CALLS and with
three times as many. The difference is what the calls cost, without what a load does before and after. Callgrind
writes and clears its counters when web_get_token is entered: one HTTP request ends a part.

Heat is what lies in tablet_heat_add and in tablet_heat_second, and all that they call. Three parts of it are told apart, as their
shares depend on how many calls a second a tablet has, and under callgrind the machine is slow: what each call costs; what
one costs more that is a sample for hot rows, of which there are never more than some 192 a second (server/heat/hot_rows.h
says which calls are); and what the end of a second costs. Told are the costs at RATES calls a second of a tablet: exit 1
when one of the first two is above 2 %. At the third it is some 2 %, of a server that idles."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
STELE = os.environ.get("STELE", str(TOP / "build" / "release" / "cli" / "stele"))
MOST = 2.0  # percent
EXACT, STRIDE, SAMPLES, BURST = 64, 4, 192, 512  # as of server/heat/hot_rows.h; a window is a minute
RATES = 10000, 1000, 100  # calls a second of a tablet
PATIENCE = 60  # seconds until the server's second ends
ADD, SAMPLE, SECOND, KEPT = ("tablet_heat_add",), ("hot_rows_count", "hot_sampler_take"), ("tablet_heat_second",), ("heat_ring_append",)


class Profile:
    """Of a part: instructions of all, and calls of a function with what they took."""

    def __init__(self, path):
        self.total, self.calls, self.took = 0, {}, {}
        names, callee = {}, None
        for line in open(path, errors="replace"):
            if match := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line):
                if match[3]:
                    names[match[2]] = match[3].strip()
                if match[1] == "cfn":
                    callee = names[match[2]]
            elif line.startswith("calls=") and callee:
                count = int(line[6:].split()[0])
                self.calls[callee] = self.calls.get(callee, 0) + count
            elif callee and re.match(r"[+\-*\d]", line):
                self.took[callee] = self.took.get(callee, 0) + int(line.split()[1])
                callee = None
            elif line.startswith(("summary:", "totals:")):
                self.total = int(line.split()[1])

    def of(self, names, what):
        return sum(count for name, count in what.items() if name.split("'")[0].split(".lto_priv")[0] in names)


class Server:
    def __init__(self, directory):
        self.profile = directory / "profile"
        self.parts = 0
        self.log = open(directory / "log", "w+")
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + str(self.profile), "--dump-before=web_get_token", STELE, "standalone",
             str(directory / "data"), "--listen=127.0.0.1:0", "--zookeeper-port=off", "--bigtable-port=off", "--web-port=0"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.ready = dict(word.split("=", 1) for word in self.process.stdout.readline().split()[1:])
        if not self.ready:
            self.log.seek(0)
            sys.exit("heat_cost: the server did not start: " + self.log.read())

    def load(self, *options):
        subprocess.run([STELE, "bench", "load", "-q", "--connect=" + self.ready["hbase"], "--table=cost", "--rows=2000", "--patience=60s", *options],
                       stdout=subprocess.DEVNULL, check=True)

    def part(self):
        """Ends it."""
        urllib.request.urlopen("http://%s/api/v1/token" % self.ready["web"], timeout=60).read()
        self.parts += 1
        path = pathlib.Path("%s.%d" % (self.profile, self.parts))
        while not path.exists() or "totals:" not in path.read_text(errors="replace")[-200:]:
            if self.process.poll() is not None:
                sys.exit("heat_cost: the server has ended")
            time.sleep(0.01)
        return Profile(path)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def samples_at(rate):
    """A second, by the sampler's rules (hot_sampler_take)."""
    stride = 1 if rate <= EXACT else STRIDE
    while stride > 1 and rate / stride > SAMPLES:
        stride *= 2
    return rate / stride + min(rate, BURST / 60) * (1 - 1 / stride)


def cost(server, kind, calls):
    """True: it is small enough."""
    server.part()
    parts = []
    for count in (calls, calls * 3):
        server.load("--reuse", "--mix=" + kind, "--operations=%d" % count)
        parts.append(server.part())
    less, more = parts

    def all_of(names, what):
        return sum(part.of(names, getattr(part, what)) for part in parts)

    for _ in range(PATIENCE * 10):  # on a fast machine both loads are done within a second, and its end comes after them
        if all_of(KEPT, "calls"):
            break
        time.sleep(0.1)
        parts.append(server.part())
    added, samples, seconds = all_of(ADD, "calls"), all_of(SAMPLE[:1], "calls"), all_of(KEPT, "calls")
    if added != calls * 4 or samples < 1 or seconds < 1:
        sys.exit("heat_cost: %s: %d calls were counted, %d sampled, of %d, in %d seconds" % (kind, added, samples, calls * 4, seconds))
    sample = all_of(SAMPLE, "took") / samples
    second = all_of(SECOND, "took") / seconds
    always = (all_of(ADD, "took") - all_of(SAMPLE, "took")) / added
    rest = (more.total - less.total - more.of(ADD + SECOND, more.took) + less.of(ADD + SECOND, less.took)) / (calls * 2)
    shares = [(always + sample * samples_at(rate) / rate + second / rate) * 100 / rest for rate in RATES]
    print("%s: %.0f instructions a call; for heat %.0f more, %.0f if it is a sample, and %.0f each second of a tablet: %s" % (
        kind, rest, always, sample, second, ", ".join("%.2f %% at %d a second" % (share, rate) for share, rate in zip(shares, RATES))))
    return max(shares[:2]) <= MOST


def main():
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    with tempfile.TemporaryDirectory(prefix="stele-heat-") as directory:
        server = Server(pathlib.Path(directory))
        try:
            server.load("--operations=100")
            fine = [cost(server, kind, calls) for kind in ("read", "update")]
        finally:
            server.stop()
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
