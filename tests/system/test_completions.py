# SPDX-License-Identifier: Apache-2.0
"""What bash, zsh and fish complete, and that it is what the programs say of themselves."""
import os
import re
import shlex
import subprocess

import pytest

from conftest import BUILD, ROOT, program

PROGRAMS = ("sspictl", "sspi-connect", "sspid", "rasd", "samd", "opensspi-execd")
FILES = {"bash": "opensspi.bash", "zsh": "_opensspi", "fish": "opensspi.fish"}
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_opensspi "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""
# What zsh's own functions would find is theirs to find.
ZSH = r"""
compadd() { print -rl -- $found }
_files() { print -rl -- $words[CURRENT]*(N) }
_users() { getent passwd | cut -d: -f1 }
file=$1; shift
words=("$@") CURRENT=$#
source $file
"""
FISH = "source $argv[1]; complete -C $argv[2]"


def command(shell, words):
    file = BUILD / "packaging" / FILES[shell]
    if shell == "bash":
        return ["bash", "-c", BASH, "bash", file, *words]
    if shell == "zsh":
        return ["zsh", "-f", "-c", ZSH, "zsh", file, *words]
    return ["fish", "--no-config", "-c", FISH, file, shlex.join(words[:-1]) + " " + words[-1]]


@pytest.fixture(params=FILES)
def complete(request, tmp_path):
    def complete(*words, **environment):
        words = [str(word) for word in words]
        path = ":".join(str(program(name).parent) for name in PROGRAMS)
        done = subprocess.run(command(request.param, words), capture_output=True, text=True, timeout=600, check=False,
                              env={**os.environ, "HOME": str(tmp_path), "PATH": f"{path}:{os.environ['PATH']}", **environment})
        assert done.stderr == "", done.stderr
        found = [line.split("\t")[0] for line in done.stdout.splitlines() if line]
        return sorted({word for word in found if word.startswith(words[-1])})
    return complete


def usage(name):
    return subprocess.run([program(name), "--help"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", PROGRAMS[1:])
def test_every_option_of_a_program(complete, name):
    assert set(complete(name, "--")) == set(re.findall(r"--[a-z][a-z-]*", usage(name)))
    assert complete(name, "--ver") in (["--version"], ["--verbose", "--version"])


def test_every_command_and_option_of_sspictl(complete):
    synopsis = usage("sspictl").split("\n\n")[1]
    lines = re.sub(r"\n {5,}", " ", synopsis).splitlines()
    assert len(lines) > 10
    for line in lines:
        path = re.match(r" {4}([a-z]+(?: [a-z]+(?: \| [a-z]+)*)?)(?= |$)", line).group(1).replace(" | ", "|").split()
        assert path[0] in complete("sspictl", "")
        for last in path[-1].split("|"):
            words = [*path[:-1], last]
            assert last in complete("sspictl", *path[:-1], "")
            assert set(re.findall(r"--[a-z][a-z-]*", line)) <= set(complete("sspictl", *words, "--")), line


def test_prefixes(complete):
    assert complete("sspictl", "acc") == ["account"]
    assert complete("sspictl", "account", "en") == ["enable"]
    assert complete("sspictl", "account", "add", "demo", "--password-s") == ["--password-stdin"]
    assert complete("sspictl", "nonsense", "") == [] and complete("sspictl", "account", "nonsense", "--") == []
    assert complete("sspictl", "account", "add", "demo", "--keep-clear-text", "--dial") == ["--dial-in"]


def test_values(complete, tmp_path):
    config = tmp_path / "opensspi.conf"
    config.write_text("[listener front]\n[listener web]\n[port com1]\n")
    assert complete("sspi-connect", "--package", "K") == ["Kerberos"]
    assert complete("sspictl", "account", "add", "demo", "--dial-in", "") == ["no", "yes"]
    assert complete("sspictl", "--config", config, "doctor", "--listener", "") == ["front", "web"]
    assert complete("sspictl", "ras", "hangup", "com", OPENSSPI_CONFIG=str(config)) == ["com1"]
    assert complete("sspid", "--config", f"{tmp_path}/open") == [str(config)]
    assert complete("sspictl", "doctor", "--user", "roo") == ["root"]
    assert complete("sspid", "--loops", "") == [] and complete("sspictl", "events", "--since", "") == []


def test_accounts(complete, make_service):
    service = make_service(start=False)
    assert complete("sspictl", "account", "show", "a", OPENSSPI_CONFIG=str(service.config)) == ["alice"]
    assert complete("sspictl", "--config", service.config, "account", "show", "a") == ["alice"]
    assert complete("sspictl", "account", "show", "a", OPENSSPI_CONFIG="/nonexistent") == []


def test_an_account_is_a_name_and_no_command(complete, make_service):
    service = make_service(accounts={"$(id)": "Secret123!x"}, start=False)
    assert complete("sspictl", "account", "show", "", OPENSSPI_CONFIG=str(service.config)) in (["$(id)", "--json"], ["--json", r"\$\(id\)"])


def test_the_files_are_clean():
    """The list of candidates stands in quotes in all of them."""
    assert not set("'\\") & set((ROOT / "packaging/completions/candidates.awk").read_text())
    for check in (["shellcheck", "-s", "bash", FILES["bash"]], ["zsh", "-f", "-n", FILES["zsh"]], ["fish", "--no-config", "-n", FILES["fish"]]):
        done = subprocess.run(check, cwd=BUILD / "packaging", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_shells_know_whose_they_are(tmp_path):
    loaded = {
        "bash": f"source {BUILD}/packaging/opensspi.bash; for p in {' '.join(PROGRAMS)}; do complete -p $p; done",
        "zsh": f"fpath=({BUILD}/packaging $fpath); autoload -Uz compinit; compinit -u -D; for p in {' '.join(PROGRAMS)}; do print $_comps[$p] $p; done",
        "fish": f"source {BUILD}/packaging/opensspi.fish; for p in {' '.join(PROGRAMS)}; complete $p; end",
    }
    for shell, script in loaded.items():
        quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
        done = subprocess.run([shell, *quiet, "-c", script], capture_output=True, text=True, timeout=600, check=True, env={**os.environ, "HOME": str(tmp_path)})
        lines = done.stdout.splitlines()
        assert len(lines) == len(PROGRAMS) and all("opensspi" in line and name in line.split() for line, name in zip(lines, PROGRAMS)), lines
