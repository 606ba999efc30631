# SPDX-License-Identifier: Apache-2.0
"""sspid's HTTP listeners while an account authority keeps an answer waiting: one loop serves everybody else meanwhile."""
import base64
import signal
import socket
import struct

import pytest

from conftest import ACCOUNTS, PATIENCE, read_exactly, wait_for
from test_sspid_legs import Lock
from test_sspid_limits import is_read


class Client:
    """NTLM on one connection, leg by leg, with impacket's tokens."""

    def __init__(self, service, user, password=None, listener="web"):
        from impacket import ntlm
        self.socket = service.connect(listener)
        self.user, self.password = user, password or ACCOUNTS[user]
        self.first = ntlm.getNTLMSSPType1("", "", True, use_ntlmv2=True)

    def send(self, token=None, method="GET", body=b"", fields=b""):
        field = b"Authorization: NTLM " + base64.b64encode(token) + b"\r\n" if token else b""
        self.socket.sendall(method.encode() + b" /whoami HTTP/1.1\r\nHost: web1\r\n" + field + fields + b"\r\n" + body)

    def read(self):
        """(status, body); None at the end."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.socket.recv(1)
            if not part:
                return None
            head += part
        self.head = head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return int(head.split()[1]), read_exactly(self.socket, length)

    def get(self):
        self.send()
        return self.read()

    def begin(self):
        """Up to the last token, which is sent, and is not answered while the store is locked."""
        from impacket import ntlm
        self.send(self.first.getData())
        assert self.read()[0] == 401
        challenge = base64.b64decode(self.head.split(b"NTLM ")[1].split(b"\r\n")[0])
        self.last = ntlm.getNTLMSSPType3(self.first, challenge, self.user, self.password, "", use_ntlmv2=True)[0].getData()
        return self

    def finish(self, **more):
        self.send(self.last, **more)
        return self

    def is_out(self):
        """The service has all of it: a leg is out."""
        wait_for(lambda: is_read(self.socket), "the last token was read")
        return self

    def waits(self):
        self.socket.settimeout(0.3)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) and False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture
def web(make_service):
    service = make_service(listeners={"web": {"protocol": "http"}, "hasty": {"protocol": "http", "handshake_timeout": "6"},
                                      "narrow": {"protocol": "http", "max_unauthenticated": "1"}}, start=False)
    service.arguments = ("--loops", "1")
    return service.start()


@pytest.fixture
def known(web):
    """Who has logged on before; so the store is open."""
    client = Client(web, "alice").begin().finish()
    assert client.read()[0] == 200
    return client


def test_the_others_are_served_meanwhile(web, known):
    lock = Lock(web)
    waiting = [Client(web, "bob", password).begin().finish() for password in (None, "wrong")]
    for _ in range(20):
        assert known.get()[0] == 200
    assert Client(web, "alice").get()[0] == 401
    assert all(client.waits() for client in waiting)
    lock.release()
    assert [client.read()[0] for client in waiting] == [200, 401]
    assert waiting[0].get()[0] == 200
    refused = web.wait_for(lambda: web.events(4625), "an event")
    assert refused[0]["reason"] == "accounts: the password is wrong"  # taken on the thread that found it


def test_a_body_comes_before_and_a_request_after(web, known):
    lock = Lock(web)
    client = Client(web, "bob").begin().finish(fields=b"Content-Length: 5\r\n", body=b"hello")
    client.send()
    client.send()
    assert client.waits()
    lock.release()
    assert [client.read()[0] for _ in range(3)] == [200, 200, 200]


def test_half_closed_it_is_answered(web, known):
    lock = Lock(web)
    client = Client(web, "bob").begin().finish().is_out()
    client.socket.shutdown(socket.SHUT_WR)
    assert client.waits()
    lock.release()
    assert client.read()[0] == 200 and client.read() is None


def test_the_deadline_comes(web, known):
    lock = Lock(web)
    client = Client(web, "bob", listener="hasty").begin().finish()
    assert client.read() is None
    web.wait_for(lambda: "the account authority did not answer before handshake_timeout" in web.log.read_text(), "a line in the log")
    lock.release()
    web.wait_for(lambda: len(web.events(4624)) == 2, "what the authority found")
    assert known.get()[0] == 200


def test_the_client_is_reset(web, known):
    lock = Lock(web)
    client = Client(web, "bob").begin().finish().is_out()
    assert client.waits()
    client.reset()
    web.wait_for(lambda: "the client left before its answer was made" in web.log.read_text(), "a line in the log")
    lock.release()
    web.wait_for(lambda: len(web.events(4624)) == 2, "what the authority found")
    assert known.get()[0] == 200


def test_who_waits_for_the_authority_is_not_dropped(web, known):
    lock = Lock(web)
    client = Client(web, "bob", listener="narrow").begin().finish().is_out()
    assert client.waits()
    other = Client(web, "alice", listener="narrow")
    assert other.read() is None
    assert "max_unauthenticated = 1" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]
    lock.release()
    assert client.read()[0] == 200


@pytest.mark.parametrize("signals", [1, 2])
def test_it_stops_meanwhile(web, known, signals):
    lock = Lock(web)
    client = Client(web, "bob").begin().finish().is_out()
    assert client.waits()
    for i in range(signals):
        web.process.send_signal(signal.SIGTERM)
        web.wait_for(lambda: web.log.read_text().count("stopping") > i, "the signal was seen")
    lock.release()
    if signals == 1:
        assert client.read()[0] == 200 and b"\r\nConnection: close\r\n" in client.head
    assert client.read() is None
    assert web.process.wait(PATIENCE) == 0
    web.process = None
