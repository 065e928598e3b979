#!/usr/bin/env python3
"""Has a build's compiler read the sources that were not compiled in it, for its warnings: second_opinion.py BUILD TARGET...

The targets are what was built of BUILD. Every other source of it, each once, goes through -fsyntax-only with the flags of its
target, which costs a fifth of compiling. Only what has changed is read again: the work is ninja's, by BUILD/second_opinion.ninja.
Run after the targets are built: they generate the headers.
"""
import json
import os
import re
import shlex
import subprocess
import sys

build, targets = sys.argv[1], sys.argv[2:]
inputs = subprocess.run(["ninja", "-C", build, "-t", "inputs", *targets], check=True, capture_output=True, text=True).stdout
built = {line.strip() for line in inputs.splitlines()}
with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
    commands = [one for one in json.load(file) if one["file"].endswith(".c")]


def source(one):
    return os.path.relpath(os.path.join(build, one["file"]))


def is_generated(one):
    return not one["file"].startswith("..") and not os.path.isabs(one["file"])


def reading(command, stamp):
    """The same command, without its object."""
    words, kept = iter(shlex.split(command)), []
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word not in ("-MD", "-c"):
            kept.append(word)
    return shlex.join([*kept, "-fsyntax-only", "-MD", "-MQ", stamp, "-MF", stamp + ".d"])


read = {source(one) for one in commands if one["output"] in built}
lines = ["builddir = second_opinion", "rule read", "  command = $reading && touch $out", "  description = Reading $in", "  depfile = $out.d", "  deps = gcc"]
for one in commands:
    if source(one) in read or is_generated(one):
        continue
    read.add(source(one))
    stamp = "second_opinion/" + re.sub(r"[^\w/.-]", "_", source(one)) + ".read"
    lines += [f"build {stamp}: read {one['file']}", "  reading = " + reading(one["command"], stamp).replace("$", "$$")]
with open(os.path.join(build, "second_opinion.ninja"), "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
os.execvp("ninja", ["ninja", "-C", build, "-f", "second_opinion.ninja"])
