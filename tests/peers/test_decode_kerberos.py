# SPDX-License-Identifier: Apache-2.0
"""sspictl decode on live tokens: what MIT's GSSAPI sends to a service of each encryption type, opened with the service's keytab."""
import subprocess

import pytest

from conftest import program
from mit_realm import ENCTYPES, MitRealm

CLIENT = """
import base64, gssapi, sys
name = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
mechanism = gssapi.OID.from_int_seq(sys.argv[1])
context = gssapi.SecurityContext(name=name, usage="initiate", mech=mechanism, flags=flags)
server = gssapi.SecurityContext(usage="accept")
request = context.step()
reply = server.step(request)
context.step(reply)
for token in (request, reply, context.wrap(b"hello", True).message, context.get_signature(b"hello")):
    print("Negotiate", base64.b64encode(token).decode())
"""
KRB5, SPNEGO = "1.2.840.113554.1.2.2", "1.3.6.1.5.5.2"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("realm")).start()
    realm.add_user("alice", "Secret123!x")
    yield realm
    realm.stop()


def decode(text, *args, status=0):
    done = subprocess.run([program("sspictl"), "decode", *args], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize("mechanism", [KRB5, SPNEGO])
def test_an_exchange(realm, enctype, mechanism, tmp_path):
    realm.keytab = tmp_path / "keytab"
    realm.run("kadmin.local", "-r", realm.name, "-q", "delprinc -force HTTP/localhost")
    realm.add_service("HTTP/localhost", enctype)
    cache = realm.ticket("alice")
    lines = subprocess.run(["/usr/bin/python3", "-c", CLIENT, mechanism], env=realm.environment(cache), capture_output=True, text=True,
                           timeout=60, check=True).stdout
    told = decode(lines, "--keytab", str(realm.keytab))
    request, reply, wrap, mic = told.split("\n\n")
    assert '"HTTP/localhost"' in request and f"({enctype})" in request
    assert 'client                   "alice@EXAMPLE.ORG"' in request and "MUTUAL" in request
    assert "PAC " in request and "(AP-REP)" in reply
    assert ("SPNEGO NegTokenInit" in request) == (mechanism == SPNEGO) and ("SPNEGO NegTokenResp" in reply) == (mechanism == SPNEGO)
    assert "Wrap" in wrap and "MIC" in mic
    cut = decode(lines.splitlines()[0][:400] + "\n", status=1)
    assert "cut: names " in cut and '"HTTP/localhost"' in cut
    assert ("note: the ticket is of rc4-hmac" in told) == (enctype == "rc4-hmac")
