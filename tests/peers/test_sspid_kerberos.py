# SPDX-License-Identifier: Apache-2.0
"""sspid with Kerberos, in a realm of MIT's: curl and python3-gssapi over HTTP, sspi-connect over framed sockets; keytabs that do not
fit, tickets that come twice, clients that have none; what the event log says of each."""
import base64
import http.client
import json
import os
import socket
import socketserver
import struct
import subprocess
import threading
import time

import gssapi
import pytest

from conftest import ACCOUNTS, program, read_frame
from mit_realm import MitRealm

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
LISTENERS = {
    "http": {"protocol": "http", "backend": "whoami"},
    "kerberos": {"protocol": "http", "backend": "whoami", "package": "Kerberos"},
    "echo": {"protocol": "framed", "backend": "echo"},
    "whoami": {"protocol": "framed", "backend": "whoami"},
    "raw": {"protocol": "framed", "backend": "whoami", "package": "Kerberos"},
}
USER, REALM = "carol", MitRealm.name
PASSWORD = "Secret789!x"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    made = MitRealm(tmp_path_factory.mktemp("realm")).start()
    made.add_user(USER, PASSWORD)
    for service in ("HTTP/localhost", "host/localhost"):
        made.add_service(service)
    yield made
    made.stop()


@pytest.fixture
def ticket(realm):
    """The environment of who has a ticket, for programs and for this process."""
    return realm.environment(realm.ticket(USER))


@pytest.fixture
def serve(realm, make_service, monkeypatch):
    """A service whose keytab is the realm's, or another. Names of principals come with their realm: there is no PAC here."""
    monkeypatch.setenv("KRB5_CONFIG", str(realm.folder / "krb5.conf"))

    def make(keytab=None, listeners=LISTENERS, **more):
        made = make_service(listeners=listeners, kerberos={"keytab": f"FILE:{keytab or realm.keytab}"}, **more)
        # MIT's clients count the KDC's time from whole seconds, and what was made before the start is refused.
        time.sleep(1.1)
        return made

    return make


@pytest.fixture
def served(serve):
    return serve()


def port(service, listener):
    return int(service.address(listener).rsplit(":", 1)[1])


def curl(service, environment, *options, path="/whoami", listener="http", host="localhost"):
    url = f"http://{host}:{port(service, listener)}{path}"
    resolve = ["--resolve", f"{host}:{port(service, listener)}:127.0.0.1"]
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "120", *resolve, "-w", "\n%{http_code}", *options, url],
                          capture_output=True, text=True, timeout=150, env=environment)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


class Client:
    """python3-gssapi's side of HTTP: each request by itself, on one connection."""

    def __init__(self, service, environment, listener="http", name="HTTP@localhost", mech=SPNEGO):
        os.environ.update({k: environment[k] for k in ("KRB5_CONFIG", "KRB5CCNAME")})
        self.connection = http.client.HTTPConnection("127.0.0.1", port(service, listener), timeout=60)
        self.name = gssapi.Name(name, gssapi.NameType.hostbased_service)
        self.mech = mech
        self.context = None

    def token(self, flags=gssapi.RequirementFlag.mutual_authentication):
        self.context = gssapi.SecurityContext(name=self.name, mech=self.mech, usage="initiate", flags=flags)
        return self.context.step()

    def get(self, path="/whoami", token=None, scheme="Negotiate"):
        headers = {"Host": "localhost"}
        if token is not None:
            headers["Authorization"] = f"{scheme} {base64.b64encode(token).decode()}"
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    @staticmethod
    def token_of(headers):
        value, = [v for v in headers.get_all("WWW-Authenticate", []) if v.startswith("Negotiate ")]
        return base64.b64decode(value.split()[1])


@pytest.fixture
def client(served, ticket, monkeypatch):
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, ticket[name])
    return Client(served, ticket)


# --- granted ---

@pytest.mark.parametrize("listener", ["http", "kerberos"])
def test_curl_negotiate__who_has_a_ticket_is_known(served, ticket, listener):
    status, body = curl(served, ticket, "--negotiate", "-u", ":", listener=listener)
    who = json.loads(body)
    assert status == 200 and who["package"] == "Kerberos" and who["user"] == USER and who["mutual"] is True
    event, = served.wait_for(lambda: served.events(4624), "event 4624")
    assert event["LogonProcessName"] == event["AuthenticationPackageName"] == "Kerberos" and event["KeyLength"] == 0
    assert event["ServiceName"] == f"HTTP/localhost@{REALM}" and event["client_principal"] == f"{USER}@{REALM}"
    assert event["TicketEncryptionType"] in ("0x11", "0x12", "0x13", "0x14") and event["kvno"] == 1
    assert event["TargetUserName"] == USER and event["host"] == "localhost" and event["delegated"] is False
    assert not served.events(4625) and not served.events(4776)


@pytest.mark.parametrize("mech", [SPNEGO, KRB5], ids=["spnego", "raw"])
def test_gssapi__the_final_token_proves_the_service(served, client, mech):
    client.mech = mech
    status, _, headers = client.get(token=client.token())
    assert status == 200, json.dumps(served.events()[-1])
    assert not client.context.complete
    client.context.step(client.token_of(headers))
    assert client.context.complete
    assert client.context.actual_flags & gssapi.RequirementFlag.mutual_authentication


def test_gssapi__without_mutual_authentication_there_is_no_proof_to_send(client):
    client.mech = KRB5
    status, body, headers = client.get(token=client.token(flags=gssapi.RequirementFlag.integrity))
    assert status == 200 and json.loads(body)["mutual"] is False and "WWW-Authenticate" not in headers


def test_kerberos_proves_a_request_and_not_a_connection(client):
    for _ in range(3):
        assert client.get(token=client.token())[0] == 200
        status, _, headers = client.get()
        assert status == 401 and "Negotiate" in headers.get_all("WWW-Authenticate")


def test_auth__each_request_alone(served, client):
    """Behind a proxy: Remote-User and the service's proof, and never a word of NTLM."""
    for _ in range(2):
        status, _, headers = client.get("/auth", token=client.token())
        assert status == 200 and headers["Remote-User"] == USER
        client.context.step(client.token_of(headers))
        assert client.context.complete
        status, _, headers = client.get("/auth")
        assert status == 401 and headers.get_all("WWW-Authenticate") == ["Negotiate"] and "Remote-User" not in headers
    ntlm = b"NTLMSSP\0\1\0\0\0" + bytes.fromhex("15820860") + bytes(16)
    assert client.get("/auth", token=ntlm)[0] == 401 and client.get("/auth", token=ntlm, scheme="NTLM")[0] == 401
    assert "/auth takes no NTLM" in served.events(4625)[-1]["reason"]


@pytest.mark.parametrize("listener, package", [("whoami", "Negotiate"), ("whoami", "Kerberos"), ("raw", "Kerberos")])
def test_sspi_connect__with_a_ticket(served, ticket, listener, package):
    done = subprocess.run([program("sspi-connect"), "-v", "--package", package, f"localhost:{port(served, listener)}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          env={**ticket, "OPENSSPI_CONFIG": str(served.config)})
    assert done.returncode == 0, done.stderr
    assert done.stderr == "sspi-connect: authenticated with Kerberos; the server has proven itself\n"
    who = json.loads(done.stdout)
    assert who["user"] == USER and who["package"] == "Kerberos" and who["mutual"] is True


@pytest.mark.parametrize("user", [f"{USER}@{REALM}", f"{REALM}\\{USER}"])
def test_sspi_connect__with_a_password(served, realm, user):
    done = subprocess.run([program("sspi-connect"), "-v", "--user", user, "--password-stdin", f"localhost:{port(served, 'echo')}"],
                          input=f"{PASSWORD}\nhello", capture_output=True, text=True, timeout=60,
                          env={**realm.environment(), "OPENSSPI_CONFIG": str(served.config)})
    assert (done.returncode, done.stdout) == (0, "hello"), done.stderr
    assert "authenticated with Kerberos" in done.stderr


class EchoBack(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


@pytest.fixture
def echo_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), EchoBack) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("package", ["Negotiate", "Kerberos"])
def test_a_tunnel(serve, ticket, echo_server, package):
    """Bytes both ways, directly and through a local listener; messages are longer than NTLM's, and have padding."""
    service = serve(listeners={"tunnel": {"protocol": "framed", "backend": f"proxy:127.0.0.1:{echo_server}"}})
    environment = {**ticket, "OPENSSPI_CONFIG": str(service.config)}
    command = [program("sspi-connect"), "--package", package]
    to = f"localhost:{port(service, 'tunnel')}"
    data = os.urandom(3_000_000)
    done = subprocess.run([*command, to], input=data, capture_output=True, timeout=60, env=environment)
    assert (done.returncode, done.stderr, done.stdout == data) == (0, b"", True)
    with subprocess.Popen([*command, "--listen", "127.0.0.1:0", to], stderr=subprocess.PIPE, env=environment) as near:
        at = int(near.stderr.readline().decode().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", at)) as s:
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True).start()
            got = b"".join(iter(lambda: s.recv(65536), b""))
        near.terminate()
        assert got == data and near.wait(60) == 0
    service.wait_for(lambda: f"user={USER}" in service.log.read_text() and "end=done" in service.log.read_text(), "a line in the log")


def test_a_stream_that_could_be_repeated_is_refused(served, client):
    """GSS-API leaves it to the client whether messages that come again are found."""
    sealed = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.confidentiality | gssapi.RequirementFlag.integrity
    flags = gssapi.RequirementFlag
    for more, passes in ((0, False), (flags.replay_detection, False), (flags.out_of_sequence_detection, True)):
        token = client.token(flags=sealed | more)
        with served.connect("whoami") as s:
            s.sendall(struct.pack("<I", len(token)) + token)
            client.context.step(read_frame(s))
            assert client.context.complete and bool(read_frame(s)) == passes
    refused = served.wait_for(lambda: len(served.events(4625)) == 2 and served.events(4625), "both refusals")
    assert all("GSS_C_SEQUENCE_FLAG" in event["reason"] and event["Status"] == "0x80090332" for event in refused)
    served.wait_for(lambda: len(served.events(4624)) == 1, "the logon")


def test_the_socket_sample(serve, ticket):
    service = serve(listeners={"sample": {"protocol": "sample"}})
    done = subprocess.run([program("sspi-connect"), "--protocol", "sample", f"localhost:{port(service, 'sample')}"], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, env={**ticket, "OPENSSPI_CONFIG": str(service.config)})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"This is your server speaking", b"")


# --- NTLM instead, or not ---

def connect(service, realm, *args, user="alice", password=ACCOUNTS["alice"], host="localhost", cache=None):
    return subprocess.run([program("sspi-connect"), "-v", *(["--user", user, "--password-stdin"] if user else []), *args,
                           f"{host}:{port(service, 'whoami')}"],
                          input=f"{password}\n" if user else "", capture_output=True, text=True, timeout=60,
                          env={**realm.environment(cache), "OPENSSPI_CONFIG": str(service.config)})


def test_fallback__a_user_that_the_kdc_does_not_know(served, realm):
    done = connect(served, realm)
    assert done.returncode == 0, done.stderr
    event, = served.wait_for(lambda: served.events(4624), "event 4624")
    assert event["offered"] == event["first_token"] == "NTLM"
    assert "not Kerberos: " in done.stderr and "authenticated with NTLM; the server has not proven itself" in done.stderr
    assert json.loads(done.stdout)["package"] == "NTLM"


def test_fallback__a_service_that_the_kdc_does_not_know(served, realm):
    done = connect(served, realm, "--spn", "HTTP/nowhere.example.test")
    assert done.returncode == 0 and json.loads(done.stdout)["package"] == "NTLM", done.stderr


def test_no_fallback__a_wrong_password_is_not_tried_twice(served, realm):
    done = connect(served, realm, user=f"{USER}@{REALM}", password="Guess0")
    assert done.returncode == 1 and "SEC_E_LOGON_DENIED" in done.stderr and "NTLM" not in done.stderr
    assert not served.events(4625)


def test_no_fallback__neither_a_ticket_nor_a_password(served, realm):
    done = connect(served, realm, user=None)
    assert done.returncode == 1 and "not Kerberos: SEC_E_NO_CREDENTIALS" in done.stderr and "not NTLM: SEC_E_NO_CREDENTIALS" in done.stderr


# --- refused, and why ---

def refused(service, *parts):
    """The one event of a refusal, which has each of these in its reason or its hint."""
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    text = f"{event.get('reason', '')}\n{event.get('hint', '')}"
    for part in parts:
        assert part in text, text
    return event


def test_refused__the_keys_version_has_moved_on(realm, serve, tmp_path):
    realm.add_service("HTTP/moved.example.test")
    old = tmp_path / "old.keytab"
    old.write_bytes(realm.keytab.read_bytes())
    realm.admin("cpw -randkey HTTP/moved.example.test")
    service = serve(keytab=old)
    status, _ = curl(service, realm.environment(realm.ticket(USER)), "--negotiate", "-u", ":", host="moved.example.test")
    event = refused(service, "kvno 2", "kvno 1", "klist purge")
    assert status == 401
    assert event["krb_error"] == 44 and event["kvno"] == 2 and event["ServiceName"] == f"HTTP/moved.example.test@{REALM}"
    assert event["host"] == "moved.example.test" and event["FailureReason"] == "An Error occured during Logon."


def test_refused__the_krb_error_goes_out_with_the_401(realm, serve, tmp_path, ticket, monkeypatch):
    other = tmp_path / "other.keytab"
    realm.run("ktutil", stdin=f"addent -password -p host/elsewhere@{REALM} -k 1 -e aes256-cts-hmac-sha1-96\nx\nwkt {other}\n")
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, ticket[name])
    service = serve(keytab=other)
    client = Client(service, ticket)
    status, _, headers = client.get(token=client.token())
    assert status == 401
    with pytest.raises(gssapi.exceptions.GSSError, match="The ticket isn't for us"):
        client.context.step(client.token_of(headers))
        _ = client.context.complete  # python3-gssapi keeps an error for the next question
    event = refused(service, "HTTP/localhost")
    assert event["krb_error"] == 35 and event["ServiceName"] == f"HTTP/localhost@{REALM}"


def test_refused__a_token_that_comes_twice(served, client):
    token = client.token()
    assert client.get(token=token)[0] == 200
    status, _, headers = client.get(token=token)
    assert status == 401 and client.token_of(headers)
    assert client.get("/auth", token=token)[0] == 401
    event = refused(served, "replay", "proxy_next_upstream")
    assert event["krb_error"] == 34 and event["client_principal"] == f"{USER}@{REALM}"


def test_refused__a_token_that_was_cut(served, client):
    """As by a proxy with a limit for headers, of a user in many groups."""
    assert client.get(token=client.token()[:300])[0] == 401
    assert refused(served, "large_client_header_buffers")["status_name"] == "SEC_E_INVALID_TOKEN"


def test_refused__no_keytab_at_all(realm, serve, ticket, tmp_path):
    """The service starts, warns, and says it again to each client's event."""
    service = serve(keytab=tmp_path / "absent.keytab", policy={"ntlm": "deny"})
    assert "tickets cannot be taken" in service.log.read_text() and "absent.keytab" in service.log.read_text()
    status, _ = curl(service, ticket, "--negotiate", "-u", ":")
    assert status == 401
    refused(service, "absent.keytab")
    checked = service.run("sspid", "-n")
    assert "absent.keytab" in checked.stderr and "good" in checked.stdout


def test_refused__a_host_without_a_key(realm, serve):
    service = serve(policy={"ntlm": "deny"})
    status, _ = curl(service, realm.environment(realm.ticket(USER)), "--negotiate", "-u", ":", host="noreg.example.test")
    assert status == 401
    event = refused(service, "noreg.example.test", "setspn -S HTTP/noreg.example.test")
    assert event["Status"] == "0x8009030e" and event["host"] == "noreg.example.test"


def test_refused__an_address(realm, serve):
    service = serve(policy={"ntlm": "deny"})
    status, _ = curl(service, realm.environment(realm.ticket(USER)), "--negotiate", "-u", ":", host="127.0.0.1")
    assert status == 401
    refused(service, "127.0.0.1", "DNS name")


def test_refused__a_client_without_a_ticket(served, realm):
    status, _ = curl(served, realm.environment(), "--negotiate", "-u", ":")
    assert status == 401
    refused(served, "asked to log on", "kinit")


@pytest.mark.parametrize("listener", ["kerberos", "http"])
def test_refused__ntlm_where_kerberos_alone_is_taken(serve, realm, listener):
    service = serve(policy={"packages": "Kerberos"})
    status, _ = curl(service, realm.environment(), "--negotiate", "-u", ":", "-H",
                     "Authorization: Negotiate TlRMTVNTUAABAAAAFYIIYAAAAAAAAAAAAAAAAAAAAAA=", listener=listener)
    assert status == 401
    event = refused(service, "a first token of NTLM without SPNEGO", "AuthServerAllowlist")
    assert event["first_token"] == "NTLM"


def test_refused__user_to_user_has_no_kdc_asked(realm, serve, ticket, monkeypatch):
    """A service with a cache in its environment is no user all the same: a KDC that is slow would hold up every client."""
    monkeypatch.setenv("KRB5CCNAME", ticket["KRB5CCNAME"])
    service = serve(policy={"packages": "Kerberos"})
    request = base64.b64encode(bytes.fromhex("601a060a2a864886f712010202030400300aa003020105a103020110")).decode()
    status, _ = curl(service, realm.environment(), "-H", f"Authorization: Negotiate {request}")
    assert status == 401
    refused(service, "acts as no user")


def test_sighup_takes_another_keytab_and_other_names(realm, serve, ticket, tmp_path):
    service = serve(keytab=tmp_path / "none.keytab")
    assert curl(service, ticket, "--negotiate", "-u", ":")[0] == 401
    service.reload(lambda text: text.replace(str(tmp_path / "none.keytab"), str(realm.keytab)))
    assert curl(service, ticket, "--negotiate", "-u", ":")[0] == 200
    echo = subprocess.Popen([program("sspi-connect"), "--spn", "host/localhost", service.address("echo")],
                            env=service.environment(**{k: ticket[k] for k in ("KRB5_CONFIG", "KRB5CCNAME")}),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    echo.stdin.write(b"one\n")
    assert echo.stdout.readline() == b"one\n"
    service.reload(lambda text: text.replace("[policy]\n", "[policy]\nspn = host/localhost\n"))
    assert curl(service, ticket, "--negotiate", "-u", ":")[0] == 401  # asks for HTTP/localhost
    service.reload(lambda text: text.replace("spn = host/localhost", "spn = host/localhost HTTP/localhost"))
    assert curl(service, ticket, "--negotiate", "-u", ":")[0] == 200
    echo.stdin.write(b"two\n")
    assert echo.stdout.readline() == b"two\n"
    echo.stdin.close()
    assert echo.wait(60) == 0
