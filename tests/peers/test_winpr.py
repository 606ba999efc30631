# SPDX-License-Identifier: Apache-2.0
"""WinPR, FreeRDP's own SSPI: the same program compiled against its headers, as client and as server. Its messages take the caller's
sequence numbers, and it has neither MakeSignature nor SPNEGO: what it calls Negotiate is NTLM's bare tokens."""
import pytest

from ends import (DOMAIN, MESSAGES, PASSWORD, SPN, USER, WRONG, Refused, converse, expect_refusal, our_client, our_server, winpr)

BINDINGS = b"tls-server-end-point:0123456789abcdef0123456789abcdef".hex()


def winpr_client(package="NTLM", user=USER, password=PASSWORD, **more):
    return winpr("client", package, user=user, domain=DOMAIN, password=password, spn=SPN, **more)


def winpr_server():
    return winpr("server", user=USER, domain=DOMAIN, password=PASSWORD)


def exchange(ours, theirs):
    for number, message in enumerate(MESSAGES):
        assert ours.unseal(theirs.seal(message, number)) == message
        assert theirs.unseal(ours.seal(message), number) == message


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_our_server__knows_its_client(library, package):
    with winpr_client(package) as client, our_server(package, library) as server:
        tokens = converse(client, server)
        seen = server.describe()
        assert all(token.startswith(b"NTLMSSP\0") for token in tokens)
        assert seen["user"] == f"{DOMAIN}\\{USER}" and seen["ntlm_version"] == "NTLM V2" and seen["mic_verified"]
        assert seen["target"] == SPN
        exchange(server, client)


@pytest.mark.parametrize("user, password", WRONG)
def test_our_server__refuses(library, user, password):
    with winpr_client(user=user, password=password) as client, our_server("NTLM", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@pytest.mark.parametrize("theirs, expected", [(BINDINGS, None), ("00", "SEC_E_BAD_BINDINGS"), (None, "SEC_E_BAD_BINDINGS")])
def test_our_server__channel_bindings(library, theirs, expected):
    """It sends zeros where its application has no bindings."""
    with (winpr_client(bindings=theirs) as client,
          our_server("NTLM", library, bindings=BINDINGS, options={"channel_bindings": "allow-missing"}) as server):
        if expected:
            expect_refusal(expected, converse, client, server)
        else:
            converse(client, server)
            assert server.describe()["bindings_verified"]


def test_its_server__knows_our_client(library):
    with our_client("NTLM", library) as client, winpr_server() as server:
        converse(client, server)
        assert server.describe()["proven_user"] == USER and server.describe()["proven_domain"] == DOMAIN
        exchange(client, server)


def test_its_server__refuses_our_client(library):
    with our_client("NTLM", library, password="wrong") as client, winpr_server() as server:
        with pytest.raises(Refused):
            converse(client, server)
