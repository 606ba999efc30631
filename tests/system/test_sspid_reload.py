# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: another configuration takes the place of the old one, and nobody who is there notices."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest

from conftest import PATIENCE, free_port, program, read_frame
from test_sspid_framed import TYPE1, frame, until_closed

# Handshakes that are held up on purpose have the time for it.
LISTENERS = {"framed": {"protocol": "framed", "backend": "echo"}, "who": {"protocol": "framed", "handshake_timeout": "600"},
             "http": {"protocol": "http", "handshake_timeout": "600"}}


def without(name):
    return lambda text: re.sub(rf"\[listener {name}\]\n([^\[]+)", "", text)


def with_key(listener, line):
    return lambda text: text.replace(f"[listener {listener}]\n", f"[listener {listener}]\n{line}\n")


def whoami(service, listener="who", user="alice", check=True):
    return service.run("sspi-connect", "--user", user, "--password-stdin", service.address(listener), stdin="Secret123!x\n",
                       check=check)


class Echo:
    """sspi-connect, logged on to an echo listener."""

    def __init__(self, service):
        command = [program("sspi-connect"), "--user", "alice", "--password-stdin", service.address("framed")]
        self.process = subprocess.Popen(command, env=service.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0)
        self.process.stdin.write(b"Secret123!x\n")
        self.says("first")

    def says(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        assert self.process.stdout.readline() == line.encode() + b"\n"

    def ends(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == b"" and self.process.wait(PATIENCE) == 0


class Held:
    """A relay that keeps back the client's second token until it is let go."""

    def __init__(self, service, listener):
        self.server = service.connect(listener)
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen()
        self.half_way, self.go = threading.Event(), threading.Event()
        threading.Thread(target=self.carry, daemon=True).start()
        command = [program("sspi-connect"), "--user", "alice", "--password-stdin", "%s:%d" % self.door.getsockname()]
        self.client = subprocess.Popen(command, env=service.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.client.stdin.write(b"Secret123!x\n")
        self.client.stdin.close()
        assert self.half_way.wait(PATIENCE)

    def carry(self):
        client, _ = self.door.accept()
        self.server.sendall(frame(read_frame(client)))
        client.sendall(frame(read_frame(self.server)))
        second = read_frame(client)
        self.half_way.set()
        self.go.wait(PATIENCE)
        self.server.sendall(frame(second))
        threading.Thread(target=self.pour, args=(client, self.server), daemon=True).start()
        self.pour(self.server, client)

    @staticmethod
    def pour(source, to):
        while part := source.recv(65536):
            to.sendall(part)
        to.shutdown(socket.SHUT_WR)

    def finish(self):
        self.go.set()
        answer = self.client.stdout.read()
        assert self.client.wait(PATIENCE) == 0
        return json.loads(answer)


@pytest.fixture
def served(make_service):
    return make_service(listeners=LISTENERS)


def test_a_stream_and_a_half_open_handshake_survive(served):
    echo, held = Echo(served), Held(served, "who")
    served.reload()
    echo.says("second")
    served.reload(with_key("who", "max_legs = 2"))
    echo.says("third")
    assert held.finish()["user"] == "alice"
    echo.ends()
    assert whoami(served).returncode == 0 and len(served.events(4624)) == 3


def test_an_http_connection_keeps_its_identity_and_its_configuration(served):
    done = served.run("sspictl", "packages")  # the library is there
    assert done.returncode == 0
    s = served.connect("http")
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert s.recv(4096).startswith(b"HTTP/1.1 200")
    served.reload(with_key("http", "package = NTLM"))
    s.sendall(b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"WWW-Authenticate: Negotiate" in s.recv(4096)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(served.url("/whoami"))
    assert refused.value.headers.get_all("WWW-Authenticate") == ["NTLM"]


def test_policy_and_accounts_are_read_anew(served):
    assert whoami(served).returncode == 0
    served.reload(lambda text: text.replace("[policy]\n", "[policy]\nntlm = deny\n"))
    assert whoami(served, check=False).returncode == 1
    served.reload(lambda text: text.replace("ntlm = deny\n", ""))
    assert whoami(served).returncode == 0
    # Another store, with another account.
    os.mkdir(served.folder / "other", 0o700)
    served.reload(lambda text: text.replace(f"{served.folder}/accounts.db", f"{served.folder}/other/accounts.db")
           .replace(f"{served.folder}/keys/accounts.key", f"{served.folder}/other/accounts.key"))
    assert whoami(served, check=False).returncode == 1
    served.ctl("account", "add", "dora", "--password-stdin", stdin="Secret123!x\n")
    assert whoami(served, user="dora").returncode == 0


@pytest.mark.parametrize("change, words", [
    (lambda text: text + "[listner x]\n", 'did you mean \\"listener\\"?'),
    (lambda text: text.replace("[policy]\n", "[policy]\nntlm = perhaps\n"), "[policy] ntlm: expected allow, audit or deny"),
    (with_key("who", "max_legs = 0"), "[listener who] max_legs: expected a number from 1 to 100"),
    (with_key("who", "require_mic = perhaps"), "[listener who] require_mic: expected yes or no"),
    (lambda text: text + "[listener extra]\nprotocol = framed\naddress = 192.0.2.1:1\n", "[listener extra] address 192.0.2.1:1: Cannot assign requested address"),
])
def test_a_file_with_a_fault_is_refused_as_a_whole(served, change, words):
    good = served.config.read_text()
    echo = Echo(served)
    served.reload(lambda text: change(without("http")(text)), to="the configuration is refused")
    refused = next(line for line in served.log.read_text().splitlines() if "the configuration is refused" in line)
    assert words in refused and "the old one stays" in refused
    echo.says("still here")
    echo.ends()
    served.config.write_text(good)  # what clients read
    assert whoami(served).returncode == 0
    assert urllib.request.urlopen(served.url("/")).status == 200
    served.reload()
    assert whoami(served).returncode == 0


def test_a_fault_names_its_line(served):
    line = served.config.read_text().count("\n") + 1
    served.reload(lambda text: text + "nonsense\n", to="the configuration is refused")
    assert f"{served.config}:{line}: " in served.log.read_text()


def test_listeners_come_and_go(served):
    port = free_port()
    echo, held = Echo(served), Held(served, "who")
    silent = served.connect("who")
    idle = served.connect("http")
    served.listeners["extra"] = {"address": f"127.0.0.1:{port}"}
    served.reload(lambda text: without("who")(without("http")(without("framed")(text))) +
           f"[listener extra]\nprotocol = framed\naddress = 127.0.0.1:{port}\n")
    assert whoami(served, "extra").returncode == 0
    for name in LISTENERS:
        with pytest.raises(OSError):
            served.connect(name)
    # Who was there finishes under what is gone for others; who is idle at HTTP is let go.
    assert until_closed(idle) == b""
    echo.says("still here")
    assert held.finish()["user"] == "alice"
    silent.sendall(frame(TYPE1))
    assert read_frame(silent).startswith(b"NTLMSSP\0\2")
    echo.ends()


def test_an_address_that_speaks_something_else_from_now_on(served):
    held = Held(served, "who")
    served.reload(lambda text: text.replace("[listener who]\n", "[listener site]\n").replace(
        f"address = {served.address('who')}\nprotocol = framed", f"address = {served.address('who')}\nprotocol = http"))
    assert urllib.request.urlopen(served.url("/", "who")).status == 200
    assert held.finish()["user"] == "alice"
    assert {event["listener"] for event in served.wait_for(lambda: served.events(4624), "the event")} == {"who"}


def test_events_go_elsewhere(served):
    assert whoami(served).returncode == 0
    served.wait_for(lambda: len(served.events(4624)) == 1, "the event")
    first, served.event_file = served.event_file, served.folder / "others.jsonl"
    echo = Echo(served)
    served.reload(lambda text: text.replace(str(first), str(served.event_file)))
    assert whoami(served).returncode == 0
    served.wait_for(lambda: len(served.events(4624)) == 1, "the event, in the other file")
    served.wait_for(lambda: first.read_text().count('"EventID":4624') == 2, "both events in the old file")
    echo.ends()
    served.reload(lambda text: text.replace(str(served.event_file), "/nonexistent/events"), to="the configuration is refused")
    assert "the event log cannot be opened" in served.log.read_text()


def test_a_pool_of_connections_comes_under_the_new_one(served):
    s = served.connect("http")
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Connection: close" not in s.recv(4096)
    served.reload()
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = until_closed(s)
    assert answer.startswith(b"HTTP/1.1 200") and b"Connection: close" in answer


def test_limits_change_for_the_address_that_stays(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "backend": "whoami", "max_per_address": "3"}})
    first = [service.connect("framed") for _ in range(2)]
    for s in first:
        s.sendall(frame(TYPE1))
        assert read_frame(s)
    service.reload(lambda text: text.replace("max_per_address = 3", "max_per_address = 2"))
    assert until_closed(service.connect("framed")) == b""
    assert "max_per_address = 2 of this address" in service.wait_for(lambda: service.events(4625), "an event")[-1]["reason"]
    first[0].close()
    assert service.wait_for(lambda: whoami(service, "framed", check=False).returncode == 0, "a place")


def test_many_reloads_under_load(served):
    """Nothing is lost, doubled or leaked while clients come and go."""
    failures, stop = [], threading.Event()

    def log_on():
        while not stop.is_set():
            done = whoami(served, check=False)
            if done.returncode != 0:
                failures.append(done.stderr)

    threads = [threading.Thread(target=log_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(12):
        served.reload((lambda text: text.replace("max_legs = 9\n", "")) if i % 2 else with_key("who", "max_legs = 9"))
    descriptors = len(os.listdir(f"/proc/{served.process.pid}/fd"))
    for i in range(4):
        served.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    served.wait_for(lambda: len(os.listdir(f"/proc/{served.process.pid}/fd")) <= descriptors + 8, "no descriptor is left")


def test_a_burst_of_signals_is_one_reload_or_several(served):
    for _ in range(20):
        served.process.send_signal(signal.SIGHUP)
    served.wait_for(lambda: served.said("the configuration is read anew"), "a reload")
    assert whoami(served).returncode == 0


def test_stopping_while_reloading(served):
    served.process.send_signal(signal.SIGHUP)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(PATIENCE) == 0


def test_systemd_is_told(make_service, tmp_path):
    service = make_service(listeners=LISTENERS, start=False)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(tmp_path / "notify"))
    told.settimeout(PATIENCE)
    os.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    try:
        service.start()
    finally:
        del os.environ["NOTIFY_SOCKET"]
    assert told.recv(500) == b"READY=1"
    service.reload()
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", told.recv(500))
    assert told.recv(500) == b"READY=1\nSTATUS="
    service.reload(lambda text: text + "nonsense\n", to="the configuration is refused")
    assert told.recv(500).startswith(b"RELOADING=1")
    assert told.recv(500).startswith(b"READY=1\nSTATUS=The last reload was refused")
    service.stop()
    assert told.recv(500) == b"STOPPING=1"
