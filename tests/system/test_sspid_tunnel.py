# SPDX-License-Identifier: Apache-2.0
"""backend = proxy:HOST:PORT: bytes both ways, half-closed sockets, cuts, backends that are not there or do not read, idleness."""
import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import ACCOUNTS, PATIENCE, free_port, program, read_frame

MEBIBYTE = 1 << 20


class Backend:
    """A TCP service whose manners are those of serve(socket), each client in a thread."""

    def __init__(self, serve):
        self.serve, self.clients, self.outcomes = serve, 0, []
        self.socket = socket.create_server(("127.0.0.1", free_port()))  # which nobody else gets when it is closed
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.clients += 1
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        try:
            with client:
                self.outcomes.append(self.serve(client))
        except OSError as error:
            self.outcomes.append(type(error))


def read_all(client):
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def echo(client):
    while part := client.recv(65536):
        client.sendall(part)
    return "end"


@pytest.fixture
def make_tunnel(make_service):
    backends = []

    def make(serve, host="127.0.0.1", policy=(), **keys):
        backend = Backend(serve)
        backends.append(backend)
        listener = {"protocol": "framed", "backend": f"proxy:{host}:{backend.port}", **keys}
        return make_service(policy=policy, listeners={"tunnel": listener}), backend

    yield make
    for backend in backends:
        backend.socket.close()


def command(service, *args):
    return [program("sspi-connect"), "--user", "alice", "--password-stdin", *args, service.address("tunnel")]


def through(service, data=b"", *args, password=ACCOUNTS["alice"]):
    return subprocess.run(command(service, *args), input=password.encode() + b"\n" + data, env=service.environment(),
                          capture_output=True, timeout=120)


def begin(service, *args):
    p = subprocess.Popen(command(service, *args), env=service.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    p.stdin.write(ACCOUNTS["alice"].encode() + b"\n")
    p.stdin.flush()
    return p


def closed_line(service):
    """Of the log, as a dictionary."""
    def look():
        return re.search(r"tunnel closed (.*)", service.log.read_text())
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', service.wait_for(look, "a line in the log").group(1)))


def resident(service):
    return int(open(f"/proc/{service.process.pid}/statm").read().split()[1]) * 4096


@pytest.mark.parametrize("data", [b"", b"x", b"hello\nworld", os.urandom(5_000_000)], ids=["empty", "one", "text", "large"])
@pytest.mark.parametrize("package", ["Negotiate", "NTLM"])
def test_every_byte_comes_back(make_tunnel, package, data):
    service, backend = make_tunnel(echo)
    done = through(service, data, "--package", package)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", data)
    line = closed_line(service)
    assert (line["user"], line["backend_port"], line["end"]) == ("alice", str(backend.port), "done")
    assert (line["to_backend"], line["to_client"]) == (str(len(data)), str(len(data)))
    assert backend.outcomes == ["end"]


def test_the_clients_end_is_the_backends(make_tunnel):
    def digest(client):
        client.sendall(hashlib.sha256(read_all(client)).hexdigest().encode())
        return "end"

    service, _ = make_tunnel(digest)
    data = os.urandom(3_000_000)
    done = through(service, data)
    assert done.returncode == 0 and done.stdout.decode() == hashlib.sha256(data).hexdigest()


def test_the_backends_end_is_the_clients(make_tunnel):
    def speak_first(client):
        client.sendall(b"greeting\n")
        client.shutdown(socket.SHUT_WR)
        return read_all(client)

    service, backend = make_tunnel(speak_first)
    p = begin(service)
    assert p.stdout.readline() == b"greeting\n"
    output, errors = p.communicate(b"said after the end\n")
    assert (p.returncode, errors) == (0, b"")
    service.wait_for(lambda: backend.outcomes == [b"said after the end\n"], "the backend has it")


def test_a_cut_client_is_a_reset_backend(make_tunnel):
    service, backend = make_tunnel(echo)
    p = begin(service)
    p.stdin.write(b"x\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"x\n"
    p.kill()
    p.communicate()
    service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")
    assert closed_line(service)["end"] == '"the client\'s stream was cut"'


def test_a_client_that_is_cut_after_its_end_resets_too(make_tunnel):
    """Half closed: the client has ended its direction, its connection dies before the backend's answer."""
    go_on = threading.Event()

    def late(client):
        data = read_all(client)
        go_on.wait(PATIENCE)
        for _ in range(200):
            client.sendall(bytes(65536))
        return data

    service, backend = make_tunnel(late)
    p = begin(service)
    p.stdin.write(b"all\n")
    p.stdin.close()
    service.wait_for(lambda: backend.clients == 1, "the backend is connected to")
    time.sleep(0.3)
    p.kill()
    p.wait()
    go_on.set()
    outcome = service.wait_for(lambda: backend.outcomes, "the backend's end")[0]
    assert outcome in (ConnectionResetError, BrokenPipeError)


@pytest.mark.parametrize("together", [False, True])
def test_a_backend_that_resets_is_an_error_end(make_tunnel, together):
    """The reset may come together with the last bytes, or after they were read."""
    done_half, go_on = threading.Event(), threading.Event()

    def reset(client):
        client.recv(1)
        done_half.set()
        go_on.wait(PATIENCE)
        client.sendall(b"half an ans")
        time.sleep(0 if together else 0.3)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return "reset"

    service, backend = make_tunnel(reset)
    p = begin(service)
    p.stdin.write(b"question")
    p.stdin.close()
    assert done_half.wait(PATIENCE)
    if together:
        time.sleep(0.3)  # the client's end has gone through
        service.process.send_signal(signal.SIGSTOP)
    go_on.set()
    service.wait_for(lambda: backend.outcomes, "the reset")
    service.process.send_signal(signal.SIGCONT)
    assert p.wait(PATIENCE) == 1 and p.stdout.read() in (b"", b"half an ans") and b"sspi-connect: " in p.stderr.read()
    service.wait_for(lambda: service.said("the backend failed"), "a line in the log")


def test_a_backend_that_is_not_there(make_tunnel):
    service, backend = make_tunnel(echo)
    backend.socket.shutdown(socket.SHUT_RDWR)
    backend.socket.close()
    done = through(service, b"question")
    assert done.returncode == 1 and b"its backend" in done.stderr and done.stdout == b""
    service.wait_for(lambda: service.said("the backend cannot be reached listener=tunnel address=127.0.0.1"), "a line in the log")
    assert 'error="connection refused"' in service.log.read_text()
    assert through(service, b"question").returncode == 1
    told = service.wait_for(lambda: service.events(29103), "the event")
    assert len(told) == 1 and told[0]["listener"] == "tunnel" and told[0]["reason"] == "connection refused" and told[0]["Keywords"] == "Audit Failure"
    assert told[0]["backend"] in service.config.read_text() and service.said("the backend cannot be reached") == 1


def test_a_backend_whose_name_is_not_known(make_tunnel):
    service, _ = make_tunnel(echo, host="no-such-name.invalid")
    done = through(service)
    assert done.returncode == 1
    service.wait_for(lambda: service.said("the backend cannot be reached"), "a line in the log")


def test_all_addresses_of_a_name_are_tried(make_tunnel):
    """localhost is ::1 as well, where nobody listens."""
    service, _ = make_tunnel(echo, host="localhost")
    assert through(service, b"hello").stdout == b"hello"


def test_who_is_not_known_causes_no_connection(make_tunnel):
    service, backend = make_tunnel(echo)
    assert through(service, b"x", password="wrong").returncode == 1
    with socket.create_connection(("127.0.0.1", int(service.address("tunnel").rsplit(":", 1)[1]))) as s:
        s.sendall(struct.pack("<I", 5) + b"hello")
        s.settimeout(PATIENCE)
        while s.recv(100):
            pass
    service.wait_for(lambda: len(service.events(4625)) == 2, "both refusals")
    assert backend.clients == 0
    assert through(service, b"x").stdout == b"x" and backend.clients == 1


def test_who_names_nobody_causes_no_connection_whatever_policy_says(make_tunnel):
    """A client of its own, that has it that it signs and seals: with a key that everybody knows."""
    service, backend = make_tunnel(echo, policy={"anonymous": "yes"}, package="NTLM")
    flags = struct.pack("<I", 0x20088235)
    with socket.create_connection(("127.0.0.1", int(service.address("tunnel").rsplit(":", 1)[1]))) as s:
        s.settimeout(PATIENCE)
        s.sendall(struct.pack("<I", 32) + b"NTLMSSP\0" + struct.pack("<I", 1) + flags + bytes(16))
        assert read_frame(s)
        s.sendall(struct.pack("<I", 64) + b"NTLMSSP\0" + struct.pack("<I", 3) + struct.pack("<HHI", 0, 0, 64) * 6 + flags)
        assert s.recv(100) == b""
    service.wait_for(lambda: "no confidentiality and integrity" in service.log.read_text(), "why it was closed")
    assert backend.clients == 0
    assert through(service, b"x", "--package", "NTLM").stdout == b"x" and backend.clients == 1


def test_a_backend_that_does_not_read_stops_the_client(make_tunnel):
    go_on = threading.Event()

    def lazy(client):
        go_on.wait(600)
        return hashlib.sha256(read_all(client)).hexdigest()

    service, backend = make_tunnel(lazy)
    data = os.urandom(64 * MEBIBYTE)
    p = begin(service)
    fed = []

    def feed():
        for at in range(0, len(data), 65536):
            p.stdin.write(data[at:at + 65536])
            fed.append(at)
        p.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    service.wait_for(lambda: backend.clients == 1, "the backend is connected to")
    before, last = resident(service), -1
    while last != len(fed):  # until nothing moves any more
        last = len(fed)
        time.sleep(0.5)
    assert last < len(data) / 65536 and resident(service) - before < 4 * MEBIBYTE
    go_on.set()
    assert p.wait(600) == 0
    assert service.wait_for(lambda: backend.outcomes, "the backend's digest") == [hashlib.sha256(data).hexdigest()]


def test_a_client_that_does_not_read_stops_the_backend(make_tunnel):
    data = os.urandom(64 * MEBIBYTE)

    def flood(client):
        client.sendall(data)
        return "sent"

    service, backend = make_tunnel(flood)
    p = begin(service)
    service.wait_for(lambda: backend.clients == 1, "the backend is connected to")
    before = resident(service)
    time.sleep(2)
    assert backend.outcomes == [] and resident(service) - before < 4 * MEBIBYTE
    output, _ = p.communicate()
    assert p.returncode == 0 and output == data and backend.outcomes == ["sent"]


def test_max_message_below_the_bulk(make_tunnel):
    """A listener that takes 1000 bytes also sends no more."""
    data = os.urandom(100_000)

    def speak(client):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)

    service, backend = make_tunnel(speak, max_message="1000")
    done = through(service, b"x" * 900)
    assert (done.returncode, done.stdout) == (0, data)
    service.wait_for(lambda: backend.outcomes == [b"x" * 900], "the backend has it")


def test_idle_tunnels_are_closed(make_tunnel):
    service, backend = make_tunnel(echo, idle_timeout="6")
    p = begin(service)
    start = time.monotonic()
    while time.monotonic() - start < 8:
        p.stdin.write(b"tick\n")
        p.stdin.flush()
        assert p.stdout.readline() == b"tick\n"
        time.sleep(0.2)
    assert p.wait(PATIENCE) == 1
    service.wait_for(lambda: service.said("nothing came or went for idle_timeout"), "a line in the log")
    service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")


def test_the_service_stops_with_tunnels(make_tunnel):
    service, backend = make_tunnel(echo)
    clients = [begin(service) for _ in range(5)]
    for p in clients:
        p.stdin.write(b"x\n")
        p.stdin.flush()
        assert p.stdout.readline() == b"x\n"
    for i in range(2):
        service.process.send_signal(signal.SIGTERM)
        service.wait_for(lambda: service.said("stopping") > i or service.process.poll() is not None, "the signal was seen")
    assert service.process.wait(PATIENCE) == 0
    service.process = None
    for p in clients:
        assert p.communicate()[0] == b"" and p.returncode == 1
    service.wait_for(lambda: backend.outcomes == [ConnectionResetError] * 5, "the backends' resets")


def test_many_at_once_that_end_as_they_like(make_tunnel):
    service, backend = make_tunnel(echo, max_per_address="1000", handshake_timeout="600")
    clients = [begin(service) for _ in range(24)]
    data = os.urandom(300_000)

    def use(i, p):
        try:
            p.stdin.write(data)
            if i % 3 == 0:
                p.kill()
            p.stdin.close()
        except BrokenPipeError:
            pass

    threads = [threading.Thread(target=use, args=pair) for pair in enumerate(clients)]
    for t in threads:
        t.start()
    outputs = [p.stdout.read() for p in clients]
    for t in threads:
        t.join()
    assert all(p.wait(PATIENCE) == 0 and outputs[i] == data for i, p in enumerate(clients) if i % 3)
    assert through(service, b"still here").stdout == b"still here"
