# SPDX-License-Identifier: Apache-2.0
"""protocol = sample: what Microsoft's second socket sample speaks, the layout made by hand here and the cryptography through ctypes."""
import socket
import struct
import subprocess
import threading

import pytest

from conftest import ACCOUNTS, PATIENCE, program, read_frame
from test_foreign_function import CLIENT_FLAGS, CONFIDENTIALITY, Client, Server, load_configuration

TEXT = b"This is your server speaking"
LISTENERS = {"sample": {"protocol": "sample"}, "ntlm": {"protocol": "sample", "package": "NTLM"}}


@pytest.fixture
def served(make_service):
    service = make_service(listeners=LISTENERS)
    load_configuration(service.config)
    return service


def send_message(s, token):
    """The sample's SendMsg: nothing at all for an empty token."""
    if token:
        s.sendall(struct.pack("<I", len(token)) + token)


def read_all(s):
    data = b""
    while part := s.recv(2048):
        data += part
    return data


def sspi_connect(service, address, *args, password=ACCOUNTS["alice"]):
    return subprocess.run([program("sspi-connect"), "--protocol", "sample", "--user", "alice", "--password-stdin", *args, address],
                          input=password.encode() + b"\n", env=service.environment(), capture_output=True, timeout=60)


@pytest.mark.parametrize("flags", [CONFIDENTIALITY, CLIENT_FLAGS], ids=["the sample's", "all"])
@pytest.mark.parametrize("listener, package", [("sample", "Negotiate"), ("sample", "NTLM"), ("ntlm", "NTLM")])
def test_the_server(served, listener, package, flags):
    client = Client(package, "WORKGROUP", "alice", ACCOUNTS["alice"], target="alice", flags=flags)
    with served.connect(listener) as s:
        token = client.step(None)
        while token:
            send_message(s, token)
            token = client.step(read_frame(s)) if not client.done else None
        data = read_all(s)  # to the connection's end
    assert len(data) == 4 + 16 + len(TEXT)
    n, = struct.unpack_from("<I", data)
    assert n == 16 and client.unseal(data[4:4 + n], data[4 + n:]) == TEXT
    client.close()
    granted = served.wait_for(lambda: served.events(4624), "an event")[0]
    assert granted["TargetUserName"] == "alice" and granted["protocol"] == "sample"


@pytest.mark.parametrize("listener, package", [("sample", "Negotiate"), ("ntlm", "NTLM")])
def test_both_ends(served, listener, package):
    done = sspi_connect(served, served.address(listener), "--package", package)
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT, b"")


def test_a_wrong_password(served):
    done = sspi_connect(served, served.address("sample"), password="wrong")
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.startswith(b"sspi-connect: ")


@pytest.fixture
def pretend(library):
    """A server of the sample's, whose sealed message passes through change(message) on its way."""
    load_configuration(library["OPENSSPI_CONFIG"])
    listener = socket.create_server(("127.0.0.1", 0))

    def run(change, plain):
        server = Server("NTLM")
        s, _ = listener.accept()
        with s:
            s.settimeout(PATIENCE)
            while not server.done:
                send_message(s, server.step(read_frame(s)))
            trailer, ciphertext = server.seal(plain)
            s.sendall(change(struct.pack("<I", len(trailer)) + trailer + ciphertext))
        server.close()

    def start(change, plain=TEXT):
        threading.Thread(target=run, args=(change, plain), daemon=True).start()
        return "127.0.0.1:%d" % listener.getsockname()[1]

    yield start
    listener.close()


@pytest.mark.parametrize("plain", [TEXT, b"", b"x" * 60000])
def test_the_client(pretend, make_service, plain):
    service = make_service(listeners={}, start=False)
    done = sspi_connect(service, pretend(lambda message: message, plain), "--package", "NTLM")
    assert (done.returncode, done.stdout, done.stderr) == (0, plain, b"")


@pytest.mark.parametrize("change", [
    lambda m: m[:-1], lambda m: m + b"x", lambda m: m[:20], lambda m: m[:3], lambda m: b"",
    lambda m: struct.pack("<I", 0) + m[4:], lambda m: struct.pack("<I", len(m) - 3) + m[4:], lambda m: b"\xff\xff\xff\xff" + m[4:],
    lambda m: m[:-1] + bytes([m[-1] ^ 1]), lambda m: m[:4] + bytes([m[4] ^ 1]) + m[5:], lambda m: bytes(70000), lambda m: m + m,
], ids=["short", "long", "trailer alone", "half a size", "nothing", "no trailer", "past the end", "huge", "flipped", "flipped trailer",
        "endless", "twice"])
def test_the_client_takes_nothing_else(pretend, make_service, change):
    service = make_service(listeners={}, start=False)
    done = sspi_connect(service, pretend(change), "--package", "NTLM")
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.startswith(b"sspi-connect: the server's message")
