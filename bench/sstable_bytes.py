"""Which SSTable bytes a cluster writes while tablets move, split and merge, and why: from the servers' own counters
(/metrics), and counted once more in the directory. Design 4: such changes write manifests and copy no data, so what is written
is memtables: flushed before a tablet's rows stop, the small rest, and what is flushed for other reasons.

The cluster of tests/support/cluster.sh must have been started with OPTIONS=--web-port=0."""
import os
import re
import subprocess
import sys
import time
import urllib.request

CAUSES = {"before close": "stele_flushed_before_close_bytes_total", "the small rest": "stele_flushed_at_close_bytes_total",
          "all flushes": "stele_flushed_bytes_total", "compactions": "stele_compacted_bytes_total"}


def webs(directory):
    """Web ports of the tablet servers."""
    for name in sorted(os.listdir(directory)):
        if re.fullmatch(r"t\d+\.ready", name):
            with open(os.path.join(directory, name)) as file:
                found = re.search(r" web=(\S+)", file.read())
            if not found:
                sys.exit(f"{name}: no web port; start the cluster with OPTIONS=--web-port=0")
            yield found[1]


class SstableBytes:
    """From now on, until tell(). Compactions, which go on for reasons of their own, are off meanwhile."""

    def __init__(self, stele, directory, zookeeper):
        self.stele, self.directory, self.zookeeper = stele, directory, zookeeper
        self.shell("compaction_switch false")
        self.files = self.settled()
        self.counters = self.count()

    def shell(self, line):
        subprocess.run([self.stele, "shell", "-n", self.zookeeper], input=(line + "\n").encode(), stdout=subprocess.DEVNULL, check=True)

    def count(self):
        sums = dict.fromkeys(CAUSES, 0)
        for address in webs(self.directory):
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            for cause, name in CAUSES.items():
                sums[cause] += int(float(re.search(rf"^{name} (\S+)$", text, re.M)[1]))
        return sums

    def look(self):
        """Every SSTable: who it is (an inode is never written twice), and its bytes."""
        found = {}
        for folder, _, names in os.walk(os.path.join(self.directory, "root/tables")):
            for name in names:
                if name.endswith(".sst"):
                    stat = os.stat(os.path.join(folder, name))
                    found[os.path.join(folder, name)] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return found

    def settled(self):
        """When compactions under way have ended."""
        before, since = self.look(), time.monotonic()
        while time.monotonic() - since < 2:
            time.sleep(0.2)
            now = self.look()
            if now != before:
                before, since = now, time.monotonic()
        return before

    def tell(self):
        """Prints; True when no byte that was there has been written again."""
        files, counters = self.look(), self.count()
        self.shell("compaction_switch true")
        written = {cause: counters[cause] - self.counters[cause] for cause in CAUSES}
        rest = written["all flushes"] - written["before close"] - written["the small rest"]
        changed = sum(size for path, (inode, size, written_ns) in self.files.items() if files.get(path, (inode, size, written_ns)) != (inode, size, written_ns))
        gone = sum(size for path, (_, size, _) in self.files.items() if path not in files)
        there = sum(size for _, size, _ in self.files.values())
        new = sum(size for path, (_, size, _) in files.items() if path not in self.files)
        rewritten = changed + written["compactions"] + max(0, new - written["all flushes"])
        print(f"SSTable bytes written: before close {written['before close']:,}, the small rest {written['the small rest']:,}, other flushes {rest:,}, "
              f"compactions {written['compactions']:,}; in the directory {new:,} new; of {there:,} that were there {rewritten:,} rewritten"
              + (f" ({gone:,} taken away, compacted before)" if gone else ""))
        is_well = rewritten == 0 and new == written["all flushes"]
        if not is_well:
            print("SSTable bytes were rewritten, or the counters and the directory do not agree", file=sys.stderr)
        return is_well
