# SPDX-License-Identifier: Apache-2.0
"""Kerberos through SSPI's public functions alone, with MIT's GSSAPI and Heimdal's on the other side: by itself and within SPNEGO, each
encryption type, each side by turns, messages of all kinds, channel bindings, DCE's style, delegation."""
import os
import pwd
import time

import pytest

from ends import Refused, converse, expect_refusal, gss, our_client, our_server
from mit_realm import TYPE_HOSTS

HOST, REALM, USER = "localhost", "EXAMPLE.ORG", "alice"
ALL = "mutual,integrity,confidentiality,replay,sequence"
PEERS = pytest.mark.parametrize("peer", ["gss_peer", "heimdal_peer"], ids=["mit", "heimdal"])
MECHS = pytest.mark.parametrize("package, mech", [("Kerberos", "krb5"), ("Negotiate", "spnego")], ids=["raw", "spnego"])
TYPES = pytest.mark.parametrize("enctype", TYPE_HOSTS)
SIZES = [0, 1, 15, 16, 17, 1000, 65535, 70000]


@pytest.fixture(scope="module")
def env(shared_realm, tmp_path_factory):
    """A client's, who has a ticket, and a server's. What a client made before our process began would be refused if that remembered what
    it has seen; test_sspid_kerberos.py tries that."""
    folder = tmp_path_factory.mktemp("kerberos")
    folder.chmod(0o700)
    config = folder / "opensspi.conf"
    config.write_text("[kerberos]\nreplay_cache = off\n", encoding="ascii")
    return {**shared_realm.environment(shared_realm.ticket(USER)), "OPENSSPI_CONFIG": str(config)}


def our_initiator(package, env, host=HOST, flags=ALL, **more):
    return our_client(package, env, user=None, password=None, domain=None, spn=f"HTTP/{host}", flags=flags, **more)


def our_acceptor(package, env, **more):
    return our_server(package, env, **more)


def their_client(peer, mech, env, host=HOST, flags=ALL, **more):
    return gss("client", mech, name=peer, env=env, target=f"HTTP@{host}", flags=flags, mechs="krb5", **more)


def their_server(peer, mech, env, **more):
    return gss("server", mech, name=peer, env=env, mechs="krb5", **more)


def exchange(one, other, sizes=SIZES):
    """Sealed, wrapped in the clear and signed, both ways and in turn."""
    for size in sizes:
        message = bytes(i * 7 % 251 for i in range(size))
        for sender, receiver in ((one, other), (other, one)):
            assert receiver.unseal(sender.seal(message)) == message, size
            assert receiver.unseal(sender.wrap(message)) == message, size
            receiver.verify(message, sender.sign(message))


def misuse(receiver, sender):
    """receiver is ours: no bit may change, nothing comes twice, nothing out of order; and the stream survives all of it."""
    sealed = sender.seal(b"a message to forge")
    for at in (2, 20, len(sealed) // 2, len(sealed) - 1):
        forged = bytearray(sealed)
        forged[at] ^= 1
        with pytest.raises(Refused) as refusal:
            receiver.unseal(bytes(forged))
        assert refusal.value.status in ("SEC_E_MESSAGE_ALTERED", "SEC_E_INVALID_TOKEN", "SEC_E_OUT_OF_SEQUENCE"), refusal.value
    assert receiver.unseal(sealed) == b"a message to forge"
    expect_refusal("SEC_E_OUT_OF_SEQUENCE", receiver.unseal, sealed)
    first, second = sender.sign(b"first"), sender.sign(b"second")
    expect_refusal("SEC_E_OUT_OF_SEQUENCE", receiver.verify, b"second", second)
    expect_refusal("SEC_E_MESSAGE_ALTERED", receiver.verify, b"frist", first)
    receiver.verify(b"first", first)
    receiver.verify(b"second", second)


@PEERS
@MECHS
@TYPES
def test_their_client__our_server(env, peer, package, mech, enctype):
    host = TYPE_HOSTS[enctype]
    with their_client(peer, mech, env, host) as client, our_acceptor(package, env, stream="yes") as server:
        converse(client, server)
        seen = server.describe()
        assert seen["proven_user"] == USER and seen["client_principal"] == f"{USER}@{REALM}", seen
        assert seen["service_principal"] == f"HTTP/{host}@{REALM}" and seen["ticket_encryption"] == enctype
        assert set(ALL.split(",")) <= set(seen["flags"])
        assert client.describe()["session_key"] == seen["session_key"]
        exchange(client, server)
        misuse(server, client)


@PEERS
@MECHS
@TYPES
def test_our_client__their_server(env, peer, package, mech, enctype):
    host = TYPE_HOSTS[enctype]
    with our_initiator(package, env, host, stream="yes") as client, their_server(peer, mech, env) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["user"] == f"{USER}@{REALM}" and set(ALL.split(",")) <= set(seen["flags"]), seen
        assert set(ALL.split(",")) <= set(client.describe()["flags"])
        assert seen["session_key"] == client.describe()["session_key"]
        exchange(server, client)
        misuse(client, server)


@MECHS
@pytest.mark.parametrize("enctype", ["aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha256-128"])
def test_token_and_data__as_well_as_a_stream(env, package, mech, enctype):
    """A peer's message may be cut behind cbSecurityTrailer bytes: RFC 4121's rotation is then not the one that the cut expects."""
    host = TYPE_HOSTS[enctype]
    with their_client("gss_peer", mech, env, host) as client, our_acceptor(package, env) as server:
        converse(client, server)
        for size in SIZES:
            assert server.unseal(client.seal(bytes(size))) == bytes(size)
            assert client.unseal(server.seal(bytes(size))) == bytes(size)


FEWER = ["", "mutual", "integrity", "mutual,integrity", "mutual,integrity,replay", "mutual,confidentiality,sequence", "mutual,identify,integrity"]


@PEERS
@MECHS
@pytest.mark.parametrize("flags", FEWER)
def test_flags__both_sides_know_the_same(env, peer, package, mech, flags):
    asked = set(flags.split(",")) - {""}
    with their_client(peer, mech, env, flags=flags) as client, our_acceptor(package, env, flags="") as server:
        converse(client, server)
        assert asked <= set(server.describe()["flags"]) and (("mutual" in asked) == ("mutual" in server.describe()["flags"]))
    with our_initiator(package, env, flags=flags) as client, their_server(peer, mech, env) as server:
        converse(client, server)
        assert asked <= set(server.describe()["flags"]) and (("mutual" in asked) == ("mutual" in client.describe()["flags"]))


BINDINGS = b"tls-server-end-point:0123456789abcdef0123456789abcdef".hex()
OTHERS = b"tls-server-end-point:another server's certificate....".hex()


@PEERS
@MECHS
@pytest.mark.parametrize("theirs, ours, taken", [(BINDINGS, BINDINGS, True), (OTHERS, BINDINGS, False), (None, BINDINGS, False),
                                                 (BINDINGS, None, True), (None, None, True)],
                         ids=["alike", "others", "missing", "not-asked", "none"])
def test_channel_bindings__at_our_server(env, peer, package, mech, theirs, ours, taken):
    with their_client(peer, mech, env, bindings=theirs) as client, our_acceptor(package, env, bindings=ours) as server:
        if taken:
            converse(client, server)
            assert server.describe()["bindings_verified"] == bool(theirs and ours)
        else:
            expect_refusal("SEC_E_BAD_BINDINGS", converse, client, server)


@PEERS
@MECHS
@pytest.mark.parametrize("ours, taken", [(BINDINGS, True), (OTHERS, False)], ids=["alike", "others"])
def test_channel_bindings__at_their_server(env, peer, package, mech, ours, taken):
    with our_initiator(package, env, bindings=ours) as client, their_server(peer, mech, env, bindings=BINDINGS) as server:
        if taken:
            converse(client, server)
        else:
            with pytest.raises(Refused):
                converse(client, server)


DCE = f"{ALL},dce-style"
HEAD = b"a head of RPC's, in the clear"


def exchange_rpc(one, other):
    for size in (0, 1, 16, 1000, 5840):
        message = bytes(i * 5 % 253 for i in range(size))
        for sender, receiver in ((one, other), (other, one)):
            sealed = sender.seal_rpc(HEAD, message)
            assert receiver.unseal_rpc(HEAD, sealed, size) == message, size
            receiver.verify(message, sender.sign(message))


@MECHS
@TYPES
def test_dce_style__mit(env, package, mech, enctype):
    """Three legs, and messages as RPC has them; a head that was changed is found out."""
    host = TYPE_HOSTS[enctype]
    for client, server in ((their_client("gss_peer", mech, env, host, flags=DCE), our_acceptor(package, env, flags=DCE)),
                           (our_initiator(package, env, host, flags=DCE), their_server("gss_peer", mech, env))):
        with client, server:
            tokens = converse(client, server)
            assert len(tokens) >= 3 and "dce-style" in client.describe()["flags"] and "dce-style" in server.describe()["flags"]
            exchange_rpc(client, server)
            ours = client if "sspi_peer" in str(client.lines.command[0]) else server
            theirs = server if ours is client else client
            expect_refusal("SEC_E_MESSAGE_ALTERED", ours.unseal_rpc, HEAD.replace(b"head", b"haed"), theirs.seal_rpc(HEAD, b"message"), 7)


@PEERS
@MECHS
def test_delegation__to_our_server(env, peer, package, mech):
    flags = f"{ALL},delegate"
    with their_client(peer, mech, env, flags=flags) as client, our_acceptor(package, env) as server:
        converse(client, server)
        assert server.describe()["delegated"] is True and "delegate" in server.describe()["flags"]


@PEERS
@MECHS
def test_delegation__to_their_server_who_comes_to_ours(env, peer, package, mech):
    """A server uses what our client gave it: the next one, ours, sees the user and not the server."""
    with (our_initiator(package, env, flags=f"{ALL},delegate") as client, their_server(peer, mech, env) as middle,
          our_acceptor("Kerberos", env) as last):
        converse(client, middle)
        assert "delegate" in middle.describe()["flags"] and "delegate" in client.describe()["flags"]
        last.step(middle.message("delegate", f"HTTP@{TYPE_HOSTS['aes256-cts-hmac-sha1-96']}"))
        assert last.describe()["client_principal"] == f"{USER}@{REALM}"


@pytest.fixture(scope="module")
def own_user(shared_realm, env):
    """A user of the realm called as who runs the tests: whom a service may act as without any right of its own."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    shared_realm.add_user(name, "Secret321!x")
    return name, {**env, **shared_realm.environment(shared_realm.ticket(name)), "OPENSSPI_CONFIG": env["OPENSSPI_CONFIG"]}


ACTS = {"impersonate_bare_name": "yes", "impersonate_min_uid": "1", "impersonate_root": "yes"}


@MECHS
def test_delegation__to_our_server_who_acts_as_the_client(env, own_user, package, mech):
    """What the client delegated is what the thread has by default, and not the server's own cache; also when the context has gone."""
    name, client_env = own_user
    flags = f"{ALL},delegate"
    with (our_initiator(package, client_env, flags=flags) as client, our_acceptor(package, env, options=ACTS) as middle,
          our_acceptor("Kerberos", env) as last):
        converse(client, middle)
        seen = middle.describe()
        assert seen["token_level"] == 3 and seen["token_user"] == f"S-1-22-1-{os.geteuid()}"
        last.step(middle.message("delegate", f"HTTP/{TYPE_HOSTS['aes256-cts-hmac-sha1-96']}"))
        assert last.describe()["client_principal"] == f"{name}@{REALM}"


@MECHS
def test_not_delegated__who_acts_as_the_client_has_nothing(env, own_user, package, mech):
    name, client_env = own_user
    with our_initiator(package, client_env) as client, our_acceptor(package, env, options=ACTS) as middle:
        converse(client, middle)
        assert middle.describe()["token_level"] == 2
        expect_refusal("SEC_E_NO_CREDENTIALS", middle.message, "delegate", f"HTTP/{HOST}")


@PEERS
@MECHS
def test_not_delegated__nothing_is(env, peer, package, mech):
    with our_initiator(package, env) as client, their_server(peer, mech, env) as server:
        converse(client, server)
        assert "delegate" not in server.describe()["flags"]
        expect_refusal("NOT_DELEGATED", server.message, "delegate", f"HTTP@{HOST}")


@MECHS
@pytest.mark.parametrize("user, domain", [("alice", REALM), ("alice", "example.org"), ("alice@EXAMPLE.ORG", None), ("alice@example.org", None)])
def test_our_client__with_a_password(shared_realm, env, package, mech, user, domain):
    """No ticket: the identity that AcquireCredentialsHandle is given."""
    without = {**env, "KRB5CCNAME": "FILE:/nonexistent/cache"}
    with (our_client(package, without, user=user, domain=domain, password=shared_realm.passwords["alice"], spn=f"HTTP/{HOST}", flags=ALL,
                     stream="yes") as client, their_server("gss_peer", mech, env) as server):
        converse(client, server)
        assert server.describe()["user"] == f"{USER}@{REALM}"
        exchange(server, client, [0, 100])


def test_one_token__for_two_processes_of_ours(env, shared_realm, tmp_path):
    """Services that share a replay cache: what one has taken, the other refuses."""
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[kerberos]\nreplay_cache = shared:{tmp_path}/seen\n", encoding="ascii")
    both = {**env, "OPENSSPI_CONFIG": str(config)}
    with our_acceptor("Kerberos", both) as one, our_acceptor("Kerberos", both) as other:
        time.sleep(1.1)
        with their_client("gss_peer", "krb5", env) as client:
            token = client.step(None)
            one.step(token)
            refusal = expect_refusal("SEC_E_LOGON_DENIED", other.step, token)
            assert "replay" in refusal.reason
