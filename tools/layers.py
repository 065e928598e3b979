#!/usr/bin/env python3
"""The architecture, checked: which folder may include which, and what is reached only through base.

Meson's link graph keeps most of it; this finds what a header-only use or a system call would slip past it.
"""
import re
import subprocess
import sys

# folder -> the folders it may include, besides itself (design section 3).
MAY_INCLUDE = {
    "base": set(),
    "model": {"base"},
    "storage": {"base", "model"},
    "proto": {"base", "model"},
    "client": {"base", "model", "proto"},
    "shell": {"base", "client"},
    "bench": {"base", "model", "client", "storage"},
    "server": {"base", "model", "proto", "storage", "client"},
    "cli": {"base", "model", "proto", "storage", "client", "shell", "bench", "server"},
}
# What another folder sees of one that shows a single header.
PUBLIC_HEADERS = {"storage": {"storage/storage.h"}}
# Micro benchmarks measure single parts of any folder, those too that the public header hides.
MAY_SEE_PRIVATE = "bench/micro/"

# Threads, files, time, random numbers and the heap come from base (env.h, memory.h).
BASE_ONLY = re.compile(
    r"\b(pthread_\w+|thrd_\w+|malloc|calloc|realloc|free|strdup|fopen|open|openat|creat|rename|unlink|link|mkdir|"
    r"rmdir|opendir|fsync|fdatasync|sync|ftruncate|time|clock_gettime|gettimeofday|usleep|nanosleep|sleep|rand|"
    r"random|drand48|getrandom)\(")
BASE_ONLY_FOLDERS = {"model", "storage", "proto", "server"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.S)


def problems_of(path, text):
    folder = path.split("/")[0]
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+"(([a-z_]+)/[^"]+)"', line)
        if include:
            header, other = include.groups()
            if (other in MAY_INCLUDE and other != folder and other not in MAY_INCLUDE[folder]
                    and not path.startswith(MAY_SEE_PRIVATE)):
                yield number, f"{folder}/ may not include {header}"
            elif other in ("tests", "bench") and folder not in ("tests", "bench", "cli"):
                yield number, f"nothing includes {other}/"
            elif other != folder and not path.startswith(MAY_SEE_PRIVATE) and header not in PUBLIC_HEADERS.get(other, {header}):
                yield number, f"{header} is private to {other}/"
        elif folder in BASE_ONLY_FOLDERS:
            if '"/proc/' in line:
                continue  # a figure of the process, not a file of ours
            call = BASE_ONLY.search(re.sub(r'"(\\.|[^"\\])*"', '""', line))
            # A function of ours that is named like one of libc's is not a call of it.
            if call and not re.search(r"(->|\.)\s*$", line[: call.start()]):
                yield number, f"{call.group(1)}() is base's to call (env.h, memory.h)"


def main():
    files = subprocess.run(["git", "ls-files", "*.c", "*.h"], capture_output=True, text=True, check=True).stdout.split()
    count = 0
    for path in files:
        if path.split("/")[0] not in MAY_INCLUDE:
            continue
        with open(path, encoding="utf-8") as file:
            for number, problem in problems_of(path, file.read()):
                print(f"{path}:{number}: {problem}")
                count += 1
    print(f"{len(files)} files, {count} problems")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
