# SPDX-License-Identifier: Apache-2.0
"""Two loops of sspid under everything at once: logons that wait for a locked store, silent, reset and garbled connections that push each other out,
and new configurations. What ThreadSanitizer finds ends the service badly (meson test --suite storm)."""
import random
import signal
import socket
import struct
import threading
import time

from conftest import ACCOUNTS, reset
from test_sspid_http_legs import Client
from test_sspid_legs import Lock

THREADS, TURNS = 6, 60
KEYS = {"max_unauthenticated": "12", "max_per_address": "1000", "handshake_timeout": "5"}
GARBAGE = [b"\0" * 40, b"GET / HTTP/1.1\n\n", b"GET /whoami HTTP/1.1\r\nX: y\r\n\r\n", b"\xff\xff\xff\xff", b"POST / HTTP/1.1\r\nHost: a\r\n"
           b"Transfer-Encoding: chunked\r\n\r\nzz", struct.pack("<I", 40) + b"NTLMSSP\0\3\0\0\0" + bytes(29)]


def log_on(service, rng, kept):
    """With the right password or not; it may be dropped for another at any moment."""
    user = rng.choice(sorted(ACCOUNTS.keys() - {"jörg"}))
    client = Client(service, user, rng.choice([None, None, "wrong"]))
    if rng.random() < 0.3:
        client.begin().finish()
        reset(client.socket) if rng.random() < 0.5 else client.socket.shutdown(socket.SHUT_WR)
        return
    client.begin().finish(fields=b"Content-Length: 3\r\n", body=b"abc")
    client.send()
    client.read()
    client.read()
    kept.append(client.socket)


def stay_silent(service, rng, kept):
    kept.append(service.connect(rng.choice(["web", "framed"])))


def begin_and_stop(service, rng, kept):
    s = service.connect(rng.choice(["web", "framed"]))
    s.sendall(rng.choice([b"GET /wh", b"\x28", b"GET /whoami HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"]))
    kept.append(s) if rng.random() < 0.5 else reset(s)


def send_garbage(service, rng, kept):
    with service.connect(rng.choice(["web", "framed"])) as s:
        s.sendall(rng.choice(GARBAGE))
        if rng.random() < 0.5:
            s.settimeout(0.2)
            s.recv(1000)


def ask_much(service, rng, kept):
    with service.connect("web") as s:
        s.sendall(b"GET /whoami HTTP/1.1\r\nHost: web1\r\n\r\n" * rng.randrange(1, 50))
        if rng.random() < 0.5:
            s.recv(100)


def turn_after_turn(service, seed):
    rng, kept = random.Random(seed), []
    for _ in range(TURNS):
        try:
            rng.choice([log_on, log_on, stay_silent, begin_and_stop, send_garbage, ask_much])(service, rng, kept)
        except (OSError, AssertionError, AttributeError, IndexError, TypeError):
            pass  # it was dropped, or cut, or refused: that is the weather
        while len(kept) > 8:
            kept.pop(rng.randrange(8)).close()


def test_storm(make_service):
    service = make_service(listeners={"web": {"protocol": "http", **KEYS}, "framed": {"protocol": "framed", "backend": "echo", **KEYS}}, start=False)
    service.arguments = ("--loops", "2")
    service.start()
    assert Client(service, "alice").begin().finish().read()[0] == 200  # the store is open
    threads = [threading.Thread(target=turn_after_turn, args=(service, seed)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        lock = Lock(service)
        service.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        lock.release()
        time.sleep(0.1)
    assert Client(service, "alice").begin().finish().read()[0] == 200
    service.stop()
