# SPDX-License-Identifier: Apache-2.0
"""SaslInitializeSecurityContext in an LDAP client before Samba's directory: GSSAPI and GSS-SPNEGO with a ticket, GSS-SPNEGO with NTLM, signed and
sealed; and Samba's library as a client before SaslAcceptSecurityContext."""
import pytest

from ad_domain import PASSWORDS
from ends import Gensec, expect_refusal, our_client, our_server
from ldap_talk import INVALID_CREDENTIALS, STRONGER_AUTH_REQUIRED, SUCCESS, Ldap
from test_sasl import SIZES, converse

DC, WEB, BASE = "dc1.example.test", "web.example.test", "DC=example,DC=test"
FLAGS = {"none": "mutual", "integrity": "mutual,integrity,sequence", "confidentiality": "mutual,integrity,confidentiality,sequence"}
KINDS = {"GSSAPI": ("GSSAPI", "Kerberos", True), "GSS-SPNEGO": ("GSS-SPNEGO", "Negotiate", True), "NTLM": ("GSS-SPNEGO", "Negotiate", False)}
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
EACH_LAYER = pytest.mark.parametrize("layer", ["integrity", "confidentiality"])


@pytest.fixture(scope="module")
def env(shared_domain, tmp_path_factory):
    """A user's with tickets, and a service's with keys."""
    folder = tmp_path_factory.mktemp("ldap")
    folder.chmod(0o700)
    config = folder / "opensspi.conf"
    config.write_text(f"[kerberos]\nkeytab = FILE:{shared_domain.keytab}\nreplay_cache = off\n", encoding="ascii")
    return {**shared_domain.tickets("alice", f"ldap/{DC}", f"HTTP/{WEB}"), "OPENSSPI_CONFIG": str(config)}


def client_of(env, kind, layer, password=PASSWORDS["alice"], **more):
    _, package, ticket = KINDS[kind]
    who = {"user": None, "password": None, "domain": None} if ticket else {"user": "alice", "password": password, "domain": "EXAMPLE"}
    return our_client(package, env, spn=f"ldap/{DC}", flags=FLAGS[layer], sasl="yes", stream="yes", **who,
                      options={} if ticket else {"packages": "NTLM"}, **more)


@EACH_KIND
@EACH_LAYER
def test_bind_and_search(shared_domain, env, kind, layer):
    with client_of(env, kind, layer) as client, Ldap(shared_domain.inside) as ldap:
        assert ldap.bind(KINDS[kind][0], client, layer) == SUCCESS, ldap.said
        (dn, found), = ldap.search(BASE, "sAMAccountName", "alice", "sAMAccountName", "objectSid")
        assert dn.lower().startswith("cn=alice,") and found["sAMAccountName"] == [b"alice"] and found["objectSid"] == [ldap.who_am_i()]
        groups, = (found["memberOf"] for _, found in ldap.search(BASE, "sAMAccountName", "dave", "memberOf"))
        assert len(groups) >= 800 # one entry, of more than a message
        frames = ldap.frames
        everything = ldap.search("CN=Schema,CN=Configuration," + BASE, "objectClass", None)
        assert len(everything) > 1000 and ldap.frames - frames > 10


@EACH_KIND
def test_no_layer__the_directory_wants_one(shared_domain, env, kind):
    with client_of(env, kind, "none") as client, Ldap(shared_domain.inside) as ldap:
        assert ldap.bind(KINDS[kind][0], client, "none") == STRONGER_AUTH_REQUIRED, ldap.said


def test_wrong_password__is_told(shared_domain, env):
    with client_of(env, "NTLM", "confidentiality", password="wrong") as client, Ldap(shared_domain.inside) as ldap:
        assert ldap.bind("GSS-SPNEGO", client, "confidentiality") == INVALID_CREDENTIALS, ldap.said


@pytest.mark.parametrize("size", ["4000", "16777215"])
def test_receive_size__the_directory_keeps_to_it(shared_domain, env, size):
    """With GSSAPI, where it is told."""
    with client_of(env, "GSSAPI", "confidentiality", **{"max-bytes": size}) as client, Ldap(shared_domain.inside) as ldap:
        assert ldap.bind("GSSAPI", client, "confidentiality") == SUCCESS, ldap.said
        assert len(ldap.search("CN=Schema,CN=Configuration," + BASE, "objectClass", None)) > 1000 # what is longer would be refused


# --- Samba's library as a client ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mech, package", [("gssapi", "Kerberos"), ("spnego", "Negotiate")])
@pytest.mark.parametrize("layer", ["none", "integrity", "confidentiality"])
def test_sambas_client__our_server(shared_domain, env, mech, package, layer):
    client = Gensec(shared_domain.config, mech, cache=env["KRB5CCNAME"].removeprefix("FILE:"), host=WEB, sealed=layer == "confidentiality",
                    signed=layer != "none")
    with our_server(package, env, flags="", sasl="yes", stream="yes") as server:
        converse(client, server)
        assert server.describe()["proven_user"] == "alice"
        if layer == "none":
            expect_refusal("SEC_E_QOP_NOT_SUPPORTED", server.seal, b"x")
            return
        wrap = server.seal if layer == "confidentiality" else server.wrap
        for message in (bytes(i * 7 % 251 for i in range(size)) for size in SIZES if size < 65000):
            assert client.unseal(wrap(message)) == message
            assert server.unseal(client.seal(message)) == message
