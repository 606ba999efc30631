# SPDX-License-Identifier: Apache-2.0
"""sspictl decode: tokens as people have them, whole and broken, and its exit status."""
import base64
import http.client
import re
import struct
import subprocess

import pytest

from conftest import ROOT, program

NEGOTIATE = bytes.fromhex("4e544c4d5353500001000000978208e2000000000000000000000000000000000a005d580000000f")


def vector(name):
    """A token from tests/support/krb_vectors.h."""
    text = (ROOT / "tests/support/krb_vectors.h").read_text().replace("\\\n", " ")
    return bytes.fromhex("".join(re.findall('"([0-9a-f]+)"', re.search(rf"#define {name}\s(.*)", text).group(1))))


def decode(*args, stdin=b"", status=0):
    done = subprocess.run([program("sspictl"), "decode", *args], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}"
    return done.stdout.decode() if status < 2 else done.stderr.decode()


AP_REQ = vector("KRB_MIT_AP_REQ_TOKEN")
BASE64 = base64.b64encode(AP_REQ)


@pytest.mark.parametrize("args, stdin", [
    (("Authorization: Negotiate " + BASE64.decode(),), b""),
    (("Authorization:", "Negotiate", BASE64.decode()), b""),
    (("Negotiate " + BASE64.decode(),), b""),
    ((BASE64.decode(),), b""),
    ((AP_REQ.hex(),), b""),
    ((), BASE64),
    ((), base64.encodebytes(AP_REQ)),
    ((), AP_REQ.hex(" ").encode()),
    ((), AP_REQ),
    ((), b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Negotiate " + BASE64 + b"\r\nAccept: */*\r\n\r\n"),
])
def test_each_form_is_the_same_token(args, stdin):
    told = decode(*args, stdin=stdin)
    assert told.startswith("Kerberos in GSS-API, 778 bytes\n")
    assert '"HTTP/localhost"' in told and "aes256-cts-hmac-sha384-192" in told and "kvno                     1\n" in told


def test_a_header_that_was_cut():
    """F25: how much is missing, and what can be read of it all the same."""
    told = decode("Authorization: Negotiate " + BASE64.decode()[:803], status=1)
    assert "cut: names 778 bytes, has 600: 178 are missing" in told
    assert "its base64 is cut" in told and '"HTTP/localhost"' in told and "note: the end of the token" in told


@pytest.mark.parametrize("stdin, words", [
    (b"Authorization: Negotiate\r\n", "note: a scheme without a token"),
    (b"", "broken: the token is empty"),
    (b"Negotiate AAAA", "broken: neither SPNEGO"),
    (b"Authorization: Basic Zm9vOmJhcg==", "its scheme has no tokens"),
    (b"what is this", "line 1: neither base64 nor hexadecimal"),
    (AP_REQ.replace(b"\xa0\x03\x02\x01\x05", b"\xa0\x03\x02\x01\x04", 1), "broken: pvno holds a value"),
])
def test_what_is_broken(stdin, words):
    told = decode(stdin=stdin, status=1)
    assert words in told and "Zm9v" not in told and "foo" not in told


def test_several_tokens_and_the_worst_decides():
    told = decode(stdin=BASE64 + b"\n\nNTLM " + base64.b64encode(NEGOTIATE) + b"\nNegotiate AAAA\n", status=1)
    assert re.findall(r"^line (\d+):", told, re.M) == ["1", "3", "4"]
    assert "NTLM NEGOTIATE_MESSAGE, 40 bytes" in told and "build 22621" in told


def test_usage():
    assert "unrecognized option" in decode("--nonsense", status=2)


def test_a_challenge_of_the_service(service):
    """F21, from both ends: a raw NEGOTIATE_MESSAGE, and what sspid answers."""
    header = "NTLM " + base64.b64encode(NEGOTIATE).decode()
    assert "note: NTLM without SPNEGO" in decode("Authorization: " + header)
    connection = http.client.HTTPConnection(service.address("http"), timeout=60)
    connection.request("GET", "/whoami", headers={"Authorization": header})
    challenge = [value for value in connection.getresponse().headers.get_all("WWW-Authenticate") if value.startswith("NTLM ")]
    connection.close()
    told = decode("WWW-Authenticate: " + challenge[0])
    assert "NTLM CHALLENGE_MESSAGE" in told and 'MsvAvNbComputerName      "WEB1"' in told and "MsvAvTimestamp" in told


# --- with a keytab -------------------------------------------------------------------------------

def keytab(path, key, principal=("HTTP", "localhost"), realm="EXAMPLE.ORG", kvno=1, enctype=20):
    """A keytab file of one entry."""
    def counted(data):
        return struct.pack(">H", len(data)) + data

    entry = struct.pack(">H", len(principal)) + counted(realm.encode()) + b"".join(counted(part.encode()) for part in principal)
    entry += struct.pack(">IIBH", 1, 0, kvno & 0xff, enctype) + counted(key) + struct.pack(">I", kvno)
    path.write_bytes(b"\x05\x02" + struct.pack(">i", len(entry)) + entry)
    path.chmod(0o600)
    return path


def test_a_ticket_is_opened(tmp_path):
    path = keytab(tmp_path / "svc.keytab", vector("KRB_MIT_SERVICE_KEY"))
    for name in (path, f"FILE:{path}"):
        told = decode("--keytab", name, BASE64.decode())
        assert 'client                   "alice@EXAMPLE.ORG"' in told and "MUTUAL SEQUENCE CONF INTEG" in told
        assert "2026-11-22 08:31:16" in told and "PAC                      192 bytes" in told
        for secret in ("KRB_MIT_SERVICE_KEY", "KRB_MIT_SESSION_KEY"):
            assert vector(secret).hex()[:8] not in told


@pytest.mark.parametrize("changed, words", [
    ({"principal": ("HTTP", "elsewhere"), "kvno": 7}, "KRB_AP_ERR_NOT_US"),
    ({"kvno": 2}, "KRB_AP_ERR_BADKEYVER"),
    ({"enctype": 18}, "KRB_AP_ERR_BADKEYVER"),
    ({"key": bytes(32)}, "KRB_AP_ERR_MODIFIED"),
])
def test_a_ticket_that_does_not_open(tmp_path, changed, words):
    """F05, F06, F07: another principal, another key version, another encryption type; another password."""
    path = keytab(tmp_path / "svc.keytab", **{"key": vector("KRB_MIT_SERVICE_KEY"), **changed})
    told = decode("--keytab", path, BASE64.decode(), status=1)
    assert f"broken: the ticket does not open ({words}): " in told and "note: " in told
    assert '"HTTP/localhost"' in told


def test_a_keytab_that_is_not_there(tmp_path):
    done = subprocess.run([program("sspictl"), "decode", "--keytab", tmp_path / "none", BASE64.decode()], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and "there is no such file" in done.stderr
