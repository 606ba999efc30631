# SPDX-License-Identifier: Apache-2.0
"""sspid's framed listeners against raw sockets: lengths that lie, drips, endless legs, ends in the middle, floods, the drain."""
import os
import select
import signal
import socket
import struct
import threading
import time

import pytest

from conftest import PATIENCE, read_frame, reset

TYPE1 = b"NTLMSSP\0\1\0\0\0" + struct.pack("<I", 0xE2888235) + bytes(16) + bytes(8)
# A deadline that is far away: what ends here does so for another reason.
FRAMED = {"framed": {"protocol": "framed", "backend": "whoami", "handshake_timeout": "600"}}


def frame(token):
    return struct.pack("<I", len(token)) + token


def until_closed(s):
    """What still comes until the other side is gone."""
    got = b""
    try:
        while part := s.recv(65536):
            got += part
    except ConnectionResetError:
        pass
    return got


def alive(service):
    """An honest client still gets in."""
    return service.run("sspi-connect", "--user", "alice", "--password-stdin", service.address("framed"),
                       stdin="Secret123!x\n").stdout.startswith('{"user":"alice"')


@pytest.fixture
def framed(make_service):
    return make_service(listeners=FRAMED)


@pytest.mark.parametrize("head, reason", [
    (b"\0\0\0\0", "a frame of length 0"),
    (b"\xff\xff\xff\xff", "a frame of 4294967295 bytes, above max_token = 65536"),
    (b"\0\0\0\x80", "a frame of 2147483648 bytes, above max_token = 65536"),
    (struct.pack("<I", 65537), "a frame of 65537 bytes, above max_token = 65536"),
])
def test_a_length_that_lies_ends_the_connection(framed, head, reason):
    s = framed.connect("framed")
    s.sendall(head)
    assert until_closed(s) == b""
    refused = framed.wait_for(lambda: framed.events(4625), "an event")
    assert refused[0]["reason"] == reason and refused[0]["Status"] == "0x80090308"
    assert refused[0]["IpAddress"] == "127.0.0.1" and refused[0]["IpPort"] == s.getsockname()[1]
    assert refused[0]["listener"] == "framed" and refused[0]["protocol"] == "framed"
    assert alive(framed)


def test_announced_bytes_are_not_allocated(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "max_token": "1048576", "max_per_address": "1000"}})
    sockets = [service.connect("framed") for _ in range(300)]
    for s in sockets:
        s.sendall(struct.pack("<I", 1048576) + b"x")
    assert alive(service)
    resident = int(open(f"/proc/{service.process.pid}/statm").read().split()[1]) * 4096
    assert resident < 150 * 1024 * 1024
    for s in sockets:
        s.close()


def test_a_drip_of_bytes_ends_at_the_one_deadline(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "handshake_timeout": "2"}})
    start = time.monotonic()
    s = service.connect("framed")
    s.sendall(frame(TYPE1)[:10])
    with pytest.raises(OSError):
        for byte in frame(TYPE1)[10:] + bytes(1000):
            s.sendall(bytes([byte]))
            time.sleep(0.1)
    assert 1.5 < time.monotonic() - start < 60  # before the client has said all: machines are slow at times
    refused = service.wait_for(lambda: service.events(4625), "an event")[0]
    assert "handshake_timeout = 2 s" in refused["reason"] and refused["Status"] == "0xc00000b5"


def test_a_silent_client_is_closed_without_an_event(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "handshake_timeout": "1"}})
    start = time.monotonic()
    assert until_closed(service.connect("framed")) == b""
    assert 0.5 < time.monotonic() - start < 15  # the deadline that holds where none is set is 20 seconds
    assert service.events(4625) == []


def test_endless_legs_end(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "max_legs": "1"}})
    s = service.connect("framed")
    s.sendall(frame(TYPE1))
    assert read_frame(s).startswith(b"NTLMSSP\0\2")
    s.sendall(frame(b"NTLMSSP\0\3\0\0\0" + bytes(100)))
    assert until_closed(s) == b""
    assert service.wait_for(lambda: service.events(4625), "an event")[0]["reason"] == "more than max_legs = 1 legs"


@pytest.mark.parametrize("token", [b"x", b"NTLMSSP\0\3\0\0\0" + bytes(80), b"\x60\x80", os.urandom(1000), b"\0" * 65536],
                         ids=["byte", "type3", "spnego", "random", "zeros"])
def test_garbage_is_refused(framed, token):
    s = framed.connect("framed")
    s.sendall(frame(token))
    until_closed(s)
    assert framed.wait_for(lambda: framed.events(4625), "an event")[0]["reason"]
    assert alive(framed)


def test_an_end_in_the_middle_of_a_token(framed):
    s = framed.connect("framed")
    s.sendall(frame(TYPE1)[:-1])
    s.shutdown(socket.SHUT_WR)
    assert until_closed(s) == b""
    framed.wait_for(lambda: "the client left in the middle of the handshake" in framed.log.read_text(), "a line in the log")
    assert framed.events() == []


def test_a_reset_costs_nothing(framed):
    for _ in range(50):
        s = framed.connect("framed")
        s.sendall(frame(TYPE1))
        reset(s)
    assert alive(framed)


def hold(service, count):
    """So many silent connections that were let in. Clients that are just leaving may still count when they come."""
    held = []

    def try_one():
        s = service.connect("framed")
        if not select.select([s], [], [], 0.1)[0]:
            held.append(s)
        return len(held) == count

    service.wait_for(try_one, f"{count} connections")
    return held


def test_more_of_one_address_are_turned_away(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "max_per_address": "3"}})
    held = hold(service, 3)
    assert until_closed(service.connect("framed")) == b""
    refused = service.wait_for(lambda: service.events(4625), "an event")[0]
    assert refused["reason"] == "max_per_address = 3 of this address are open already" and refused["Status"] == "0xc000009a"
    for s in held:
        s.close()
    service.wait_for(lambda: alive_or_not(service), "room again")


def alive_or_not(service):
    done = service.run("sspi-connect", "--user", "alice", "--password-stdin", service.address("framed"),
                       stdin="Secret123!x\n", check=False)
    return done.returncode == 0


def test_a_flood_of_refusals_is_counted(framed):
    def hammer():
        for _ in range(60):
            s = framed.connect("framed")
            s.sendall(b"\0\0\0\0")
            until_closed(s)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    framed.stop()
    events = framed.events()
    written = [e for e in events if e["EventID"] == 4625]
    told = [e for e in events if e["EventID"] == 1101]
    assert len(written) + sum(e["EventsDropped"] for e in told) == 8 * 60
    assert all(e["DroppedEventID"] == 4625 and e["IpAddress"] == "127.0.0.1" for e in told)


def test_sigterm_lets_a_handshake_finish(framed):
    s = framed.connect("framed")
    s.sendall(frame(TYPE1))
    assert read_frame(s).startswith(b"NTLMSSP\0\2")
    framed.process.send_signal(signal.SIGTERM)
    framed.wait_for(lambda: not_listening(framed), "the listener is closed")
    assert framed.process.poll() is None
    s.sendall(frame(b"NTLMSSP\0\3\0\0\0" + bytes(100)))
    until_closed(s)
    assert framed.process.wait(PATIENCE) == 0
    assert len(framed.events(4625)) == 1
    framed.process = None


def not_listening(service):
    try:
        service.connect("framed").close()
        return False
    except OSError:
        return True


def test_a_second_signal_ends_at_once(framed):
    s = framed.connect("framed")
    s.sendall(frame(TYPE1))
    read_frame(s)
    framed.process.send_signal(signal.SIGINT)
    framed.wait_for(lambda: not_listening(framed), "the listener is closed")
    framed.process.send_signal(signal.SIGTERM)
    assert framed.process.wait(PATIENCE) == 0
    framed.process = None


def test_sighup_opens_the_event_file_anew(framed):
    assert alive(framed) and len(framed.events(4624)) == 1
    framed.event_file.rename(framed.folder / "events.1")
    framed.process.send_signal(signal.SIGHUP)
    framed.wait_for(lambda: "opened anew" in framed.log.read_text(), "a line in the log")
    assert alive(framed)
    assert len(framed.events(4624)) == 1 and (framed.folder / "events.1").stat().st_mode & 0o777 == 0o640


def test_the_credential_may_wait_for_the_first_client(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "credential": "at-first-client"}})
    assert alive(service)


def test_two_services_do_not_share_an_address(framed):
    done = framed.run("sspid", check=False)
    assert done.returncode == 1 and "cannot listen" in done.stderr and "Address already in use" in done.stderr
