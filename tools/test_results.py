#!/usr/bin/env python3
"""Reads meson's testlog.json.

test_results.py FILE        one line a test: passed, failed or skipped, a tab, the name
test_results.py FILE NAME   the last lines that test NAME wrote
"""
import json
import sys

OUTCOMES = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}

for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    test = json.loads(line)
    name = test["name"]
    if len(sys.argv) == 2:
        print(OUTCOMES.get(test["result"], "failed"), name, sep="\t")
    elif name == sys.argv[2]:
        if test["result"] == "TIMEOUT":
            print("timed out")
        written = (test.get("stdout") or "") + (test.get("stderr") or "")
        print("\n".join(written.splitlines()[-30:]))
