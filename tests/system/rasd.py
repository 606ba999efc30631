# SPDX-License-Identifier: Apache-2.0
"""A rasd for tests: its configuration, a module host that a test writes in Python, and callers.

The pppd behind it is tests/support/fake_ppp.c. A module is a Python file with some of begin(call), received(call, error, data),
end(call); DIALOG is one that asks for a user and does what the name says."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from conftest import OF_THE_PROGRAM, PATIENCE, end_with_sigterm, events_are_written, free_port, ini, program, wait_for

HOST = '''#!/usr/bin/python3
import os, socket, struct, sys
line = socket.socket(fileno=3)
SUCCESS, FAILURE, ERROR = 1, 2, 3

def text(t):
    t = t.encode() if isinstance(t, str) else t
    return struct.pack("<H", len(t)) + t

def frame(type, rest=b""):
    line.sendall(struct.pack("<IB", len(rest) + 1, type) + rest)

class Call:
    def __init__(self, id, send_size, size, device):
        self.id, self.send_size, self.size, self.device, self.typed = id, send_size, size, device, b""
    def say(self, type, rest=b""): frame(type, struct.pack("<Q", self.id) + rest)
    def begun(self, error=0): self.say(33, struct.pack("<I", error))
    def send(self, data): self.say(34, data)
    def receive(self, size=None, seconds=0): self.say(35, struct.pack("<II", size or self.size, seconds))
    def check_code(self, request, user, code): self.say(38, struct.pack("<I", request) + text(user) + text("") + code)
    def complete(self, outcome, user="", domain="", error=0):
        self.say(36, struct.pack("<II", error, outcome) + text(user) + text(domain))
    def ended(self, error=619): self.say(37, struct.pack("<I", error))

def take(n):
    data = b""
    while len(data) < n:
        part = line.recv(n - len(data))
        if not part:
            os._exit(0)
        data += part
    return data

def begin(call): call.begun()
def received(call, error, data): pass
def end(call): call.ended()
def otp_result(call, request, error): pass
def ready(): frame(32, struct.pack("<II", 1, 0) + text(""))

calls = {}
while True:
    body = take(struct.unpack("<I", take(4))[0])
    type, rest = body[0], body[1:]
    if type == 1:
        exec(open(rest[6:]).read())
        ready()
    elif type == 7:
        os._exit(0)
    else:
        id = struct.unpack_from("<Q", rest)[0]
        if type == 2:
            send_size, size = struct.unpack_from("<II", rest, 8)
            calls[id] = Call(id, send_size, size, rest[18:].decode())
            begin(calls[id])
        elif type == 3:
            received(calls[id], struct.unpack_from("<I", rest, 8)[0], rest[12:])
        elif type == 4:
            end(calls[id])
        elif type == 6 and id in calls:
            otp_result(calls[id], *struct.unpack_from("<II", rest, 8))
        elif type == 5:
            calls.pop(id, None)
'''

DIALOG = '''
def begin(call):
    call.begun()
    call.send(b"user: ")
    call.receive()

def received(call, error, data):
    if error:
        return
    call.typed += data
    if b"\\r" not in call.typed:
        call.receive()
        return
    word, _, rest = call.typed.split(b"\\r")[0].decode().partition(" ")
    if word == "fail": call.complete(FAILURE, "mallory", "WEB1")
    elif word == "error": call.complete(ERROR, error=int(rest))
    elif word == "crash": os._exit(3)
    elif word == "nonsense": frame(99, b"?")
    elif word == "huge": line.sendall(b"\\xff\\xff\\xff\\x7f")
    elif word == "hangs": import time; time.sleep(1000)
    elif word == "twice":
        call.complete(SUCCESS, rest or "alice")
        call.complete(SUCCESS, rest or "alice")
    elif word == "pid":
        call.send(str(os.getpid()).encode() + b"\\r\\n")
        call.typed = b""
        call.receive()
    elif word == "device":
        call.send(call.device.encode() + b"\\r\\n")
        call.typed = b""
        call.receive()
    else: call.complete(SUCCESS, word, rest)
'''


class Caller:
    """Somebody on a line, whose bytes come from a socket or a file."""

    def __init__(self, fd_read, fd_write, close):
        self.read, self.write, self.close, self.got = fd_read, fd_write, close, b""

    def say(self, data):
        self.write(data.encode() if isinstance(data, str) else data)

    def expect(self, wanted):
        """Reads until wanted is there, and gives what came before it."""
        wanted = wanted.encode() if isinstance(wanted, str) else wanted
        while wanted not in self.got:
            part = self.read(4096)
            assert part, f"the line ended; expected {wanted}, got {self.got}"
            self.got += part
        before, _, self.got = self.got.partition(wanted)
        return before

    def rest(self):
        """All that comes until the line ends."""
        try:
            while part := self.read(4096):
                self.got += part
        except OSError:
            pass
        return self.got

    def connect_ppp(self, user="alice"):
        self.say(f"{user}\r")
        self.expect("PPP\n")
        self.say(f"AUTH {user} WEB1\n")
        self.expect("OK\n")
        self.say("UP\n")
        self.expect("OK\n")


def tcp_caller(address):
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), PATIENCE)
    s.settimeout(PATIENCE)
    return Caller(s.recv, s.sendall, s.close)


class Rasd:
    def __init__(self, module=DIALOG, ports=None, host=HOST, **ras):
        # Not below pytest's folder, which the module's user cannot enter.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rasd-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.event_file, self.log = self.folder / "events.jsonl", self.folder / "rasd.log"
        self.config, self.module = self.folder / "opensspi.conf", self.folder / "module.so"
        self.process = None
        self.ports = ports if ports is not None else {"net": {"type": "tcp", "calls": "4"}}
        for keys in self.ports.values():
            if keys["type"] == "tcp" and "device" not in keys:
                keys["device"] = f"127.0.0.1:{free_port()}"
        self.policy, self.sinks = {}, {"file": self.event_file}
        self.ras = {"control_socket": self.folder / "control", "run_directory": self.folder / "run", **ras}
        if os.geteuid() == 0:
            self.ras.setdefault("module_user", "nobody")
        if module is not None:
            self.ras.setdefault("security_module", self.module)
            if isinstance(module, str):
                self.module.write_text(module)
            else:
                shutil.copy(module, self.module)
        if host is not None:
            path = self.folder / "host"
            path.write_text(host)
            path.chmod(0o755)
            self.ras.setdefault("module_host", path)
        self.write_config()

    def write_config(self):
        sections = {"server": {"computer": "WEB1"}, "accounts": {"store": f"sqlite:{self.folder}/accounts.db", "key_file": f"{self.folder}/key"},
                    "policy": self.policy, "events": self.sinks, "ras": self.ras, **{f"port {name}": keys for name, keys in self.ports.items()}}
        self.config.write_text(ini(sections))

    def run(self, *args, name="rasd-fake-ppp"):
        return subprocess.run([program(name), *args], env={**os.environ, "OPENSSPI_CONFIG": str(self.config)}, capture_output=True,
                              text=True, timeout=PATIENCE)

    def ctl(self, *args):
        return self.run("--config", str(self.config), "ras", *args, name="sspictl")

    def start(self):
        before = self.log_text().count(": ready") if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program("rasd-fake-ppp"), "-v"], env={**os.environ, "OPENSSPI_CONFIG": str(self.config)},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait_for(lambda: self.is_up() and self.log_text().count(": ready") > before, "rasd is ready")
        return self

    def is_up(self):
        assert self.process.poll() is None, f"rasd ended with {self.process.returncode}:\n{self.log_text()}"
        return True

    def log_text(self):
        return self.log.read_text(errors="replace")

    def stop(self, expect=0):
        if self.process is None:
            return
        process, self.process = self.process, None
        status = end_with_sigterm(process)
        assert status == expect, f"rasd: {status}\n{self.log_text()}"

    def clear(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)

    def call(self, port="net"):
        return tcp_caller(self.ports[port]["device"])

    def events(self, event_id=None):
        if self.process and self.process.poll() is None:
            self.wait_for(lambda: events_are_written(self.process.pid), "the events are written")
        rows = [json.loads(row) for row in self.event_file.read_text().splitlines()] if self.event_file.exists() else []
        return [row for row in rows if (row["EventID"] not in OF_THE_PROGRAM if event_id is None else row["EventID"] == event_id)]

    def event(self, event_id, number=1):
        """The number-th event of this id, once it is there."""
        return self.wait_for(lambda: self.events(event_id)[number - 1:number], f"event {event_id}")[0]

    def status(self):
        done = self.ctl("status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["ports"]

    def wait_for_state(self, state, port=0):
        return self.wait_for(lambda: self.status()[port]["state"] == state and self.status()[port], state)

    wait_for = staticmethod(wait_for)


@pytest.fixture
def make_rasd():
    made = []

    def make(*args, start=True, **keys):
        made.append(Rasd(*args, **keys))
        return made[-1].start() if start else made[-1]

    yield make
    for rasd in made:
        rasd.clear()
