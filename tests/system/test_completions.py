# SPDX-License-Identifier: Apache-2.0
"""What bash completes, and that it is what the programs say of themselves."""
import os
import re
import subprocess

import pytest

from conftest import ROOT, program

PROGRAMS = ("sspictl", "sspi-connect", "sspid", "rasd", "samd", "opensspi-execd")
SCRIPT = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_opensspi "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words, **environment):
    path = ":".join(str(program(name).parent) for name in PROGRAMS)
    done = subprocess.run(["bash", "-c", SCRIPT, "bash", ROOT / "packaging/completions/opensspi.bash", *map(str, words)],
                          env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}", **environment}, capture_output=True, text=True,
                          timeout=60)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def usage(name):
    return subprocess.run([program(name), "--help"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", PROGRAMS[1:])
def test_every_option_of_a_program(name):
    assert set(complete(name, "--")) == set(re.findall(r"--[a-z][a-z-]*", usage(name)))
    assert complete(name, "--ver") in (["--version"], ["--verbose", "--version"])


def test_every_command_and_option_of_sspictl():
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


def test_prefixes():
    assert complete("sspictl", "acc") == ["account"]
    assert complete("sspictl", "account", "en") == ["enable"]
    assert complete("sspictl", "account", "add", "demo", "--password-s") == ["--password-stdin"]
    assert complete("sspictl", "nonsense", "") == [] and complete("sspictl", "account", "nonsense", "--") == []


def test_values(tmp_path):
    config = tmp_path / "opensspi.conf"
    config.write_text("[listener front]\n[listener web]\n[port com1]\n")
    assert complete("sspi-connect", "--package", "K") == ["Kerberos"]
    assert complete("sspictl", "account", "add", "demo", "--dial-in", "") == ["yes", "no"]
    assert complete("sspictl", "--config", config, "doctor", "--listener", "") == ["front", "web"]
    assert complete("sspictl", "ras", "hangup", "", OPENSSPI_CONFIG=str(config)) == ["com1"]
    assert complete("sspid", "--config", f"{tmp_path}/open") == [str(config)]
    assert complete("sspid", "--loops", "") == []


def test_accounts(make_service):
    service = make_service(start=False)
    assert complete("sspictl", "account", "show", "a", OPENSSPI_CONFIG=str(service.config)) == ["alice"]
    assert complete("sspictl", "account", "show", "a", OPENSSPI_CONFIG="/nonexistent") == []


def test_the_file_is_clean():
    done = subprocess.run(["shellcheck", "-s", "bash", ROOT / "packaging/completions/opensspi.bash"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
