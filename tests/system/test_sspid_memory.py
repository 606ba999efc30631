# SPDX-License-Identifier: Apache-2.0
"""sspid when memory runs out: each allocation of a logon fails in turn, which costs that connection at most, never the service."""
import base64
import mmap
import socket
import struct

import pytest

from conftest import BUILD, PATIENCE


class Countdown:
    """The number that tests/support/alloc_preload.c counts down."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)

    def set(self, n):
        self.map[:] = struct.pack("<q", n)

    def left(self):
        return struct.unpack("<q", self.map[:])[0]


@pytest.fixture
def short(make_service):
    """A service with a framed and an HTTP listener, and its countdown."""
    service = make_service(start=False)
    countdown = Countdown(service.folder / "countdown")
    service.prefix = ("/usr/bin/env", f"LD_PRELOAD={BUILD / 'tests/support/liballoc_preload.so'}",
                      f"ALLOC_PRELOAD={service.folder / 'countdown'}")
    service.arguments = ("--loops", "1")
    service.start()
    assert http_logon(service) == 200 and framed_logon(service)  # caches are filled, threads are there
    return service, countdown


def http_logon(service):
    """NTLM on one connection; the last status, or None where the connection was lost."""
    from impacket import ntlm
    host, port = service.address("http").rsplit(":", 1)
    first = ntlm.getNTLMSSPType1("", "", True, use_ntlmv2=True)
    token, status = first.getData(), None
    try:
        with socket.create_connection((host, int(port)), PATIENCE) as s:
            for _ in range(2):
                s.sendall(b"GET /whoami HTTP/1.1\r\nHost: web1\r\nAuthorization: NTLM " + base64.b64encode(token) + b"\r\n\r\n")
                answer = s.recv(65536)
                status = int(answer.split()[1])
                if status != 401 or b"NTLM " not in answer:
                    break
                challenge = answer.split(b"NTLM ", 1)[1].split(b"\r\n", 1)[0]
                last, _ = ntlm.getNTLMSSPType3(first, base64.b64decode(challenge), "alice", "Secret123!x", "", use_ntlmv2=True)
                token = last.getData()
            return status
    except (OSError, IndexError):
        return None


def framed_logon(service):
    done = service.run("sspi-connect", "--user", "alice", "--password-stdin", service.address("framed"), stdin="Secret123!x\n", check=False)
    return done.returncode == 0


@pytest.mark.parametrize("logon, good", [(http_logon, 200), (framed_logon, True)], ids=["http", "framed"])
def test_each_allocation_of_a_logon_fails_once(short, logon, good):
    service, countdown = short
    outcomes = []
    for n in range(1, 3000):
        countdown.set(n)
        outcomes.append(logon(service))
        assert service.process.poll() is None, f"allocation {n} ended sspid with {service.process.returncode}"
        if countdown.left() > 0:
            break
    else:
        pytest.fail("there is no end of allocations")
    countdown.set(0)
    assert len(outcomes) > 20 and outcomes[-1] == good and any(outcome != good for outcome in outcomes)
    for _ in range(3):
        assert logon(service) == good
