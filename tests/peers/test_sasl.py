# SPDX-License-Identifier: Apache-2.0
"""SASL with Cyrus SASL's library on the other side: GSSAPI and GSS-SPNEGO with tickets of MIT's realm, NTLM with a password, both directions,
each layer, messages of many sizes, authorization identities."""
import struct
import subprocess

import pytest

from ends import ACCOUNTS, Program, Refused, expect_refusal, gss, gss_environment, options_of, our_client, our_server

HOST, REALM, USER = "localhost", "EXAMPLE.ORG", "alice"
PROFILES = {"GSSAPI": "Kerberos", "GSS-SPNEGO": "Negotiate"}
MECHS = pytest.mark.parametrize("mech", PROFILES)
# Our flags, Cyrus' bounds, and what comes of it.
LAYERS = {"none": ("", ("0", "0")), "integrity": ("integrity", ("1", "1")), "confidentiality": ("integrity,confidentiality", ("2", "256"))}
EACH_LAYER = pytest.mark.parametrize("layer", LAYERS)
SIZES = [1, 15, 16, 17, 1000, 4096, 65000, 200000]


@pytest.fixture(scope="module")
def env(shared_realm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sasl")
    folder.chmod(0o700)
    config = folder / "opensspi.conf"
    config.write_text("[kerberos]\nreplay_cache = off\n", encoding="ascii")
    return {**shared_realm.environment(shared_realm.ticket(USER)), "OPENSSPI_CONFIG": str(config)}


class Cyrus(Program):
    """cyrus_peer, whose messages are frames: ours go one by one into four bytes of length each, its come apart."""

    def __init__(self, role, mech, env, bounds=None, **more):
        low, high = bounds or (None, None)
        super().__init__("cyrus_peer", role, *options_of({"mech": mech, "min-ssf": low, "max-ssf": high, **more}), env=env)

    def frames(self, message):
        """As many messages as it makes of one."""
        rest, out = self.seal(message), []
        while rest:
            n, = struct.unpack(">I", rest[:4])
            assert n <= len(rest) - 4
            out.append(rest[4:4 + n])
            rest = rest[4 + n:]
        return out


def their_client(mech, env, bounds, **more):
    return Cyrus("client", mech, env, bounds, **{"max-buffer": "65536", **more})


def their_server(mech, env, bounds, **more):
    return Cyrus("server", mech, env, bounds, **{"max-buffer": "65536", **more})


def our_initiator(mech, env, flags, **more):
    return our_client(PROFILES[mech], env, user=None, password=None, domain=None, spn=f"HTTP/{HOST}", flags=flags, sasl="yes", stream="yes", **more)


def our_acceptor(mech, env, flags="", **more):
    return our_server(PROFILES.get(mech, mech), env, flags=flags, sasl="yes", stream="yes", **more)


def converse(client, server, legs=12):
    """As SASL has it: who is asked answers, if with nothing; gives back the tokens."""
    tokens = [client.step(None)]
    for turn in range(legs):
        end = (server, client)[turn % 2]
        if end.done:
            assert tokens[-1] is None, "a token for a side that was done"
            break
        tokens.append(end.step(tokens[-1]))
        if client.done and server.done and tokens[-1] is None:
            break
    assert client.done and server.done, f"client {client.done}, server {server.done} after {tokens}"
    return tokens


def exchange(ours, theirs, layer, sizes=SIZES, limit=60000):
    """Both ways and in turn; of ours, as many messages as SEND_SIZE makes of it, or, where none is agreed on, Cyrus' max-buffer. No layer: none of either side's."""
    if layer == "none":
        expect_refusal("SEC_E_QOP_NOT_SUPPORTED", ours.seal, b"x")
        expect_refusal("SEC_E_QOP_NOT_SUPPORTED", ours.wrap, b"x")
        assert theirs.describe()["mech_ssf"] == 0
        return
    wrap, other = (ours.wrap, ours.seal) if layer == "integrity" else (ours.seal, ours.wrap)
    expect_refusal("SEC_E_QOP_NOT_SUPPORTED", other, b"x")
    ssf = theirs.describe()["mech_ssf"]
    assert ssf == 1 if layer == "integrity" else ssf > 1
    part = min(ours.describe()["send_size"], limit)
    for size in sizes:
        message = bytes(i * 7 % 251 for i in range(size))
        for at in range(0, size, part):
            sealed = wrap(message[at:at + part])
            assert theirs.unseal(struct.pack(">I", len(sealed)) + sealed) == message[at:at + part], size
        assert b"".join(map(ours.unseal, theirs.frames(message))) == message, size


# --- with Cyrus SASL ---------------------------------------------------------------------------------------------------------------------------


@MECHS
@EACH_LAYER
def test_our_client__cyrus_server(env, mech, layer):
    flags, bounds = LAYERS[layer]
    with our_initiator(mech, env, flags) as client, their_server(mech, env, bounds if mech == "GSSAPI" else ("0", "256")) as server:
        converse(client, server)
        assert server.describe()["user"].split("@")[0] == USER
        exchange(client, server, layer)


@MECHS
@EACH_LAYER
def test_cyrus_client__our_server(env, mech, layer):
    """MIT's library sets both flags wherever it is not told to set none, and in GSS-SPNEGO they are the layer, whatever Cyrus is told."""
    agreed = "confidentiality" if (mech, layer) == ("GSS-SPNEGO", "integrity") else layer
    with their_client(mech, env, LAYERS[layer][1]) as client, our_acceptor(mech, env) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["proven_user"] == USER and seen["client_principal"] == f"{USER}@{REALM}", seen
        exchange(server, client, agreed)


@pytest.mark.parametrize("ours, bounds", [("integrity", ("0", "0")), ("integrity,confidentiality", ("0", "1")), ("integrity,confidentiality", ("0", "0"))])
def test_nothing_in_common__our_client_refuses(env, ours, bounds):
    """GSSAPI: the server offers less than is asked for."""
    with our_initiator("GSSAPI", env, ours) as client, their_server("GSSAPI", env, bounds) as server:
        expect_refusal("SEC_E_QOP_NOT_SUPPORTED", converse, client, server)


@pytest.mark.parametrize("ours, bounds", [("integrity", ("0", "0")), ("confidentiality", ("0", "1"))])
def test_nothing_in_common__cyrus_client_refuses(env, ours, bounds):
    with their_client("GSSAPI", env, bounds) as client, our_acceptor("GSSAPI", env, ours) as server:
        with pytest.raises(Refused) as refusal:
            converse(client, server)
        assert refusal.value.status in ("SASL_-15", "SEC_E_QOP_NOT_SUPPORTED"), refusal.value


@pytest.mark.parametrize("theirs, ours", [("1000", "2000"), ("65536", "500"), ("500", "65536")])
@pytest.mark.parametrize("layer", ["integrity", "confidentiality"])
def test_sizes__each_keeps_to_the_others(env, layer, theirs, ours):
    flags, bounds = LAYERS[layer]
    for client, server in ((our_initiator("GSSAPI", env, flags, **{"max-bytes": ours}), their_server("GSSAPI", env, bounds, **{"max-buffer": theirs})),
                           (their_client("GSSAPI", env, bounds, **{"max-buffer": theirs}), our_acceptor("GSSAPI", env, flags, **{"max-bytes": ours}))):
        with client, server:
            converse(client, server)
            mine, cyrus = (server, client) if isinstance(client, Cyrus) else (client, server)
            assert mine.describe()["send_size"] < int(theirs) and cyrus.describe()["max_out"] < int(ours)
            expect_refusal("SEC_E_BUFFER_TOO_SMALL", mine.seal if layer == "confidentiality" else mine.wrap, bytes(int(theirs)))
            exchange(mine, cyrus, layer, sizes=[1, 3000, 5000])


def test_authorization_identity__both_ways(env):
    with our_initiator("GSSAPI", env, "integrity", authzid="carol") as client, their_server("GSSAPI", env, ("0", "256")) as server:
        converse(client, server)
        assert server.describe()["user"] == "carol"
        assert server.describe()["authid"].split("@")[0] == USER
    with their_client("GSSAPI", env, ("1", "256"), authzid="carol") as client, our_acceptor("GSSAPI", env) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["authzid"] == "carol" and seen["proven_user"] == USER


@MECHS
def test_server_is_asked_first(env, mech):
    """A protocol without initial responses: an empty challenge comes first."""
    with their_client(mech, env, ("2", "256")) as client, our_acceptor(mech, env) as server:
        assert server.step(None) is None and not server.done
        converse(client, server)
        exchange(server, client, "confidentiality", sizes=[100])


# --- NTLM --------------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def passwords(tmp_path_factory):
    """Cyrus' own store, in which NTLM's server looks the password up."""
    file = tmp_path_factory.mktemp("sasldb") / "sasldb2"
    subprocess.run(["saslpasswd2", "-p", "-c", "-f", str(file), "-u", "workgroup", USER], input=ACCOUNTS[USER].encode(), check=True, timeout=150)
    return file


def test_ntlm__cyrus_client(library):
    with Cyrus("client", "NTLM", library, user=USER, password=ACCOUNTS[USER]) as client:
        with our_acceptor("NTLM", library, options={"lm_compatibility_level": "1"}) as server:
            converse(client, server)
            assert server.describe()["proven_user"] == USER
            exchange(server, client, "none")


@pytest.mark.parametrize("version", ["yes", "no"])
def test_ntlm__cyrus_client__policy_as_it_comes(library, version):
    """It knows NTLMv1, and of version 2 the LM response alone."""
    with Cyrus("client", "NTLM", library, user=USER, password=ACCOUNTS[USER], setting=f"ntlm_v2={version}") as client:
        with our_acceptor("NTLM", library) as server:
            expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


def test_ntlm__cyrus_client__wrong_password(library):
    with Cyrus("client", "NTLM", library, user=USER, password="wrong") as client:
        with our_acceptor("NTLM", library, options={"lm_compatibility_level": "1"}) as server:
            expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


def test_ntlm__cyrus_server(library, passwords):
    with our_client("NTLM", library, flags="", sasl="yes") as client:
        with Program("cyrus_peer", "server", "--mech=NTLM", "--realm=workgroup", "--setting=auxprop_plugin=sasldb",
                     f"--setting=sasldb_path={passwords}", env=library) as server:
            converse(client, server)
            assert server.describe()["user"].split("@")[0] == USER
            exchange(client, server, "none")


@pytest.mark.parametrize("mech, package", [("ntlm", "NTLM"), ("spnego", "Negotiate")])
def test_ntlm__gss_ntlmssp__integrity_is_sealed(library, tmp_path, mech, package):
    """Where only SIGN was negotiated, both seal what SASL's layer wraps."""
    theirs = gss_environment(tmp_path)
    for client, server in ((gss("client", mech, env=theirs, target="HTTP@localhost", flags="integrity,sequence"), our_acceptor(package, library)),
                           (our_client(package, library, flags="integrity", sasl="yes", stream="yes"), gss("server", mech, env=theirs))):
        with client, server:
            converse(client, server)
            mine, other = (server, client) if client.lines.command[0].endswith("gss_peer") else (client, server)
            expect_refusal("SEC_E_QOP_NOT_SUPPORTED", mine.seal, b"x")
            for size in SIZES:
                message = bytes(i * 7 % 251 for i in range(size))
                sealed = mine.wrap(message)
                assert other.unseal(sealed) == message and (size < 8 or message not in sealed)
                assert mine.unseal(other.seal(message)) == message
