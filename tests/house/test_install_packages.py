# SPDX-License-Identifier: Apache-2.0
"""scripts/install-packages against a machine that is made up: what it calls, and what it leaves behind.

apt-get, dpkg-query, sudo and id are stand-ins that write down how they were called. /usr/sbin is an empty one that only the
script sees, in a mount namespace, so that the machine's own policy-rc.d is out of the test's reach.
"""
import os
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
ROOT = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
MARK = "start no service while packages are installed"


class Machine:
    def __init__(self, folder, installed, user="0", apt_status=0, sudo=False):
        self.folder = folder
        self.calls = folder / "calls"
        self.sbin = folder / "sbin"
        self.policy = self.sbin / "policy-rc.d"
        (folder / "scripts").mkdir()
        self.sbin.mkdir()
        (folder / "scripts/install-packages").write_bytes((SCRIPTS / "install-packages").read_bytes())
        (folder / "scripts/install-packages").chmod(0o755)
        (folder / "scripts/packages-some").write_text("# a comment\none\ntwo   # why\n\nthree\n", encoding="ascii")
        lines = "".join(f"echo '{name} installed'\n" for name in installed)
        self.stand_in("dpkg-query", lines)
        self.stand_in("id", f"echo {user}\n")
        self.stand_in("apt-get", f'echo "apt-get $*" >>{self.calls}\n'
                      f'case "$*" in *install*) cat /usr/sbin/policy-rc.d >{folder}/policy-seen; exit {apt_status} ;; esac\n')
        if sudo:
            self.stand_in("sudo", f'echo "sudo $*" >>{self.calls}\n[ "$1" = -n ] && exit 0\nexit 0\n')

    def stand_in(self, name, script):
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script, encoding="ascii")
        path.chmod(0o755)

    def install(self, *lists):
        script = f'mount --bind {self.sbin} /usr/sbin && mount -t tmpfs run /run && PATH={self.folder}/bin:/bin exec "$@"'
        return subprocess.run([*ROOT, "unshare", "--mount", "/bin/sh", "-c", script, "sh", self.folder / "scripts/install-packages", *lists],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def called(self):
        return self.calls.read_text(encoding="ascii").splitlines() if self.calls.exists() else []


def test_nothing_missing__calls_nothing(tmp_path):
    machine = Machine(tmp_path, ["one", "two", "three"], user="1000", sudo=True)
    done = machine.install("some")
    assert (done.returncode, done.stdout, done.stderr, machine.called()) == (0, "", "", [])


def test_missing__are_installed_and_no_service_started(tmp_path):
    machine = Machine(tmp_path, ["two"])
    done = machine.install("some")
    assert done.returncode == 0, done.stderr
    update, install = machine.called()
    assert update.endswith(" update")
    assert " install " in install and "--no-install-recommends" in install and install.endswith(" one three")
    assert "exit 101" in (tmp_path / "policy-seen").read_text(encoding="ascii")
    assert not machine.policy.exists()


@pytest.mark.parametrize("apt_status", [0, 100])
def test_policy_of_the_machine__comes_back(tmp_path, apt_status):
    machine = Machine(tmp_path, [], apt_status=apt_status)
    machine.policy.write_text("#!/bin/sh\n# mine\nexit 0\n", encoding="ascii")
    done = machine.install("some")
    assert (done.returncode != 0) == (apt_status != 0)
    assert MARK in (tmp_path / "policy-seen").read_text(encoding="ascii")
    assert "# mine" in machine.policy.read_text(encoding="ascii")
    assert [path.name for path in machine.sbin.iterdir()] == ["policy-rc.d"]


def test_policy_left_by_a_killed_run__is_taken_away(tmp_path):
    machine = Machine(tmp_path, [])
    machine.policy.write_text(f"#!/bin/sh\n# OpenSSPI: {MARK}\nexit 101\n", encoding="ascii")
    (tmp_path / "sbin/policy-rc.d.before-opensspi").write_text("# mine\n", encoding="ascii")
    assert machine.install("some").returncode == 0
    assert machine.policy.read_text(encoding="ascii") == "# mine\n"


def test_apt_fails__says_which_packages(tmp_path):
    machine = Machine(tmp_path, ["one", "three"], apt_status=100)
    done = machine.install("some")
    assert done.returncode == 1 and "could not install: two" in done.stderr
    assert not machine.policy.exists()


def test_not_root__sudo_runs_it(tmp_path):
    machine = Machine(tmp_path, [], user="1000", sudo=True)
    assert machine.install("some").returncode == 0
    assert machine.called()[-1] == f"sudo -- {tmp_path}/scripts/install-packages some"


def test_not_root_no_sudo__says_the_one_command(tmp_path):
    machine = Machine(tmp_path, [], user="1000")
    machine.stand_in("sudo", "exit 1\n")
    done = machine.install("some")
    assert done.returncode == 1 and machine.called() == []
    assert f"su -c \"'{tmp_path}/scripts/install-packages' some\"" in done.stderr


def test_unknown_list__is_a_fault(tmp_path):
    assert Machine(tmp_path, []).install("none").returncode == 2
