# SPDX-License-Identifier: Apache-2.0
"""sspi-connect --listen: local programs, through a sealed tunnel, to a TCP service behind sspid."""
import contextlib
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

from conftest import ACCOUNTS, PATIENCE, program, reset
from test_sspid_tunnel import echo, make_tunnel, read_all, resident  # noqa: F401


@contextlib.contextmanager
def listening(service, *args, password=ACCOUNTS["alice"], at="127.0.0.1:0"):
    """The process, and where it listens."""
    p = subprocess.Popen([program("sspi-connect"), "--user", "alice", "--password-stdin", "--listen", at, *args, service.address("tunnel")],
                         env=service.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(password.encode() + b"\n")
    p.stdin.flush()
    line = p.stderr.readline().decode()
    found = re.fullmatch(r"sspi-connect: listening at \[?([0-9a-f.:]+?)\]?:(\d+)\n", line)
    assert found, line
    try:
        yield p, (found[1], int(found[2]))
    finally:
        if p.poll() is None:
            p.send_signal(signal.SIGINT)
        p.communicate(timeout=PATIENCE)


def dial(where):
    s = socket.create_connection(where, PATIENCE)
    s.settimeout(PATIENCE)
    return s


def test_many_local_clients(make_tunnel):  # noqa: F811
    service, backend = make_tunnel(echo)
    outcomes = []

    def use(where, data):
        with dial(where) as s:
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True).start()
            outcomes.append(read_all(s) == data)

    with listening(service) as (p, where):
        threads = [threading.Thread(target=use, args=(where, os.urandom(n * 100_000))) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert outcomes == [True] * 8 and backend.clients == 8
        service.wait_for(lambda: len(service.events(4624)) == 8, "their events")
        p.send_signal(signal.SIGINT)
        assert p.wait(PATIENCE) == 0


def test_half_closed_both_ways(make_tunnel):  # noqa: F811
    def digest(client):
        client.sendall(hashlib.sha256(read_all(client)).hexdigest().encode())
        return "end"

    service, _ = make_tunnel(digest)
    data = os.urandom(1_000_000)
    with listening(service) as (_p, where), dial(where) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).decode() == hashlib.sha256(data).hexdigest()


def test_the_service_ends_first(make_tunnel):  # noqa: F811
    def speak_first(client):
        client.sendall(b"greeting")
        client.shutdown(socket.SHUT_WR)
        return read_all(client)

    service, backend = make_tunnel(speak_first)
    with listening(service) as (_p, where), dial(where) as s:
        assert read_all(s) == b"greeting"
        time.sleep(1.5)  # who is idle after the service's end has not ended
        s.sendall(b"and more")
        s.shutdown(socket.SHUT_WR)
        service.wait_for(lambda: backend.outcomes == [b"and more"], "the backend has it")


def test_a_reset_goes_all_the_way(make_tunnel):  # noqa: F811
    service, backend = make_tunnel(echo)
    with listening(service) as (_p, where):
        s = dial(where)
        s.sendall(b"x")
        assert s.recv(1) == b"x"
        reset(s)
        service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")


def test_a_backends_reset_comes_all_the_way(make_tunnel):  # noqa: F811
    def break_off(client):
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return "reset"

    service, _ = make_tunnel(break_off)
    with listening(service) as (_p, where), dial(where) as s, pytest.raises(ConnectionResetError):
        s.sendall(b"x")
        read_all(s)


def test_a_refusal_is_a_reset_and_said(make_tunnel):  # noqa: F811
    service, backend = make_tunnel(echo)
    with listening(service, password="wrong") as (p, where):
        for _ in range(2):
            with dial(where) as s, pytest.raises(ConnectionResetError):
                read_all(s)
        assert p.poll() is None and b"sspi-connect: SEC_E_LOGON_DENIED" in p.stderr.readline()
    assert backend.clients == 0


def test_a_signal_cuts_what_runs(make_tunnel):  # noqa: F811
    service, backend = make_tunnel(echo)
    with listening(service) as (p, where), dial(where) as s:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
        p.send_signal(signal.SIGTERM)
        assert p.wait(PATIENCE) == 0
        with pytest.raises(ConnectionResetError):
            read_all(s)
    service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")


def test_a_signal_reaches_who_waits_for_a_reader(make_tunnel):  # noqa: F811
    def flood(client):
        client.sendall(bytes(64 << 20))
        return "sent"

    service, backend = make_tunnel(flood)
    with listening(service) as (p, where), dial(where):
        service.wait_for(lambda: backend.clients == 1, "the backend is connected to")
        time.sleep(1)
        before = time.monotonic()
        p.send_signal(signal.SIGINT)
        assert p.wait(PATIENCE) == 0 and time.monotonic() - before < 5  # END_SECONDS: it does not have to give up


def test_who_does_not_read_costs_no_memory(make_tunnel):  # noqa: F811
    def flood(client):
        client.sendall(bytes(64 << 20))
        return "sent"

    service, backend = make_tunnel(flood)
    with listening(service) as (p, where):
        with dial(where):
            service.wait_for(lambda: backend.clients == 1, "the backend is connected to")
            time.sleep(1)
            assert int(open(f"/proc/{p.pid}/statm").read().split()[1]) * 4096 < 64 << 20
            assert resident(service) < 64 << 20 and backend.outcomes == []


def test_max_message(make_tunnel):  # noqa: F811
    service, _ = make_tunnel(echo, max_message="1000")
    data = os.urandom(50_000)
    for args, good in ((["--max-message", "1000"], True), ([], False)):
        with listening(service, *args) as (_p, where), dial(where) as s:
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True).start()
            try:
                assert (read_all(s) == data) == good
            except ConnectionResetError:
                assert not good


def test_ipv6(make_tunnel):  # noqa: F811
    service, _ = make_tunnel(echo)
    with listening(service, at="[::1]:0") as (_p, where), dial(where) as s:
        s.sendall(b"x")
        assert s.recv(1) == b"x"


@pytest.mark.parametrize("at, args, words", [
    ("0.0.0.0:0", [], b"--any-address"), ("[::]:0", [], b"--any-address"), ("192.0.2.1:0", [], b"--any-address"),
    ("192.0.2.1:0", ["--any-address"], b"annot assign requested address"), ("localhost:0", [], b"in numbers"),
    ("127.0.0.1", [], b"in numbers"), ("127.0.0.1:http", [], b"in numbers"),
])
def test_addresses_that_are_not_listened_at(at, args, words):
    done = subprocess.run([program("sspi-connect"), "--user", "a", "--password-stdin", "--listen", at, *args, "127.0.0.1:1"], input=b"x\n",
                          capture_output=True, timeout=150)
    assert done.returncode == 1 and words in done.stderr


@pytest.mark.parametrize("args", [["--any-address"], ["--listen", "127.0.0.1:0", "--protocol", "sample"], ["--protocol", "http"],
                                  ["--max-message", "10"], ["--max-message", "many"]])
def test_usage_is_exit_2(args):
    done = subprocess.run([program("sspi-connect"), *args, "127.0.0.1:1"], input=b"", capture_output=True, timeout=60)
    assert done.returncode == 2 and b"Try: sspi-connect --help" in done.stderr
