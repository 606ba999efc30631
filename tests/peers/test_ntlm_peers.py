# SPDX-License-Identifier: Apache-2.0
"""NTLM, raw and in SPNEGO, against implementations that nobody here wrote, each way they have: gss-ntlmssp through MIT's
mechglue, and Samba's ntlm_auth with its own domain."""
import os

import pytest

import sspi
from ad_domain import PASSWORDS, AdDomain
from peers import NTLM, SPNEGO, GssContext, NtlmAuthClient, NtlmAuthServer, Refused, converse

PACKAGES = pytest.mark.parametrize("package, mech", [("NTLM", NTLM), ("Negotiate", SPNEGO)], ids=["raw", "spnego"])
MESSAGES = [b"x", b"Plaintext", bytes(range(256)) * 64]


@pytest.fixture(scope="session")
def domain(tmp_path_factory):
    controller = AdDomain(tmp_path_factory.mktemp("ad"))
    yield controller.start()
    controller.stop()


@pytest.fixture
def ours(make_service):
    """This process has the accounts alice and bob of the domain WORKGROUP."""
    service = make_service(start=False)
    sspi.load_configuration(service.config)
    return service


@pytest.fixture
def users(tmp_path, monkeypatch):
    """gss-ntlmssp as a server has the account alice of the domain EXAMPLE."""
    file = tmp_path / "users"
    file.write_text(f"EXAMPLE:alice:{PASSWORDS['alice']}\n", encoding="ascii")
    file.chmod(0o600)
    monkeypatch.setitem(os.environ, "NTLM_USER_FILE", str(file))


def exchange_with_gss(our, gss):
    """Sealed and signed messages both ways, the numbers of a sequence included."""
    for message in MESSAGES:
        assert gss.unwrap(b"".join(our.seal(message))) == message
        sealed = gss.wrap(message)
        trailer = our.sizes().trailer
        assert our.unseal(sealed[:trailer], sealed[trailer:]) == message
        gss.verify(message, our.sign(message))
        our.verify(message, gss.sign(message))
    forged = bytearray(gss.sign(b"a message"))
    forged[5] ^= 1
    with pytest.raises(Refused, match="SEC_E_MESSAGE_ALTERED"):
        our.verify(b"a message", bytes(forged))


@PACKAGES
def test_our_client__gss_ntlmssp_server(ours, users, package, mech):
    client, server = sspi.Client(package, "EXAMPLE", "alice", PASSWORDS["alice"]), GssContext(mech, "accept")
    converse(client, server)
    assert server.peer().lower() == "example\\alice"
    exchange_with_gss(client, server)
    client.close()


@PACKAGES
def test_our_client__gss_ntlmssp_server_wrong_password(ours, users, package, mech):
    with pytest.raises(Refused):
        converse(sspi.Client(package, "EXAMPLE", "alice", "wrong"), GssContext(mech, "accept"))


@PACKAGES
def test_gss_ntlmssp_client__our_server(ours, package, mech):
    client, server = GssContext(mech, "initiate", "WORKGROUP", "alice", PASSWORDS["alice"]), sspi.Server(package)
    converse(client, server)
    assert server.name().lower() == "workgroup\\alice"
    exchange_with_gss(server, client)
    server.close()


@PACKAGES
@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", PASSWORDS["alice"]), ("bob", PASSWORDS["bob"])])
def test_gss_ntlmssp_client__our_server_refuses(ours, package, mech, user, password):
    ours.ctl("account", "disable", "bob")
    with pytest.raises(Refused, match="SEC_E_LOGON_DENIED"):
        converse(GssContext(mech, "initiate", "WORKGROUP", user, password), sspi.Server(package))


@pytest.mark.parametrize("package, protocol", [("NTLM", "squid-2.5-ntlmssp"), ("Negotiate", "gss-spnego")])
def test_our_client__samba_server(ours, domain, package, protocol):
    with NtlmAuthServer(domain.ntlm_auth(), protocol) as server:
        client = sspi.Client(package, "EXAMPLE", "alice", PASSWORDS["alice"])
        converse(client, server)
        assert server.user.lower() == "example\\alice"
        client.close()


@pytest.mark.parametrize("package, protocol", [("NTLM", "squid-2.5-ntlmssp"), ("Negotiate", "gss-spnego")])
@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", PASSWORDS["alice"])])
def test_our_client__samba_server_refuses(ours, domain, package, protocol, user, password):
    with NtlmAuthServer(domain.ntlm_auth(), protocol) as server:
        with pytest.raises(Refused):
            converse(sspi.Client(package, "EXAMPLE", user, password), server)


@pytest.mark.parametrize("package, protocol", [("NTLM", "ntlmssp-client-1"), ("Negotiate", "gss-spnego-client")])
def test_samba_client__our_server(ours, package, protocol):
    server = sspi.Server(package)
    with NtlmAuthClient(protocol, "WORKGROUP", "alice", PASSWORDS["alice"]) as client:
        converse(client, server)
        assert server.name().lower() == "workgroup\\alice"
        if protocol == "ntlmssp-client-1":
            assert client.session_key() == server.session_key()
    server.close()


@pytest.mark.parametrize("package, protocol", [("NTLM", "ntlmssp-client-1"), ("Negotiate", "gss-spnego-client")])
@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", PASSWORDS["alice"])])
def test_samba_client__our_server_refuses(ours, package, protocol, user, password):
    with NtlmAuthClient(protocol, "WORKGROUP", user, password) as client:
        with pytest.raises(Refused, match="SEC_E_LOGON_DENIED"):
            converse(client, sspi.Server(package))


@PACKAGES
def test_our_client__our_server(ours, package, mech):
    client, server = sspi.Client(package, "WORKGROUP", "alice", PASSWORDS["alice"]), sspi.Server(package)
    converse(client, server)
    for one, other in ((client, server), (server, client)):
        for message in MESSAGES:
            assert other.unseal(*one.seal(message)) == message
            other.verify(message, one.sign(message))
    assert client.session_key() == server.session_key()
    client.close()
    server.close()
