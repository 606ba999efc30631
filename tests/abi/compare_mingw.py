#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare include/opensspi with an independent source: mingw-w64's public-domain headers.

Every constant's value, every structure's size and member offsets, every enumerator, every GUID and
every prototype's parameter widths must be the same; what one side lacks must be on a list below.

usage: compare_mingw.py INCLUDE_DIR C_COMPILER...
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HEADERS = ["secstatus.h", "sspi_constants.h", "sspi_identity.h", "sspi_types.h", "sspi.h",
           "security.h", "secext.h", "schannel.h"]
MINGW_CC = "x86_64-w64-mingw32-gcc"
MINGW_DIR = pathlib.Path("/usr/share/mingw-w64/include")
OURS = """#define SECURITY_WIN32
#include <stdio.h>
#include <opensspi/security.h>
#include <opensspi/schannel.h>
"""
THEIRS = """#define SECURITY_WIN32
#define SCHANNEL_USE_BLACKLISTS
#define _SEC_WINNT_AUTH_TYPES
#define _WIN32_WINNT 0x0A00
#define NTDDI_VERSION 0x0A00000B
#include <windows.h>
#include <security.h>
#include <schannel.h>
"""

# Documented by Microsoft, newer than mingw-w64 10: held by tests/unit/abi alone.
NEWER_CONSTANTS = {
    "SECBUFFER_CERTIFICATE_REQUEST_CONTEXT", "SECBUFFER_CHANNEL_BINDINGS_RESULT",
    "SECBUFFER_APP_SESSION_STATE", "SECBUFFER_SESSION_TICKET", "SECPKG_ATTR_CREDS_2",
    "SEC_CHANNEL_BINDINGS_EX_MAGIC", "SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS",
    "SEC_CHANNEL_BINDINGS_VALID_FLAGS", "SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT",
    "SEC_CHANNEL_BINDINGS_RESULT_ABSENT", "SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH",
    "SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING", "SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED",
    "SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY", "SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING",
    "SEC_CHANNEL_BINDINGS_RESULT_VALID", "SEC_CHANNEL_BINDINGS_RESULT_NOTVALID",
}
NEWER_STRUCTS = {"SEC_CHANNEL_BINDINGS_EX", "SEC_CHANNEL_BINDINGS_RESULT"}
NEWER_FUNCTIONS = {"SspiSetChannelBindingFlags"}
# Exports of secur32.dll that no header declares.
OWN_FUNCTIONS = {"SealMessage", "UnsealMessage"}
# Theirs on purpose: kernel mode, 16-bit, Schannel's legacy helpers and certificate store ids.
NOT_OURS = re.compile(
    r"KSECDDDECLSPEC$|CLOUDAP_NAME|ClOUDAP_NAME|CERT_SCHANNEL_|SCHANNEL_SECRET_|SCH_CRED_X509_|"
    r"SCH_CRED_CERT_CONTEXT$|SSL_CRACK|SSL_FREE|SSL_EMPTY|SslEmpty|Sspi\w+Async$|"
    r"NGC_DATA_|SECURITY_$|__S\w+_H__$|"
    r"__SECHANDLE_DEFINED__$|__SECSTATUS_DEFINED__$|WINAPI$|_AUTH_IDENTITY\w*_DEFINED$")

failures = []


def fail(text):
    failures.append(text)


def run(command, text):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def constants(include):
    """Names of object-like macros that have a value."""
    names = []
    for header in HEADERS:
        text = without_comments((include / "opensspi" / header).read_text()).replace("\\\n", " ")
        for name, value in re.findall(r"^[ \t]*#define (\w+)[ \t]+(\S.*)$", text, re.M):
            if value.strip() and '"' not in value and name not in names:
                names.append(name)
    return names


def structs(text):
    """{name: [members]} of the plain structures of a preprocessed header."""
    found = {}
    for name, body in re.findall(r"typedef struct _(\w+)\s*\{([^{}]*)\}", text):
        members = []
        for member in body.split(";"):
            match = re.search(r"(?:\*\s*|\b)(\w+)\s*(?:\[[^]]*\])?\s*$", member.strip())
            pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", member)
            if pointer:
                members.append(pointer.group(1))
            elif match:
                members.append(match.group(1))
        found[name] = members
    return found


def enumerators(text):
    names = []
    for body in re.findall(r"typedef enum\s*\w*\s*\{([^{}]*)\}", text):
        names += re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip())
    return names


def guids(text):
    found = {}
    for name, values in re.findall(r"const GUID[^=;]*?(\w+)\s*=\s*(\{.*?\}\s*\})", text, re.S):
        found[name] = [int(v, 16) for v in re.findall(r"0x[0-9a-fA-F]+|\b0\b", values)]
    return found


WIDTHS = [
    (r"\bunsigned long long\b|\bULONG64\b", "u64"), (r"\bunsigned (long|int)\b", "u32"),
    (r"\b(u?int32_t|ULONG|DWORD|LONG|SECURITY_STATUS|NTSTATUS|HRESULT|int)\b", "u32"),
    (r"\b(uint16_t|USHORT|WORD|unsigned short|SEC_WCHAR|WCHAR|wchar_t)\b", "u16"),
    (r"\b(BOOLEAN|UCHAR|BYTE|unsigned char|SEC_CHAR|CHAR|char)\b", "u8"),
    (r"\b(VOID)\b", "void"), (r"\bconst\b|\bCONST\b|\bstruct\b", ""),
    (r"\b(LPC?WSTR|PC?WSTR)\b", "u16 *"), (r"\b(LPC?STR|PC?STR)\b", "u8 *"),
    (r"\b(PVOID|LPVOID|HANDLE|PSEC_WINNT_AUTH_IDENTITY_OPAQUE)\b", "void *"),
    (r"\bPBOOLEAN\b|\bPUCHAR\b|\bPBYTE\b", "u8 *"), (r"\bPULONG\b", "u32 *"),
    (r"\bP(CtxtHandle|CredHandle)\b", "SecHandle *"), (r"\b(CtxtHandle|CredHandle)\b", "SecHandle"),
    (r"\bP(SecBufferDesc|SecBuffer|SecPkgInfo[AW])\b", r"\1 *"), (r"\bPTimeStamp\b", "TimeStamp *"),
]


def canonical(parameter):
    for pattern, width in WIDTHS:
        parameter = re.sub(pattern, width, parameter)
    parameter = re.sub(r"\s*\*\s*", "*", parameter.strip())
    # Drop the parameter's name: the last word, where a type stands before it.
    return re.sub(r"(?<=[\w*])\s+\w+$|(?<=\*)\w+$", "", parameter).replace(" ", "")


def prototypes(text):
    found = {}
    flat = re.sub(r"\s+", " ", text)
    flat = re.sub(r"__attribute__ ?\(\(.*?\)\)\)?", " ", flat)
    for result, name, parameters in re.findall(
            r"((?:unsigned )?\w+) (?:__stdcall )?((?:Sasl|Sspi|Init|Acq|Add|Acc|App|Cha|Comp|Del|"
            r"Dec|Enc|Enum|Exp|Free|Get|Imp|Ini|Mak|Que|Rev|Set|Seal|Uns|Ver|Tran)\w+) ?\(([^()]*)\) ?;", flat):
        found[name] = (canonical(result), [canonical(p) for p in parameters.split(",")])
    return found


def preprocess(command, text):
    result = run(command + ["-E", "-P", "-x", "c", "-"], text)
    if result.returncode != 0:
        sys.exit(f"compare_mingw: cannot preprocess: {result.stderr[:2000]}")
    return result.stdout


def our_values(compiler, names, layouts, enums, headers=OURS):
    """What our compiler says, by running a program that prints it all."""
    lines = [headers, "#define V(x) printf(\"%s %llx\\n\", #x, (unsigned long long)(long long)(x))",
             "int main(void) {"]
    lines += [f"printf(\"{n} %llx\\n\", (unsigned long long)(long long)({n}));"
              for n in names + enums]
    for name, members in layouts.items():
        lines.append(f"printf(\"sizeof({name}) %zx\\n\", sizeof({name}));")
        for m in members:
            lines.append(f"printf(\"offsetof({name},{m}) %zx\\n\", offsetof({name}, {m}));")
            lines.append(f"printf(\"sizeof((({name}*)0)->{m}) %zx\\n\","
                         f" sizeof((({name} *)0)->{m}));")
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/values"
        result = run(compiler + ["-x", "c", "-", "-o", program], "\n".join(lines))
        if result.returncode != 0:
            sys.exit(f"compare_mingw: our own headers do not compile: {result.stderr[:4000]}")
        output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return dict(line.rsplit(" ", 1) for line in output.splitlines())


def numeric(compiler, names):
    """Those names whose value is a number: the others are types, functions or strings."""
    # The second declaration is what the parser may swallow after an error in the first.
    tests = [f"_Static_assert((({name}) & 1) < 2, \"\"); extern int s{i};"
             for i, name in enumerate(names)]
    result = run(compiler + ["-fsyntax-only", "-fmax-errors=0", "-x", "c", "-"],
                 OURS + "\n#line 1\n" + "\n".join(tests))
    bad = {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: (?:error|note)", result.stderr, re.M)}
    return [name for i, name in enumerate(names, 1) if i not in bad]


def check_theirs(values, names):
    """Let the mingw compiler hold each of our values against its own."""
    lines = [THEIRS, "#include <stddef.h>", "#line 1"]
    index = []
    for expression, value in values.items():
        if expression in names:
            lines.append(f"#ifndef {expression}")
            lines.append(f"#warning lacks {expression}")
            lines.append("#else")
            lines.append(f"_Static_assert((unsigned long long)(long long)({expression}) == "
                         f"0x{value}ULL, \"{expression} is not 0x{value} there\");")
            lines.append("#endif")
        else:
            lines.append(f"_Static_assert((unsigned long long)({expression}) == 0x{value}ULL, "
                         f"\"{expression} is not 0x{value} there\");")
        index.append(expression)
    result = run([MINGW_CC, "-fsyntax-only", "-fmax-errors=0", "-x", "c", "-"], "\n".join(lines))
    lacking = set(re.findall(r"#warning lacks (\w+)", result.stderr))
    for error in re.findall(r"error: (.*)", result.stderr):
        fail(error)
    return lacking


def their_macros():
    names = set()
    for header in ("sspi.h", "security.h", "secext.h", "schannel.h"):
        text = without_comments((MINGW_DIR / header).read_text())
        names |= set(re.findall(r"^[ \t]*#define (\w+)(?=\s)(?!\()", text, re.M))
    status = (MINGW_DIR / "winerror.h").read_text()
    names |= set(re.findall(r"^#define (SEC_[EI]_\w+)", status, re.M))
    return names


def main():
    include, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    if not shutil.which(MINGW_CC) or not (MINGW_DIR / "sspi.h").exists():
        sys.exit("compare_mingw: the package gcc-mingw-w64-x86-64 is missing")
    compiler += ["-std=gnu17", f"-I{include}"]

    ours_text = preprocess(compiler, OURS)
    theirs_text = preprocess([MINGW_CC], THEIRS)
    ours_text = ours_text[ours_text.index("SECURITY_STATUS"):]

    names = numeric(compiler, constants(include))
    layouts = {n: m for n, m in structs(ours_text).items() if n not in NEWER_STRUCTS}
    rename = {"SECURITY_FUNCTION_TABLE_A": "SecurityFunctionTableA",
              "SECURITY_FUNCTION_TABLE_W": "SecurityFunctionTableW", "CRYPTOAPI_BLOB": "CERT_NAME_BLOB"}
    layouts = {rename.get(n, n): m for n, m in layouts.items()}
    enums = enumerators(ours_text)
    values = our_values(compiler, names, layouts, enums)
    lacking = check_theirs(values, set(names))

    for name in sorted(lacking - NEWER_CONSTANTS):
        fail(f"{name} is not in mingw-w64's headers")
    for name in sorted(NEWER_CONSTANTS - lacking):
        fail(f"{name} is listed as newer than mingw-w64, but it has it or we lack it")

    defined = run(compiler + ["-E", "-dM", "-x", "c", "-"], OURS).stdout
    have = set(re.findall(r"^#define (\w+)", defined, re.M)) | set(
        re.findall(r"^#define (\w+)", run(compiler + ["-DUNICODE", "-E", "-dM", "-x", "c", "-"],
                                          OURS).stdout, re.M))
    for name in sorted(their_macros() - have):
        if not NOT_OURS.match(name) and not re.search(rf"\b{name}\b", ours_text):
            fail(f"mingw-w64 defines {name}, we do not")

    our_guids, their_guids = guids(ours_text), guids(theirs_text)
    for name, value in our_guids.items():
        if their_guids.get(name) != value:
            fail(f"{name}: {value} here, {their_guids.get(name)} there")

    our_functions, their_functions = prototypes(ours_text), prototypes(theirs_text)
    for name, signature in our_functions.items():
        if name in NEWER_FUNCTIONS | OWN_FUNCTIONS:
            continue
        if their_functions.get(name) != signature:
            fail(f"{name}: {signature} here, {their_functions.get(name)} there")
    sspi_text = without_comments("".join((MINGW_DIR / h).read_text() for h in ("sspi.h", "secext.h")))
    for name in their_functions:
        if name not in our_functions and re.search(rf"\b{name} ?\(", sspi_text):
            fail(f"mingw-w64 declares {name}, we do not")

    for text in failures:
        print(text)
    print(f"{len(names)} constants, {len(enums)} enumerators, {len(layouts)} structures, "
          f"{len(our_guids)} GUIDs, {len(our_functions)} prototypes; {len(failures)} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
