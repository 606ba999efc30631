#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the examples and tests/compat-source with other compilers: clang here, mingw-w64 for Windows.

What compiles for Windows unchanged is what "source written for Windows" means; C++ and a source
that says "not for Windows" in its head are left out there. And sspi.h must refuse to be included where
none of its modes is defined.

usage: compile_sources.py PROJECT_ROOT
"""
import pathlib
import subprocess
import sys
import tempfile

# One level of capital letters, as the files of Windows' SDK have them.
SPELLINGS = ["Windows.h", "WinSock2.h", "WS2tcpip.h", "Security.h", "SecExt.h", "Sspi.h",
             "Schannel.h", "Ntdsapi.h", "Lmcons.h", "Tchar.h"]
UNICODE = ["-DUNICODE", "-D_UNICODE"]


def compile_one(command, source, failures, how=("-fsyntax-only",)):
    result = subprocess.run([*command, *how, str(source)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        failures.append(f"{' '.join(command)} {source}\n{result.stderr[:3000]}")


def main():
    root = pathlib.Path(sys.argv[1])
    here = [f"-I{root}/include", f"-I{root}/include/compat", "-Wall", "-Wextra", "-Werror"]
    sources = sorted([*root.glob("examples/*.c"), *root.glob("tests/compat-source/*.c*")])
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as spellings:
        for name in SPELLINGS:
            pathlib.Path(spellings, name).write_text(f"#include <{name.lower()}>\n", encoding="ascii")
        # -Wextra would object to the casts of GetProcAddress that Windows' documentation shows.
        there = [f"-I{spellings}", "-Wall", "-Werror", "-D_WIN32_WINNT=0x0A00"]
        for source in sources:
            cxx = source.suffix == ".cpp"
            short = ["-fshort-wchar"] if source.name == "wide_literals.c" else []
            windows = not cxx and "not for Windows" not in source.read_text(encoding="utf-8")[:300]
            for text in ([], UNICODE) if not short else ([],):
                compile_one(["clang++" if cxx else "clang", *here, *short, *text], source, failures)
                compile_one(["g++" if cxx else "gcc", *here, *short, *text], source, failures)
                count += 2
                if windows:
                    compile_one(["x86_64-w64-mingw32-gcc", *there, *text], source, failures)
                    count += 1
        # A module is a DLL that exports two functions.
        dll = pathlib.Path(spellings, "ras_module.dll")
        compile_one(["x86_64-w64-mingw32-gcc", *there, "-shared", "-o", str(dll)], root / "examples/ras_module.c", failures, ())
        exports = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", str(dll)], capture_output=True, text=True, check=False)
        for name in ("RasSecurityDialogBegin", "RasSecurityDialogEnd"):
            if name not in exports.stdout:
                failures.append(f"ras_module.dll does not export {name}")
        count += 1
    refused = subprocess.run(["gcc", *here, "-fsyntax-only", "-x", "c", "-"], capture_output=True,
                             input="#include <sspi.h>\n", text=True, check=False)
    if refused.returncode == 0 or "SECURITY_WIN32" not in refused.stderr:
        failures.append("sspi.h compiles without SECURITY_WIN32")
    print("\n".join([*failures, f"{count} compilations, {len(failures)} failed"]))
    return 1 if failures or not sources else 0


sys.exit(main())
