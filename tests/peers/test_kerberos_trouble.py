# SPDX-License-Identifier: Apache-2.0
"""Kerberos when not all is well: a KDC that is down, that never answers or talks nonsense; clocks that differ, and which of the peers gets
over it; keys that change while sspid serves."""
import base64
import contextlib
import http.client
import json
import re
import socket
import subprocess
import threading

import pytest

from conftest import ACCOUNTS, PATIENCE, free_port, program
from ends import Lines, Refused, converse, expect_refusal, gss, our_client, our_server
from mit_realm import MitRealm

USER, REALM = "alice", "EXAMPLE.ORG"
FLAGS = "mutual,integrity,confidentiality,replay,sequence"
LISTENERS = {"http": {"protocol": "http", "backend": "whoami"}, "whoami": {"protocol": "framed", "backend": "whoami"}}


def port(service, listener):
    return service.address(listener).rsplit(":", 1)[1]


def curl(service, environment, host="localhost", before=()):
    done = subprocess.run([*before, "curl", "-sS", "--noproxy", "*", "--max-time", "120", "--resolve", f"{host}:{port(service, 'http')}:127.0.0.1",
                           "--negotiate", "-u", ":", "-w", "\n%{http_code}", f"http://{host}:{port(service, 'http')}/whoami"],
                          capture_output=True, text=True, timeout=60, env=environment)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.fixture
def serve(shared_realm, make_service, seen_tickets, monkeypatch):
    def make(keytab=None, krb5_conf=None, **more):
        monkeypatch.setenv("KRB5_CONFIG", str(krb5_conf or shared_realm.folder / "krb5.conf"))
        keys = {"keytab": f"FILE:{keytab or shared_realm.keytab}", "replay_cache": f"shared:{seen_tickets}"}
        return make_service(listeners=LISTENERS, kerberos=keys, **more)

    return make


@pytest.fixture
def env(shared_realm, tmp_path):
    """A client's and a server's, for whom nothing comes twice: a cache of the test's own, with a ticket to the service in it."""
    tmp_path.chmod(0o700)
    config = tmp_path / "opensspi.conf"
    config.write_text("[kerberos]\nreplay_cache = off\n", encoding="ascii")
    cache = tmp_path / "cache"
    shared_realm.run("kinit", "-c", f"FILE:{cache}", USER, stdin=shared_realm.passwords[USER] + "\n")
    shared_realm.run("kvno", "-c", f"FILE:{cache}", "HTTP/localhost")
    return {**shared_realm.environment(cache), "OPENSSPI_CONFIG": str(config)}


# --- the KDC ---

class OtherKdc:
    """One that takes whatever comes and answers nothing, or nonsense."""

    def __init__(self, answer=None):
        self.answer, self.asked = answer, threading.Event()
        self.tcp = socket.socket()
        self.tcp.bind(("127.0.0.1", free_port()))  # which nobody else gets when it is closed
        self.tcp.listen()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        self.taken = []
        for serve in (self.serve_tcp, self.serve_udp):
            threading.Thread(target=serve, daemon=True).start()

    def serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                self.taken.append(connection)
                self.asked.set()
                if self.answer:
                    connection.recv(65536)
                    connection.sendall(len(self.answer).to_bytes(4, "big") + self.answer)

    def serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                data, peer = self.udp.recvfrom(65536)
                if not data:  # shut down
                    return
                self.asked.set()
                if self.answer:
                    self.udp.sendto(self.answer, peer)

    def configure(self, realm, path):
        text = (realm.folder / "krb5.conf").read_text(encoding="ascii")
        path.write_text(re.sub(r"kdc = \S+", f"kdc = 127.0.0.1:{self.tcp.getsockname()[1]}", text), encoding="ascii")
        return path

    def stop(self):
        for s in (self.udp, self.tcp, *self.taken):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


@pytest.fixture
def other_kdc():
    made = []

    def make(*args):
        made.append(OtherKdc(*args))
        return made[-1]

    yield make
    for kdc in made:
        kdc.stop()


def test_kdc_silent__an_acceptor_asks_it_nothing(serve, shared_realm, other_kdc, env, tmp_path):
    kdc = other_kdc()
    service = serve(krb5_conf=kdc.configure(shared_realm, tmp_path / "silent.conf"))
    assert curl(service, env)[0] == 200
    assert not kdc.asked.is_set()


def test_kdc_silent__who_waits_for_it_holds_up_nobody(shared_realm, other_kdc, env, tmp_path):
    """In one process: twenty handshakes while a thread waits for the KDC; it comes to its end when the KDC is gone."""
    kdc = other_kdc()
    conf = kdc.configure(shared_realm, tmp_path / "silent.conf")
    lines = Lines([program("stall_peer"), "HTTP/localhost", "carol", REALM, shared_realm.passwords["carol"]], env={**env, "KRB5_CONFIG": str(conf)})
    assert kdc.asked.wait(PATIENCE)
    assert lines.ask("go") == "ok waiting"
    assert lines.ask("go") == "ok waiting"
    kdc.stop()
    out, _ = lines.process.communicate(timeout=60)
    assert out.startswith(b"SEC_E_NO_AUTHENTICATING_AUTHORITY "), out


def connect(service, env, *options, user="alice", password=ACCOUNTS["alice"], before=(), **more):
    words = ["--user", user, "--password-stdin"] if user else []
    return subprocess.run([*before, program("sspi-connect"), "-v", *words, *options, f"localhost:{port(service, 'whoami')}"],
                          input=f"{password}\n" if user else "", capture_output=True, text=True, timeout=300,
                          env={**env, "OPENSSPI_CONFIG": str(service.config), **more})


@pytest.mark.parametrize("answer", [None, b"\x7e\x82\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["down", "cut", "http"])
def test_kdc_of_no_use__ntlm_instead_and_told(serve, shared_realm, other_kdc, tmp_path, answer):
    service = serve()
    kdc = other_kdc(answer)
    conf = kdc.configure(shared_realm, tmp_path / "other.conf")
    if answer is None:
        kdc.stop()
    done = connect(service, shared_realm.environment(KRB5_CONFIG=str(conf)))
    assert done.returncode == 0, done.stderr
    assert "not Kerberos: SEC_E_NO_AUTHENTICATING_AUTHORITY" in done.stderr and "authenticated with NTLM" in done.stderr, done.stderr
    assert json.loads(done.stdout)["package"] == "NTLM"


def test_kdc_down__who_has_the_ticket_does_not_notice(serve, shared_realm, other_kdc, env, tmp_path):
    service = serve()
    kdc = other_kdc()
    conf = kdc.configure(shared_realm, tmp_path / "down.conf")
    kdc.stop()
    done = connect(service, env, "--spn", "HTTP/localhost", user=None, KRB5_CONFIG=str(conf))
    assert done.returncode == 0 and "authenticated with Kerberos" in done.stderr, done.stderr
    assert curl(service, {**env, "KRB5_CONFIG": str(conf)})[0] == 200


# --- clocks ---

AHEAD, BEHIND = ("faketime", "-f", "+20m"), ("faketime", "-f", "-20m")
CLOCKS = pytest.mark.parametrize("clock", [AHEAD, BEHIND], ids=["ahead", "behind"])


def with_clock(clock):
    return lambda words: [*clock, *map(str, words)]


def our_initiator(package, env, clock=(), **more):
    return our_client(package, env, user=None, password=None, domain=None, spn="HTTP/localhost", flags=FLAGS, inside=with_clock(clock), **more)


def told(server, token):
    """What a server that refuses a token tells the client."""
    with pytest.raises(Refused) as refusal:
        server.step(token)
    return refusal.value


@CLOCKS
@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_clock__our_client_at_our_server(env, clock, package):
    """A refused context is over here (decision 0018): both sides say that it is the clock."""
    with our_initiator(package, env, clock) as client, our_server(package, env, flags="mutual,extended-error") as server:
        refusal = told(server, client.step(None))
        assert refusal.status == "SEC_E_TIME_SKEW" and "clock" in refusal.reason
        expect_refusal("SEC_E_TIME_SKEW", client.step, refusal.token)


@CLOCKS
def test_clock__our_client_at_mits_server(env, clock):
    with our_initiator("Kerberos", env, clock) as client, gss("server", "krb5", env=env) as server:
        expect_refusal("SEC_E_TIME_SKEW", client.step, told(server, client.step(None)).token)


@CLOCKS
def test_clock__our_client_gets_over_it_at_heimdals_server(env, clock):
    """Which sends its time as Windows does, and waits for another AP-REQ in the same context."""
    with our_initiator("Kerberos", env, clock, stream="yes") as client, gss("server", "krb5", name="heimdal_peer", env=env, flags=FLAGS) as server:
        tokens = converse(client, server)
        assert len(tokens) == 4 and server.describe()["user"] == f"{USER}@{REALM}"
        assert server.unseal(client.seal(b"message")) == b"message" and client.unseal(server.seal(b"answer")) == b"answer"


def test_clock__curl_at_sspid(serve, env):
    """With a clock that is behind, MIT's library finds its own tickets to be of the future and sends nothing."""
    service = serve(policy={"ntlm": "deny"})
    assert curl(service, env, before=BEHIND)[0] == 401
    assert service.wait_for(lambda: service.events(4625), "event 4625")[-1]["status_name"] == "SEC_E_NO_CREDENTIALS"
    assert curl(service, env, before=AHEAD)[0] == 401
    event = service.wait_for(lambda: service.events(4625)[1:], "another event 4625")[-1]
    assert event.get("krb_error") == 37 and event["status_name"] == "SEC_E_TIME_SKEW", str(event)[-900:]
    assert re.search(r"is 1[12]\d\d s (ahead of|behind) this machine's clock", event["reason"]), event["reason"]
    assert curl(service, env)[0] == 200


@CLOCKS
def test_clock__heimdals_client_gets_over_it_at_sspid(serve, env, clock):
    """It takes our time from the error and tries again: over HTTP that is the next request, in the same context of its own."""
    service = serve()
    connection = http.client.HTTPConnection("127.0.0.1", int(port(service, "http")), timeout=60)
    with gss("client", "krb5", name="heimdal_peer", env=env, flags=FLAGS, target="HTTP@localhost", inside=with_clock(clock)) as client:
        token, statuses = client.step(None), []
        while token is not None and len(statuses) < 3:
            connection.request("GET", "/whoami", headers={"Host": "localhost", "Authorization": f"Negotiate {base64.b64encode(token).decode()}"})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            words = [value for value in answer.headers.get_all("WWW-Authenticate", []) if value.startswith("Negotiate ")]
            token = client.step(base64.b64decode(words[0].split(" ")[1])) if words else None
        assert statuses == [401, 200] and client.done


@CLOCKS
def test_clock__sspi_connect_says_so(serve, env, clock):
    done = connect(serve(), env, user=None, before=clock)
    assert done.returncode == 1 and "SEC_E_TIME_SKEW" in done.stderr, done.stderr


# --- keys ---

@pytest.fixture(scope="module")
def own_realm(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("keys"))
    try:
        realm.start()
        realm.add_user(USER, "Secret123!x")
        yield realm
    finally:
        realm.stop()


def keytab_of(realm, name, service):
    """The KDC's keys of the moment, of a new version."""
    path = realm.folder / name
    realm.admin(f"ktadd -k {path} {service}")
    return path


def test_keytab__a_new_key_is_appended_while_sspid_serves(own_realm, serve):
    """Old tickets and new ones, without a restart; then the old key goes, and who still has an old ticket is told why."""
    own_realm.add_service("HTTP/localhost")
    own_realm.keytab.chmod(0o600)
    service = serve(keytab=own_realm.keytab, krb5_conf=own_realm.folder / "krb5.conf", policy={"ntlm": "deny"})
    old = own_realm.environment(own_realm.ticket(USER))
    assert curl(service, old)[0] == 200
    own_realm.admin(f"ktadd -k {own_realm.keytab} HTTP/localhost")
    later = own_realm.folder / "cache-later"
    own_realm.run("kinit", "-c", f"FILE:{later}", USER, stdin="Secret123!x\n")
    new = own_realm.environment(later)
    assert curl(service, new)[0] == 200 and curl(service, old)[0] == 200
    granted = service.wait_for(lambda: service.events(4624)[2:] and service.events(4624), "three events")
    assert [event["kvno"] for event in granted] == [1, 2, 1]
    own_realm.run("ktutil", stdin="".join(f"{line}\n" for line in (f"rkt {keytab_of(own_realm, 'third', 'HTTP/localhost')}", f"wkt {own_realm.folder}/only")))
    (own_realm.folder / "only").replace(own_realm.keytab)
    service.wait_for(lambda: curl(service, old)[0] == 401, "the old key is forgotten")
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    assert event["kvno"] == 1 and event["krb_error"] == 44 and "kvno 3" in event["reason"], event
    assert service.process.poll() is None


def test_keytab__taken_away_and_given_back(own_realm, serve, tmp_path):
    """Whoever takes the keytab away takes the service's keys: nobody is let in by what was read before; when it is back, everybody is."""
    own_realm.add_service("HTTP/gone.localhost")
    keytab = tmp_path / "gone.keytab"
    keytab.write_bytes(own_realm.keytab.read_bytes())
    service = serve(keytab=keytab, krb5_conf=own_realm.folder / "krb5.conf", policy={"ntlm": "deny"})
    environment = own_realm.environment(own_realm.ticket(USER))
    assert curl(service, environment, "gone.localhost")[0] == 200
    keytab.rename(tmp_path / "aside")
    service.wait_for(lambda: curl(service, environment, "gone.localhost")[0] == 401, "without a keytab nobody is let in")
    assert "gone.keytab" in service.wait_for(lambda: service.events(4625), "event 4625")[-1]["reason"]
    (tmp_path / "aside").rename(keytab)
    service.wait_for(lambda: curl(service, environment, "gone.localhost")[0] == 200, "with it, everybody is")
