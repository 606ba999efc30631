# SPDX-License-Identifier: Apache-2.0
"""A domain of Samba's: what sspid says of its users, who come with tickets, and in which spellings they log on with a password.

The domain's KDC is in namespaces of its own. Who logs on with a password runs there; a ticket is good outside."""
import json
import os
import subprocess
import time

import pytest

from ad_domain import PASSWORDS
from conftest import program
from ends import Gensec, SambaServer, converse, exchange_messages, expect_refusal, gss, our_client, our_server, samba_config

REALM, WEB, OLD = "EXAMPLE.TEST", "web.example.test", "old.example.test"
FLAGS = "mutual,integrity,confidentiality,replay,sequence"
LISTENERS = {"http": {"protocol": "http", "backend": "whoami"}, "framed": {"protocol": "framed", "backend": "whoami"}}
AES256, RC4 = "0x12", "0x17"


@pytest.fixture
def served(shared_domain, make_service, seen_tickets, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(shared_domain.krb5_conf))

    def make(**more):
        keys = {"keytab": f"FILE:{shared_domain.keytab}", "replay_cache": f"shared:{seen_tickets}", **more}
        return make_service(listeners=LISTENERS, kerberos=keys)

    return make


def curl(service, environment, host=WEB):
    port = service.address("http").rsplit(":", 1)[1]
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "120", "--resolve", f"{host}:{port}:127.0.0.1", "--negotiate", "-u", ":",
                           "-w", "\n%{http_code}", f"http://{host}:{port}/whoami"], capture_output=True, text=True, timeout=150, env=environment)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if status == "200" else body


@pytest.fixture(scope="module")
def sids(shared_domain):
    """What the domain itself says: the SID of each user, and the SIDs of the user's groups."""
    from samba.auth import system_session, user_session
    from samba.param import LoadParm
    from samba.samdb import SamDB
    if os.geteuid() != 0:
        shared_domain.run("chmod", "-R", "a+rwX", shared_domain.folder / "dc")
    parameters = LoadParm()
    parameters.load(str(shared_domain.config))
    samdb = SamDB(url=str(shared_domain.folder / "dc/private/sam.ldb"), session_info=system_session(), lp=parameters)
    out = {}
    for user in ("alice", "carol", "dave", "erin"):
        found, = samdb.search(expression=f"(sAMAccountName={user})", attrs=["objectSid"])
        session = user_session(samdb, dn=str(found.dn), lp_ctx=parameters)
        sid = str(session.security_token.sids[0])
        out[user] = sid, {str(s) for s in session.security_token.sids if str(s).startswith("S-1-5-21-")} - {sid}
    return out


@pytest.mark.parametrize("user, least", [("alice", 1), ("carol", 100), ("dave", 800)])
def test_whoami__sid_and_groups_are_the_domains(shared_domain, served, sids, user, least):
    service = served(pac="required")
    status, who = curl(service, shared_domain.tickets(user))
    assert status == 200, service.events()[-1]
    sid, groups = sids[user]
    assert (who["user"], who["domain"], who["sid"]) == (user, "EXAMPLE", sid)
    assert {s for s in who["group_sids"] if s.startswith("S-1-5-21-")} == groups and len(groups) >= least
    assert len(who["groups"]) == len(who["group_sids"]) == len(who["group_attributes"]) == len(set(who["group_sids"]))
    assert "Domain Users" in " ".join(who["groups"])
    assert who["upn"] == f"{user}@example.test" and who["logon_server"] == "DC1"
    assert who["kerberos"]["pac_verified"] is True and who["kerberos"]["client"] == f"{user}@{REALM}"
    event, = service.wait_for(lambda: service.events(4624), "event 4624")
    assert event["TargetUserSid"] == sid and event["TargetDomainName"] == "EXAMPLE"


@pytest.mark.parametrize("host, enctype", [(WEB, AES256), (OLD, RC4)])
def test_whoami__types_of_tickets(shared_domain, served, host, enctype):
    service = served()
    status, who = curl(service, shared_domain.tickets("alice"), host)
    assert status == 200 and who["user"] == "alice" and who["sid"].startswith("S-1-5-21-"), service.events()
    event, = service.wait_for(lambda: service.events(4624), "event 4624")
    assert event["TicketEncryptionType"] == enctype and event["ServiceName"] == f"HTTP/{host}@{REALM}"


def test_rc4_that_is_not_permitted__refused_and_told(shared_domain, served):
    service = served(permitted_enctypes="aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96")
    assert curl(service, shared_domain.tickets("alice"), OLD)[0] == 401
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    assert event["TicketEncryptionType"] == RC4, event
    assert curl(service, shared_domain.tickets("alice"), WEB)[0] == 200


def test_sspi_connect__with_a_ticket_of_the_domain(shared_domain, served):
    service = served()
    done = subprocess.run([program("sspi-connect"), "-v", "--spn", f"HTTP/{WEB}", service.address("framed")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60,
                          env={**shared_domain.tickets("carol"), "OPENSSPI_CONFIG": str(service.config)})
    assert done.returncode == 0 and "authenticated with Kerberos" in done.stderr, done.stderr
    who = json.loads(done.stdout)
    assert who["user"] == "carol" and len(who["group_sids"]) > 100


# --- who logs on with a password, in the domain's network ---

@pytest.fixture(scope="module")
def env(shared_domain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ad-kerberos")
    folder.chmod(0o755)
    config = folder / "opensspi.conf"
    config.write_text(f"[kerberos]\nreplay_cache = off\nkeytab = FILE:{shared_domain.keytab}\n", encoding="ascii")
    return {"OPENSSPI_CONFIG": str(config), "KRB5_CONFIG": str(shared_domain.krb5_conf), "KRB5_KTNAME": f"FILE:{shared_domain.keytab}",
            "KRB5CCNAME": f"FILE:{folder}/none"}


def log_on(shared_domain, env, package="Negotiate", **identity):
    return our_client(package, env, spn=f"HTTP/{WEB}", flags=FLAGS, inside=lambda words: shared_domain.inside(*words), **identity)


SPELLINGS = [("alice", "EXAMPLE"), ("alice", "EXAMPLE.TEST"), ("alice", "example.test"), ("alice@example.test", None), ("alice@EXAMPLE.TEST", None),
             ("ALICE", "example"), ("alice", None), ("EXAMPLE\\alice", None), ("example.test\\alice", None)]


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
@pytest.mark.parametrize("user, domain", SPELLINGS)
def test_password__in_each_spelling(shared_domain, env, package, user, domain):
    with log_on(shared_domain, env, package, user=user, domain=domain, password=PASSWORDS["alice"]) as client, our_server(package, env) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["package"] == "Kerberos" and (seen["proven_user"].lower(), seen["proven_domain"]) == ("alice", "EXAMPLE"), seen


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_attributes__are_the_pacs(shared_domain, env, package):
    tickets = {**env, "KRB5CCNAME": shared_domain.tickets("alice")["KRB5CCNAME"]}
    with (our_client(package, tickets, user=None, password=None, domain=None, spn=f"HTTP/{WEB}", flags=FLAGS) as client,
          our_server(package, env) as server):
        converse(client, server)
        seen = server.describe()
    assert seen["authority"] == REALM and seen["logoff"] == 2**63 - 1
    assert seen["user_flags"] & 0x20, "LOGON_EXTRA_SIDS: S-1-18-1 at least"
    assert 0 < (seen["password_expires"] - time.time() * 10**7) / 10**7 - 11644473600 < 43 * 86400, "the domain's 42 days, in local time"


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
@pytest.mark.parametrize("user", ["alice", "carol", "dave"])
def test_token__has_the_domains_sids_and_the_networks(shared_domain, env, sids, package, user):
    tickets = {**env, "KRB5CCNAME": shared_domain.tickets(user)["KRB5CCNAME"]}
    with (our_client(package, tickets, user=None, password=None, domain=None, spn=f"HTTP/{WEB}", flags=FLAGS) as client,
          our_server(package, env) as server):
        converse(client, server)
        seen = server.describe()
    sid, groups = sids[user]
    assert seen["token_user"] == sid and seen["token_level"] == 2
    assert {s for s in seen["token_groups"] if s.startswith("S-1-5-21-")} == groups
    assert {"S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-15"} <= set(seen["token_groups"])
    assert "S-1-5-64-10" not in seen["token_groups"] and len(seen["token_groups"]) == len(set(seen["token_groups"]))


@pytest.mark.parametrize("user", ["e.example@example.test", "erin@example.test"])
def test_password__a_user_principal_name_that_is_not_the_accounts(shared_domain, env, sids, user):
    with log_on(shared_domain, env, user=user, domain=None, password=shared_domain.users["erin"]) as client, our_server("Negotiate", env) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["package"] == "Kerberos" and seen["proven_user"] == "erin" and seen["proven_domain"] == "EXAMPLE", seen


@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("bob", PASSWORDS["bob"])], ids=["wrong", "disabled"])
def test_password__refused_by_the_domain(shared_domain, env, user, password):
    with log_on(shared_domain, env, user=user, domain="EXAMPLE", password=password) as client:
        expect_refusal("SEC_E_LOGON_DENIED", client.step, None)


@pytest.mark.parametrize("mech", ["krb5", "spnego"])
def test_mits_server__takes_our_client_with_a_pac(shared_domain, env, mech):
    package = {"krb5": "Kerberos", "spnego": "Negotiate"}[mech]
    with (log_on(shared_domain, env, package, user="dave", domain="EXAMPLE", password=shared_domain.users["dave"]) as client,
          gss("server", mech, env=env, flags=FLAGS, mechs="krb5") as server):
        converse(client, server)
        assert server.describe()["user"] == f"dave@{REALM}"


def test_a_key_of_another_password__refused(shared_domain, env, tmp_path):
    """A keytab with a key of the same name and version that is not the domain's."""
    keytab = tmp_path / "keytab"
    subprocess.run(["ktutil"], input=f"addent -password -p HTTP/{WEB}@{REALM} -k 2 -e aes256-cts-hmac-sha1-96\nwrong\nwkt {keytab}\n", text=True,
                   check=True, capture_output=True, env={**os.environ, "KRB5_CONFIG": str(shared_domain.krb5_conf)})
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[kerberos]\nreplay_cache = off\nkeytab = FILE:{keytab}\n", encoding="ascii")
    with (log_on(shared_domain, env, "Kerberos", user="alice", domain="EXAMPLE", password=PASSWORDS["alice"]) as client,
          our_server("Kerberos", {**env, "OPENSSPI_CONFIG": str(config)}) as server):
        expect_refusal("SEC_E_LOGON_DENIED", converse, client, server)


# --- Samba's own Kerberos, which is a Heimdal of later than 7.8 ---

@pytest.fixture
def samba(tmp_path):
    return samba_config(tmp_path, "EXAMPLE", f"realm = {REALM}\n")


@pytest.mark.parametrize("host", [WEB, OLD], ids=["aes", "rc4"])
@pytest.mark.parametrize("dce_style", [False, True], ids=["", "dce"])
def test_sambas_client__our_server(shared_domain, env, samba, monkeypatch, host, dce_style):
    tickets = shared_domain.tickets("carol")
    monkeypatch.setenv("KRB5_CONFIG", tickets["KRB5_CONFIG"])
    cache = tickets["KRB5CCNAME"].removeprefix("FILE:")
    flags = f"{FLAGS},dce-style" if dce_style else FLAGS
    with (Gensec(samba, "spnego", cache=cache, host=host, dce_style=dce_style) as client,
          our_server("Negotiate", env, flags=flags, stream="yes") as server):
        converse(client, server)
        seen = server.describe()
        assert (seen["proven_user"], seen["proven_domain"], seen["service_principal"]) == ("carol", "EXAMPLE", f"HTTP/{host}@{REALM}")
        assert ("dce-style" in seen["flags"]) == dce_style and seen["session_key"] == client.describe()["session_key"]
        exchange_messages(client, server, sealed=not dce_style)


@pytest.mark.parametrize("user", ["alice", "dave"])
def test_sambas_server__our_client(shared_domain, env, user):
    """ntlm_auth with the domain controller's own keys."""
    with (our_client("Negotiate", env, spn="HOST/dc1.example.test", user=user, domain="EXAMPLE", password=shared_domain.users[user], flags=FLAGS,
                     inside=lambda words: shared_domain.inside(*words)) as client,
          SambaServer(shared_domain.ntlm_auth(), "gss-spnego") as server):
        converse(client, server)
        assert "mutual" in client.describe()["flags"]
        assert server.describe()["user"] == f"EXAMPLE\\{user}"
