# SPDX-License-Identifier: Apache-2.0
"""impacket's Kerberos, which is its own down to the ciphers, within SPNEGO: the initial token of its RPC client, and that of its LDAP and SMB
clients, which has no checksum."""
import datetime

import pytest

from ends import expect_refusal, our_server
from mit_realm import TYPE_HOSTS

USER, REALM = "alice", "EXAMPLE.ORG"
ENCTYPES = ("aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96")


def service_ticket(env, host):
    from impacket.krb5.ccache import CCache
    return CCache.loadFile(env["KRB5CCNAME"].removeprefix("FILE:")).getCredential(f"HTTP/{host}@{REALM}").toTGS()


def rpc_token(tgs):
    """In DCE's style, mutual: its cipher, the session key, the token."""
    from impacket.krb5.kerberosv5 import getKerberosType1
    return getKerberosType1(USER, "", REALM, "", "", TGS=tgs, targetName="unused", useCache=False)


def ldap_token(tgs, key_of_another=False):
    from impacket.krb5 import constants
    from impacket.krb5.asn1 import AP_REQ, TGS_REP, Authenticator, seq_set
    from impacket.krb5.crypto import Key
    from impacket.krb5.types import KerberosTime, Principal, Ticket
    from impacket.spnego import SPNEGO_NegTokenInit, TypesMech
    from pyasn1.codec.der import decoder, encoder
    from pyasn1.type.univ import noValue
    ticket = Ticket()
    ticket.from_asn1(decoder.decode(tgs["KDC_REP"], asn1Spec=TGS_REP())[0]["ticket"])
    session = Key(tgs["sessionKey"].enctype, bytes(32) if key_of_another else tgs["sessionKey"].contents)
    request, authenticator, now = AP_REQ(), Authenticator(), datetime.datetime.utcnow()
    request["pvno"], request["msg-type"] = 5, int(constants.ApplicationTagNumbers.AP_REQ.value)
    request["ap-options"] = constants.encodeFlags([])
    seq_set(request, "ticket", ticket.to_asn1)
    authenticator["authenticator-vno"], authenticator["crealm"] = 5, REALM
    seq_set(authenticator, "cname", Principal(USER, type=constants.PrincipalNameType.NT_PRINCIPAL.value).components_to_asn1)
    authenticator["cusec"], authenticator["ctime"] = now.microsecond, KerberosTime.to_asn1(now)
    request["authenticator"] = noValue
    request["authenticator"]["etype"] = tgs["cipher"].enctype
    request["authenticator"]["cipher"] = tgs["cipher"].encrypt(session, 11, encoder.encode(authenticator), None)
    blob = SPNEGO_NegTokenInit()
    blob["MechTypes"] = [TypesMech["MS KRB5 - Microsoft Kerberos 5"]]
    blob["MechToken"] = encoder.encode(request)
    return blob.getData()


@pytest.fixture
def env(shared_realm, tmp_path):
    tmp_path.chmod(0o700)
    config = tmp_path / "opensspi.conf"
    config.write_text("[kerberos]\nreplay_cache = off\n", encoding="ascii")
    cache = tmp_path / "cache"
    shared_realm.run("kinit", "-c", f"FILE:{cache}", USER, stdin=shared_realm.passwords[USER] + "\n")
    shared_realm.run("kvno", "-c", f"FILE:{cache}", *(f"HTTP/{TYPE_HOSTS[enctype]}" for enctype in ENCTYPES))
    return {**shared_realm.environment(cache), "OPENSSPI_CONFIG": str(config)}


@pytest.mark.parametrize("enctype", ENCTYPES)
def test_rpc_client__our_server(env, enctype):
    """Three legs; what it seals, ours opens, its signature being sent first."""
    from impacket.krb5.gssapi import GSSAPI
    from impacket.krb5.kerberosv5 import getKerberosType3
    host = TYPE_HOSTS[enctype]
    with our_server("Negotiate", env, flags="dce-style") as server:
        cipher, key, token = rpc_token(service_ticket(env, host))
        answer = server.step(token)
        cipher, key, token = getKerberosType3(cipher, key, answer)
        server.step(token)
        seen = server.describe()
        assert server.done and (seen["client_principal"], seen["service_principal"]) == (f"{USER}@{REALM}", f"HTTP/{host}@{REALM}")
        for seq in range(3):
            sealed, signature = GSSAPI(cipher).GSS_Wrap(key, b"a message of RPC", seq)
            assert server.unseal_rpc(b"", signature + sealed, len(sealed)) == b"a message of RPC"


def test_ldap_client__our_server(env):
    """Its authenticator has no checksum. RFC 4121 4.1.1 wants one of type 0x8003."""
    with our_server("Negotiate", env, flags="") as server:
        refusal = expect_refusal("SEC_E_INVALID_TOKEN", server.step, ldap_token(service_ticket(env, TYPE_HOSTS[ENCTYPES[0]])))
        assert "no checksum" in refusal.reason


def test_a_ticket_without_its_key__is_none(env):
    with our_server("Negotiate", env, flags="") as server:
        expect_refusal("SEC_E_LOGON_DENIED", server.step, ldap_token(service_ticket(env, TYPE_HOSTS[ENCTYPES[0]]), key_of_another=True))
