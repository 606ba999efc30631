# SPDX-License-Identifier: Apache-2.0
"""SPNEGO's own business with peers: a client whose first choice we have not, a forger of its list, a server that speaks first."""
import json
import subprocess

import pytest

from conftest import ACCOUNTS
from ends import (DOMAIN, HOSTBASED, SPN, USER, Gensec, Refused, assert_forgeries_are_refused, converse, exchange_messages,
                  expect_refusal, gss, gss_environment, our_client, our_server, samba_config)
from ticket import ticket_environment

KERBEROS = bytes.fromhex("06092a864886f712010202")
NTLM = bytes.fromhex("060a2b06010401823702020a")


@pytest.fixture
def both(tmp_path):
    """A client's environment with a Kerberos ticket and an account for NTLM."""
    return {**gss_environment(tmp_path), **ticket_environment(tmp_path, USER)}


@pytest.fixture
def samba(tmp_path):
    return samba_config(tmp_path)


def carry_on(client, server, token):
    """The rest of a handshake, from a client's token on."""
    while token is not None:
        token = server.step(token)
        token = client.step(token) if token is not None and not client.done else None
    assert client.done and server.done


def kerberos_first(env):
    return gss("client", "spnego", env=env, target=HOSTBASED, mechs="all")


def test_kerberos_first__ntlm_is_chosen_and_the_choice_protected(library, both):
    """MIT's client sends a Kerberos token with its list; NTLM begins a leg later, and both sides show a MIC over the list."""
    with kerberos_first(both) as client, our_server("Negotiate", library) as server:
        tokens = converse(client, server)
        assert tokens[0].index(KERBEROS) < tokens[0].index(NTLM) and len(tokens) == 6
        seen = server.describe()
        assert seen["mechanism"] == "NTLM" and seen["user"] == f"{DOMAIN}\\{USER}" and seen["target"] == SPN
        exchange_messages(client, server)
        assert_forgeries_are_refused(server, client)


def test_kerberos_first__wrong_password(library, both, tmp_path):
    env = {**both, **gss_environment(tmp_path, password="wrong"), **ticket_environment(tmp_path, USER)}
    with kerberos_first(env) as client, our_server("Negotiate", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


def test_kerberos_first__a_list_that_was_changed_on_its_way(library, both):
    """Who takes Kerberos out of the list to make the two use NTLM is found out by the MIC."""
    with kerberos_first(both) as client, our_server("Negotiate", library) as server:
        token = client.step(None).replace(KERBEROS, KERBEROS[:-1] + b"\x7f", 1)
        with pytest.raises(Refused) as refusal:
            for _ in range(3):
                token = client.step(server.step(token))
        assert refusal.value.status == "SEC_E_MESSAGE_ALTERED" and not server.done


def test_kerberos_first__over_http(service, both):
    """curl with a ticket, at a service that has no Kerberos."""
    host, port = service.address("http").split(":")
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "120", "--noproxy", "*", "--negotiate", "-u", ":",
                           "--resolve", f"web1.example.test:{port}:{host}", f"http://web1.example.test:{port}/whoami"],
                          capture_output=True, text=True, timeout=150, env={**service.environment(), **both})
    assert json.loads(done.stdout)["user"] == USER, done.stdout + done.stderr


def test_server_first__gss(library, tmp_path):
    """MIT's acceptor answers an empty token with its mechanisms and a hint; our client begins all the same."""
    env = gss_environment(tmp_path)
    with our_client("Negotiate", library) as client, gss("server", "spnego", env=env) as server:
        hint = server.step(None)
        assert hint.startswith(b"\x60") and b"not_defined_in_RFC4178" in hint
        carry_on(client, server, client.step(hint))
        exchange_messages(client, server)


def test_server_first__samba_reads_our_hint(library, samba):
    """As in SMB, where the server's list is in its first answer."""
    with Gensec(samba, "spnego", "bob", ACCOUNTS["bob"]) as client, our_server("Negotiate", library) as server:
        carry_on(client, server, client.step(server.step(None)))
        assert server.describe()["proven_user"] == "bob"
        exchange_messages(client, server)


def test_server_first__samba_with_a_wrong_password(library, samba):
    with Gensec(samba, "spnego", "bob", "wrong") as client, our_server("Negotiate", library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", carry_on, client, server, client.step(server.step(None)))
