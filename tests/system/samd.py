# SPDX-License-Identifier: Apache-2.0
"""A samd for tests, what asks it over its socket byte for byte, and an sspid behind it that cannot read its accounts.

The bytes are those of docs/INTERFACES.md, written a second time. Users are numbers that nobody has; the groups are ones that Debian has."""
import grp
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from conftest import BUILD, PATIENCE, Service, ini, program, wait_for

ASKERS, ADMINISTRATORS = "games", "operator"
SAMD_UID, SSPID_UID, STRANGER_UID = 64101, 64102, 64103
CHANGE_PASSWORD, PROVEN, REFUSED, DONE = 12, 33, 34, 35
LOGON_DENIED, NO_AUTHORITY, NOT_OWNER = 0x8009030C, 0x80090311, 0x80090306
WRONG_PASSWORD, LOCKED_OUT, CHALLENGE_USED = 0xC000006A, 0xC0000234, 0xC000006D
VERSION = 2
PASSWORD, CHAP_MD5, ONE_TIME_CODE = 5, 6, 9


def gid(name):
    return grp.getgrnam(name).gr_gid


def as_user(uid, *groups):
    """For subprocess: another user, with these groups and no other."""
    return {"user": uid, "group": uid, "extra_groups": [gid(name) for name in groups]}


def blob(data=b""):
    return struct.pack("<H", len(data)) + data


def text(t):
    return blob(t.encode()) + b"\0"


class Wire:
    """A connection to samd."""

    def __init__(self, path, greet=True):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(PATIENCE)
        self.s.connect(str(path))
        self.id = 0
        if greet:
            self.send(1, struct.pack("<I", VERSION), request=0)
            assert self.read() == (32, 0, struct.pack("<I", VERSION))

    def send(self, kind, fields, request=None):
        if request is None:
            self.id += 1
            request = self.id
        self.s.sendall(struct.pack("<IBQ", len(fields) + 9, kind, request) + fields)
        return request

    def take(self, n):
        data = b""
        while len(data) < n:
            part = self.s.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def read(self):
        """(type, id, fields)"""
        body = self.take(struct.unpack("<I", self.take(4))[0])
        return (body[0], struct.unpack_from("<Q", body, 1)[0], body[9:])

    def ask(self, kind, fields):
        request = self.send(kind, fields)
        kind, answered, fields = self.read()
        assert answered == request
        return kind, fields


def claim(user, password="", kind=PASSWORD, chap_id=0, challenge=b"", chap_response=b"", domain=""):
    return (struct.pack("<BBB", kind, chap_id, 0) + bytes(8) + blob(user.encode("utf-16-le")) + blob(domain.encode("utf-16-le"))
            + blob() + blob() + blob(password.encode()) + blob(challenge) + blob() + blob() + blob(chap_response))


def refusal(answer):
    """(status, sub_status, locked out now)"""
    kind, fields = answer
    assert kind == REFUSED
    return struct.unpack_from("<IIB", fields)


class Samd:
    """One samd, as a user of its own, its configuration and its store. ctl() runs sspictl through it."""

    def __init__(self, policy=(), accounts=(), **keys):
        # Not below pytest's folder, which other users cannot enter.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="samd-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.socket, self.log, self.config = self.folder / "run/auth", self.folder / "samd.log", self.folder / "opensspi.conf"
        self.state = self.folder / "state"
        for path, mode in ((self.state, 0o700), (self.socket.parent, 0o755)):
            path.mkdir()
            path.chmod(mode)
            os.chown(path, SAMD_UID, SAMD_UID)
        self.process = None
        self.policy = dict(policy)
        self.keys = {"socket": self.socket, "store": f"sqlite:{self.state}/accounts.db", "key_file": f"{self.state}/accounts.key",
                     "events_file": self.state / "events.jsonl", "control_socket": self.folder / "run/control",
                     "group": ASKERS, "administrators": ADMINISTRATORS, "requests_per_second": "0", **keys}
        self.config.write_text(self.sections())
        self.start()
        for name, password in dict(accounts).items():
            self.ctl("account", "add", name, "--password-stdin", stdin=password + "\n")

    def sections(self):
        return ini({"server": {"computer": "WEB1", "domain": "WORKGROUP"}, "accounts": {"store": f"authority:{self.socket}"},
                    "policy": self.policy, "samd": self.keys})

    def start(self, **environment):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.copy("samd"), "--config", self.config], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment(**environment), **as_user(SAMD_UID))
        wait_for(self.answers, "samd answers")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            Wire(self.socket).s.close()
            return True
        except (OSError, EOFError):
            return False

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """SIGTERM; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def clear(self):
        try:
            assert self.process.returncode == -signal.SIGKILL or self.stop() == 0, self.log.read_text()
        finally:
            self.process.kill()
            shutil.rmtree(self.folder)

    def copy(self, name):
        """A program where every user can run it, with its library."""
        to = self.folder / "bin" / name
        if not to.exists():
            to.parent.mkdir(exist_ok=True)
            library = BUILD / "src/sspi/libopensspi.so.0"
            if not (to.parent / library.name).exists():
                shutil.copy(library, to.parent / library.name)
            shutil.copy(program(name), to)
        return to

    def environment(self, **more):
        return {**os.environ, "LD_LIBRARY_PATH": str(self.folder / "bin"), **more}

    def ctl(self, *args, stdin="", status=0, **user):
        done = subprocess.run([self.copy("sspictl"), "--config", self.config, *args], input=stdin, capture_output=True, text=True,
                              timeout=60, env=self.environment(), **user)
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.log.read_text()}"
        return done.stdout if status == 0 else done.stderr

    def prove(self, *args, **kwargs):
        wire = Wire(self.socket)
        try:
            return wire.ask(2, claim(*args, **kwargs))
        finally:
            wire.s.close()

    def says(self, words):
        return wait_for(lambda: words in self.log.read_text(), f"samd says {words}")


class ServiceBehind(Service):
    """An sspid as a user who may ask samd, and no more."""

    def __init__(self, samd, listeners):
        self.samd = samd
        folder = samd.folder / "sspid"
        folder.mkdir(mode=0o755)
        super().__init__(folder, {}, samd.policy, listeners, {})

    def write_config(self, policy, server, kerberos):
        super().write_config(policy, server, kerberos)
        listeners = {f"listener {name}": keys for name, keys in self.listeners.items()}
        self.config.write_text(self.samd.sections() + ini({"events": {"file": self.event_file}, **listeners}))
        os.chown(self.folder, SSPID_UID, SSPID_UID)

    def start(self):
        begin = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.samd.copy("sspid")], env=self.samd.environment(OPENSSPI_CONFIG=str(self.config)),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_user(SSPID_UID, ASKERS))
        for name in self.listeners:
            self.wait_for(lambda: self.accepts(name), f"listener {name} answers")
        self.wait_for(lambda: b": ready " in self.log.read_bytes()[begin:], "sspid is ready")
        return self
