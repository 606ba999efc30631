# SPDX-License-Identifier: Apache-2.0
"""What is malformed in a logon over HTTP: each has an answer and a line in the log that says what was wrong. To /auth, whose answers go to a proxy,
a client's fault is 401; a fault of the proxy's own is 400."""
import base64

import pytest

from test_sspid_http import TYPE1, Http, authorization, challenges

PROXY = {"trusted_proxy": "127.0.0.1", "connection_header": "X-Connection", "connection_age_header": "X-Age", "client_header": "X-Client",
         "scheme_header": "X-Scheme", "basic": "yes"}
NAMED = ("X-Connection: 7", "X-Age: 600")
NEGOEX_FIRST = bytes.fromhex("6034" "06062b0601050502" "a02a3028" "a01a3018" "060a2b06010401823702021e" "060a2b06010401823702020a"
                             "a20a0408") + b"NEGOEXTS"


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


# Of a client: (name, fields, status of /whoami, what the log says)
CLIENT = [
    ("not-base64", ["Authorization: Negotiate !!!"], 400, "a token that is not base64"),
    ("cut-base64", ["Authorization: NTLM " + b64(TYPE1)[:-1]], 400, "a token that is not base64"),
    ("two-tokens", ["Authorization: Negotiate Zm9v Zm9v"], 400, "a token that is not base64"),
    ("two-schemes", ["Authorization: Negotiate Zm9v, NTLM Zm9v"], 400, "a token that is not base64"),
    ("bits-left-over", ["Authorization: Negotiate Zm9="], 400, "a token that is not base64"),
    ("several", [authorization("Negotiate", TYPE1)] * 2, 400, "several Authorization headers"),
    ("several-schemes", [authorization("NTLM", TYPE1), "authorization: Basic YTpi"], 400, "several Authorization headers"),
    ("no-token", ["Authorization: Negotiate"], 401, "a scheme without a token"),
    ("empty", ["Authorization:"], 401, "a scheme that is not offered here"),
    ("other-scheme", ["Authorization: Bearer Zm9v"], 401, "a scheme that is not offered here"),
    ("comma", ["Authorization: Negotiate,Zm9v"], 401, "a scheme that is not offered here"),
    ("too-long", [authorization("Negotiate", b"x" * 4097)], 431, "a token longer than max_token"),
    ("nonsense", [authorization("Negotiate", b"nonsense")], 401, "SPNEGO"),
    ("cut-token", [authorization("Negotiate", b"\x60\x82\x10\x00" + bytes(20))], 401, "hint"),
    ("ntlm-that-is-none", [authorization("NTLM", b"nonsense")], 401, "no message of NTLM's"),
    ("third-message-first", [authorization("NTLM", b"NTLMSSP\0\3\0\0\0" + bytes(60))], 401, "ntlm"),
    ("basic-no-colon", ["Authorization: Basic " + b64("alice")], 400, "no colon between name and password"),
    ("basic-no-name", ["Authorization: Basic " + b64(":x")], 400, "no name"),
    ("basic-control", ["Authorization: Basic " + b64("alice:a\0b")], 400, "a control character"),
    ("basic-latin-1", ["Authorization: Basic " + b64("jörg:x".encode("latin-1"))], 400, "not UTF-8"),
    ("basic-not-base64", ["Authorization: Basic alice:x"], 400, "a token that is not base64"),
    ("basic-no-token", ["Authorization: Basic"], 401, "a scheme without a token"),
]


# What is said instead where a request is alone: NTLM is refused before it is read, and nothing here has a keytab.
ALONE = {"nonsense": "no folder", "ntlm-that-is-none": "takes no NTLM", "third-message-first": "takes no NTLM"}


@pytest.fixture
def web(make_service):
    return make_service(listeners={"http": {"protocol": "http", "basic": "yes", "max_token": "4096", "handshake_timeout": "600"}})


@pytest.fixture
def proxied(make_service):
    return make_service(listeners={"http": {"protocol": "http", "max_token": "4096", "handshake_timeout": "600", **PROXY}})


class Log:
    """What the log says from here on."""

    def __init__(self, service):
        self.service, self.begin = service, len(service.log.read_bytes())

    def says(self, words):
        return self.service.wait_for(lambda: words in self.service.log.read_bytes()[self.begin:].decode(), f"the log says: {words}")


@pytest.mark.parametrize("path", ["/whoami", "/auth"])
def test_a_client_s_fault(web, path):
    h = Http(web)
    for name, fields, status, words in CLIENT:
        log = Log(web)
        answer = h.get(path, *fields)
        assert answer[0] == (401 if path == "/auth" else status), name
        if answer[0] == 401:
            assert "Negotiate" in [c.split()[0] for c in challenges(answer)], name
        log.says(ALONE.get(name, words) if path == "/auth" else words)
        assert h.get(path)[0] == 401, name  # and the connection goes on
    assert not web.events(4624)


def test_a_client_s_fault_behind_a_proxy(proxied):
    h = Http(proxied)
    for name, fields, _, words in CLIENT:
        log = Log(proxied)
        answer = h.get("/auth", *NAMED, "X-Scheme: https", *fields)
        assert answer[0] == 401 and "Negotiate" in [c.split()[0] for c in challenges(answer)] and answer[2] == b"", name
        log.says(words)
        assert h.get("/auth", *NAMED)[0] == 401, name
    assert not proxied.events(4624)


PROXYS = [
    (["X-Connection: 7", "X-Connection: 8", "X-Age: 1"], "is there twice"),
    (["X-Connection: a b", "X-Age: 1"], "connection_header: expected 1 to 128 visible characters"),
    (["X-Connection: " + "x" * 129, "X-Age: 1"], "connection_header: expected 1 to 128 visible characters"),
    (["X-Connection: 7"], "connection_age_header: the proxy does not send it"),
    (["X-Connection: 7", "X-Age: soon"], "connection_age_header: expected seconds"),
    (["X-Client: unknown"], "client_header: its last word is no address"),
]


@pytest.mark.parametrize("path", ["/whoami", "/auth"])
def test_a_proxy_s_fault(proxied, path):
    h = Http(proxied)
    for fields, words in PROXYS:
        log = Log(proxied)
        answer = h.get(path, *fields, authorization("NTLM", TYPE1))
        assert answer[0] == 400 and not challenges(answer), fields
        log.says(words)


def test_who_is_no_proxy_and_says_so_is_told_of_once(make_service):
    web = make_service(listeners={"http": {"protocol": "http", "trusted_proxy": "192.0.2.1", "connection_header": "X-Connection"}})
    h = Http(web)
    for number in range(3):
        answer = h.get("/auth", f"X-Connection: {number}", authorization("NTLM", TYPE1))
        assert answer[0] == 401 and challenges(answer) == ["Negotiate"]
    assert web.log.read_text().count("connection_header is ignored") == 1
    assert "takes no NTLM" in web.wait_for(lambda: web.events(4625), "an event")[0]["reason"]


def test_negoex_first_needs_a_connection_s_name(proxied):
    """Its next leg is Negotiate's: with a name there is somebody to send it to."""
    answer = Http(proxied).get("/auth", *NAMED, authorization("Negotiate", NEGOEX_FIRST))
    token = base64.b64decode(challenges(answer)[0].split()[1])
    assert answer[0] == 401 and len(challenges(answer)) == 1 and bytes.fromhex("060a2b06010401823702020a") in token
    assert not proxied.events(4625)
    log = Log(proxied)
    answer = Http(proxied).get("/auth", authorization("Negotiate", NEGOEX_FIRST))
    assert answer[0] == 401 and [c.split()[0] for c in challenges(answer)][0] == "Negotiate"
    log.says("refused")


def test_a_body_in_the_middle_of_a_handshake(proxied):
    """Bodies are read and dropped; the handshake goes on."""
    h = Http(proxied)
    answer = h.get("/auth", *NAMED, authorization("NTLM", TYPE1), "Content-Length: 100000", body=b"x" * 100000)
    assert answer[0] == 401 and challenges(answer)[0].startswith("NTLM ")
    assert h.get("/auth", *NAMED, authorization("NTLM", b"NTLMSSP\0\3\0\0\0" + bytes(60)), "Content-Length: 5", body=b"hello")[0] == 401
    assert h.get("/auth", *NAMED)[0] == 401


def test_http_1_0_behind_a_proxy(proxied):
    """nginx' default towards its upstreams. The client's connection is another matter."""
    answer = Http(proxied).get("/auth", *NAMED, authorization("NTLM", TYPE1), version="1.0")
    assert answer[0] == 401 and challenges(answer)[0].startswith("NTLM ")


def test_what_is_pipelined_behind_a_logon(web):
    """Garbage behind a good request is a fault of its own."""
    h, log = Http(web), Log(web)
    h.send(b"GET /auth HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM " + b64(TYPE1).encode() + b"\r\n\r\n\0\1\2 garbage\r\n\r\n")
    assert h.read()[0] == 401
    answer = h.read()
    assert answer is None or answer[0] == 400
    log.says("the request does not begin with a method")
