# SPDX-License-Identifier: Apache-2.0
"""sspid under systemd: its sockets, its watchdog, its sandbox, and what a drop-in of the units may not make worse."""
import ctypes
import os
import re
import select
import socket
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE, ROOT, program
from test_sspid_reload import whoami, without

LISTENERS = {"web": {"protocol": "http"}, "who": {"protocol": "framed"}}


def start_with(service, sockets, **environment):
    """Starts sspid as systemd does: sockets are descriptors 3 and up, names and its own process number in the environment."""
    script = ('import os,sys\n'
              'fds=[int(n) for n in sys.argv[1].split(",") if n]\n'
              'high=[os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]\n'
              'for i, fd in enumerate(high): os.dup2(fd, 3 + i)\n'
              'os.closerange(3 + len(fds), 200)\n'
              'os.environ["LISTEN_PID"] = str(os.getpid())\n'
              'os.execv(sys.argv[2], sys.argv[2:])\n')
    fds = [s.fileno() for _, s in sockets]
    with open(service.log, "ab") as log:
        service.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", script, ",".join(map(str, fds)), program("sspid")], pass_fds=fds, stdout=log, stderr=log,
            env=service.environment(LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=":".join(name for name, _ in sockets), **environment))


def listening(address):
    host, port = address.rsplit(":", 1)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port)))
    s.listen()
    return s


def test_a_socket_of_systemds(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    passed = listening(service.address("who"))
    early = socket.create_connection(passed.getsockname())  # before the service is there
    start_with(service, [("who", passed)])
    service.wait_for(lambda: service.accepts("web"), "the listener of its own")
    assert whoami(service).returncode == 0
    service.wait_for(lambda: service.ctl("status", check=False).stdout, "the control socket")
    service.wait_for(lambda: service.said(": ready ") == 1, "the service")
    early.settimeout(PATIENCE)
    early.sendall(b"\0\0\0\0")
    assert early.recv(1) == b""  # served: a length of 0 ends it
    service.reload()
    assert whoami(service).returncode == 0
    # The service goes, the socket stays, and the next one finds who came meanwhile.
    service.stop()
    waiting = socket.create_connection(passed.getsockname())
    start_with(service, [("who", passed)])
    waiting.settimeout(PATIENCE)
    waiting.sendall(b"\0\0\0\0")
    assert waiting.recv(1) == b"" and whoami(service).returncode == 0
    # Gone from the file, it is let go.
    service.wait_for(lambda: service.said(": ready ") == 2, "the service")
    service.reload(without("who"))
    service.stop()


def test_a_socket_that_does_not_fit(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    elsewhere = listening("127.0.0.1:0")
    start_with(service, [("who", elsewhere)])
    assert service.process.wait(PATIENCE) == 1
    assert "systemd's socket who listens at another address" in service.log.read_text()
    service.process = None


def test_a_socket_that_nobody_wants(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    start_with(service, [("other", listening("127.0.0.1:0"))])
    service.wait_for(lambda: service.accepts("who"), "the listener")
    service.wait_for(lambda: service.said(": ready "), "the service")
    assert "not used: no listener has its name socket=other" in service.log.read_text()


def heard(told, seconds):
    told.settimeout(0.1)
    end, lines = time.monotonic() + seconds, []
    while time.monotonic() < end:
        try:
            lines.append(told.recv(500))
        except TimeoutError:
            pass
        if b"WATCHDOG=1" in lines:
            return lines
    return lines


class Stopped:
    """Threads of another process that stand still, as if they hung."""
    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, threads):
        self.libc, self.threads = ctypes.CDLL(None, use_errno=True), threads
        for thread in threads:
            self.trace(self.SEIZE, thread)
            self.trace(self.INTERRUPT, thread)
            os.waitpid(thread, self.WALL)

    def trace(self, request, thread):
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        assert self.libc.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())

    def go_on(self):
        for thread in self.threads:
            self.trace(self.DETACH, thread)


def test_the_watchdog_hears_a_service_only_while_every_loop_answers(make_service, tmp_path):
    service = make_service(listeners=LISTENERS, start=False)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(tmp_path / "notify"))
    start_with(service, [], NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="30000000")
    assert b"WATCHDOG=1" in heard(told, PATIENCE)
    assert b"WATCHDOG=1" in heard(told, PATIENCE)
    threads = [int(t) for t in os.listdir(f"/proc/{service.process.pid}/task")]
    stopped = Stopped([t for t in threads if t != service.process.pid])
    time.sleep(3)
    while told in select.select([told], [], [], 0)[0]:  # what was under way
        told.recv(500)
    assert b"WATCHDOG=1" not in heard(told, 3)
    stopped.go_on()
    assert b"WATCHDOG=1" in heard(told, PATIENCE)


def test_nobody_who_is_not_watched_tells_the_watchdog(make_service, tmp_path):
    service = make_service(listeners=LISTENERS, start=False)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(tmp_path / "notify"))
    start_with(service, [], NOTIFY_SOCKET=str(tmp_path / "notify"))
    told.settimeout(PATIENCE)
    assert told.recv(500) == b"READY=1"
    assert heard(told, 3) == []


@pytest.mark.parametrize("args", [["sspid"], ["rasd"], ["samd"], ["opensspi-execd"]])
def test_units_are_what_systemd_takes(args, tmp_path):
    unit = (BUILD / f"packaging/{args[0]}.service").read_text()
    fixed = re.sub(r"(?m)^(Exec\w+=)\S+/(sspid|rasd|samd|opensspi-execd)\b", r"\1/bin/true", unit)
    path = tmp_path / f"{args[0]}.service"
    path.write_text(fixed)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
    assert str(path) not in done.stderr and f"{args[0]}.service" not in done.stderr, done.stderr


def test_what_clients_delegate_has_a_file_system_of_its_own():
    """Beside the default socket: credentials.c makes the folder's name."""
    unit = (BUILD / "packaging/opensspi-execd.service").read_text()
    default = re.search(r'#define DEFAULT_SOCKET "(.*)"', (ROOT / "src/execd/settings.c").read_text()).group(1)
    assert f"TemporaryFileSystem={default}.credentials:mode=0700,size=" in unit


def ratings():
    text = (ROOT / "docs/THREATS.md").read_text()
    return re.findall(r"^\| `([\w-]+)\.service` \| ([0-9.]+) \|", text, re.M)


def test_each_unit_is_rated():
    assert {name for name, _ in ratings()} == {path.name.split(".")[0] for path in (ROOT / "packaging").glob("*.service.in")}


@pytest.mark.parametrize("name, quoted", ratings())
def test_the_sandbox_is_as_tight_as_the_documents_say(name, quoted):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", BUILD / f"packaging/{name}.service"],
                          capture_output=True, text=True)
    measured = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert measured, done.stdout + done.stderr
    assert float(measured.group(1)) <= float(quoted)


def test_the_example_of_a_socket_unit(tmp_path):
    text = (ROOT / "docs/sspid.socket.example").read_text()
    (tmp_path / "sspid.socket").write_text(text)
    (tmp_path / "sspid.service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "sspid.socket"], capture_output=True, text=True)
    assert "sspid.socket" not in done.stderr, done.stderr
    assert "FileDescriptorName=web" in text and "ListenStream=0.0.0.0:80" in text
