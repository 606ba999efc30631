# SPDX-License-Identifier: Apache-2.0
"""rasd's other lines, and sspictl ras: pseudo-terminals, serial lines with a modem played by the test, a direct cable."""
import os
import pathlib
import pty
import select
import socket
import stat
import subprocess
import threading
import tty

import pytest

from conftest import PATIENCE
from rasd import Caller, make_rasd  # noqa: F401


def on_fd(fd):
    def read(n):
        assert select.select([fd], [], [], PATIENCE)[0], "silence"
        return os.read(fd, n)

    return Caller(read, lambda data: os.write(fd, data), lambda: os.close(fd))


# --- pty -------------------------------------------------------------------------------------------

@pytest.fixture
def over_pty(make_rasd, tmp_path):
    return make_rasd(ports={"line": {"type": "pty", "device": tmp_path / "line"}})


def open_pty(rasd):
    return on_fd(os.open(rasd.ports["line"]["device"], os.O_RDWR | os.O_NOCTTY))


def test_pty_a_call_begins_when_it_is_opened(over_pty):
    first = os.readlink(over_pty.ports["line"]["device"])
    assert over_pty.status()[0]["state"] == "Listening"
    c = open_pty(over_pty)
    c.expect("user: ")  # before anything was typed
    assert over_pty.status()[0]["peer"] == first
    c.connect_ppp()
    c.say("BYE\n")
    c.rest()
    c.close()
    over_pty.event(20272)
    over_pty.wait_for_state("Listening")
    d = open_pty(over_pty)
    d.expect("user: ")
    d.close()


def test_pty_a_call_ends_when_it_is_closed(over_pty):
    for number in range(1, 4):
        c = open_pty(over_pty)
        c.expect("user: ")
        c.close()
        assert over_pty.event(29009, number)["reason"] == "the caller hung up"
        over_pty.wait_for_state("Listening")


def test_pty_the_link_goes_with_rasd(over_pty):
    over_pty.stop()
    assert not os.path.lexists(over_pty.ports["line"]["device"])


def test_pty_not_over_a_file(make_rasd, tmp_path):
    (tmp_path / "file").write_text("precious")
    rasd = make_rasd(start=False, ports={"line": {"type": "pty", "device": tmp_path / "file"}})
    done = rasd.run()
    assert done.returncode == 1 and "is there, and no link" in done.stderr
    assert (tmp_path / "file").read_text() == "precious"


def test_pty_what_is_said_last_arrives(make_rasd, tmp_path):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.send(b"denied\\r\\n")
    call.complete(FAILURE, "nobody")
''', ports={"line": {"type": "pty", "device": tmp_path / "line"}})
    open_pty(rasd).expect("denied\r\n")


# --- serial ----------------------------------------------------------------------------------------

class Modem(threading.Thread):
    """A modem on the other end of a pty: echoes, obeys AT commands, and carries a caller's bytes while it is online."""

    def __init__(self, answer=b"CONNECT 33600"):
        super().__init__(daemon=True)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.device, self.answer = os.ttyname(self.slave), answer
        self.heard, self.online, self.line, self.gone = [], False, b"", False
        self.from_rasd, self.caller_end = socket.socketpair()
        self.caller_end.settimeout(PATIENCE)
        self.start()

    def tell(self, text):
        os.write(self.master, b"\r\n" + text + b"\r\n")

    def ring(self):
        self.tell(b"RING")

    def call(self):
        self.online = True
        return Caller(self.caller_end.recv, lambda data: os.write(self.master, data), self.hang_up)

    def hang_up(self):
        self.online = False

    def obey(self, command):
        if command == b"ATA":
            self.online = self.answer.startswith(b"CONNECT")
            self.tell(self.answer)
        else:
            self.online = False
            self.tell(b"OK")
        self.heard.append(command)  # what rings from now on rings after the answer

    def run(self):
        while not self.gone:
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return
            if self.online and data.endswith(b"+++"):
                self.from_rasd.sendall(data[:-3])
                self.online = False
                self.heard.append(data)
                self.tell(b"OK")
            elif self.online:
                self.from_rasd.sendall(data)
            else:
                os.write(self.master, data)  # its echo
                self.line += data
                while b"\r" in self.line:
                    command, _, self.line = self.line.partition(b"\r")
                    self.obey(command)


def serial(modem, **keys):
    return {"com": {"type": "serial", "device": modem.device, "speed": "57600", **keys}}


def answered(rasd, modem, rings=1):
    rasd.wait_for(lambda: b"ATZ" in modem.heard, "the modem is initialized")
    rasd.wait_for_state("Listening")
    for _ in range(rings):
        modem.ring()
    rasd.wait_for(lambda: modem.online, "the modem has answered")
    return Caller(modem.caller_end.recv, lambda data: os.write(modem.master, data), modem.hang_up)


def test_serial_a_call_from_ring_to_hang_up(make_rasd):
    modem = Modem()
    rasd = make_rasd(ports=serial(modem, device_name="A Modem"))
    for number in (1, 2):
        c = answered(rasd, modem)
        c.expect("user: ")
        c.connect_ppp()
        assert rasd.status()[0]["peer"] == "CONNECT 33600"
        c.say("BYE\n")
        ended = rasd.event(20272, number)
        assert (ended["port"], ended["device"]) == ("com", "A Modem")
        rasd.wait_for(lambda: modem.heard[-4:] == [b"ATA", b"+++", b"ATH", b"ATZ"], f"it is hung up: {modem.heard}")
        rasd.wait_for_state("Listening")
        modem.heard = [b"ATZ"]


def test_serial_no_carrier(make_rasd):
    modem = Modem(answer=b"NO CARRIER")
    rasd = make_rasd(ports=serial(modem))
    rasd.wait_for(lambda: b"ATZ" in modem.heard, "the modem is initialized")
    modem.ring()
    assert rasd.event(29002)["port"] == "com"
    rasd.wait_for_state("Listening")


def test_serial_the_modem_says_that_the_caller_is_gone(make_rasd):
    """The device, a pseudo-terminal, does not tell of carrier."""
    modem = Modem()
    rasd = make_rasd(ports=serial(modem))
    c = answered(rasd, modem)
    c.expect("user: ")
    c.say("NO CARRIER is what I type, NO CARRIER\n")
    rasd.wait_for_state("Dialog")
    modem.tell(b"NO CARRIER")
    assert rasd.event(29009)["reason"] == "the caller hung up"
    rasd.wait_for_state("Listening")
    answered(rasd, modem).expect("user: ")


def test_serial_as_many_rings(make_rasd):
    modem = Modem()
    rasd = make_rasd(ports=serial(modem, rings="3"))
    rasd.wait_for(lambda: b"ATZ" in modem.heard, "the modem is initialized")
    for _ in range(2):
        modem.ring()
    assert not modem.online and b"ATA" not in modem.heard
    answered(rasd, modem, 1).expect("user: ")


def test_serial_a_modem_that_answers_by_itself(make_rasd):
    modem = Modem()
    rasd = make_rasd(ports=serial(modem, answer="", init="ATS0=1"))
    rasd.wait_for(lambda: b"ATS0=1" in modem.heard, "the modem is initialized")
    modem.ring()
    modem.online = True
    modem.tell(b"CONNECT 9600/ARQ")
    modem.call().expect("user: ")
    assert b"ATA" not in modem.heard


def test_serial_a_modem_that_does_not_answer_is_tried_all_the_same(make_rasd):
    modem = Modem()
    modem.obey = lambda command: modem.heard.append(command)
    rasd = make_rasd(ports=serial(modem))
    rasd.wait_for(lambda: "the modem does not answer" in rasd.log_text(), "a warning")
    del modem.obey
    modem.ring()
    rasd.wait_for(lambda: modem.online, "the modem has answered")


def test_serial_a_direct_cable(make_rasd):
    master, slave = pty.openpty()
    tty.setraw(slave)
    rasd = make_rasd(ports={"com": {"type": "serial", "device": os.ttyname(slave), "modem": "no"}})
    c = on_fd(master)
    c.say("al")  # whoever sends something calls, and nothing of it is lost
    c.expect("user: ")
    c.say("ice\r")
    c.expect("PPP\n")
    c.say("AUTH alice WEB1\nUP\nBYE\n")
    c.expect("OK\nOK\n")
    rasd.event(20272)
    rasd.wait_for_state("Listening")
    c.say("\r")
    c.expect("user: ")


def test_serial_the_device_goes(make_rasd):
    modem = Modem()
    rasd = make_rasd(ports=serial(modem))
    answered(rasd, modem).expect("user: ")
    modem.gone = True
    modem.join()
    os.close(modem.slave)
    os.close(modem.master)
    rasd.event(29009)
    rasd.wait_for(lambda: rasd.status()[0].get("peer") == "no device", "it says so")


@pytest.mark.skipif(not os.access("/run/lock", os.W_OK), reason="there are no lock files without a folder for them")
def test_serial_a_device_that_another_has(make_rasd):
    modem = Modem()
    lock = pathlib.Path("/run/lock/LCK.." + modem.device.removeprefix("/dev/").replace("/", "_"))
    lock.write_text(f"{os.getpid():10d}\n")
    try:
        rasd = make_rasd(start=False, ports=serial(modem))
        done = rasd.run()
        assert done.returncode == 1 and f"process {os.getpid()} has the device" in done.stderr
        lock.write_text(f"{2**22 + 1:10d}\n")  # a process that cannot be
        rasd.start()
        assert lock.read_text() == f"{rasd.process.pid:10d}\n"
        rasd.stop()
        assert not lock.exists()
    finally:
        lock.unlink(missing_ok=True)


# --- sspictl ras -----------------------------------------------------------------------------------

def test_status_and_hangup(make_rasd):
    rasd = make_rasd(ports={"net": {"type": "tcp", "calls": "2"}, "other": {"type": "tcp"}})
    c = rasd.call("other")
    c.expect("user: ")
    c.connect_ppp()
    rows = {row["port"]: row for row in rasd.status()}
    assert set(rows) == {"net/1", "net/2", "other"} and rows["net/1"]["state"] == "Listening"
    up = rows["other"]
    assert (up["state"], up["user"], up["domain"], up["interface"]) == ("Connected", "alice", "WEB1", "ppp7")
    assert (up["local_address"], up["remote_address"]) == ("192.0.2.1", "192.0.2.2")
    assert up["bytes_in"] > 0 and up["bytes_out"] > 0 and up["peer"].startswith("127.0.0.1:")
    table = rasd.ctl("status").stdout.splitlines()
    assert table[0].split()[:3] == ["PORT", "TYPE", "STATE"] and len(table) == 4
    assert table[3].split()[:3] == ["other", "tcp", "Connected"] and table[3].endswith("192.0.2.2  WEB1\\alice")
    assert rasd.ctl("hangup", "other").stdout == "1\n"
    c.rest()
    assert rasd.event(20272)["reason"] == "stopped"


def test_hangup_of_all_calls_of_a_port(make_rasd):
    rasd = make_rasd()
    a, b = rasd.call(), rasd.call()
    a.expect("user: ")
    b.expect("user: ")
    assert rasd.ctl("hangup", "net").stdout == "2\n"
    assert a.rest() == b"" and b.rest() == b""
    assert rasd.event(29009, 2)["reason"] == "hung up by the operator"


def test_hangup_of_one(make_rasd):
    rasd = make_rasd()
    a, b = rasd.call(), rasd.call()
    a.expect("user: ")
    b.expect("user: ")
    busy = [row["port"] for row in rasd.status() if row["state"] == "Dialog"]
    assert rasd.ctl("hangup", busy[0]).stdout == "1\n"
    rasd.event(29009)
    rasd.wait_for(lambda: [row["port"] for row in rasd.status() if row["state"] == "Dialog"] == busy[1:], "the other one goes on")


def test_hangup_of_what_is_not_there(make_rasd):
    rasd = make_rasd()
    done = rasd.ctl("hangup", "nowhere")
    assert (done.returncode, done.stderr) == (1, "sspictl: nowhere: there is no such port\n")
    assert rasd.ctl("hangup").returncode == 2 and rasd.ctl("status", "x").returncode == 2


def test_nobody_answers(make_rasd):
    rasd = make_rasd(start=False)
    done = rasd.ctl("status")
    assert done.returncode == 1 and "rasd does not answer" in done.stderr


def test_the_control_socket_is_ours_alone(make_rasd):
    rasd = make_rasd()
    path = rasd.folder / "control"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.geteuid() == 0:  # and where its mode was changed, others are turned away
        path.chmod(0o666)
        asked = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                                "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'status\\n'); print(s.recv(100))",
                                str(path)], capture_output=True, text=True, timeout=PATIENCE)
        assert "ports" not in asked.stdout


@pytest.mark.parametrize("request_bytes", [b"", b"\n", b"x" * 300, b"status", b"hangup \n", b"\0\n", b"shutdown\n"])
def test_control_requests_that_make_no_sense(make_rasd, request_bytes):
    rasd = make_rasd()
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(str(rasd.folder / "control"))
        s.sendall(request_bytes)
        s.shutdown(socket.SHUT_WR)
        try:
            got = s.recv(4096)
        except ConnectionResetError:
            got = b""
        assert got == b"" or b"error" in got
    assert rasd.status()
