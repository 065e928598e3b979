#!/usr/bin/env python3
"""Compares Stele with real HBase, answer by answer, as the stock Java client sees them.

One Java program (java/src) asks thousands of questions and prints a line for each answer. It runs against real HBase 2.6.4, and against Stele with
the clients 2.6.4 and 2.5.10, by ZooKeeper and by RPC registry, each time on a fresh server. HBase is right: a line that differs is a failure unless
java/differences.txt names its question and docs/differences.md says why. Where a line differs, a second HBase plays that scenario: when it says what
Stele says, the question has two answers (its own master races with itself) and is no failure. Stele is asked once.

    run-java.py [--seed=N] [--operations=N] [--only=PREFIX,...] [--clients=NAME,...] [--keep=DIR] [--self]

--only runs the scenarios with these prefixes; --clients the named runs (2.6.4-zk, 2.6.4-rpc, 2.5.10-zk, 2.5.10-rpc, 2.5.10-masters, and 2.6.4-cluster: some
scenarios on two masters and three tablet servers, by the RPC registry of one of the latter); --keep leaves the transcripts
in DIR; --self compares HBase with itself, to see that the questions have one answer only. STELE names the binary (build/release/stele).
Exit: 0 equal, 1 not, 77 skipped because the package registry could not be reached (a failure when CI=true).
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import tempfile
import time

from servers import HERE, JVM_OPENS, HBase, Stele, SteleCluster, class_path, compiled, run_main

FEWEST_ANSWERS = 2000
RUN_LIMIT_S = 1800
SHOWN_DIFFERENCES = 50
SHOWN_CHARACTERS = 600
# Client version, how it finds the cluster (Main.java), and which address of the server that takes.
CLIENTS = {
    "2.6.4-zk": ("2.6.4", "zk", "zookeeper"),
    "2.6.4-rpc": ("2.6.4", "rpc", "hbase"),
    "2.5.10-zk": ("2.5.10", "zk", "zookeeper"),
    "2.5.10-rpc": ("2.5.10", "rpc", "hbase"),
    "2.5.10-masters": ("2.5.10", "masters", "hbase"),
    "2.6.4-cluster": ("2.6.4", "rpc", "tabletserver"),  # by ZooKeeper: tests/cluster/run-java-steady and others
}
# What is played on a cluster: what masters and tablet servers do there through each other, and whose answers do not count servers.
CLUSTER = "2.6.4-cluster"
CLUSTER_SCENARIOS = ["calls.", "change.", "snapshot.", "schema.", "namespace.", "admin.flush", "admin.compact"]
JVM = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *JVM_OPENS]


def scenarios_of(client, options):
    return options.only or (CLUSTER_SCENARIOS if client == CLUSTER else [])


def transcript(server_class, directory, client, options, to, only=None):
    """Runs the program against a fresh server; returns the lines it printed and the seconds it took."""
    version, registry, address = CLIENTS[client]
    path = compiled(version)
    server = server_class(directory)
    started = time.monotonic()
    try:
        with open(to, "w") as out, open(f"{to}.err", "w") as err:
            try:
                code = subprocess.run(
                    ["java", *JVM, "-cp", f"{HERE / 'java'}:{path}", "stele.interop.Main", registry, server.ports[address], str(options.seed),
                     str(options.operations), *(only or scenarios_of(client, options))], stdout=out, stderr=err, timeout=RUN_LIMIT_S).returncode
            except subprocess.TimeoutExpired:
                code = f"none within {RUN_LIMIT_S} s"
    finally:
        server.stop()
    if code != 0:
        print(f"{client}: the program's exit code: {code}; the end of its errors:\n{pathlib.Path(to + '.err').read_text()[-2000:]}")
    return pathlib.Path(to).read_text().splitlines(), time.monotonic() - started


def answers(lines):
    """The answers by (scenario, number), and the scenarios that this client cannot play."""
    found, without = {}, set()
    for line in lines:
        if line.startswith("# without "):
            without.add(line[len("# without "):])
        elif not line.startswith("#"):
            scenario, number, text = line.split(" ", 2)
            found[scenario, int(number)] = text
    return found, without


def of_scenarios(lines, prefixes):
    return [line for line in lines if not prefixes or line.startswith(tuple(prefixes))]


def known_differences():
    """The questions that may differ: `scenario number reason` or `scenario * reason` a line."""
    known = set()
    for line in (HERE / "java" / "differences.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            scenario, number, _reason = line.split(None, 2)
            known.add((scenario, number if number == "*" else int(number)))
    return known


def compare(expected_lines, got_lines, known):
    """How many answers were compared, which differ without leave, and how many with it."""
    expected, _ = answers(expected_lines)
    got, without = answers(got_lines)
    compared, differing, excused = 0, [], 0
    for key in sorted(set(expected) | set(got), key=lambda k: (k[0], k[1])):
        if key[0] in without:
            continue
        compared += 1
        if expected.get(key) == got.get(key):
            continue
        if key in known or (key[0], "*") in known:
            excused += 1
        else:
            differing.append(key)
    return compared, differing, excused


def ask_again(judged, scratch, kept, options):
    """The answers of a second HBase in the scenarios where something differs."""
    scenarios = sorted({scenario for _, differing, _ in judged for scenario, _ in differing})
    if not scenarios or options.against_itself:
        return {}
    print(f"a second HBase is asked: {', '.join(scenarios)}")
    return answers(transcript(HBase, f"{scratch}/hbase-again", "2.6.4-zk", options, f"{kept}/expected-again.out", scenarios)[0])[0]


def show(name, expected_lines, got_lines, again, judged):
    """Prints what differs; how many."""
    expected, _ = answers(expected_lines)
    got, _ = answers(got_lines)
    compared, differing, excused = judged
    either = [key for key in differing if key in again and key in got and again[key] == got[key]]
    for scenario, number in either:
        print(f"{name}: {scenario} {number}: HBase answers now one way, now the other")
    differing = [key for key in differing if key not in either]
    for scenario, number in differing[:SHOWN_DIFFERENCES]:
        question = expected.get((scenario, number), got.get((scenario, number))).split(" => ")[0]
        print(f"{name}: {scenario} {number} {question}")
        for who, lines in (("expected", expected), ("but got ", got)):
            answer = lines.get((scenario, number), "(no answer)").split(" => ", 1)[-1]
            print(f"    {who}: {answer[:SHOWN_CHARACTERS]}")
    print(f"{name}: compared {compared} answers, {len(differing)} differences" + (f" and {excused} known ones" if excused else ""))
    return len(differing)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operations", type=int, default=2500)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--clients", type=lambda text: text.split(","), default=list(CLIENTS))
    parser.add_argument("--keep")
    parser.add_argument("--self", action="store_true", dest="against_itself")
    options = parser.parse_args()
    unknown = set(options.clients) - set(CLIENTS)
    if unknown:
        parser.error(f"unknown client {unknown.pop()}; there are {', '.join(CLIENTS)}")

    with tempfile.TemporaryDirectory(prefix="stele-interop-") as scratch:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
        kept = options.keep or scratch
        for version in {"2.6.4"} | {CLIENTS[client][0] for client in options.clients}:
            compiled(version)
        class_path("server")
        print(f"seed {options.seed}, operations {options.operations}")

        def other(client):
            return HBase if options.against_itself else SteleCluster if client == CLUSTER else Stele

        # Two at a time, for two cores: the run on HBase is the longest and comes first.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            oracle = pool.submit(transcript, HBase, f"{scratch}/hbase", "2.6.4-zk", options, f"{kept}/expected.out")
            runs = {client: pool.submit(transcript, other(client), f"{scratch}/{client}", client, options, f"{kept}/{client}.out") for client in options.clients}
            expected, seconds = oracle.result()
            print(f"HBase 2.6.4 answered {len(answers(expected)[0])} questions in {seconds:.0f} s")
            failed, all_compared, all_differences = False, 0, 0
            known = set() if options.against_itself else known_differences()
            results = {client: (of_scenarios(expected, scenarios_of(client, options)), *run.result()) for client, run in runs.items()}
            judged = {client: compare(wanted, got, known) for client, (wanted, got, _) in results.items()}
            again = ask_again(judged.values(), scratch, kept, options)
            for client, (wanted, got, seconds) in results.items():
                compared, differences = judged[client][0], show(f"client {client}", wanted, got, again, judged[client])
                print(f"client {client}: {seconds:.0f} s")
                all_compared, all_differences = all_compared + compared, all_differences + differences
                failed |= differences > 0 or (compared < FEWEST_ANSWERS and not scenarios_of(client, options))
    print(f"compared {all_compared} answers, {all_differences} differences")
    return 1 if failed else 0


if __name__ == "__main__":
    run_main(main)
