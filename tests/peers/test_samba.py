# SPDX-License-Identifier: Apache-2.0
"""Samba: ntlm_auth's helpers as client and as server, with one account that they are told and with those of a domain; and its own
library as a client, for the messages, which ntlm_auth has none of."""
import pytest

from ad_domain import PASSWORDS
from conftest import ACCOUNTS
from ends import (DOMAIN, PASSWORD, SPN, USER, WRONG, Gensec, Refused, SambaClient, SambaServer, assert_forgeries_are_refused,
                  converse, exchange_messages, expect_refusal, our_client, our_server, samba_account)

CLIENTS = pytest.mark.parametrize("package, protocol", [("NTLM", "ntlmssp-client-1"), ("Negotiate", "gss-spnego-client")])
SERVERS = pytest.mark.parametrize("package, protocol", [("NTLM", "squid-2.5-ntlmssp"), ("Negotiate", "gss-spnego")])
LIBRARY = pytest.mark.parametrize("package, mech", [("NTLM", "ntlm"), ("Negotiate", "spnego")], ids=["raw", "spnego"])
BINDINGS = b"tls-server-end-point:0123456789abcdef0123456789abcdef".hex()


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A Samba of its own, that is in no domain and touches nothing outside its folder."""
    folder = tmp_path_factory.mktemp("samba")
    file = folder / "smb.conf"
    places = "".join(f"{key} = {folder}\n" for key in ("private dir", "lock directory", "state directory", "cache directory",
                                                       "pid directory", "ncalrpc dir", "winbindd socket directory"))
    file.write_text(f"[global]\nworkgroup = {DOMAIN}\nnetbios name = SAMBASRV\nlog file = {folder}/log\n{places}", encoding="ascii")
    return file


@pytest.fixture(scope="module")
def ntlm_auth(config):
    return "ntlm_auth", f"--configfile={config}"


@pytest.fixture
def domain(shared_domain):
    return shared_domain


@CLIENTS
def test_our_server__knows_ntlm_auth(library, ntlm_auth, package, protocol):
    with SambaClient(ntlm_auth, protocol, *samba_account()) as client, our_server(package, library) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["user"] == f"{DOMAIN}\\{USER}" and seen["ntlm_version"] == "NTLM V2" and seen["mechanism"] == "NTLM"
        assert seen["session_key"] == client.describe()["session_key"]


@CLIENTS
@pytest.mark.parametrize("user, password", WRONG)
def test_our_server__refuses_ntlm_auth(library, ntlm_auth, package, protocol, user, password):
    with SambaClient(ntlm_auth, protocol, *samba_account(user, password)) as client, our_server(package, library) as server:
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


@CLIENTS
def test_our_server__channel_bindings_of_zeros(library, ntlm_auth, package, protocol):
    """ntlm_auth says that it knows of bindings and has none."""
    for policy, welcome in (("off", True), ("allow-missing", False), ("required", False)):
        with (SambaClient(ntlm_auth, protocol, *samba_account()) as client,
              our_server(package, library, bindings=BINDINGS, options={"channel_bindings": policy}) as server):
            if welcome:
                converse(client, server)
            else:
                expect_refusal("SEC_E_BAD_BINDINGS", converse, client, server)


@SERVERS
@pytest.mark.parametrize("user, password", [(USER, PASSWORD), ("jörg", ACCOUNTS["jörg"])])
@pytest.mark.parametrize("flags", [None, "integrity", "integrity,confidentiality"])
def test_ntlm_auth__knows_our_client(library, ntlm_auth, package, protocol, user, password, flags):
    with (our_client(package, library, user=user, password=password, flags=flags) as client,
          SambaServer(ntlm_auth, protocol, *samba_account(user, password)) as server):
        converse(client, server)
        seen = server.describe()
        assert seen["user"] == f"{DOMAIN}\\{user}" and seen["session_key"] == client.describe()["session_key"]


@SERVERS
@pytest.mark.parametrize("password", ["wrong", ""])
def test_ntlm_auth__refuses_our_client(library, ntlm_auth, package, protocol, password):
    """With one password to go by, it takes any name."""
    with (our_client(package, library, password=password) as client,
          SambaServer(ntlm_auth, protocol, *samba_account()) as server):
        with pytest.raises(Refused):
            converse(client, server)


@SERVERS
def test_domain__knows_our_client(library, domain, package, protocol):
    """The domain controller proves the response, and winbindd brings the session key."""
    with (our_client(package, library, domain=domain.name, password=PASSWORDS[USER]) as client,
          SambaServer(domain.ntlm_auth(), protocol) as server):
        converse(client, server)
        seen = server.describe()
        assert seen["user"] == f"{domain.name}\\{USER}" and seen["session_key"] == client.describe()["session_key"]


@SERVERS
@pytest.mark.parametrize("user, password", [(USER, "wrong"), ("nobody", PASSWORDS[USER]), ("bob", PASSWORDS["bob"])])
def test_domain__refuses_our_client(library, domain, package, protocol, user, password):
    """bob's account is disabled."""
    with (our_client(package, library, domain=domain.name, user=user, password=password) as client,
          SambaServer(domain.ntlm_auth(), protocol) as server):
        with pytest.raises(Refused):
            converse(client, server)


@LIBRARY
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "signed"])
@pytest.mark.parametrize("user", [USER, "ALICE", "jörg"])
def test_our_server__exchanges_messages(library, config, package, mech, sealed, user):
    password = ACCOUNTS[user.lower()]
    with Gensec(config, mech, user, password, sealed=sealed) as client, our_server(package, library) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["proven_user"] == user.lower() and seen["mic_verified"] and seen["target"] == SPN
        assert seen["workstation"] == "SAMBAWS" and seen["session_key"] == client.describe()["session_key"]
        assert ("confidentiality" in seen["flags"]) == sealed and "integrity" in seen["flags"]
        exchange_messages(client, server, sealed=sealed)
        if sealed:
            assert_forgeries_are_refused(server, client)


@LIBRARY
def test_our_server__nothing_to_protect(library, config, package, mech):
    with Gensec(config, mech, sealed=False, signed=False) as client, our_server(package, library) as server:
        converse(client, server)
        assert not {"integrity", "confidentiality"} & set(server.describe()["flags"])


@LIBRARY
def test_our_server__anonymous(library, config, package, mech):
    for options, welcome in (({}, False), ({"anonymous": "yes"}, True)):
        with (Gensec(config, mech, user=None, sealed=False, signed=False) as client,
              our_server(package, library, options=options) as server):
            if welcome:
                converse(client, server)
                assert server.describe()["anonymous"]
            else:
                expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)
