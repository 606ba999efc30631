# SPDX-License-Identifier: Apache-2.0
"""gss-ntlmssp below MIT's mechglue, as NTLM itself and within SPNEGO, both ways."""
import pytest

from conftest import ACCOUNTS
from ends import (ALL_FLAGS, DOMAIN, HOSTBASED, PASSWORD, SPN, USER, WRONG, Refused, assert_forgeries_are_refused, converse,
                  exchange_messages, expect_refusal, gss, gss_environment, our_client, our_server)

BINDINGS = b"tls-server-end-point:0123456789abcdef0123456789abcdef".hex()
OTHER_BINDINGS = b"tls-server-end-point:of a certificate in the middle".hex()
SEALED, SIGNED, NEITHER = ALL_FLAGS, "integrity,replay,sequence", None
WAYS = pytest.mark.parametrize("package, mech", [("NTLM", "ntlm"), ("Negotiate", "spnego")], ids=["raw", "spnego"])
FLAGS = pytest.mark.parametrize("flags", [SEALED, SIGNED, NEITHER], ids=["sealed", "signed", "neither"])
# LmCompatibilityLevel, and what its client is.
LEVELS = pytest.mark.parametrize("level, version", [(0, "NTLM V1"), (1, "NTLM V1"), (2, "NTLM V1"), (3, "NTLM V2")])


@pytest.fixture
def client_of(tmp_path):
    def make(mech, user=USER, password=PASSWORD, domain=DOMAIN, level=None, **more):
        return gss("client", mech, env=gss_environment(tmp_path, level=level), user=f"{domain}\\{user}", password=password,
                   target=HOSTBASED, **more)
    return make


@pytest.fixture
def server_of(tmp_path):
    def make(mech, level=None, user=USER, password=PASSWORD, **more):
        return gss("server", mech, env=gss_environment(tmp_path, user=user, password=password, level=level), **more)
    return make


@WAYS
@FLAGS
def test_our_server__knows_its_client(library, client_of, package, mech, flags):
    with client_of(mech, flags=flags) as client, our_server(package, library) as server:
        converse(client, server)
        seen, theirs = server.describe(), client.describe()
        assert seen["user"] == f"{DOMAIN}\\{USER}" and seen["mechanism"] == "NTLM" and seen["ntlm_version"] == "NTLM V2"
        assert seen["target"] == SPN and seen["session_key"] == theirs["session_key"]
        # Within SPNEGO it signs whatever is asked, to protect the list of mechanisms.
        assert ("integrity" in seen["flags"]) == (flags is not NEITHER or mech == "spnego")
        assert ("confidentiality" in seen["flags"]) == (flags is SEALED)
        # So it makes NTLM's MIC there, and only there.
        assert seen["mic_verified"] == (mech == "spnego")
        exchange_messages(client, server, sealed=flags is SEALED, signed=flags is not NEITHER)
        if flags is SEALED:
            assert_forgeries_are_refused(server, client)


@WAYS
@FLAGS
def test_their_server__knows_our_client(library, server_of, package, mech, flags):
    with our_client(package, library, flags=flags) as client, server_of(mech) as server:
        converse(client, server)
        seen, theirs = server.describe(), client.describe()
        assert seen["user"].rstrip("\0") == f"{DOMAIN}\\{USER}" and seen["session_key"] == theirs["session_key"]
        exchange_messages(client, server, sealed=flags is SEALED, signed=flags is not NEITHER)
        if flags is SEALED:
            assert_forgeries_are_refused(client, server)


@WAYS
@pytest.mark.parametrize("user, password", WRONG[:2])  # it takes no empty password
def test_our_server__refuses(library, client_of, package, mech, user, password):
    with client_of(mech, user=user, password=password) as client, our_server(package, library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@WAYS
@pytest.mark.parametrize("user, password", WRONG)
def test_their_server__refuses(library, server_of, package, mech, user, password):
    with our_client(package, library, user=user, password=password) as client, server_of(mech) as server:
        with pytest.raises(Refused):
            converse(client, server)


@WAYS
@pytest.mark.parametrize("user", ["JÖRG", "jörg"])
def test_our_server__names_and_passwords_outside_ascii(library, client_of, package, mech, user):
    """The name goes into the key in upper case."""
    with client_of(mech, user=user, password=ACCOUNTS["jörg"]) as client, our_server(package, library) as server:
        converse(client, server)
        assert server.describe()["proven_user"] == "jörg"


@WAYS
def test_their_server__passwords_outside_ascii(library, server_of, package, mech):
    """Only the password: as a server gss-ntlmssp 1.2.0 finds no user whose name is not ASCII."""
    password = ACCOUNTS["jörg"]
    with our_client(package, library, password=password) as client, server_of(mech, password=password) as server:
        converse(client, server)


@LEVELS
@FLAGS
def test_our_server__older_clients(library, client_of, level, version, flags):
    """NTLMv1 with and without extended session security: what policy has to let in first."""
    options = {"lm_compatibility_level": str(level)}
    with client_of("ntlm", level=level, flags=flags) as client, our_server("NTLM", library, options=options) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["ntlm_version"] == version and seen["session_key"] == client.describe()["session_key"]
        exchange_messages(client, server, sealed=flags is SEALED, signed=flags is not NEITHER)


@LEVELS
@FLAGS
def test_their_server__our_older_clients(library, server_of, level, version, flags):
    options = {"lm_compatibility_level": str(level)}
    with our_client("NTLM", library, options=options, flags=flags) as client, server_of("ntlm", level=level) as server:
        converse(client, server)
        assert server.describe()["session_key"] == client.describe()["session_key"]
        exchange_messages(client, server, sealed=flags is SEALED, signed=flags is not NEITHER)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_our_server__ntlm_v1_is_off(library, client_of, level):
    with client_of("ntlm", level=level) as client, our_server("NTLM", library) as server:
        refusal = expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)
        assert "lm_compatibility_level" in refusal.reason


@WAYS
@pytest.mark.parametrize("mic", [None, "yes"], ids=["no-mic", "mic"])
def test_our_server__require_mic(library, client_of, package, mech, mic):
    with client_of(mech, mic=mic) as client, our_server(package, library, options={"require_mic": "yes"}) as server:
        if mic or mech == "spnego":
            converse(client, server)
            assert server.describe()["mic_verified"]
        else:
            expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@WAYS
@pytest.mark.parametrize("policy, theirs, expected", [
    ("off", BINDINGS, None), ("off", None, None), ("off", OTHER_BINDINGS, None),
    ("allow-missing", BINDINGS, None), ("allow-missing", None, None), ("allow-missing", OTHER_BINDINGS, "SEC_E_BAD_BINDINGS"),
    ("required", BINDINGS, None), ("required", None, "SEC_E_BAD_BINDINGS"), ("required", OTHER_BINDINGS, "SEC_E_BAD_BINDINGS"),
], ids=["off-same", "off-none", "off-other", "allowed-same", "allowed-none", "allowed-other", "required-same", "required-none",
        "required-other"])
def test_our_server__channel_bindings(library, client_of, package, mech, policy, theirs, expected):
    """gss-ntlmssp sends no pair at all where its application gives no bindings."""
    with (client_of(mech, bindings=theirs) as client,
          our_server(package, library, bindings=BINDINGS, options={"channel_bindings": policy}) as server):
        if expected:
            expect_refusal(expected, converse, client, server)
        else:
            converse(client, server)
            assert server.describe()["bindings_verified"] == (theirs == BINDINGS)


@WAYS
@pytest.mark.parametrize("ours, accepted", [(BINDINGS, True), (OTHER_BINDINGS, False), (None, True)], ids=["same", "other", "none"])
def test_their_server__channel_bindings(library, server_of, package, mech, ours, accepted):
    """A pair of zeros, which says that the client has no channel, is as good as none to it."""
    with our_client(package, library, bindings=ours) as client, server_of(mech, bindings=BINDINGS) as server:
        if accepted:
            converse(client, server)
        else:
            with pytest.raises(Refused):
                converse(client, server)


@WAYS
@pytest.mark.parametrize("names, expected", [("HTTP/web1.example.test", None), ("HTTP/WEB1.example.test cifs/web1", None),
                                             ("cifs/web1.example.test", "SEC_E_WRONG_PRINCIPAL")])
def test_our_server__target_names(library, client_of, package, mech, names, expected):
    with client_of(mech) as client, our_server(package, library, options={"spn": names, "service_binding": "required"}) as server:
        if expected:
            expect_refusal(expected, converse, client, server)
        else:
            converse(client, server)


def test_datagrams__signatures_of_first_messages(library, client_of):
    """Connectionless, our server speaks first. gss-ntlmssp makes the key of each message for signatures alone and never counts on,
    so the first signature of each side is what it and the specification agree on."""
    flags = f"{ALL_FLAGS},datagram"
    with client_of("ntlm", flags=flags) as client, our_server("NTLM", library, flags=flags) as server:
        assert client.step(None) is None
        server.step(client.step(server.step(None)))
        assert client.done and server.done and "datagram" in server.describe()["flags"]
        server.verify(b"a datagram", client.sign(b"a datagram"), 0)
        client.verify(b"another", server.sign(b"another", 0))
