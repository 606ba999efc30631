#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the libraries that were built, and the headers, against what callers were compiled with.

Three things are kept beside this file, and any difference from one of them is a failure: symbols.txt, what each library exports and under which version;
layouts.txt, each public structure's size and the offsets of its members; NAME.abi, what libabigail read of a library: types, parameters and results.

usage: check_abi.py [--accept] BUILD_DIR INCLUDE_DIR C_COMPILER...
--accept writes the three anew, after a change that is meant: look at what git says of them before it is committed.
"""
import pathlib
import subprocess
import sys
import tempfile

import compare_mingw

KEPT = pathlib.Path(__file__).resolve().parent
LIBRARIES = {"libopensspi": "src/sspi/libopensspi.so", "libopensspi-compat": "src/compat/libopensspi-compat.so"}
HEADERS = compare_mingw.OURS + "#include <opensspi/opensspi.h>\n#include <opensspi/rasshost.h>\n"
# No path of the machine, no type that no public header has.
ABIDW = ["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--drop-private-types", "--drop-undefined-syms", "--type-id-style", "hash"]


def output(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"check_abi: {command[0]}: {done.stderr[:2000] or done.stdout[:2000]}")
    return done.stdout


def symbols(build):
    """"libopensspi FUNC AcceptSecurityContext@@OPENSSPI_0", and a size where it is data."""
    lines = []
    for name, path in LIBRARIES.items():
        for line in output(["readelf", "--dyn-syms", "--wide", build / path]).splitlines():
            fields = line.split()
            if len(fields) < 8 or not fields[0].endswith(":") or fields[6] == "UND" or fields[4] not in ("GLOBAL", "WEAK"):
                continue
            size = f" {fields[2]}" if fields[3] == "OBJECT" and fields[6] != "ABS" else ""
            lines.append(f"{name} {fields[3]} {fields[7]}{size}")
    return "".join(f"{line}\n" for line in sorted(lines))


def layouts(include, compiler):
    compiler = [*compiler, "-std=gnu17", f"-I{include}"]
    text = compare_mingw.preprocess(compiler, HEADERS)
    text = text[text.index("SECURITY_STATUS"):]
    tags = {f"struct _{name}": members for name, members in compare_mingw.structs(text).items()}
    values = compare_mingw.our_values(compiler, [], tags, compare_mingw.enumerators(text), HEADERS)
    return "".join(f"{what} {int(value, 16)}\n" for what, value in values.items())


def describe(build, include, name):
    return output([*ABIDW, "--headers-dir", include, build / LIBRARIES[name]])


def compare_text(name, now):
    kept = (KEPT / name).read_text(encoding="ascii").splitlines() if (KEPT / name).exists() else []
    now = now.splitlines()
    for line in sorted(set(kept) - set(now)):
        print(f"{name}: gone: {line}")
    for line in sorted(set(now) - set(kept)):
        print(f"{name}: not there before: {line}")
    return kept == now


def compare_types(build, include, name):
    with tempfile.TemporaryDirectory() as folder:
        now = pathlib.Path(folder) / f"{name}.abi"
        now.write_text(describe(build, include, name), encoding="utf-8")
        done = subprocess.run(["abidiff", "--harmless", KEPT / f"{name}.abi", now], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def main():
    accept = sys.argv[1] == "--accept"
    build, include, *compiler = sys.argv[2 if accept else 1:]
    build, include = pathlib.Path(build), pathlib.Path(include)
    texts = {"symbols.txt": symbols(build), "layouts.txt": layouts(include, compiler)}
    if accept:
        for name, text in texts.items():
            (KEPT / name).write_text(text, encoding="ascii")
        for name in LIBRARIES:
            (KEPT / f"{name}.abi").write_text(describe(build, include, name), encoding="utf-8")
        return 0
    same = [compare_text(name, text) for name, text in texts.items()] + [compare_types(build, include, name) for name in LIBRARIES]
    if not all(same):
        print("The interface is not what it was. If that is meant: ninja -C build accept-abi")
    return 0 if all(same) else 1


sys.exit(main())
