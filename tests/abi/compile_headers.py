#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile every public header alone, in each language and compiler that the interface promises.

usage: compile_headers.py FOLDER [-I...]: every *.h below FOLDER; compilers missing are a failure.
"""
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef", "-Wstrict-prototypes", "-Werror"]
MODES = [["gcc", "-std=c11"], ["gcc", "-std=c17"], ["gcc", "-std=gnu17"], ["clang", "-std=c17"],
         ["g++", "-std=c++17"], ["clang++", "-std=c++17"]]


def main():
    folder, flags = pathlib.Path(sys.argv[1]), sys.argv[2:]
    names = sorted(path.name for path in folder.glob("*.h"))
    # Each must stand alone, and twice must be as good as once. Spellings in another case only
    # forward: they share one unit.
    units = ["".join(f"#include <{name}>\n" for name in names if name != name.lower())]
    units += [f"#include <{name}>\n" * 2 for name in names if name == name.lower()]
    failed = 0
    for mode in MODES:
        is_cxx = "++" in mode[0]
        warnings = [w for w in WARNINGS if not (is_cxx and w == "-Wstrict-prototypes")]
        for define in ([], ["-DUNICODE", "-D_UNICODE"]):
            for unit in units:
                command = mode + define + warnings + flags + [
                    "-DSECURITY_WIN32", f"-I{folder}", "-fsyntax-only", "-x",
                    "c++" if is_cxx else "c", "-"]
                result = subprocess.run(command, input=unit + "extern int alone;\n",
                                        capture_output=True, text=True, check=False)
                if result.returncode != 0:
                    failed += 1
                    print(f"{' '.join(mode + define)}: {unit}{result.stderr}")
    print(f"{len(names)} headers, {len(MODES) * 2} ways each, {failed} failed")
    return 1 if failed or not names else 0


sys.exit(main())
