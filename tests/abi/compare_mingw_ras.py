#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare include/opensspi/rasshost.h and raserror.h with mingw-w64's public-domain headers: every code's value both
ways, structures and prototypes by the compiler.

usage: compare_mingw_ras.py INCLUDE_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys

MINGW_CC = "x86_64-w64-mingw32-gcc"
MINGW = pathlib.Path("/usr/share/mingw-w64/include")


def codes(text):
    found = {}
    for name, value in re.findall(r"^#define (\w+)[ \t]+(\d+|\(RASBASE ?\+ ?\d+\))[ \t]*$", text, re.M):
        number = int(re.search(r"\d+", value).group())
        found[name] = number + (600 if value.startswith("(") else 0)
    return found


def main():
    include = pathlib.Path(sys.argv[1])
    if not shutil.which(MINGW_CC):
        sys.exit("compare_mingw_ras: the package gcc-mingw-w64-x86-64 is missing")
    ours = codes((include / "opensspi" / "raserror.h").read_text())
    theirs = codes((MINGW / "raserror.h").read_text())
    failures = [f"{name}: {ours.get(name)} here, {theirs.get(name)} there"
                for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    # Both declare the functions; the compiler refuses the second declaration where types differ. Ours are read first,
    # renamed, for their layouts.
    header = re.sub(r"^#include.*$", "", (include / "opensspi" / "rasshost.h").read_text(), flags=re.M)
    renamed = re.sub(r"\b(_?SECURITY_MESSAGE|_?RAS_SECURITY_INFO|PSECURITY_MESSAGE|PRAS_SECURITY_INFO|HPORT|"
                     r"RASSECURITYPROC)\b", r"OUR_\1", header)
    renamed = re.sub(r"\bRasSecurityDialog(\w+)(?=\()", r"OurDialog\1", renamed)
    lines = ["#include <windows.h>", "#include <lmcons.h>", "#include <rasshost.h>", "#include <stddef.h>",
             "#define SEC_EXPORT", "#define OPENSSPI_RAS_EXPORT", "#define OPENSSPI_BEGIN", "#define OPENSSPI_END", renamed]
    for name, members in {"SECURITY_MESSAGE": ["dwMsgId", "hPort", "dwError", "UserName", "Domain"],
                          "RAS_SECURITY_INFO": ["LastError", "BytesReceived", "DeviceName"]}.items():
        lines.append(f"_Static_assert(sizeof({name}) == sizeof(OUR_{name}), \"{name}\");")
        for m in members:
            lines.append(f"_Static_assert(offsetof({name}, {m}) == offsetof(OUR_{name}, {m}), \"{name}.{m}\");")
            lines.append(f"_Static_assert(sizeof((({name} *)0)->{m}) == sizeof(((OUR_{name} *)0)->{m}), \"{name}.{m}\");")
    for name, their_type, our_type in (
            ("Send", "DWORD (WINAPI *)(HPORT, PBYTE, WORD)", "OurDialogSend"),
            ("Receive", "DWORD (WINAPI *)(HPORT, PBYTE, PWORD, DWORD, HANDLE)", "OurDialogReceive"),
            ("End", "DWORD (WINAPI *)(HPORT)", "OurDialogEnd")):
        lines.append(f"_Static_assert(__builtin_types_compatible_p(__typeof__(&RasSecurityDialog{name}), {their_type}) && "
                     f"__builtin_types_compatible_p(__typeof__(&{our_type}), {their_type}), \"{name}\");")
    result = subprocess.run([MINGW_CC, "-fsyntax-only", "-x", "c", "-"], input="\n".join(lines), capture_output=True,
                            text=True, check=False)
    failures += [line for line in result.stderr.splitlines() if "error" in line]
    for text in failures:
        print(text)
    print(f"{len(ours)} codes, 2 structures, 3 prototypes; {len(failures)} differences")
    return 1 if failures or len(ours) < 100 else 0


sys.exit(main())
