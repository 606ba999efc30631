# SPDX-License-Identifier: Apache-2.0
"""An sspid whose listeners run commands, and the opensspi-execd behind them; and what is asked of that byte for byte."""
import os
import shutil
import struct
import subprocess

import pytest

from conftest import ACCOUNTS, ROOT, program
from execd import Execd, processes_of
from samd import ASKERS, SSPID_UID, Samd, ServiceBehind, as_user

LISTENER = {"protocol": "framed"}


class Site:
    """An execd, and an sspid with a listener for each of its commands."""

    def __init__(self, execd, service):
        self.execd, self.service = execd, service

    def environment(self):
        return self.service.environment()

    def command(self, name, user, *args):
        return [program("sspi-connect"), "--user", user, "--password-stdin", *args, self.service.address(name)]

    def run(self, name, data=b"", user="alice", status=0, args=()):
        done = subprocess.run(self.command(name, user, *args), input=ACCOUNTS[user].encode() + b"\n" + data, env=self.environment(),
                              capture_output=True, timeout=120)
        assert done.returncode == status, f"{done}\n{self.execd.log.read_text()}\n{self.service.log.read_text()}"
        return done.stdout

    def begin(self, name, user="alice"):
        p = subprocess.Popen(self.command(name, user), env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        p.stdin.write(ACCOUNTS[user].encode() + b"\n")
        p.stdin.flush()
        return p

    def wait_for_none(self, uid):
        self.service.wait_for(lambda: not processes_of(uid), "no process is left")


@pytest.fixture
def make_site(make_service):
    made = []

    def make(commands, policy=(), listener=(), unix_users=(), scripts=(), start=True, sspid_start=True, **keys):
        commands = {name: dict(c if isinstance(c, dict) else {"command": c}) for name, c in commands.items()}
        execd = Execd(commands, **keys)
        made.append(execd)
        for name, text in dict(scripts).items():
            commands[name]["command"] = execd.script(name, text)
        execd.write_config()
        service = make_service(policy=policy, start=False,
                               listeners={name: {**LISTENER, "backend": f"exec:{name}", **dict(listener)} for name in commands})
        service.config.write_text(service.config.read_text() + execd.sections())
        for name, unix_user in dict(unix_users).items():
            service.ctl("account", "remove", name)
            service.ctl("account", "add", name, "--password-stdin", "--unix-user", unix_user, stdin=ACCOUNTS[name] + "\n")
        if start:
            execd.start()
        if sspid_start:
            service.start()
        return Site(execd, service)

    yield make
    for execd in made:
        execd.clear()


def status_of(text):
    """Of /proc/self/status, as a dictionary."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def parent_of(pid):
    return int(status_of(open(f"/proc/{pid}/status").read())["PPid"])


def text(t):
    return struct.pack("<H", len(t.encode())) + t.encode()


def start_of(command="id", user="alice", version=2, credentials=b"", **more):
    """A START; the client as sspid has it."""
    fields = struct.pack("<BIH", 1, version, 7) + b"".join(text(t) for t in (command, user, *(more.get(name, "") for name in (
        "domain", "unix_user", "sid", "package", "address", "assertion"))))
    fields += struct.pack("<I", len(credentials)) + credentials
    return struct.pack("<I", len(fields)) + fields


def ask(site, frame, to_its_end=False, **user):
    """Over the socket, byte for byte: (type, fields, descriptors), or None where it hangs up."""
    code = ("import os,socket,sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(60)\ns.connect(sys.argv[1])\n"
            "try:\n    s.sendall(bytes.fromhex(sys.stdin.read()))\n    data, fds, *_ = socket.recv_fds(s, 5000, 9)\nexcept (ConnectionResetError, BrokenPipeError):\n    data, fds = b'', []\nprint(data.hex(), len(fds))\n"
            + "os.read(fds[1], 1)\n" * to_its_end)
    done = subprocess.run(["/usr/bin/python3", "-c", code, site.execd.socket], input=frame.hex(), capture_output=True, text=True, timeout=60, **user)
    assert done.returncode == 0, done.stderr
    data, n = done.stdout.rsplit(" ", 1)
    data = bytes.fromhex(data)
    return (data[4], data[5:], int(n)) if data else None


NOT_PROVEN = 4


@pytest.fixture
def make_vouched():
    """sspid as a user of its own, behind samd, and an execd that believes samd alone."""
    made = []

    def make(commands):
        samd = Samd(accounts={"alice": ACCOUNTS["alice"], "bob": ACCOUNTS["bob"]})
        made.append(samd.clear)
        execd = Execd({name: {"command": command, "trust_sspid": None} for name, command in commands.items()},
                      more=f"[accounts]\nstore = authority:{samd.socket}\n", user="sspid")
        made.append(execd.clear)
        service = ServiceBehind(samd, {name: {**LISTENER, "backend": f"exec:{name}"} for name in commands})
        service.config.write_text(service.config.read_text() + execd.sections())
        made.append(service.stop)
        execd.start()
        service.start()
        site = Site(execd, service)
        site.samd = samd
        return site

    yield make
    for clear in reversed(made):
        clear()


SSPID = as_user(SSPID_UID, ASKERS)
PROVE = ("import sys; sys.path[:0] = sys.argv[1:3]; from samd import *; wire = Wire(sys.argv[3]); kind, fields = wire.ask(2, claim(sys.argv[4], sys.argv[5]))\n"
         "assert kind == PROVEN\nprint(fields[-41:-1].decode())\n")


def assertion_of(site, user):
    """What samd gives a process of sspid's that proves this user's password."""
    library = site.samd.folder / "tests"
    if not library.exists():
        library.mkdir(mode=0o755)
        for path in (ROOT / "tests/conftest.py", ROOT / "tests/system/samd.py"):
            shutil.copy(path, library)
    done = subprocess.run(["/usr/bin/python3", "-c", PROVE, library, library, site.samd.socket, user, ACCOUNTS[user]], capture_output=True, text=True,
                          env={**os.environ, "OPENSSPI_BUILD": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/", timeout=60, **SSPID)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refusal_of(answer):
    return answer[0] == 33 and struct.unpack_from("<I", answer[1])[0]
