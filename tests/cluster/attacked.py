"""A cluster of real processes under attack, with the load of cluster_load.c on it; what run-agitator and run-partitions share."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from wire import Cluster, Connection, Refused, Region, field, fields, server_name, specifier  # noqa: E402

STELE = os.environ.get("STELE", str(HERE.parent.parent / "build/release/cli/stele"))
LOAD = pathlib.Path(os.path.realpath(STELE)).parent.parent / "tests/cluster/cluster_load"
CLUSTER = str(HERE.parent / "support/cluster.sh")
CALL_S = 10  # the longest that a call of ours waits for a server that may stand still
PATIENCE_S = 90  # what is waited for at least: the machine may stand still too. Whoever judges a time measures it, and may measure again


class Failure(Exception):
    pass


class NoLeader(Failure):
    pass


class Slow(Failure):
    """What was measured is too slow, and nothing else is wrong: measured again, see measured()."""


class Skip(Exception):
    pass


def expect(is_true, what):
    if not is_true:
        raise Failure(what)


def wait_until(condition, seconds, what):
    """Until condition() is true, which it returns; refusals and broken connections count as not yet."""
    seconds = max(seconds, PATIENCE_S)
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if answer := condition():
                return answer
        except (OSError, Refused, Failure) as error:
            last = error
        time.sleep(0.05)
    raise Failure(f"{what}: not within {seconds} s" + (f" ({last})" if last else ""))


def measured(story, tries=3):
    """What story() returns; again when it was Slow, for the machine may have had other work."""
    for number in range(1, tries + 1):
        try:
            return story()
        except Slow as slow:
            if number == tries:
                raise
            print(f"  try {number}: {slow}", flush=True)
    return None


class Load:
    """The program; `finish` ends it and has it verify."""

    def __init__(self, zookeeper, seed):
        self.lines, self.progress, self.is_running = [], {"list": 0, "bank": 0, "still": 0}, threading.Event()
        self.process = subprocess.Popen([str(LOAD), zookeeper, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.is_running.wait(240) or "running" not in self.lines:
            self.process.kill()
            raise Failure("the load did not start: " + " | ".join(self.lines))

    def read(self):
        for line in self.process.stdout:
            if line.startswith("progress "):
                self.progress = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
                continue
            self.lines.append(line.strip())
            if line.strip() == "running":
                self.is_running.set()
        self.is_running.set()  # or it ended

    def failures(self):
        return [line for line in self.lines if line.startswith("FAILED")]

    def finish(self, seconds=300):
        """The counts, by part and name, and what failed."""
        self.process.stdin.close()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"the load did not end within {seconds} s: {self.lines[-3:]}")
        self.reader.join(10)
        counts = {}
        for line in self.lines:
            part, _, rest = line.partition(": ")
            if part in ("list", "bank", "still"):
                print(" ", line)
                counts[part] = {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", rest)}
        expect(self.process.returncode == 0 and not self.failures(),
               f"the load failed (exit {self.process.returncode}): " + " | ".join(self.failures()[:5] or self.lines[-3:]))
        return counts


class Attacked(Cluster):
    """A cluster that may be broken in any way while we ask it things."""

    def __init__(self, masters=2, servers=3, session="2s", prepare=None, options=""):
        """prepare(directory) runs before anything is started."""
        super().__init__(tempfile.mkdtemp(prefix="stele-cluster-", dir="/var/tmp"))
        self.environment = {**os.environ, "STELE": STELE, "SESSION": session, "OPTIONS": options}
        if prepare:
            prepare(self.directory)
        self.session_s = float(session.rstrip("s"))
        started = self.script("start", masters, servers)
        if started.returncode == 77:
            raise Skip(started.stderr.strip())
        expect(started.returncode == 0, started.stdout + started.stderr)
        self.zookeeper = started.stdout.strip().split("=")[1]

    def script(self, verb, *names, seconds=300):
        return subprocess.run([CLUSTER, verb, self.directory, *map(str, names)], capture_output=True, text=True,
                              env=self.environment, timeout=seconds, stdin=subprocess.DEVNULL)

    def do(self, verb, *names):
        """A start is tried up to three times: it ends when it reaches no ZooKeeper for 30 s, and a whole machine may stand still as long."""
        for _ in range(3 if verb == "up" else 1):
            done = self.script(verb, *names)
            if done.returncode == 0:
                return
            print(f"  {verb} {' '.join(names)}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        expect(done.returncode == 0, f"{verb} {' '.join(names)}: {done.stderr}")

    def pid(self, name):
        path = os.path.join(self.directory, "zk/pid" if name == "zk" else name + ".pid")
        with open(path) as file:
            return int(file.read())

    def is_up(self, name):
        """Its process is there (it may stand still)."""
        try:
            with open(f"/proc/{self.pid(name)}/stat") as file:
                return file.read().rsplit(") ", 1)[1][0] != "Z"
        except (OSError, ValueError):
            return False

    def everyone(self, letter):
        return [name for name in self.names() if name.startswith(letter)]

    def exit_lines(self, name):
        """The last lines of a process's log."""
        with open(os.path.join(self.directory, name + ".log")) as file:
            return file.read().splitlines()[-3:]

    # ---- Asking ----

    def leader(self):
        """(name, connection) of the master that leads."""
        for name in self.everyone("m"):
            if not self.is_up(name):
                continue
            try:
                connection = Connection(self.address(name), "MasterService", CALL_S)
                if connection.call("IsMasterRunning").get(1) == [1]:
                    return name, connection
                connection.close()
            except (OSError, Refused):
                continue
        raise NoLeader("no master leads")

    def open_regions(self, but=()):
        """[(name of the server, Region)], of the servers that answer and are not among `but`."""
        found = []
        for name in self.everyone("t"):
            if name in but or not self.is_up(name):
                continue
            try:
                connection = Connection(self.address(name), "AdminService", CALL_S)
                found += [(name, Region(one)) for one in connection.call("GetOnlineRegion").get(1, [])]
                connection.close()
            except (OSError, Refused):
                continue
        return found

    def server_text(self, name):
        connection = Connection(self.address(name), "AdminService", CALL_S)
        found = fields(fields(connection.call("GetServerInfo")[1][0])[1][0])
        connection.close()
        return f"{found[1][0].decode()},{found[2][0]},{found[3][0]}"

    # ---- Commands to the master ----

    def master_call(self, method, param=b""):
        _, connection = self.leader()
        try:
            return connection.call(method, param)
        finally:
            connection.close()

    def move_region(self, encoded, name):
        self.master_call("MoveRegion", field(1, specifier(encoded)) + field(2, server_name(self.server_text(name))))

    def split_region(self, region, row):
        space, _, table = region.table.rpartition(":")
        info = field(1, region.id) + field(2, field(1, space or "default") + field(2, table)) + field(3, region.start) + field(4, region.end)
        return self.master_call("SplitRegion", field(1, info) + field(2, row))

    def merge_regions(self, *encoded):
        return self.master_call("MergeTableRegions", b"".join(field(1, specifier(one)) for one in encoded) + field(3, 1))

    def drain(self, name, is_begin):
        server = server_name(self.server_text(name))
        if is_begin:
            self.master_call("DecommissionRegionServers", field(1, server) + field(2, 1))
        else:
            self.master_call("RecommissionRegionServer", field(1, server))

    # ---- The end ----

    def wait_served(self, tables, seconds=60):
        """Until every row of each table has one server, the same for all who are asked: no hole, no overlap."""

        def is_served():
            regions = self.open_regions()
            for table in tables:
                at = b""
                mine = sorted((region.start, region.end) for _, region in regions if region.table == table)
                for start, end in mine:
                    expect(start == at, f"{table}: a hole or an overlap at {at!r}: {mine}")
                    at = end
                expect(mine and at == b"", f"{table}: its regions end at {at!r}")
            return True

        wait_until(is_served, seconds, "every table is served")

    def stop_and_check(self):
        """Ends all processes in good order and reads the directory offline."""
        for letter in ("t", "m"):
            self.do("stop", *[name for name in self.everyone(letter) if self.is_up(name)])
        checked = subprocess.run([STELE, "fsck", os.path.join(self.directory, "root")], capture_output=True, text=True, timeout=600)
        expect(checked.returncode == 0, f"fsck (exit {checked.returncode}): {checked.stdout[-2000:]}{checked.stderr[-1000:]}")

    def end(self, keeps):
        self.script("end")
        if keeps:
            print(f"all of it is in {self.directory}")
        else:
            subprocess.run(["rm", "-rf", self.directory], check=False)


def run(main):
    """Runs main() -> None and exits as ./check wants it."""
    try:
        main()
    except Skip as skip:
        print("skipped:", skip)
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    except Failure as failure:
        print("failed:", failure)
        sys.exit(1)
