# SPDX-License-Identifier: Apache-2.0
"""sspid's limits: who is dropped for whom, clients that are silent, slow, half-closed or never read, and descriptors that run out."""
import base64
import os
import resource
import socket
import struct
import time

import pytest

from conftest import PATIENCE

TYPE1 = b"NTLMSSP\0\1\0\0\0" + struct.pack("<I", 0xA2088207) + bytes(16)
LEG = b"GET /whoami HTTP/1.1\r\nHost: web1\r\nAuthorization: NTLM " + base64.b64encode(TYPE1) + b"\r\n\r\n"
FRAMED_LEG = struct.pack("<I", len(TYPE1)) + TYPE1
BEGINNING = {"http": b"GET /whoami HT", "framed": b"\x28"}
WHOLE = {"http": LEG, "framed": FRAMED_LEG}


def connect(service, listener):
    host, port = service.address(listener).rsplit(":", 1)
    s = socket.create_connection((host, int(port)), PATIENCE)
    s.settimeout(PATIENCE)
    return s


def is_open(s):
    """Whether the other side has not ended it. What it sent is dropped."""
    s.settimeout(0.05)
    try:
        while s.recv(65536):
            pass
        return False
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False
    finally:
        s.settimeout(PATIENCE)


def answer(s):
    """The first bytes that come."""
    return s.recv(65536)


def drain(s):
    """Until the other side is gone."""
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass


def honest(service):
    """A whole logon on a connection of its own."""
    done = service.run("sspi-connect", "--user", "alice", "--password-stdin", service.address("framed"), stdin="Secret123!x\n", check=False)
    return done.returncode == 0 and done.stdout.startswith('{"user":"alice"')


@pytest.fixture
def make_limited(make_service):
    """One loop, so that who is oldest is who came first; a framed and an HTTP listener with these keys."""
    def make(prefix=(), **keys):
        service = make_service(listeners={"framed": {"protocol": "framed", "backend": "whoami", **keys},
                                          "http": {"protocol": "http", "backend": "whoami", **keys}}, start=False)
        service.arguments, service.prefix = ("--loops", "1"), prefix
        return service.start()
    return make


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(service, listener, s):
    """The service has seen what came before: s's answer says so, and the loop is one."""
    s.sendall(WHOLE[listener])
    assert answer(s)


def is_read(s):
    """Whether all bytes that s sent have arrived, and the service has taken them from its socket."""
    near, far = (f"{port:04X}" for port in (s.getsockname()[1], s.getpeername()[1]))
    with open("/proc/net/tcp") as sockets:
        rows = [line.split() for line in sockets.readlines()[1:]]
    queues = [row[4] for a, b in ((near, far), (far, near)) for row in rows if row[1].endswith(":" + a) and row[2].endswith(":" + b)]
    return queues == ["00000000:00000000"] * 2


@pytest.mark.parametrize("listener", ["framed", "http"])
def test_the_oldest_silent_one_makes_room(make_limited, listener):
    service = make_limited(max_unauthenticated="3")
    held = [connect(service, listener) for _ in range(3)]
    late = connect(service, listener)
    settled(service, listener, late)
    assert [is_open(s) for s in held] == [False, True, True]
    assert "silent connections are dropped" in service.log.read_text()
    assert honest(service)
    assert service.events(4624)


@pytest.mark.parametrize("listener", ["framed", "http"])
def test_who_has_said_something_is_dropped_after_the_silent(make_limited, listener):
    service = make_limited(max_unauthenticated="3")
    slow, silent = connect(service, listener), connect(service, listener)
    slow.sendall(BEGINNING[listener])
    service.wait_for(lambda: is_read(slow), "the service has seen it")
    further = connect(service, listener)
    settled(service, listener, further)
    fourth = connect(service, listener)
    settled(service, listener, fourth)
    assert not is_open(silent) and is_open(slow) and is_open(further)
    fifth = connect(service, listener)
    settled(service, listener, fifth)
    assert not is_open(slow) and is_open(further) and is_open(fourth)  # who makes progress outlives who came first
    reason = service.wait_for(lambda: service.events(4625), "an event")[0]["reason"]
    assert "waited longest" in reason


@pytest.mark.parametrize("listener", ["framed", "http"])
def test_a_silent_flood_keeps_nobody_out(make_limited, listener):
    service = make_limited(max_unauthenticated="20", max_per_address="10000")
    held = []
    for _ in range(5):
        held += [connect(service, listener) for _ in range(50)]
        assert honest(service)
    service.wait_for(lambda: sum(is_open(s) for s in held) <= 20, "the others are dropped")
    assert service.events(4625) == []


def test_who_is_known_is_never_dropped(make_limited):
    service = make_limited(max_unauthenticated="2")
    known = Known(service)
    flood = [connect(service, "http") for _ in range(20)]
    settled(service, "http", flood[-1])
    assert sum(is_open(s) for s in flood) <= 2
    assert known.get().startswith(b"HTTP/1.1 200 ")


class Known:
    """A client of the HTTP listener that has proven who it is, with impacket's NTLM."""

    def __init__(self, service):
        from impacket import ntlm
        self.socket = connect(service, "http")
        first = ntlm.getNTLMSSPType1("", "", True, use_ntlmv2=True)
        challenge = self.get(first.getData()).split(b"NTLM ", 1)[1].split(b"\r\n", 1)[0]
        last, _ = ntlm.getNTLMSSPType3(first, base64.b64decode(challenge), "alice", "Secret123!x", "", use_ntlmv2=True)
        assert self.get(last.getData()).startswith(b"HTTP/1.1 200 ")

    def get(self, token=None):
        field = b"Authorization: NTLM " + base64.b64encode(token) + b"\r\n" if token else b""
        self.socket.sendall(b"GET /whoami HTTP/1.1\r\nHost: web1\r\n" + field + b"\r\n")
        return answer(self.socket)


@pytest.mark.parametrize("known", [False, True])
def test_who_never_reads_is_gone_at_the_deadline(make_limited, known):
    service = make_limited(handshake_timeout="10" if known else "2")  # a busy machine proves who it is in ten seconds
    s = Known(service).socket if known else connect(service, "http")
    s.settimeout(0.5)
    asked = b"GET /whoami HTTP/1.1\r\nHost: web1\r\n\r\n" * 1000
    with pytest.raises(OSError):
        for _ in range(100000):
            try:
                s.sendall(asked)
            except TimeoutError:
                if not is_reset(s):
                    continue
                raise ConnectionResetError from None
    assert honest(service)


def is_reset(s):
    """Without reading: a reset, or an end, is a hang-up."""
    import select
    poll = select.poll()
    poll.register(s, 0)
    return bool(poll.poll(100))


def test_who_writes_slowly_after_a_proof_is_gone_too(make_limited):
    service = make_limited(handshake_timeout="10")
    s = Known(service).socket
    with pytest.raises(OSError):
        for byte in (b"GET /whoami HTTP/1.1\r\nX: " + b"x" * 1000):
            s.sendall(bytes([byte]))
            if not is_open(s):
                raise ConnectionResetError
    service.wait_for(lambda: "a request was not done" in service.log.read_text(), "a line in the log")


def test_half_closed_after_the_request(make_limited):
    service = make_limited(handshake_timeout="600")
    s = connect(service, "http")
    s.sendall(LEG)
    s.shutdown(socket.SHUT_WR)
    assert answer(s).startswith(b"HTTP/1.1 401 ")
    drain(s)


@pytest.mark.parametrize("listener", ["framed", "http"])
@pytest.mark.parametrize("said", ["nothing", "something"])
def test_half_closed_before_it(make_limited, listener, said):
    service = make_limited(handshake_timeout="600")
    s = connect(service, listener)
    s.sendall(BEGINNING[listener] if said == "something" else b"")
    s.shutdown(socket.SHUT_WR)
    drain(s)  # at once, not at the deadline: that is further away than patience reaches


def test_silent_clients_do_not_use_descriptors_up(make_limited):
    service = make_limited(prefix=("/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"), max_per_address="1000", handshake_timeout="600")
    held = [connect(service, "framed") for _ in range(200)]
    assert honest(service)
    assert sum(is_open(s) for s in held) < 64
    before = cpu_seconds(service.process.pid)
    time.sleep(1)
    assert cpu_seconds(service.process.pid) - before < 0.3


def test_known_clients_leave_some_descriptors(make_limited):
    service = make_limited(prefix=("/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"), max_per_address="1000")
    known = []
    with pytest.raises((OSError, IndexError)):
        for _ in range(64):
            known.append(Known(service))
    service.wait_for(lambda: "the rest of the descriptors is for files" in service.log.read_text(), "a line in the log")
    assert all(k.get().startswith(b"HTTP/1.1 200 ") for k in known)
    assert len(os.listdir(f"/proc/{service.process.pid}/fd")) < 60
    while known:
        known.pop().socket.close()
    service.wait_for(lambda: honest(service), "an honest client gets in again")


def test_descriptors_run_out_and_come_back(make_limited):
    service = make_limited(max_per_address="1000")
    pid = service.process.pid
    known = [Known(service) for _ in range(10)]
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, hard))
    waiting = [connect(service, "http") for _ in range(10)]
    service.wait_for(lambda: "clients wait: they cannot be accepted" in service.log.read_text(), "a line in the log")
    before = cpu_seconds(pid)
    time.sleep(1)
    assert cpu_seconds(pid) - before < 0.3
    assert service.log.read_text().count("clients wait") < 3
    assert all(k.get().startswith(b"HTTP/1.1 200 ") for k in known)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    for s in waiting:
        settled(service, "http", s)
    assert honest(service)
