#!/usr/bin/env python3
"""Every safety rule of ownership (design section 7) taken away, one at a time: some test must fail for each.

    tests/sabotage/run.py [NAME...]      without a name: all of rules.py

Works on a copy of the tree below build/sabotage, in a build of its own. A rule whose text is not in the source any more is
an error too: say in rules.py where it is now.
"""
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(TOP, "build", "sabotage")
sys.path.insert(0, HERE)
from rules import RULES, TESTS  # noqa: E402

TIMEOUT_S = 900


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def copy_tree(source):
    names = run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True).stdout.split("\n")
    for name in filter(None, names):
        path, target = os.path.join(TOP, name), os.path.join(source, name)
        if not os.path.isfile(path):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # An unchanged file keeps its time, so that a second run builds little.
        if not os.path.exists(target) or open(path, "rb").read() != open(target, "rb").read():
            shutil.copyfile(path, target)


def build(tree, names):
    targets = [TESTS[name][0] for name in names]
    result = run(["ninja", "-C", tree] + targets)
    return None if result.returncode == 0 else result.stdout[-2000:]


def test(tree, name):
    """None when it passes, else what it said last."""
    binary, environment = TESTS[name]
    try:
        result = run([os.path.join(tree, binary)], env={**os.environ, **environment}, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        sys.exit("sabotage: %s ran for %d s: no answer" % (name, TIMEOUT_S))
    if result.returncode == 0:
        return None
    lines = [line for line in result.stdout.split("\n") if "ERROR" in line or "Assertion" in line or "FAILED" in line]
    return (lines or result.stdout.strip().split("\n"))[0][:150]


def sabotage(source, tree, rule):
    path = os.path.join(source, rule["file"])
    text = open(path).read()
    if text.count(rule["old"]) != 1:
        return "its text is %d times in %s" % (text.count(rule["old"]), rule["file"]), False
    open(path, "w").write(text.replace(rule["old"], rule["new"]))
    try:
        problem = build(tree, rule["tests"])
        if problem:
            return "does not build:\n" + problem, False
        for name in rule["tests"]:
            said = test(tree, name)
            if said:
                return "%s: %s" % (name, said), True
        return "NOTHING FAILED", False
    finally:
        open(path, "w").write(text)


def main():
    wanted = sys.argv[1:]
    rules = [rule for rule in RULES if not wanted or rule["name"] in wanted]
    source, tree = os.path.join(WORK, "source"), os.path.join(WORK, "build")
    copy_tree(source)
    if not os.path.exists(os.path.join(tree, "build.ninja")):
        setup = run(["meson", "setup", tree, source, "-Dtests=enabled", "-Doptimization=1"])
        if setup.returncode:
            sys.exit(setup.stdout)
    problem = build(tree, TESTS)
    if problem:
        sys.exit("sabotage: the tree itself does not build:\n" + problem)
    for name in TESTS:
        said = test(tree, name)
        if said:
            sys.exit("sabotage: %s fails without any: %s" % (name, said))
    caught = 0
    for rule in rules:
        started = time.monotonic()
        said, is_caught = sabotage(source, tree, rule)
        caught += is_caught
        print("%-6s %-28s %5.1f s  %s" % ("caught" if is_caught else "MISSED", rule["name"],
                                          time.monotonic() - started, said), flush=True)
    print("sabotage: %d of %d rules caught" % (caught, len(rules)))
    print("%d passed, %d failed" % (caught, len(rules) - caught))
    return 0 if caught == len(rules) else 1


if __name__ == "__main__":
    sys.exit(main())
