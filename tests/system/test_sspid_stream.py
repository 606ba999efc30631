# SPDX-License-Identifier: Apache-2.0
"""sspid's streams against a client whose frames are made by hand, and its messages through ctypes: ends, cuts, forgeries, readers that do not."""
import socket
import struct
import time

import pytest

from conftest import ACCOUNTS, PATIENCE, read_frame
from test_foreign_function import Client, load_configuration
from test_sspid_legs import Lock
from test_sspid_tunnel import Backend, echo, read_all, resident

END = b""


class Stream:
    """A client that is authenticated, unless it is told to stop before its last token goes out."""

    def __init__(self, service, listener, package="NTLM", last=True):
        load_configuration(service.config)
        self.socket = service.connect(listener)
        self.context = Client(package, "WORKGROUP", "alice", ACCOUNTS["alice"], target="host/127.0.0.1")
        self.token = self.context.step(None)
        while self.token and (last or not self.context.done):
            self.send_token()
            self.token = self.context.step(self.receive()) if not self.context.done else None

    def send_token(self):
        self.socket.sendall(struct.pack("<I", len(self.token)) + self.token)

    def receive(self):
        return read_frame(self.socket)

    def sealed(self, plain):
        trailer, ciphertext = self.context.seal(plain)
        message = struct.pack("<I", len(trailer)) + trailer + ciphertext
        return struct.pack("<I", len(message)) + message

    def say(self, plain):
        self.socket.sendall(self.sealed(plain))

    def hear(self):
        """None: the connection is over."""
        try:
            message = self.receive()
        except ConnectionResetError:
            return None
        if message is None:
            return None
        n, = struct.unpack_from("<I", message)
        return self.context.unseal(message[4:4 + n], message[4 + n:])


@pytest.fixture
def tunnel(make_service):
    backend = Backend(echo)
    listeners = {"tunnel": {"protocol": "framed", "backend": f"proxy:127.0.0.1:{backend.port}"},
                 "echo": {"protocol": "framed", "backend": "echo"}, "whoami": {"protocol": "framed", "backend": "whoami"}}
    yield make_service(listeners=listeners), backend
    backend.socket.close()


@pytest.mark.parametrize("listener", ["tunnel", "echo"])
@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_messages_and_the_end(tunnel, listener, package):
    service, _ = tunnel
    s = Stream(service, listener, package)
    for text in (b"one", b"x" * 60000, b"three"):
        s.say(text)
        got = b""
        while len(got) < len(text):
            got += s.hear()
        assert got == text
    s.say(END)
    assert s.hear() == END
    s.socket.shutdown(socket.SHUT_WR)
    assert s.hear() is None


def test_a_byte_at_a_time(tunnel):
    service, _ = tunnel
    s = Stream(service, "tunnel")
    for byte in s.sealed(b"drop by drop") + s.sealed(END):
        s.socket.sendall(bytes([byte]))
        time.sleep(0.005)
    assert s.hear() == b"drop by drop" and s.hear() == END and s.hear() is None


def flip(frame):
    return frame[:-1] + bytes([frame[-1] ^ 1])


@pytest.mark.parametrize("forge", [
    flip, lambda frame: frame + frame, lambda frame: struct.pack("<I", 0), lambda frame: struct.pack("<I", 1 << 20 | 1),
    lambda frame: b"\xff\xff\xff\xff", lambda frame: struct.pack("<I", 3) + b"abc", lambda frame: struct.pack("<II", 8, 5) + b"abcd",
], ids=["flipped", "replayed", "empty", "too long", "huge", "no message", "trailer past the end"])
def test_a_forgery_cuts_and_resets(tunnel, forge):
    service, backend = tunnel
    s = Stream(service, "tunnel")
    s.say(b"good")
    assert s.hear() == b"good"
    s.socket.sendall(forge(s.sealed(b"bad")))
    while (heard := s.hear()) is not None:
        assert heard == b"bad"  # of the replay the first is good
    service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")


def test_a_message_after_the_end_resets(make_service):
    def wait(client):
        read_all(client)
        time.sleep(0.5)
        client.sendall(b"x")
        time.sleep(0.5)
        client.sendall(b"y")

    backend = Backend(wait)
    with backend.socket:
        service = make_service(listeners={"tunnel": {"protocol": "framed", "backend": f"proxy:127.0.0.1:{backend.port}"}})
        s = Stream(service, "tunnel")
        s.socket.sendall(s.sealed(END) + s.sealed(b"more"))
        assert s.hear() is None
        service.wait_for(lambda: "a message came after the one that ends the stream" in service.log.read_text(), "a line in the log")
        assert service.wait_for(lambda: backend.outcomes, "the reset")[0] in (ConnectionResetError, BrokenPipeError)


@pytest.mark.parametrize("within", [False, True], ids=["between", "within"])
@pytest.mark.parametrize("listener", ["tunnel", "echo", "whoami"])
def test_half_closed_without_an_end_is_a_cut(tunnel, listener, within):
    service, backend = tunnel
    s = Stream(service, listener)
    if listener != "whoami":
        s.say(b"x")
        assert s.hear() == b"x"
    s.socket.sendall(s.sealed(b"more")[:-1] if within else b"")
    s.socket.shutdown(socket.SHUT_WR)
    while s.hear() is not None:
        pass
    service.wait_for(lambda: "cut" in service.log.read_text(), "a line in the log")
    assert backend.outcomes == [] or service.wait_for(lambda: backend.outcomes == [ConnectionResetError], "the backend's reset")


def test_half_closed_while_a_leg_is_out(tunnel):
    """Its answer goes out, and what the client still has to say does not come."""
    service, backend = tunnel
    first = Stream(service, "echo")
    first.say(b"x")
    assert first.hear() == b"x"  # the store is open
    s = Stream(service, "tunnel", last=False)
    lock = Lock(service)
    s.send_token()
    s.socket.shutdown(socket.SHUT_WR)
    time.sleep(0.3)
    lock.release()
    assert s.hear() is None
    service.wait_for(lambda: backend.outcomes in ([], [ConnectionResetError]), "no end at the backend")


def test_what_comes_with_the_last_token_is_kept(tunnel):
    """The client knows that it is done when it sends its last token: messages may come with it, while a leg is out and a backend is dialed."""
    service, _ = tunnel
    for listener in ("tunnel", "echo"):
        s = Stream(service, listener, last=False)
        s.socket.sendall(struct.pack("<I", len(s.token)) + s.token + s.sealed(b"early") + s.sealed(END))
        assert s.hear() == b"early" and s.hear() == END


def test_tokens_that_grow(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "max_token": "4096"}})
    host, port = service.address("framed").rsplit(":", 1)
    for size in (64, 1000, 4096, 4097, 65536):
        with socket.create_connection((host, int(port)), PATIENCE) as s:
            s.settimeout(PATIENCE)
            negotiate = b"NTLMSSP\0\1\0\0\0" + struct.pack("<I", 0xE2888235) + bytes(24)
            s.sendall(struct.pack("<I", len(negotiate)) + negotiate)
            assert read_frame(s)
            token = (b"NTLMSSP\0\3\0\0\0" + bytes(size))[:size]
            try:
                s.sendall(struct.pack("<I", size) + token)
                read_all(s)
            except (BrokenPipeError, ConnectionResetError):
                pass
    refused = service.wait_for(lambda: len(service.events(4625)) == 5 and service.events(4625), "their events")
    assert sum("above max_token = 4096" in e["reason"] for e in refused) == 2


def test_an_echo_that_is_not_read_is_not_made(tunnel):
    service, _ = tunnel
    s = Stream(service, "echo")
    s.socket.settimeout(2)
    sent, before = 0, resident(service)
    with pytest.raises(TimeoutError):
        while sent < 256 << 20:
            s.say(bytes(65000))
            sent += 65000
    assert sent < 64 << 20 and resident(service) - before < 8 << 20
