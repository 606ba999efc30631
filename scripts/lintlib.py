# SPDX-License-Identifier: Apache-2.0
"""What the lints share: which files there are, C without its comments, and how findings are told.

A lint is a program: no findings, exit status 0; findings, one a line as PATH:LINE: RULE: TEXT, exit status 1.
--root DIR lints another tree (the lints' own tests do that).
"""
import argparse
import fnmatch
import os
import pathlib
import re
import subprocess
import sys


class Lint:
    def __init__(self, name, description, arguments=()):
        parser = argparse.ArgumentParser(prog=name, description=description)
        parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
        for flags, options in arguments:
            parser.add_argument(*flags, **options)
        self.name = name
        self.args = parser.parse_args()
        self.root = self.args.root.resolve()
        self.findings = []
        self.looked_at = 0

    def files(self, *patterns):
        """The project's files that match one of the patterns, relative to the root; * matches / too."""
        if (self.root / ".git").exists():
            listing = subprocess.run(
                ["git", "-C", str(self.root), "ls-files", "--cached", "--others", "--exclude-standard"],
                check=True, capture_output=True, text=True).stdout.splitlines()
        else:
            listing = [str(pathlib.Path(folder, name).relative_to(self.root))
                       for folder, _, names in os.walk(self.root) for name in names]
        for path in sorted(set(listing)):
            if any(fnmatch.fnmatchcase(path, p) for p in patterns) and (self.root / path).is_file():
                self.looked_at += 1
                yield path

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def find(self, path, line, rule, text):
        self.findings.append((str(path), line, rule, text))

    def finish(self):
        for path, line, rule, text in sorted(self.findings):
            print(f"{path}:{line}: {rule}: {text}")
        print(f"{self.name}: {len(self.findings)} findings, {self.looked_at} files")
        sys.exit(1 if self.findings else 0)


def read_table(path, columns):
    """Rows of a lint's table: words, the last one taking the rest of the line; # starts a comment line."""
    rows = []
    if not path.exists():
        return rows
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            words = line.split(None, columns - 1)
            if len(words) != columns:
                sys.exit(f"{path}:{number}: {columns} columns wanted: {line}")
            rows.append((number, *words))
    return rows


_C_NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def code_only(text):
    """C with comments blanked and literals emptied; each line and column stays where it was."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)
    return _C_NOISE.sub(blank, text)


def comments(text):
    """(offset, comment) of each comment in C."""
    for match in _C_NOISE.finditer(text):
        if match.group(0).startswith("/"):
            yield match.start(), match.group(0)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def functions(text):
    """(name, first line, last line) of each function, in the layout that .clang-format makes."""
    found, start, name = [], None, None
    for number, line in enumerate(code_only(text).splitlines(), 1):
        head = re.match(r"(?=[A-Za-z_]).*?\b([A-Za-z_]\w*)\s*\(", line)
        if head and not line.startswith(("#", "return")):
            name, head_line = head.group(1), number
        if line.startswith("{") and name:
            start = head_line
        if line.startswith("}") and start:
            if not line.rstrip().endswith(";"):
                found.append((name, start, number))
            start = name = None
    return found


def map_symbols(text):
    """The global names of a linker's version script."""
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", text, flags=re.S)
    parts = re.findall(r"global\s*:(.*?)(?:local\s*:|\})", text, re.S)
    return {name for part in parts for name in re.findall(r"([A-Za-z_]\w*)\s*;", part)}
