# SPDX-License-Identifier: Apache-2.0
"""sspid's framed listener and sspi-connect, with a peer's security context at the other end of the stream.

gss-ntlmssp wraps no empty message, which is what ends a direction: whom it talks to sees a cut, and is right to say so.
"""
import json
import socket
import struct
import subprocess
import threading

import pytest

from conftest import ACCOUNTS, program, read_frame
from ends import DOMAIN, HOSTBASED, PASSWORD, SPN, USER, Gensec, Refused, gss, gss_environment, samba_config

TRAILER = 16  # of an NTLM message
MESSAGES = [b"first\n", b"second\n", bytes(range(256)) * 256]
LISTENERS = {"echo": {"protocol": "framed", "backend": "echo"}, "whoami": {"protocol": "framed", "backend": "whoami"}}


class Framed:
    """Tokens and sealed messages over a socket: a length before each, in messages the trailer's length and the trailer first."""

    def __init__(self, connection, end):
        self.socket, self.end = connection, end
        self.socket.settimeout(60)

    def read(self):
        data = read_frame(self.socket)
        if data is None:
            raise Refused("framed", "closed")
        return data

    def write(self, data):
        self.socket.sendall(struct.pack("<I", len(data)) + data)

    def initiate(self):
        token = self.end.step(None)
        while token is not None:
            self.write(token)
            token = self.end.step(self.read()) if not self.end.done else None

    def accept(self):
        while not self.end.done:
            token = self.end.step(self.read())
            if token is not None:
                self.write(token)

    def send(self, message):
        self.write(struct.pack("<I", TRAILER) + self.end.seal(message))

    def receive(self):
        whole = self.read()
        assert whole[:4] == struct.pack("<I", TRAILER)
        return self.end.unseal(whole[4:])


def dial(service, listener, end):
    host, port = service.address(listener).rsplit(":", 1)
    return Framed(socket.create_connection((host, int(port)), 60), end)


@pytest.fixture
def served(make_service):
    return make_service(listeners=LISTENERS)


@pytest.fixture
def samba(tmp_path):
    return samba_config(tmp_path)


@pytest.mark.parametrize("mech", ["ntlm", "spnego"])
def test_sspid__gss_ntlmssp_is_echoed(served, tmp_path, mech):
    with gss("client", mech, env=gss_environment(tmp_path), user=f"{DOMAIN}\\{USER}", password=PASSWORD, target=HOSTBASED) as client:
        stream = dial(served, "echo", client)
        stream.initiate()
        for message in MESSAGES:
            stream.send(message)
            assert stream.receive() == message
        stream.socket.close()


@pytest.mark.parametrize("mech", ["ntlm", "spnego"])
def test_sspid__samba_is_echoed_to_the_end(served, samba, mech):
    with Gensec(samba, mech) as client:
        stream = dial(served, "echo", client)
        stream.initiate()
        for message in (*MESSAGES, b""):
            stream.send(message)
            assert stream.receive() == message
        assert stream.socket.recv(1) == b""


@pytest.mark.parametrize("mech", ["ntlm", "spnego"])
def test_sspid__tells_samba_who_it_is(served, samba, mech):
    with Gensec(samba, mech, "jörg", ACCOUNTS["jörg"]) as client:
        stream = dial(served, "whoami", client)
        stream.initiate()
        who = json.loads(stream.receive())
        assert who["user"] == "jörg" and who["ntlm_version"] == "NTLM V2" and who["mic_verified"] and who["target_name"] == SPN


def test_sspid__a_wrong_password(served, tmp_path):
    with gss("client", "spnego", env=gss_environment(tmp_path), user=f"{DOMAIN}\\{USER}", password="wrong", target=HOSTBASED) as client:
        stream = dial(served, "echo", client)
        with pytest.raises(Refused):
            stream.initiate()
            stream.receive()
    assert served.wait_for(lambda: served.events(4625), "an event")[0]["TargetUserName"] == USER


@pytest.mark.parametrize("package, mech", [("NTLM", "ntlm"), ("Negotiate", "spnego")])
def test_sspi_connect__gss_ntlmssp_answers(served, tmp_path, package, mech):
    """A server of gss-ntlmssp's that gives back each message until the end of the stream."""
    failures = []

    def serve(listening):
        try:
            with gss("server", mech, env=gss_environment(tmp_path)) as server, listening.accept()[0] as connection:
                stream = Framed(connection, server)
                stream.accept()
                while message := stream.receive():
                    stream.send(message)
        except Exception as error:  # told by the test's own thread
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        thread = threading.Thread(target=serve, args=[listening])
        thread.start()
        done = subprocess.run([program("sspi-connect"), "--package", package, "--user", f"{DOMAIN}\\{USER}", "--password-stdin",
                               f"127.0.0.1:{listening.getsockname()[1]}"], input=PASSWORD.encode() + b"\n" + b"".join(MESSAGES),
                              env=served.environment(), capture_output=True, timeout=60)
        thread.join(120)
    assert not failures and done.stdout == b"".join(MESSAGES), (failures, done.stderr)
    assert done.returncode == 1 and b"the stream was cut" in done.stderr
