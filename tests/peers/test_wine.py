# SPDX-License-Identifier: Apache-2.0
"""The programs in examples/, compiled for Windows and run under Wine, with those compiled for this system: both ways, with sealed and with
signed messages. Where Wine lacks something, it is shown by Wine with Wine."""
import re
import subprocess
import tempfile
import time

import pytest

from ad_domain import PASSWORDS
from conftest import ACCOUNTS, everything, run_apart
from ends import DOMAIN
from mit_realm import MitRealm
from wine import Here, lone_samba

SPN, HOST = "HTTP/web1.example.test", "localhost"
PATIENCE = 150
GREETING = "message: This is your server speaking"


@pytest.fixture
def wine(shared_wine):
    return shared_wine


@pytest.fixture(scope="module")
def samba(tmp_path_factory):
    return lone_samba(tmp_path_factory.mktemp("samba"))


class Pair:
    """One server and one client, until both have ended."""

    def __init__(self, server, client, server_env=None, client_env=None, stdin=""):
        """server, client: (Wine or Here, program, arguments). What they say goes to files: Wine's services write there too, whenever they like, and
        would hold a pipe open."""
        where, name, *arguments = server
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as troubles:
            process = subprocess.Popen(where.command(name, 0, *arguments), env=where.environment(server_env), stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=troubles)
            try:
                where, name, options, arguments = client
                port = self.port(process, said, troubles)
                done = run_apart(where.command(name, *options, "127.0.0.1", port, *arguments), env=where.environment(client_env), input=stdin.encode(),
                                 timeout=PATIENCE)
                killed = self.wait(process)
            finally:
                process.kill()
                process.wait()
            self.server_said = everything(said) + killed + everything(troubles)
        self.client_said = done.stdout + done.stderr
        self.ended = process.returncode, done.returncode
        self.all = f"{self.ended}\nserver: {self.server_said}\nclient: {self.client_said}"

    @staticmethod
    def port(process, said, troubles):
        """Where it listens, once it does."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            ended = process.poll() is not None
            if found := re.match(r"listening on 127\.0\.0\.1:(\d+)\n", everything(said)):
                return found.group(1)
            assert not ended, f"the server ended with {process.returncode}: {everything(said)}{everything(troubles)}"
            time.sleep(0.02)
        raise AssertionError(f"the server does not listen: {everything(said)}{everything(troubles)}")

    @staticmethod
    def wait(process):
        """Where a client never came to the server, that has to be killed."""
        try:
            process.wait(60)
            return ""
        except subprocess.TimeoutExpired:
            process.kill()
            return "killed\n"


def ntlm(server, client, library, package="NTLM", user="alice", password=None):
    """sspi-server and sspi-client, with a password."""
    return Pair((server, "sspi-server", package), (client, "sspi-client", ("-p", package), (SPN, DOMAIN, user)), library, library,
                (ACCOUNTS["alice"] if password is None else password) + "\n")


# --- NTLM ------------------------------------------------------------------------------------

@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_ntlm__our_server_seals_to_wines_client(wine, samba, library, package):
    """Wine's Negotiate without a ticket is NTLM's bare tokens."""
    wine.samba(samba)
    pair = ntlm(Here, wine, library, package)
    assert pair.ended == (0, 0), pair.all
    assert f"client: {DOMAIN}\\alice" in pair.server_said or re.search(r"client: \w+\\alice", pair.server_said), pair.all
    assert GREETING in pair.client_said and "package: NTLM" in pair.client_said, pair.all


@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", None)])
def test_ntlm__our_server_refuses_wines_client(wine, samba, library, user, password):
    wine.samba(samba)
    pair = ntlm(Here, wine, library, user=user, password=password)
    assert pair.ended == (1, 1) and "AcceptSecurityContext: 0x8009030C" in pair.server_said and GREETING not in pair.client_said, pair.all


@pytest.mark.parametrize("ours", [True, False], ids=["our-client", "wines-client"])
def test_ntlm__wines_server_does_not_seal(wine, samba, library, ours):
    """It authenticates, and what it seals then nobody can open: its own client cannot either."""
    wine.samba(samba)
    pair = ntlm(wine, Here if ours else wine, library)
    assert pair.ended == (0, 1) and "client: authenticated" in pair.server_said, pair.all
    assert "package: NTLM" in pair.client_said and "DecryptMessage: 0x8009030F" in pair.client_said, pair.all


def test_ntlm__wines_server_refuses_our_client(wine, samba, library):
    wine.samba(samba)
    pair = ntlm(wine, Here, library, password="wrong")
    assert pair.ended == (1, 1) and "AcceptSecurityContext: 0x8009030C" in pair.server_said, pair.all


@pytest.mark.parametrize("ours", [True, False], ids=["our-server", "wines-server"])
def test_ntlm__a_server_that_waits_for_events(wine, samba, library, ours):
    """What Wine's server seals nobody can open; it authenticates."""
    wine.samba(samba)
    pair = Pair((Here if ours else wine, "event-server", 1, "NTLM"), (wine if ours else Here, "sspi-client", ("-p", "NTLM"), (SPN, DOMAIN, "alice")),
                library, library, ACCOUNTS["alice"] + "\n")
    assert pair.ended == (0, 0 if ours else 1) and "client authenticated" in pair.server_said, pair.all
    assert (GREETING if ours else "DecryptMessage: 0x8009030F") in pair.client_said, pair.all


def of_domain(shared_domain):
    """Its ntlm_auth, by a path: PATH leads to what Wine is given in its place."""
    return shared_domain.inside("/usr/bin/ntlm_auth", f"--configfile={shared_domain.config}")


def test_ntlm__wines_server_and_a_domain(wine, shared_domain, library):
    """winbindd has the domain's controller prove the response."""
    wine.samba(*of_domain(shared_domain))
    password = PASSWORDS["alice"]
    for given, ended in ((password, (0, 1)), ("wrong", (1, 1))):
        pair = Pair((wine, "sspi-server", "NTLM"), (Here, "sspi-client", ("-p", "NTLM"), (SPN, shared_domain.name, "alice")), library, library,
                    given + "\n")
        assert pair.ended == ended and ("client: authenticated" in pair.server_said) == (ended == (0, 1)), pair.all


def test_ntlm__wines_client_with_what_winbindd_remembers(wine, shared_domain, library):
    """No password: --use-cached-creds. The name is the Unix user's."""
    save = ("wbinfo", f"--ccache-save={shared_domain.name}\\alice%{PASSWORDS['alice']}")
    subprocess.run(shared_domain.inside("env", f"SMB_CONF_PATH={shared_domain.config}", *save), check=True,
                   capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    wine.samba(*of_domain(shared_domain))
    pair = Pair((Here, "sspi-server", "NTLM"), (wine, "sspi-client", ("-p", "NTLM"), (SPN,)), library, {**library, "USER": "alice"})
    assert pair.ended == (0, 0) and GREETING in pair.client_said, pair.all


# --- Kerberos --------------------------------------------------------------------------------

SCP = f"ADSockAuth/{HOST}/CN=SockAuthAD,CN=WEB1,CN=Computers,DC=example,DC=test"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    """A realm that knows the examples' services, which accept with its keytab."""
    made = MitRealm(tmp_path_factory.mktemp("realm"))
    try:
        made.start().add_user("alice", ACCOUNTS["alice"])
        made.add_service(f"HTTP/{HOST}")
        made.admin(f'addprinc -randkey "{SCP}"')
        made.admin(f'ktadd -norandkey -k {made.keytab} "{SCP}"')
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def ticket(realm, library):
    """What a program needs to log on as alice, with her ticket; and, in another one, to be the service."""
    return realm.environment(realm.ticket("alice"), **library)


@pytest.fixture(scope="module")
def service(realm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kerberos")
    folder.chmod(0o700)
    config = folder / "opensspi.conf"
    config.write_text(f"[kerberos]\nreplay_cache = off\nkeytab = FILE:{realm.keytab}\n", encoding="ascii")
    return realm.environment(OPENSSPI_CONFIG=str(config))


def sealed(server, client, service, ticket, package="Kerberos", options=("-d",)):
    return Pair((server, "sspi-server", package), (client, "sspi-client", ("-p", package, *options), (f"HTTP/{HOST}",)), service, ticket)


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_kerberos__our_server_seals_to_wines_client(wine, service, ticket, package):
    pair = sealed(Here, wine, service, ticket, package)
    assert pair.ended == (0, 0), pair.all
    assert "client: EXAMPLE.ORG\\alice" in pair.server_said and GREETING in pair.client_said and "package: Kerberos" in pair.client_said, pair.all


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_kerberos__wines_server_seals_to_our_client(wine, service, ticket, package):
    pair = sealed(wine, Here, service, ticket, package)
    assert pair.ended == (0, 0), pair.all
    assert GREETING in pair.client_said and "package: Kerberos" in pair.client_said, pair.all


def test_kerberos__wines_client_with_a_password(wine, realm, service, library, tmp_path):
    """Which Wine puts into the default cache."""
    env = realm.environment(tmp_path / "cache", **library)
    pair = Pair((Here, "sspi-server", "Kerberos"), (wine, "sspi-client", ("-p", "Kerberos", "-d"), (f"HTTP/{HOST}", realm.name, "alice")), service, env,
                ACCOUNTS["alice"] + "\n")
    assert pair.ended == (0, 0) and GREETING in pair.client_said, pair.all


def test_kerberos__wine_with_wine(wine, service, ticket):
    pair = sealed(wine, wine, service, ticket)
    assert pair.ended == (0, 0) and GREETING in pair.client_said, pair.all


@pytest.mark.parametrize("ours", [True, False], ids=["our-client", "wines-client"])
def test_kerberos__wines_server_seals_in_dce_style_alone(wine, service, ticket, ours):
    """Otherwise its own SECPKG_ATTR_SIZES are too small for its own messages, of AES keys."""
    pair = sealed(wine, Here if ours else wine, service, ticket, options=())
    assert pair.ended == (1, 1) and "EncryptMessage: 0x80090321" in pair.server_said, pair.all


def test_kerberos__wines_client_opens_in_dce_style_alone(wine, service, ticket):
    """Otherwise it puts the token behind the data, before the data being where Windows has it ([MS-KILE] 3.4.5.4)."""
    pair = sealed(Here, wine, service, ticket, options=())
    assert pair.ended == (0, 1) and "DecryptMessage: " in pair.client_said and GREETING not in pair.client_said, pair.all


@pytest.mark.parametrize("server_text", ["", "-w"])
def test_sockauth__our_server_and_wines_client(wine, service, ticket, server_text):
    """Mutual, with Negotiate, and a signed message."""
    pair = Pair((Here, "sockauth-server" + server_text), (wine, "sockauth-client-w", (), (HOST,)), service, ticket)
    assert pair.ended == (0, 0), pair.all
    assert "message: signed by the client" in pair.server_said and "client: EXAMPLE.ORG\\alice" in pair.server_said, pair.all
    assert f"authenticated to {SCP}" in pair.client_said, pair.all


@pytest.mark.parametrize("server_text", ["", "-w"])
@pytest.mark.parametrize("client_text", ["", "-w"])
def test_sockauth__wines_server_and_our_client(wine, service, ticket, server_text, client_text):
    pair = Pair((wine, "sockauth-server" + server_text), (Here, "sockauth-client" + client_text, (), (HOST,)), service, ticket)
    assert pair.ended == (0, 0), pair.all
    assert "message: signed by the client" in pair.server_said and f"authenticated to {SCP}" in pair.client_said, pair.all
