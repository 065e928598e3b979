#!/usr/bin/env python3
"""What ninja has to build in a meson build directory, one path a line, for ./check: not every build needs every test.

targets.py BUILD                  programs, examples and libraries: all but what only a suite runs (test_*, fuzz_*)
targets.py BUILD --suite NAME     what the tests of suite NAME run
targets.py BUILD --fuzz           the fuzz targets (fuzz_*)
"""
import json
import os
import subprocess
import sys

build = sys.argv[1]


def introspect(what):
    return json.loads(subprocess.run(["meson", "introspect", build, what], check=True, capture_output=True).stdout)


def is_of_suites_only(target):
    return os.path.basename(target["filename"][0]).startswith(("test_", "fuzz_"))


targets = [t for t in introspect("--targets") if t["build_by_default"] and t["type"] != "static library"]
if sys.argv[2:3] == ["--suite"]:
    suite = "stele:" + sys.argv[3]
    needed = {d for test in introspect("--tests") if suite in test["suite"] for d in test["depends"]}
    if not needed:
        sys.exit(f"targets.py: no test of {build} is in suite {sys.argv[3]}")
    targets = [t for t in targets if t["id"] in needed]
elif sys.argv[2:3] == ["--fuzz"]:
    targets = [t for t in targets if os.path.basename(t["filename"][0]).startswith("fuzz_")]
else:
    targets = [t for t in targets if not is_of_suites_only(t)]
for target in targets:
    for filename in target["filename"]:
        print(os.path.relpath(filename, build))
