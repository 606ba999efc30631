# SPDX-License-Identifier: Apache-2.0
"""sspid while an account authority keeps a client waiting: the store is locked by somebody else, and one loop serves everybody."""
import fcntl
import signal
import subprocess
import time

import pytest

from conftest import ACCOUNTS, PATIENCE, program
from test_sspid_limits import is_read

# Less than Lock keeps a leg out, and enough for a client to come as far as that.
LISTENERS = {"echo": {"protocol": "framed", "backend": "echo"}, "hasty": {"protocol": "framed", "handshake_timeout": "6"}}


@pytest.fixture
def served(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    service.arguments = ("--loops", "1")
    return service.start()


class Lock:
    """Keeps readers out of the store: SQLite's read marks (https://sqlite.org/walformat.html#wal_locks), all of them. They try again for ten seconds."""

    def __init__(self, service):
        self.file = open(service.folder / "accounts.db-shm", "r+b")
        fcntl.lockf(self.file, fcntl.LOCK_EX, 8, 120)

    def release(self):
        self.file.close()


@pytest.fixture
def locked(served):
    client(served, "echo", "alice").communicate()  # the store is open
    lock = Lock(served)
    yield lock
    lock.release()


def client(service, listener, user, password=None):
    p = subprocess.Popen([program("sspi-connect"), "--user", user, "--password-stdin", service.address(listener)],
                         env=service.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write((password or ACCOUNTS[user]).encode() + b"\n")
    p.stdin.flush()
    return p


def say(p, text):
    p.stdin.write(text)
    p.stdin.flush()
    return p.stdout.readline()


def connection_count(service, listener):
    """Of the clients that the kernel has accepted and not seen leave."""
    port = "%04X" % int(service.address(listener).rsplit(":", 1)[1])
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    return sum(row[1].endswith(":" + port) and row[3] == "01" for row in rows)


def test_the_others_are_served_meanwhile(served):
    known = client(served, "echo", "alice")
    assert say(known, b"before\n") == b"before\n"
    lock = Lock(served)
    waits = [client(served, "echo", "bob", password) for password in (None, "wrong", "wrong as well")]
    served.wait_for(lambda: connection_count(served, "echo") == 4, "the others have come")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert say(known, b"during\n") == b"during\n"
    assert all(p.poll() is None for p in waits) and len(served.events()) == 2
    lock.release()
    assert say(waits[0], b"here\n") == b"here\n"
    assert [p.wait(PATIENCE) for p in waits[1:]] == [1, 1]
    refused = served.wait_for(lambda: len(served.events(4625)) == 2 and served.events(4625), "their events")
    assert {e["reason"] for e in refused} == {"accounts: the password is wrong"}  # taken on the leg's own thread
    assert say(known, b"after\n") == b"after\n"
    for p in (known, waits[0]):
        p.communicate()
        assert p.returncode == 0


def test_the_deadline_comes_while_a_leg_is_out(served, locked):
    p = client(served, "hasty", "bob")
    assert p.wait(PATIENCE) == 1
    served.wait_for(lambda: "handshake_timeout came while an account authority was asked" in served.log.read_text(), "a line in the log")
    locked.release()
    assert client(served, "echo", "alice").communicate()[1] == b""


def test_the_client_hangs_up_while_a_leg_is_out(served, locked):
    from test_sspid_stream import Stream  # which has the lock from here
    s = Stream(served, "echo", last=False)
    s.send_token()
    served.wait_for(lambda: is_read(s.socket), "its last token was read")
    s.socket.close()
    locked.release()
    served.wait_for(lambda: len(served.events(4624)) == 2, "what the leg found")
    assert client(served, "echo", "alice").communicate()[1] == b""


@pytest.mark.parametrize("signals", [1, 2])
def test_it_stops_while_a_leg_is_out(served, locked, signals):
    from test_sspid_stream import Stream  # which has the lock from here
    s = Stream(served, "echo", last=False)
    s.send_token()
    served.wait_for(lambda: is_read(s.socket), "its last token was read")
    for i in range(signals):
        served.process.send_signal(signal.SIGTERM)
        served.wait_for(lambda: served.log.read_text().count("stopping") > i, "the signal was seen")
    locked.release()
    if signals == 1:
        s.say(b"x")
        assert s.hear() == b"x"
        s.say(b"")
        assert s.hear() == b""
    assert s.hear() is None
    s.socket.close()
    assert served.process.wait(PATIENCE) == 0
    served.process = None
