# SPDX-License-Identifier: Apache-2.0
"""sspid's HTTP listeners: curl and raw sockets, kept connections and a second user on them, headers that are wrong, deadlines."""
import base64
import json
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

from conftest import PATIENCE

TYPE1 = b"NTLMSSP\0\1\0\0\0" + struct.pack("<I", 0xA2088207) + bytes(16)
NOBODY = ["Negotiate", "NTLM"]


def curl(service, path="/whoami", *args, user="alice:Secret123!x"):
    command = ["curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code} %{num_connects}", *(["--ntlm", "-u", user] if user else []),
               *args, service.url(path)]
    done = subprocess.run(command, capture_output=True, timeout=150)
    body, _, last = done.stdout.rpartition(b"\n")
    return int(last.split()[0]), body


class Http:
    """One connection, and requests on it."""

    def __init__(self, service, listener="http"):
        host, port = service.address(listener).rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), PATIENCE)
        self.file = self.socket.makefile("rb")

    def send(self, raw):
        self.socket.sendall(raw)

    def read(self, head=False):
        """(status, headers as (name in small letters, value), body); None at the end."""
        line = self.file.readline()
        if not line:
            return None
        headers = []
        while (field := self.file.readline()) not in (b"\r\n", b""):
            name, value = field.decode().split(":", 1)
            headers.append((name.lower(), value.strip()))
        size = int(dict(headers).get("content-length", 0))
        return int(line.split()[1]), headers, b"" if head else self.file.read(size)

    def get(self, path="/whoami", *fields, method="GET", version="1.1", body=b""):
        lines = [f"{method} {path} HTTP/{version}", "Host: web1", *fields]
        self.send("".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body)
        return self.read(head=method == "HEAD")


def challenges(answer):
    return [value for name, value in answer[1] if name == "www-authenticate"]


def authorization(scheme, token):
    return f"Authorization: {scheme} {base64.b64encode(token).decode()}"


@pytest.fixture
def web(make_service):
    """Its deadline is far away: what ends here does so for another reason."""
    return make_service(listeners={"http": {"protocol": "http", "backend": "whoami", "handshake_timeout": "600"}})


def test_the_right_password(web):
    status, body = curl(web)
    who = json.loads(body)
    assert status == 200 and who["user"] == "alice" and who["domain"] == "WORKGROUP" and who["package"] == "NTLM"
    assert who["ntlm_version"] == "NTLM V2" and who["mutual"] is False and who["groups"] == [] and who["sid"].startswith("S-1-5-21-")
    granted = web.events(4624)
    assert len(granted) == 1 and granted[0]["protocol"] == "http" and granted[0]["TargetUserName"] == "alice"


@pytest.mark.parametrize("user", ["alice:wrong", "nobody:Secret123!x", "alice:", ":"])
def test_a_wrong_password(web, user):
    status, body = curl(web, user=user)
    assert status == 401 and body == b"Unauthorized\n"
    assert len(web.wait_for(lambda: web.events(4625), "an event")) == 1 and web.events(4624) == []


def test_the_first_challenge(web):
    answer = Http(web).get()
    assert answer[0] == 401 and challenges(answer) == NOBODY
    assert ("cache-control", "no-store") in answer[1] and web.events() == []


@pytest.mark.parametrize("keys, offered", [
    ({"ntlm": "deny"}, ["Negotiate"]),
    ({"packages": "Kerberos"}, ["Negotiate"]),
    ({"packages": "NTLM"}, ["Negotiate", "NTLM"]),
    ({"package": "NTLM"}, ["NTLM"]),
    ({"credential": "at-first-client"}, ["Negotiate", "NTLM"]),
])
def test_policy_decides_what_is_offered(make_service, keys, offered):
    web = make_service(listeners={"http": {"protocol": "http", **keys}})
    assert challenges(Http(web).get()) == offered
    assert curl(web)[0] == (200 if "NTLM" in offered else 401)


@pytest.mark.parametrize("path, status", [("/", 200), ("/nothing", 404), ("/whoami/x", 404), ("/whoami?x=y", 401), ("/auth", 401)])
def test_paths(web, path, status):
    assert Http(web).get(path)[0] == status


def test_methods(web):
    h = Http(web)
    answer = h.get(method="DELETE")
    assert answer[0] == 405 and ("allow", "GET, HEAD") in answer[1]
    answer = h.get(method="HEAD")
    assert answer[0] == 401 and challenges(answer) == NOBODY and answer[2] == b""


def test_a_body_is_drained(web):
    h = Http(web)
    for _ in range(3):
        assert h.get("/whoami", "Content-Length: 100000", body=b"x" * 100000)[0] == 401
    assert h.get("/whoami", "Content-Length: 1000", method="POST", body=b"x" * 1000)[0] == 405
    assert h.get("/whoami", "Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")[0] == 401


def test_a_body_has_a_limit(web):
    assert Http(web).get("/whoami", "Content-Length: 99999999999")[0] == 413
    h = Http(web)
    h.send(b"GET /whoami HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    end = time.monotonic() + PATIENCE
    with pytest.raises(OSError):
        while time.monotonic() < end:
            h.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            time.sleep(0.005)
    web.wait_for(lambda: "body is too large" in web.log.read_text(), "a line in the log")


@pytest.mark.parametrize("fields", [
    ["Content-Length: 0", "Content-Length: 24"],
    ["Content-Length: 24", "Content-Length: 0"],
    ["Content-Length: 5", "Content-Length: 5"],
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "content-length: 5"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Transfer-Encoding: identity"],
])
def test_a_body_of_two_lengths_is_refused(web, fields):
    """RFC 9112 6.1 and 6.3. A proxy that reads the other length would take one client's bytes for another's request."""
    h = Http(web)
    answer = h.get("/", *fields, body=b"0\r\n\r\n")
    assert answer[0] == 400 and ("connection", "close") in [(name, value.lower()) for name, value in answer[1]]
    try:
        h.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert h.read() is None
    except (BrokenPipeError, ConnectionResetError):
        pass
    web.wait_for(lambda: "how long its body is" in web.log.read_text(), "a line in the log")


def ntlm_logon(h, web, user, password, scheme="NTLM", path="/whoami"):
    """The whole exchange on one connection, with our own client's tokens."""
    client = NtlmClient(user, password)
    answer = h.get(path, authorization(scheme, client.negotiate()))
    assert answer[0] == 401
    found = re.match(scheme + r" (\S+)$", challenges(answer)[0])
    assert found and len(challenges(answer)) == 1
    return h.get(path, authorization(scheme, client.authenticate(base64.b64decode(found.group(1)))))


class NtlmClient:
    """impacket's NTLM, which nobody here wrote."""

    def __init__(self, user, password):
        self.user, self.password = user, password

    def negotiate(self):
        from impacket import ntlm
        self.type1 = ntlm.getNTLMSSPType1("", "", True, use_ntlmv2=True)
        return self.type1.getData()

    def authenticate(self, challenge):
        from impacket import ntlm
        type3, _ = ntlm.getNTLMSSPType3(self.type1, challenge, self.user, self.password, "", use_ntlmv2=True)
        return type3.getData()


def test_an_identity_is_its_connection_s(web):
    h = Http(web)
    answer = ntlm_logon(h, web, "alice", "Secret123!x")
    assert answer[0] == 200 and json.loads(answer[2])["user"] == "alice"
    for _ in range(3):
        assert json.loads(h.get()[2])["user"] == "alice"
    assert Http(web).get()[0] == 401
    assert len(web.events(4624)) == 1


def test_a_second_user_on_a_kept_connection(web):
    h = Http(web)
    assert json.loads(ntlm_logon(h, web, "alice", "Secret123!x")[2])["user"] == "alice"
    assert json.loads(ntlm_logon(h, web, "bob", "Secret456!x")[2])["user"] == "bob"
    assert json.loads(h.get()[2])["user"] == "bob"
    answer = ntlm_logon(h, web, "alice", "wrong")
    assert answer[0] == 401 and challenges(answer) == NOBODY
    assert h.get()[0] == 401
    assert json.loads(ntlm_logon(h, web, "alice", "Secret123!x")[2])["user"] == "alice"


def test_from_the_first_leg_on_nobody_is_anybody(web):
    h = Http(web)
    assert ntlm_logon(h, web, "alice", "Secret123!x")[0] == 200
    assert h.get("/whoami", authorization("NTLM", TYPE1))[0] == 401
    assert h.get()[0] == 401 and challenges(h.get()) == NOBODY


def test_a_changed_connection_is_never_trusted(web):
    client = NtlmClient("alice", "Secret123!x")
    answer = Http(web).get("/whoami", authorization("NTLM", client.negotiate()))
    token = client.authenticate(base64.b64decode(challenges(answer)[0].split()[1]))
    assert Http(web).get("/whoami", authorization("NTLM", token))[0] == 401
    other = Http(web)
    assert other.get("/whoami", authorization("NTLM", TYPE1))[0] == 401
    assert other.get("/whoami", authorization("NTLM", token))[0] == 401
    assert web.events(4624) == []


def test_raw_ntlm_under_negotiate(web):
    assert json.loads(ntlm_logon(Http(web), web, "alice", "Secret123!x", scheme="Negotiate")[2])["user"] == "alice"


@pytest.mark.parametrize("fields, status", [
    (["Authorization: NTLM !!!"], 400),
    (["Authorization: Negotiate Zm9v Zm9v"], 400),
    (["Authorization: NTLM " + base64.b64encode(TYPE1).decode() + "x"], 400),
    (["Authorization: NTLM", "Authorization: NTLM"], 400),
    ([authorization("NTLM", TYPE1), authorization("Negotiate", TYPE1)], 400),
    (["Authorization: Basic YTpi"], 401),
    (["Authorization: NTLM"], 401),
    (["Authorization:"], 401),
    ([authorization("NTLM", b"garbage")], 401),
    ([authorization("Negotiate", b"\x60\x80garbage")], 401),
])
def test_headers_that_are_wrong(web, fields, status):
    h = Http(web)
    answer = h.get("/whoami", *fields)
    assert answer[0] == status and (status != 401 or set(c.split()[0] for c in challenges(answer)) == set(NOBODY))
    web.wait_for(lambda: "refused" in web.log.read_text(), "a line in the log")
    assert curl(web)[0] == 200


def test_tokens_up_to_max_token(make_service):
    web = make_service(listeners={"http": {"protocol": "http", "max_token": "65536"}})
    h = Http(web)
    answer = h.get("/whoami", authorization("Negotiate", b"x" * 65536))
    assert answer[0] == 401
    assert web.wait_for(lambda: web.events(4625), "an event")[0]["reason"] != "a token longer than max_token"
    assert h.get("/whoami", authorization("Negotiate", b"x" * 65537))[0] == 431
    assert web.wait_for(lambda: web.events(4625)[1:], "an event")[0]["reason"] == "a token longer than max_token"


def test_headers_that_are_huge(web):
    h = Http(web)
    try:
        h.send(b"GET /whoami HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000)
        answer = h.read()
        assert answer is None or answer[0] in (400, 431)
    except (BrokenPipeError, ConnectionResetError):
        pass
    web.wait_for(lambda: re.search(r"http .*(431|too large)", web.log.read_text()), "a line in the log")


@pytest.mark.parametrize("raw, status", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),  # TLS
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
    (b"GET http://web1/whoami HTTP/1.1\r\nHost: web1\r\n\r\n", 400),
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET /" + b"x" * 200000, 414),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"X" * 33 + b" / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n", 400),
], ids=["tls", "lf", "folded", "blank", "hosts", "no-host", "nul", "absolute", "target", "line", "version", "method", "fields", "chunk"])
def test_what_is_not_http_to_the_letter(web, raw, status):
    """RFC 9112. Each is answered, and is the end of its connection, whatever follows."""
    h = Http(web)
    h.send(raw + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = h.read()
    assert answer[0] == status and ("connection", "close") in answer[1]
    assert h.read() is None
    web.wait_for(lambda: f"status={status}" in web.log.read_text(), "a line in the log")


def test_who_asks_before_the_body_is_told_to_go_on(web):
    h = Http(web)
    h.send(b"POST /whoami HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert h.file.readline() == b"HTTP/1.1 100 Continue\r\n" and h.file.readline() == b"\r\n"
    h.send(b"hello")
    assert h.read()[0] == 405
    assert h.get()[0] == 401


@pytest.mark.parametrize("raw", [b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
                                 b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n: x\r\n\r\n", b"\r\n" * 1000],
                         ids=["binary", "short", "version", "tls", "headers", "empty"])
@pytest.mark.parametrize("half_closed", [False, True])
def test_garbage_is_gone_at_the_deadline(make_service, raw, half_closed):
    web = make_service(listeners={"http": {"protocol": "http"}, "hasty": {"protocol": "http", "handshake_timeout": "1"}})
    h = Http(web, "hasty")
    h.send(raw)
    if half_closed:
        h.socket.shutdown(socket.SHUT_WR)
    h.socket.settimeout(15)  # the deadline that holds where none is set is 20 seconds
    try:
        while h.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass
    assert curl(web)[0] == 200


def test_http_1_0(web):
    h = Http(web)
    answer = h.get(version="1.0")
    assert answer[0] == 401 and h.read() is None
    h = Http(web)
    answer = h.get("/whoami", authorization("NTLM", TYPE1), version="1.0")
    assert answer[0] == 401 and challenges(answer) == NOBODY and h.read() is None
    assert "does not keep its connection open" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]
    assert curl(web, "/whoami", "--http1.0", "-H", "Connection: keep-alive")[0] == 200


def test_pipelined_requests(web):
    h = Http(web)
    h.send(b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    assert [h.read()[0] for _ in range(2000)] == [401] * 2000
    h.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 40 + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + b"x" * 100)
    assert [h.read()[0] for _ in range(41)] == [200] * 41 and h.read() is None


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_auth_takes_no_ntlm(web, scheme):
    h = Http(web)
    answer = h.get("/auth")
    assert answer[0] == 401 and challenges(answer) == ["Negotiate"]
    answer = h.get("/auth", authorization(scheme, TYPE1))
    assert answer[0] == 401 and challenges(answer) == ["Negotiate"]
    assert "takes no NTLM" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]
    # nor does it believe what the connection proved elsewhere
    assert ntlm_logon(h, web, "alice", "Secret123!x")[0] == 200
    assert h.get("/auth")[0] == 401


def test_auth_takes_no_ntlm_within_spnego(web):
    # NegTokenInit: mechTypes NTLMSSP, mechToken TYPE1
    def der(tag, *parts):
        body = b"".join(parts)
        return bytes([tag, len(body)]) + body if len(body) < 128 else bytes([tag, 0x81, len(body)]) + body

    ntlm = bytes.fromhex("060a2b06010401823702020a")
    init = der(0xA0, der(0x30, der(0xA0, der(0x30, ntlm)), der(0xA2, der(0x04, TYPE1))))
    token = der(0x60, bytes.fromhex("06062b0601050502"), init)
    answer = Http(web).get("/auth", authorization("Negotiate", token))
    assert answer[0] == 401 and [c.split()[0] for c in challenges(answer)] == ["Negotiate"]
    refused = web.wait_for(lambda: web.events(4625), "an event")
    assert refused[0]["reason"] and web.events(4624) == []


@pytest.mark.parametrize("sent", [b"", b"GET /whoami HTTP/1.1\r\nX: "])
def test_one_deadline_for_all(make_service, sent):
    web = make_service(listeners={"http": {"protocol": "http", "handshake_timeout": "2"}})
    start = time.monotonic()
    h = Http(web)
    h.send(sent)
    h.socket.settimeout(0.2)
    while time.monotonic() - start < 60:
        try:
            if sent:
                h.send(b"x")
            if not h.socket.recv(100):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    assert 1.5 < time.monotonic() - start < 60  # before the client gives up: machines are slow at times


def test_the_deadline_of_a_handshake_is_total(make_service):
    web = make_service(listeners={"http": {"protocol": "http", "handshake_timeout": "2", "max_legs": "100"}})
    start = time.monotonic()
    h = Http(web)
    try:
        while time.monotonic() - start < 60 and h.get("/whoami", authorization("NTLM", TYPE1)):
            time.sleep(0.2)
    except OSError:
        pass
    assert 1.5 < time.monotonic() - start < 60  # before the client gives up: machines are slow at times
    assert "handshake_timeout = 2 s" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]


def test_who_is_known_may_stay(make_service):
    NtlmClient("alice", "").negotiate()  # what it imports takes long
    web = make_service(listeners={"http": {"protocol": "http", "handshake_timeout": "10"}})
    h = Http(web)
    assert ntlm_logon(h, web, "alice", "Secret123!x")[0] == 200
    time.sleep(12)
    assert json.loads(h.get()[2])["user"] == "alice"


def test_more_of_one_address_are_turned_away(make_service):
    web = make_service(listeners={"http": {"protocol": "http", "max_per_address": "2"}})
    held = []

    def closed():
        h = Http(web)
        held.append(h)
        h.socket.settimeout(0.3)
        try:
            return h.socket.recv(1) == b""
        except TimeoutError:
            return False

    web.wait_for(closed, "one too many")
    assert "max_per_address = 2" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]


def test_sigterm_closes_who_is_idle(web):
    idle, known, busy = Http(web), Http(web), Http(web)
    assert ntlm_logon(known, web, "alice", "Secret123!x")[0] == 200
    client = NtlmClient("bob", "Secret456!x")
    answer = busy.get("/whoami", authorization("NTLM", client.negotiate()))
    web.process.send_signal(signal.SIGTERM)
    assert idle.read() is None and known.read() is None
    assert web.process.poll() is None
    answer = busy.get("/whoami", authorization("NTLM", client.authenticate(base64.b64decode(challenges(answer)[0].split()[1]))))
    assert answer[0] == 200 and ("connection", "close") in [(n, v.lower()) for n, v in answer[1]]
    assert web.process.wait(PATIENCE) == 0
    web.process = None


def test_many_connections_at_once(web):
    sockets = [Http(web) for _ in range(200)]
    for h in sockets:
        h.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert all(h.read()[0] == 200 for h in sockets)
    assert curl(web)[0] == 200
