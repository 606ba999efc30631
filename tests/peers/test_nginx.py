# SPDX-License-Identifier: Apache-2.0
"""The real nginx before sspid's /auth: whose identity a request has that comes over a pooled connection."""
import base64
import itertools
import random
import subprocess
import sys
import threading
import time

import pytest

from conftest import ACCOUNTS, ROOT
from nginx import KEYS, SERIAL, UNIQUE, Nginx
from test_faults import der, spnego
from test_http_clients import OPENSSL_CONF

sys.path.append(str(ROOT / "tests/system"))
from test_sspid_http import Http, NtlmClient, authorization, challenges  # noqa: E402

USERS = {name: ACCOUNTS[name] for name in ("alice", "bob")}
CURL = ["curl", "--silent", "--show-error", "--noproxy", "*", "--insecure", "--max-time", "120", "--write-out", "%{http_code}\\n"]
AGE_TOLERANCE = 2  # seconds: PROXIED_AGE_TOLERANCE_S


@pytest.fixture
def behind(tmp_path, make_service):
    """Makes a service with these keys, and an nginx before it."""
    made = []

    def make(keys=(), kerberos=(), age=True, **nginx):
        known = {key: value for key, value in KEYS.items() if age or key != "connection_age_header"}
        service = make_service(kerberos=kerberos, listeners={"http": {"protocol": "http", **known, **dict(keys)}})
        folder = tmp_path / f"nginx{len(made)}"
        folder.mkdir(mode=0o755)
        made.append(Nginx(folder, service.address("http"), age=age, **nginx))
        return service, made[-1].start()

    yield make
    for nginx in made:
        nginx.stop()


class Client(Http):
    """A connection of a browser's with nginx, and the steps of a logon on it."""

    def __init__(self, nginx, user="nobody", password="", scheme="NTLM"):
        self.ntlm, self.user, self.scheme = NtlmClient(user, password), user, scheme
        super().__init__(nginx)

    def first(self):
        """Asks for a page as nobody."""
        answer = self.get("/")
        assert answer[0] == 401, answer

    def negotiate(self):
        answer = self.get("/", authorization(self.scheme, self.ntlm.negotiate()))
        assert answer[0] == 401 and challenges(answer)[0].startswith(self.scheme + " "), answer
        self.challenge = base64.b64decode(challenges(answer)[0].split()[1])

    def authenticate(self):
        assert self.page(authorization(self.scheme, self.ntlm.authenticate(self.challenge))) == self.user

    def again(self):
        assert self.page() == self.user

    def page(self, *fields):
        """Whom the application was told of; or the status of a refusal."""
        status, _, body = self.get("/", *fields)
        return body.decode().split("|")[0] if status == 200 else status


class Address:
    """nginx, as Http sees a service."""

    def __init__(self, nginx):
        self.nginx = nginx

    def address(self, _listener):
        return f"127.0.0.1:{self.nginx.http}"


def client(nginx, user="nobody", scheme="NTLM", password=None):
    return Client(Address(nginx), user, USERS.get(user, "") if password is None else password, scheme)


def logons(service, count):
    """The events 4624, of which there have to be so many."""
    service.wait_for(lambda: len(service.events(4624)) >= count, f"{count} events")
    granted = service.events(4624)
    assert len(granted) == count
    return granted


NTLM, NEGOEX = "1.3.6.1.4.1.311.2.2.10", "1.3.6.1.4.1.311.2.2.30"
STEPS = ("first", "negotiate", "authenticate", "again")


def in_every_order(connect):
    """The four steps of alice and of bob, interleaved in all 70 ways, each time on new connections: connect(user)."""
    for order in itertools.combinations(range(2 * len(STEPS)), len(STEPS)):
        alice, bob = connect("alice"), connect("bob")
        steps = {alice: iter(STEPS), bob: iter(STEPS)}
        for turn in range(2 * len(STEPS)):
            who = alice if turn in order else bob
            getattr(who, next(steps[who]))()
        alice.socket.close()
        bob.socket.close()


def test_two_users_over_one_connection_in_every_order(behind):
    """Over one upstream connection."""
    service, nginx = behind(keepalive=1, workers=1)
    in_every_order(lambda user: client(nginx, user))
    granted = logons(service, 140)
    assert not service.events(4625)
    assert len({event["IpPort"] for event in granted}) == 1, "they were to share nginx's connection"


@pytest.mark.parametrize("workers, keepalive", [(1, 1), (2, 4)])
def test_many_clients_in_random_orders(behind, workers, keepalive):
    """Eight connections of two users and nobody, step by step as it comes, also over more loops and workers."""
    service, nginx = behind(workers=workers, keepalive=keepalive)
    dice = random.Random(1)
    for _ in range(10):
        clients = [client(nginx, user, scheme) for user in USERS for scheme in ("NTLM", "Negotiate")] * 1
        clients += [client(nginx, user, scheme) for user in USERS for scheme in ("NTLM", "Negotiate")]
        nobody = client(nginx)
        todo = [(c, iter(STEPS + ("again",) * 3)) for c in clients]
        while todo:
            c, steps = dice.choice(todo)
            step = next(steps, None)
            if step is None:
                todo.remove((c, steps))
            else:
                getattr(c, step)()
            if dice.random() < 0.2:
                nobody.first()
        for c in clients + [nobody]:
            c.socket.close()
    logons(service, 80)


def test_clients_at_once(behind):
    """The same from threads: requests meet within sspid."""
    _, nginx = behind(workers=2, keepalive=3)
    wrong = []

    def run(user, scheme):
        try:
            for _ in range(15):
                c = client(nginx, user, scheme)
                for step in STEPS + ("again",) * 3:
                    getattr(c, step)()
                c.socket.close()
        except Exception as e:  # pylint: disable=broad-except
            wrong.append((user, e))

    threads = [threading.Thread(target=run, args=(user, scheme)) for user in USERS for scheme in ("NTLM", "Negotiate")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


REQUESTS = """
import sys, requests, requests_ntlm
url, user, password, other, other_password = sys.argv[1:]
with requests.Session() as a, requests.Session() as b:
    a.auth, b.auth = requests_ntlm.HttpNtlmAuth(user, password), requests_ntlm.HttpNtlmAuth(other, other_password)
    for _ in range(5):
        print(a.get(url, timeout=60).text.split("|")[0], b.get(url, timeout=60).text.split("|")[0])
"""


def test_requests_ntlm__two_sessions(behind, tmp_path):
    service, nginx = behind()
    args = [part for user in USERS.items() for part in user]
    (tmp_path / "openssl.cnf").write_text(OPENSSL_CONF, encoding="ascii")
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, nginx.url(), *args], capture_output=True, text=True, timeout=60,
                          env=service.environment(OPENSSL_CONF=str(tmp_path / "openssl.cnf")))
    assert done.stdout.splitlines() == ["alice bob"] * 5, done.stdout + done.stderr


def curl(*args):
    """The lines of the answers' bodies and statuses."""
    done = subprocess.run([*CURL, *args], capture_output=True, text=True, timeout=60)
    return [line.split("|")[0] for line in done.stdout.splitlines()]


def test_curl__two_users_in_turn(behind):
    _, nginx = behind()
    for _ in range(5):
        for user, password in USERS.items():
            assert curl("--ntlm", "-u", f"{user}:{password}", nginx.url(), nginx.url()) == [user, "200"] * 2
        assert curl(nginx.url())[-1] == "401"
        assert curl("--ntlm", "-u", "alice:wrong", nginx.url())[-1] == "401"


def test_a_client_s_own_header_is_not_its_connection_s_name(behind):
    """nginx sets it anew, and so with Remote-User."""
    _, nginx = behind(name=SERIAL, age=False)
    alice = client(nginx, "alice")
    for step in STEPS:
        getattr(alice, step)()
    for number in range(1, 20):
        thief = client(nginx)
        assert thief.page(f"X-Connection: {number}", "Remote-User: alice") == 401
        thief.socket.close()
    alice.again()


@pytest.mark.parametrize("name, age", [(SERIAL, True), (UNIQUE, False), (UNIQUE, True), (SERIAL, False)],
                         ids=["serial-and-age", "unique", "unique-and-age", "serial-alone"])
def test_a_name_that_comes_again_hands_over_nothing(behind, name, age):
    """nginx counts connections from 1 at each start. With the number alone the next client would be alice: the documentation says so."""
    _, nginx = behind(name=name, age=age)
    alice = client(nginx, "alice")
    for step in STEPS:
        getattr(alice, step)()
    nginx.stop()
    time.sleep(AGE_TOLERANCE + 1)
    nginx.start()
    pages = {client(nginx).page() for _ in range(20)}
    assert pages == {401} if (name, age) != (SERIAL, False) else "alice" in pages


def test_an_identity_is_forgotten_when_idle(behind):
    """Also where nobody comes any more: the event log tells that the logon is over."""
    service, nginx = behind(keys={"connection_idle": "1", "client_header": "X-Real-IP"})
    alice = client(nginx, "alice")
    alice.negotiate()
    alice.authenticate()
    over = service.wait_for(lambda: service.events(4634), "event 4634")[0]
    assert over["TargetUserName"] == "alice" and over["IpAddress"] == "127.0.0.1" and over["IpPort"] == 0
    assert alice.page() == 401


# --- Kerberos, passwords, and those who need not log on ---

REALM_USERS = ("alice", "carol")


def negotiate(realm, nginx, user, *more):
    done = subprocess.run([*CURL, "--negotiate", "-u", ":", *more, nginx.url(host="localhost")], capture_output=True, text=True, timeout=60,
                          env=realm.environment(realm.ticket(user)))
    return [line.split("|")[0] for line in done.stdout.splitlines()]


@pytest.fixture
def kerberos(shared_realm, seen_tickets, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(shared_realm.folder / "krb5.conf"))
    return {"keytab": f"FILE:{shared_realm.keytab}", "replay_cache": f"shared:{seen_tickets}"}


@pytest.mark.parametrize("keys", [{}, {"connection_header": "X-None"}], ids=["named", "each-alone"])
def test_kerberos__two_users_in_turn(behind, shared_realm, kerberos, keys):
    """One token proves one request, with connections' names and without."""
    age = not keys
    service, nginx = behind(keys=keys, kerberos=kerberos, age=age)
    for _ in range(3):
        for user in REALM_USERS:
            assert negotiate(shared_realm, nginx, user) == [user, "200"]
        assert curl(nginx.url(host="localhost"))[-1] == "401"
    granted = logons(service, 6)
    assert [event["TargetUserName"] for event in granted] == list(REALM_USERS) * 3 and not service.events(4625)
    assert len({event["IpPort"] for event in granted}) == 1, "they were to share nginx's connection"


def test_kerberos__the_server_s_proof_reaches_the_client(behind, shared_realm, kerberos):
    """auth_request_set and add_header carry the AP-REP."""
    _, nginx = behind(kerberos=kerberos)
    done = subprocess.run(["/usr/bin/python3", "-c", "import sys, requests, requests_kerberos as r\n"
                           "print(requests.get(sys.argv[1], timeout=60, auth=r.HTTPKerberosAuth(mutual_authentication=r.REQUIRED)).text)",
                           nginx.url(host="localhost")], capture_output=True, text=True, timeout=60,
                          env=shared_realm.environment(shared_realm.ticket("alice")))
    assert done.stdout.startswith("alice|yes"), done.stdout + done.stderr


@pytest.mark.parametrize("size", [12000, 48000, 65536])
def test_large_tokens_pass(behind, size):
    """Up to max_token, in large_client_header_buffers; and what is beyond is told as such."""
    service, nginx = behind()
    c = client(nginx)
    assert c.page(authorization("Negotiate", b"x" * size)) == 401
    assert "longer than max_token" not in service.wait_for(lambda: service.events(4625), "an event")[0]["reason"]


def test_spnego_of_several_legs(behind):
    """A client that begins with a mechanism that is not here (NegoEx) goes on with another."""
    _, nginx = behind()
    c = client(nginx, "alice")
    first = spnego(b"NEGOEXTS" + bytes(88), NEGOEX, NTLM)
    answer = c.get("/", authorization("Negotiate", first))
    assert answer[0] == 401 and challenges(answer)[0].startswith("Negotiate "), answer
    chosen = base64.b64decode(challenges(answer)[0].split()[1])
    assert bytes.fromhex("060a2b06010401823702020a") in chosen
    token = c.ntlm.negotiate()
    answer = c.get("/", authorization("Negotiate", der(0xA1, der(0x30, der(0xA2, der(0x04, token))))))
    assert answer[0] == 401 and b"NTLMSSP\0\2" in base64.b64decode(challenges(answer)[0].split()[1]), answer


def test_optional(behind):
    """Who says nothing passes as nobody, who fails does not."""
    _, nginx = behind(keys={"require": "optional"})
    c = client(nginx, "alice")
    assert c.get("/")[2] == b"|no||\n"
    assert c.page("Remote-User: alice") == ""
    assert c.page("Authorization: Negotiate !!!") == 401
    assert c.page(authorization("Negotiate", b"nonsense")) == 401
    assert c.page() == ""
    c.negotiate()
    c.authenticate()
    c.again()
    assert client(nginx, "bob").page() == ""


def test_basic__behind_tls_alone(behind):
    service, nginx = behind(keys={"basic": "yes", "realm": "The house"})
    for user in ("alice", "WORKGROUP\\alice", "alice@example.test"):
        assert curl("--basic", "-u", f"{user}:{USERS['alice']}", nginx.url(scheme="https")) == ["alice", "200"]
    assert curl("--basic", "-u", "alice:wrong", nginx.url(scheme="https"))[-1] == "401"
    assert curl("--basic", "-u", f"alice:{USERS['alice']}", nginx.url())[-1] == "401"
    assert curl("--basic", "-u", f"alice:{USERS['alice']}", "-H", "X-Forwarded-Proto: https", nginx.url())[-1] == "401"
    assert curl(nginx.url(scheme="https"))[-1] == "401"
    assert {event["LogonType"] for event in logons(service, 3)} == {8}
    refused = service.wait_for(lambda: service.events(4625), "an event")
    assert [event["SubStatus"] for event in refused] == ["0xc000006a"] and refused[0]["LogonType"] == 8


@pytest.mark.parametrize("limit, kept", [(2048, 40), (99, 10), (98, 9)])
def test_groups(behind, limit, kept):
    service, nginx = behind(keys={"max_remote_groups": str(limit)})
    names = [f"group-{n:03}" for n in range(40)]
    for name in names:
        service.ctl("account", "modify", "alice", "--group", name)
    c = client(nginx, "alice")
    for step in STEPS:
        getattr(c, step)()
    _, _, groups, cut = c.get("/")[2].decode().strip().split("|")
    assert len(groups.split(",")) == kept and set(groups.split(",")) <= set(names)
    assert cut == ("" if kept == 40 else str(40 - kept))
    assert ("max_remote_groups" in service.log.read_text()) == (kept < 40)
