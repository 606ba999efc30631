# SPDX-License-Identifier: Apache-2.0
"""A client whose every leg is in a process of its own, with gss-ntlmssp, MIT's GSSAPI and Heimdal's on the other side: what goes from one
process to the next is what ExportSecurityContext gives, and the credential is each process's own."""
import pytest

from ends import ALL_FLAGS, DOMAIN, PASSWORD, USER, End, converse, encode, exchange_messages, expect_refusal, gss, gss_environment, our_client, our_server

HOST = "localhost"
MUTUAL = f"mutual,{ALL_FLAGS}"


class Moved(End):
    """make: begins a process. It ends when the next one has what it left."""

    def __init__(self, make):
        self.make, self.process, self.moves = make, make(), 0

    def move(self):
        packed = self.process.message("export")
        self.process.close()
        self.process = self.make()
        self.process.ask("import", encode(packed))
        self.moves += 1

    def step(self, token):
        answer = self.process.step(token)
        self.done = self.process.done
        self.move()
        return answer

    def __getattr__(self, name):
        return getattr(self.process, name)

    def close(self):
        self.process.close()


@pytest.fixture
def places(tmp_path):
    """Where the processes leave things for each other: the lines of a configuration."""
    tmp_path.chmod(0o700)
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[kerberos]\nreplay_cache = off\n[export]\nkey_file = {tmp_path}/key\nspent_file = {tmp_path}/spent\n", encoding="ascii")
    return {"OPENSSPI_CONFIG": str(config)}


@pytest.mark.parametrize("package, mech", [("NTLM", "ntlm"), ("Negotiate", "spnego")], ids=["raw", "spnego"])
def test_ntlm__with_gss_ntlmssp(places, tmp_path, package, mech):
    with Moved(lambda: our_client(package, places)) as client, gss("server", mech, env=gss_environment(tmp_path)) as server:
        converse(client, server)
        seen = server.describe()
        assert seen["user"].rstrip("\0") == f"{DOMAIN}\\{USER}" and seen["session_key"] == client.describe()["session_key"]
        assert client.moves >= 2
        exchange_messages(client, server)
        client.move()
        exchange_messages(client, server)


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_ntlm__who_else_takes_it_up__is_refused(places, tmp_path, package):
    accounts = iter([(USER, PASSWORD), ("bob", PASSWORD)])

    def make():
        user, password = next(accounts)
        return our_client(package, places, user=user, password=password)

    mech = "ntlm" if package == "NTLM" else "spnego"
    with Moved(make) as client, gss("server", mech, env=gss_environment(tmp_path)) as server:
        challenge = server.step(client.step(None))
        expect_refusal("SEC_E_UNKNOWN_CREDENTIALS", client.process.step, challenge)


@pytest.mark.parametrize("peer", ["gss_peer", "heimdal_peer"], ids=["mit", "heimdal"])
@pytest.mark.parametrize("package, mech", [("Kerberos", "krb5"), ("Negotiate", "spnego")], ids=["raw", "spnego"])
def test_kerberos__with_mit_and_heimdal(shared_realm, places, peer, package, mech):
    env = {**shared_realm.environment(shared_realm.ticket(USER)), **places}
    with (Moved(lambda: our_client(package, env, user=None, password=None, domain=None, spn=f"HTTP/{HOST}", flags=MUTUAL)) as client,
          gss("server", mech, name=peer, env=env, mechs="krb5") as server):
        converse(client, server)
        assert server.describe()["user"] == f"{USER}@EXAMPLE.ORG"
        assert server.describe()["session_key"] == client.describe()["session_key"]
        assert client.moves >= 2
        exchange_messages(client, server)
        client.move()
        exchange_messages(client, server)


def test_user_to_user__gets_its_ticket_where_it_came_to(shared_realm, places):
    """The KDC is asked by the second process: the first had no ticket yet."""
    client_env = {**shared_realm.environment(shared_realm.ticket(USER)), **places}
    server_env = {**shared_realm.environment(shared_realm.ticket("carol")), **places}
    with (Moved(lambda: our_client("Kerberos", client_env, user=None, password=None, domain=None, spn="carol@EXAMPLE.ORG",
                                   flags=f"{MUTUAL},user-to-user")) as client,
          our_server("Kerberos", server_env, flags="user-to-user") as server):
        converse(client, server)
        assert server.describe()["proven_user"] == USER and client.moves == 3
        exchange_messages(client, server)
