# SPDX-License-Identifier: Apache-2.0
"""Peers in Python: impacket, whose client makes no MIC, with its file server's side; and ntlm_auth, the library below requests_ntlm, a
client that names everything in OEM."""
import pytest

from ends import (DOMAIN, PASSWORD, USER, WRONG, Impacket, ImpacketServer, NtlmAuthLibrary, Refused, assert_forgeries_are_refused,
                  converse, exchange_messages, expect_refusal, our_client, our_server)

BINDINGS = b"tls-server-end-point:0123456789abcdef0123456789abcdef".hex()
OTHER_BINDINGS = b"tls-server-end-point:of a certificate in the middle".hex()


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_impacket__messages(library, package):
    with Impacket(USER, PASSWORD, DOMAIN) as client, our_server(package, library) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["proven_user"] == USER and seen["ntlm_version"] == "NTLM V2" and not seen["mic_verified"]
        assert seen["workstation"] == "IMPACKET" and seen["target"] == "cifs/WEB1"
        assert seen["session_key"] == client.describe()["session_key"]
        exchange_messages(client, server)
        assert_forgeries_are_refused(server, client)


def test_impacket__nothing_to_protect(library):
    with Impacket(USER, PASSWORD, DOMAIN, signing=False) as client, our_server("NTLM", library) as server:
        converse(client, server)
        assert not {"integrity", "confidentiality"} & set(server.describe()["flags"])


def test_impacket__ntlm_v1(library):
    options = {"lm_compatibility_level": "2"}
    with Impacket(USER, PASSWORD, DOMAIN, v2=False) as client, our_server("NTLM", library, options=options) as server:
        converse(client, server)
        assert server.describe()["ntlm_version"] == "NTLM V1"
        exchange_messages(client, server)
    with Impacket(USER, PASSWORD, DOMAIN, v2=False) as client, our_server("NTLM", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@pytest.mark.parametrize("options", [{"require_mic": "yes"}, {"spn": "HTTP/web1.example.test", "service_binding": "required"}])
def test_impacket__what_policy_may_want_of_it(library, options):
    """No MIC, and the name of a file server, whatever it talks to."""
    status = "SEC_E_LOGON_DENIED" if "require_mic" in options else "SEC_E_WRONG_PRINCIPAL"
    with Impacket(USER, PASSWORD, DOMAIN) as client, our_server("NTLM", library, options=options) as server:
        expect_refusal(status, converse, client, server)


@pytest.mark.parametrize("user, password", WRONG)
def test_impacket__refused(library, user, password):
    with Impacket(user, password, DOMAIN) as client, our_server("NTLM", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_impacket_server(library, password):
    with our_client("NTLM", library, password=password) as client, ImpacketServer(USER, PASSWORD, DOMAIN) as server:
        if password == PASSWORD:
            converse(client, server)
            assert server.describe()["session_key"] == client.describe()["session_key"]
            exchange_messages(client, server)
            assert_forgeries_are_refused(client, server)
        else:
            with pytest.raises(Refused):
                converse(client, server)


@pytest.mark.parametrize("level, version", [(0, "NTLM V1"), (1, "NTLM V1"), (2, "NTLM V1"), (3, "NTLM V2")])
def test_ntlm_auth__levels(library, level, version):
    options = {"lm_compatibility_level": str(level)}
    with NtlmAuthLibrary(USER, PASSWORD, DOMAIN, level=level) as client, our_server("NTLM", library, options=options) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["proven_user"] == USER and seen["ntlm_version"] == version and seen["workstation"] == "PYWS"
        assert seen["mic_verified"] == (level == 3) and seen["session_key"] == client.describe()["session_key"]
        if level > 0:
            exchange_messages(client, server, signed=False)
        else:
            # Without extended session security it has two key streams in place of [MS-NLMP]'s one: only one way works.
            assert server.unseal(client.seal(b"one")) == b"one" and server.unseal(client.seal(b"two")) == b"two"


@pytest.mark.parametrize("theirs, expected", [(BINDINGS, None), (OTHER_BINDINGS, "SEC_E_BAD_BINDINGS"), (None, "SEC_E_BAD_BINDINGS")])
def test_ntlm_auth__channel_bindings(library, theirs, expected):
    options = {"channel_bindings": "required"}
    with (NtlmAuthLibrary(USER, PASSWORD, DOMAIN, bindings=theirs) as client,
          our_server("NTLM", library, bindings=BINDINGS, options=options) as server):
        if expected:
            expect_refusal(expected, converse, client, server)
        else:
            converse(client, server)
            assert server.describe()["bindings_verified"]


@pytest.mark.parametrize("user, password", WRONG)
def test_ntlm_auth__refused(library, user, password):
    with NtlmAuthLibrary(user, password, DOMAIN) as client, our_server("NTLM", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)
