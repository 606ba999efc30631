# SPDX-License-Identifier: Apache-2.0
"""Each lint can fail: a small tree with one fault makes it say so, and the same tree without the fault passes."""
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def lint(name, root, files, *args):
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    done = subprocess.run([SCRIPTS / name, "--root", root, *args], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert (done.returncode == 0) == (" 0 findings" in done.stdout)
    return done.stdout


@pytest.mark.parametrize("path, include", [
    ("src/codec/x.c", '"crypto/h.h"'),
    ("src/base/x.c", '"codec/h.h"'),
    ("src/crypto/x.c", '"codec/h.h"'),
    ("src/ntlm/x.c", '"negotiate/h.h"'),
    ("src/negotiate/x.c", '"ntlm/h.h"'),
    ("src/ntlm/x.c", '"sspi/h.h"'),
    ("src/ntlm/x.c", '"account/h.h"'),
    ("src/sspi/x.c", '"ntlm/h.h"'),
    ("src/sspi/packages.c", '"ntlm/h.h"'),
    ("src/sspi/x.c", '"ntlm/ntlm.h"'),
    ("src/service/x.c", '"sspi/h.h"'),
    ("src/service/x.c", '"account/h.h"'),
    ("src/tools/x.c", '"account/h.h"'),
    ("src/tools/x.c", '"codec/h.h"'),
    ("examples/x.c", '"base/h.h"'),
    ("src/ntlm/x.c", '"../ntlm/h.h"'),
    ("src/ntlm/x.c", '"ntlm/gone.h"'),
    ("src/ntlm/x.c", '"ntlm/y.c"'),
    ("src/new/x.c", '"base/h.h"'),
    ("src/ntlm/x.c", "<nettle/md5.h>"),
    ("src/ntlm/x.c", "<time.h>"),
    ("src/codec/x.c", "<sys/socket.h>"),
    ("src/service/x.c", "<sqlite3.h>"),
    ("src/sspi/x.c", "<uv.h>"),
    ("src/crypto/x.c", "<openssl/md5.h>"),
])
def test_layers__wall_crossed_is_found(tmp_path, path, include):
    folders = ("base", "codec", "crypto", "account", "ntlm", "negotiate", "sspi", "service", "new")
    tree = {f"src/{folder}/h.h": "" for folder in folders}
    tree |= {path: f"#include {include}\n", "src/ntlm/y.c": "", "src/ntlm/ntlm.h": ""}
    assert f"{path}:1: layers:" in lint("lint-layers", tmp_path, tree)


@pytest.mark.parametrize("path, include", [
    ("src/codec/x.c", '"base/h.h"'),
    ("src/ntlm/x.c", '"account/account.h"'),
    ("src/ntlm/x.c", '"package.h"'),
    ("src/ntlm/x.c", '"crypto/h.h"'),
    ("src/ntlm/x.c", "<opensspi/sspi.h>"),
    ("src/crypto/x.c", "<nettle/md5.h>"),
    ("src/account/x.c", "<sqlite3.h>"),
    ("src/sspi/x.c", "<pthread.h>"),
    ("src/sspi/packages.c", '"ntlm/ntlm.h"'),
    ("src/tools/account.c", '"account/h.h"'),
    ("tests/unit/x.c", '"ntlm/y.c"'),
    ("src/ntlm/x.c", '"base/h.h" /* not #include "sspi/h.h" */\n// #include "sspi/h.h"'),
])
def test_layers__allowed_passes(tmp_path, path, include):
    tree = {f"src/{folder}/h.h": "" for folder in ("base", "crypto", "account", "ntlm", "sspi")}
    tree |= {"src/account/account.h": "", "src/ntlm/ntlm.h": "", "src/package.h": "", "include/opensspi/sspi.h": "", "src/ntlm/y.c": ""}
    assert " 0 findings" in lint("lint-layers", tmp_path, tree | {path: f"#include {include}\n"})


@pytest.mark.parametrize("rule, path, code", [
    ("compare", "src/ntlm/x.c", "bad = memcmp(a, b, 16);"),
    ("compare", "src/account/x.c", "bad = strcmp (a, b);"),
    ("memcpy", "src/ntlm/x.c", "memcpy(a, b, 16);"),
    ("wipe", "src/ntlm/x.c", "memset(key, 0, sizeof(key));"),
    ("heap", "src/sspi/x.c", "p = malloc(3);"),
    ("heap", "src/sspi/x.c", "free(p);"),
    ("heap", "src/service/x.c", "p = strdup(q);"),
    ("format", "src/service/x.c", 'sprintf(p, "%s", q);'),
    ("format", "tests/unit/x.c", "strcpy(p, q);"),
    ("random", "src/ntlm/x.c", "n = rand();"),
    ("environment", "src/sspi/x.c", 'p = getenv("HOME");'),
    ("number", "src/service/x.c", "n = atoi(p);"),
    ("thread", "src/event/x.c", "t = localtime(&now);"),
    ("shell", "src/tools/x.c", 'system("ls");'),
    ("byte-order", "src/codec/x.c", "n = ntohs(n);"),
    ("cast-read", "src/codec/x.c", "n = *(const uint32_t *)p;"),
    ("packed", "src/codec/x.c", "struct __attribute__((packed)) x { char c; };"),
    ("constructor", "src/sspi/x.c", "static void f(void) __attribute__((constructor));"),
    ("locale", "src/sspi/x.c", "same = strcasecmp(a, b) == 0;"),
    ("date", "src/service/x.c", "puts(__DATE__);"),
    ("goto", "src/ntlm/x.c", "goto out;"),
    ("open-end", "tests/unit/x.c", "/* TO" "DO: later */"),
    ("braces", "src/ntlm/x.c", "if (a)\n    b();"),
    ("braces", "src/ntlm/x.c", "if (a) {\n    b();\n} else\n    c();"),
    ("braces", "src/ntlm/x.c", "while (f(a))\n    b();"),
    ("braces", "src/ntlm/x.c", "for (;;)\n    b();"),
])
def test_mistakes__each_rule_finds_its_mistake(tmp_path, rule, path, code):
    assert f": {rule}: " in lint("lint-mistakes", tmp_path, {path: SPDX + code + "\n"})


@pytest.mark.parametrize("path, code", [
    ("src/base/x.c", "memcpy(a, b, 16);"),
    ("src/ntlm/x.c", "x.free(p); y->free(p); ntlm_free(p); /* memcpy(a, b, 3) */ f(\"strcpy(a, b)\");"),
    ("src/ntlm/x.c", "do {\n    b();\n} while (a);"),
    ("src/ntlm/x.c", "#define X(a) \\\n    do {     \\\n        b(a);    \\\n    } while (0)\n\n#define Y"),
    ("src/ntlm/x.c", "if (a) {\n    b();\n} else if (c) {\n    d();\n} else {\n    e();\n}"),
    ("src/ntlm/x.c", "#if defined(A)\n#else\n#endif"),
    ("src/sspi/x.c", "p = secure_getenv(\"OPENSSPI_CONFIG\");"),
    ("src/service/x.c", "p = getenv(\"HOME\");"),
])
def test_mistakes__right_code_passes(tmp_path, path, code):
    assert " 0 findings" in lint("lint-mistakes", tmp_path, {path: SPDX + code + "\n"})


@pytest.mark.parametrize("count, found", [("1", False), ("2", True), ("0", True)])
def test_mistakes__allow_list_counts_exactly(tmp_path, count, found):
    tree = {"src/ntlm/x.c": SPDX + "memcpy(a, b, 16);\n", "scripts/lint-allow": f"memcpy src/ntlm/x.c {count} a reason\n"}
    assert (" 0 findings" not in lint("lint-mistakes", tmp_path, tree)) == found


def test_mistakes__allow_list_of_a_gone_file_is_found(tmp_path):
    assert "no such file" in lint("lint-mistakes", tmp_path, {"scripts/lint-allow": "memcpy src/gone.c 1 a reason\n"})


LONG = SPDX + "int\nlong_one(int a)\n{\n" + "    a++;\n" * 110 + "    return a;\n}\n"


@pytest.mark.parametrize("rule, tree", [
    ("licence", {"src/ntlm/x.c": "int x;\n"}),
    ("size", {"src/ntlm/x.c": SPDX + "int x;\n" * 801}),
    ("size", {"src/ntlm/x.c": LONG}),
    ("orphan", {"src/ntlm/gone.c": SPDX + "int x;\n"}),
    ("space", {"src/ntlm/x.c": SPDX + "int x; \n"}),
    ("space", {"src/ntlm/x.c": SPDX + "\tint x;\n"}),
    ("space", {"README.md": "no newline"}),
    ("decision", {"docs/decisions/0001-a.md": "# 0001: a\n", "docs/decisions/0001-b.md": "# 0001: b\n"}),
    ("decision", {"docs/decisions/0001-a.md": "# 0002: a\n"}),
    ("size", {"scripts/lint-waivers": "function src/ntlm/x.c:gone a reason\n"}),
])
def test_tree__each_rule_finds_its_fault(tmp_path, rule, tree):
    tree = {"src/ntlm/meson.build": "# SPDX-License-Identifier: Apache-2.0\nfiles('x.c')\n"} | tree
    assert f": {rule}: " in lint("lint-tree", tmp_path, tree)


def test_tree__a_waiver_lets_pass(tmp_path):
    tree = {"src/ntlm/meson.build": "# SPDX-License-Identifier: Apache-2.0\nfiles('x.c')\n", "src/ntlm/x.c": LONG,
            "scripts/lint-waivers": "function src/ntlm/x.c:long_one a table that reads best whole\n"}
    assert " 0 findings" in lint("lint-tree", tmp_path, tree)


def test_format__other_layout_is_found(tmp_path):
    layout = (SCRIPTS.parent / ".clang-format").read_text(encoding="utf-8")
    good = SPDX + "int\nf(int a)\n{\n    return a;\n}\n"
    assert " 0 findings" in lint("lint-format", tmp_path, {".clang-format": layout, "src/x.c": good})
    assert "src/x.c:2: format:" in lint("lint-format", tmp_path, {"src/x.c": SPDX + "int f(int a) { return a; }\n"})


def test_headers__one_that_needs_another_first_is_found(tmp_path):
    good = "#include <stdint.h>\nextern const uint32_t ntlm_x;\n"
    assert " 0 findings" in lint("lint-headers", tmp_path, {"src/ntlm/x.h": good})
    assert "src/ntlm/y.h:1: header:" in lint("lint-headers", tmp_path, {"src/ntlm/y.h": "extern const uint32_t ntlm_y;\n"})


def test_headers__a_public_one_that_is_not_installed_is_found(tmp_path):
    files = {"include/compat/x.h": "/* x */\n", "include/meson.build": "files('compat/x.h')\n"}
    assert " 0 findings" in lint("lint-headers", tmp_path, files)
    assert "include/compat/y.h:1: installed:" in lint("lint-headers", tmp_path, {"include/compat/y.h": "/* y */\n"})


def archive(root, folder, stem, code):
    where = root / "build/src" / folder
    where.mkdir(parents=True)
    subprocess.run(["gcc", "-x", "c", "-c", "-fPIC", "-", "-o", where / f"{stem}.c.o"], input=code, text=True, check=True)
    subprocess.run(["ar", "csrT", where / f"lib{folder}.a", where / f"{stem}.c.o"], check=True)


@pytest.mark.parametrize("code, found", [
    ("int ntlm_sign(void) { return 0; }", None),
    ("static int helper(void) { return 0; } int ntlm_x(void) { return helper(); }", None),
    ("int other(void) { return 0; }", "name: exports other"),
    ("static int count; int ntlm_next(void) { return count++; }", "global: count can be written"),
    ("int ntlm_count = 3;", "global: ntlm_count can be written"),
    ("extern int ntlm_f(void); int (*const ntlm_table[])(void) = { ntlm_f };", None),
    ("static _Thread_local int last; int ntlm_last(void) { return last++; }", None),
])
def test_names__prefixes_and_writable_globals(tmp_path, code, found):
    archive(tmp_path, "ntlm", "sign", code)
    said = lint("lint-names", tmp_path, {}, tmp_path / "build")
    assert found in said if found else " 0 findings" in said


def test_names__a_waiver_lets_pass(tmp_path):
    archive(tmp_path, "ntlm", "sign", "static int count; int other(void) { return count++; }")
    tree = {"scripts/lint-waivers": "name src/ntlm/sign.c:other a reason\nglobal src/ntlm/sign.c:count a reason\n"}
    assert " 0 findings" in lint("lint-names", tmp_path, tree, tmp_path / "build")


@pytest.mark.parametrize("listed, found", [("A; B;", None), ("A;", "B is in"), ("A; B; C;", "C is in the map and not in")])
def test_names__library_and_map_agree(tmp_path, listed, found):
    where = tmp_path / "build/src/sspi"
    where.mkdir(parents=True)
    script = tmp_path / "link.map"
    script.write_text("V_1 { global: A; B; local: *; };\n")
    subprocess.run(["gcc", "-x", "c", "-shared", "-fPIC", "-", "-o", where / "libopensspi.so.0.1.0", f"-Wl,--version-script={script}"],
                   input="int A(void) { return 0; } int B(void) { return 0; }", text=True, check=True)
    said = lint("lint-names", tmp_path, {"src/sspi/opensspi.map": f"V_1 {{ global: {listed} local: *; }};\n"}, tmp_path / "build")
    assert found in said if found else " 0 findings" in said


def test_names__declared_and_in_no_map_is_found(tmp_path):
    header = "SEC_EXPORT int SEC_ENTRY\nFoo(int a);\n#define SEC_EXPORT __attribute__((visibility(\"default\")))\n"
    assert "include/opensspi/x.h:2: map: Foo is declared" in lint("lint-names", tmp_path, {"include/opensspi/x.h": header}, tmp_path)


@pytest.mark.parametrize("row, found", [
    ("| `Foo`, `Bar` | yes | – |", None),
    ("| `Foo` | yes | – |", "Bar is in the library and not in the table"),
    ("| `Foo`, `Bar`, `Baz` | yes | – |", "Baz is not in the library"),
    ("| `Foo`, `Bar`, `Foo` | yes | – |", "Foo stands there twice"),
])
def test_readme_table__agrees_with_the_map(tmp_path, row, found):
    tree = {"README.md": f"| Function | Client | Server |\n| --- | --- | --- |\n{row}\n",
            "src/sspi/opensspi.map": "V_1 { global: FooA; FooW; Bar; local: *; };\n"}
    said = lint("lint-readme-table", tmp_path, tree)
    assert found in said if found else " 0 findings" in said


CLAIMS = "| he cannot | shown by |\n| --- | --- |\n| fly | {} |\n"
SHOWN = {"tests/a.c": "test_x(void **state)\n{\n}\n    cmocka_unit_test(test_x),\ntest_y(void **state)\n", "tests/b.py": "def test_z(tmp):\n"}


@pytest.mark.parametrize("row, found", [
    ("`tests/a.c::test_x`, `tests/b.py::test_z`", ""),
    ("nothing", "docs/THREATS.md:3: threats: a claim that no test shows"),
    ("`tests/a.c::test_w`", "tests/a.c has no test test_w"),
    ("`tests/a.c::test_y`", "tests/a.c has no test test_y"),  # in no list
    ("`tests/b.py::test_x`", "tests/b.py has no test test_x"),
    ("`tests/c.py::test_x`", "there is no tests/c.py"),
])
def test_threats__each_claim_has_a_test_that_is_there(tmp_path, row, found):
    said = lint("lint-threats", tmp_path, {**SHOWN, "docs/THREATS.md": CLAIMS.format(row)})
    assert found in said if found else " 0 findings" in said


PAGE = """.Dd January 1, 2026
.Dt X 1
.Os
.Sh NAME
.Nm x
.Nd a program
.Sh DESCRIPTION
It does.
"""


def test_man__faults_and_missing_pages_are_found(tmp_path):
    build = {"src/tools/meson.build": "executable('x', 'x.c')\n"}
    assert "x has no page" in lint("lint-man", tmp_path, build)
    assert " 0 findings" in lint("lint-man", tmp_path, {"man/x.1": PAGE})
    assert "man/x.1:9: man:" in lint("lint-man", tmp_path, {"man/x.1": PAGE + ".Xyz\n"})


def test_shell__faults_are_found(tmp_path):
    good = "#!/bin/bash\nset -euo pipefail\necho \"$1\"\n"
    assert " 0 findings" in lint("lint-shell", tmp_path, {"scripts/x": good})
    assert "scripts/x:3: shell:" in lint("lint-shell", tmp_path, {"scripts/x": good.replace('"', "")})
    assert "no set -euo pipefail" in lint("lint-shell", tmp_path, {"scripts/x": good.replace("set -euo pipefail", "true")})
