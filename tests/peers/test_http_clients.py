# SPDX-License-Identifier: Apache-2.0
"""The HTTP listener against clients that nobody here wrote: curl with its own NTLM and with GSSAPI's, requests_ntlm, Chromium."""
import base64
import http.client
import json
import subprocess

import pytest

from conftest import ACCOUNTS, run_apart
from ends import DOMAIN, Gensec, Refused, gss, gss_environment

ALICE = ACCOUNTS["alice"]
CURL = ["--silent", "--show-error", "--noproxy", "*", "--max-time", "120", "--write-out", "\x1e%{http_code} %{num_connects}\x1f"]
TOO_MANY_TRIES = 47  # curl's exit status where each answer closes the connection that NTLM needs


def curl(service, *options, path="/whoami", env=None):
    """(status, body, connections made) of each request."""
    done = subprocess.run(["curl", *CURL, *options, service.url(path)], capture_output=True, text=True, timeout=150,
                          env=service.environment(**(env or {})))
    assert done.returncode in (0, TOO_MANY_TRIES), done.stderr
    answers = [part.split("\x1e") for part in done.stdout.split("\x1f")[:-1]]
    return [(int(last.split()[0]), body, int(last.split()[1])) for body, last in answers]


def who(answer):
    status, body, _ = answer
    return json.loads(body)["user"] if status == 200 else status


@pytest.mark.parametrize("user", ["alice", "WORKGROUP\\alice", "ALICE"])
def test_curl_ntlm__right_password_is_told_who(service, user):
    (status, body, _), = curl(service, "--ntlm", "-u", f"{user}:{ALICE}")
    assert status == 200
    caller = json.loads(body)
    assert caller["user"] == "alice" and caller["domain"] == DOMAIN and caller["package"] == "NTLM"
    event, = service.wait_for(lambda: service.events(4624), "event 4624")
    assert event["TargetUserName"] == "alice" and event["IpAddress"] == "127.0.0.1" and event["LmPackageName"] == "NTLM V2"
    assert ALICE not in service.event_file.read_text(encoding="utf-8")


@pytest.mark.parametrize("user, password", [("alice", "Guess0"), ("nobody", ALICE), ("alice", "")])
def test_curl_ntlm__refused_and_told_in_the_event_log(service, user, password):
    (status, body, _), = curl(service, "--ntlm", "-u", f"{user}:{password}")
    assert status == 401 and "alice" not in body
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    assert user in json.dumps(event)
    assert "Guess0" not in service.event_file.read_text(encoding="utf-8")


def test_curl_ntlm__require_mic_refuses_it(make_service):
    """curl's own NTLM sends no MIC."""
    service = make_service(policy={"require_mic": "yes"})
    assert who(curl(service, "--ntlm", "-u", f"alice:{ALICE}")[0]) == 401


def test_curl_ntlm__a_kept_connection_is_not_asked_again(service):
    first, second = curl(service, "--ntlm", "-u", f"alice:{ALICE}", service.url("/whoami"))
    assert who(first) == who(second) == "alice" and second[2] == 0
    assert len(service.events(4624)) == 1


def test_curl_ntlm__two_users_one_after_the_other(service):
    bob = [*CURL, "--ntlm", "-u", f"bob:{ACCOUNTS['bob']}"]
    first, second = curl(service, "--ntlm", "-u", f"alice:{ALICE}", service.url("/whoami"), "--next", *bob)
    assert (who(first), who(second)) == ("alice", "bob")


@pytest.mark.parametrize("kept, expected", [(["-H", "Connection: Keep-Alive"], "alice"), ([], 401)])
def test_curl_ntlm__http_1_0(service, kept, expected):
    """Without a connection that is kept there is nothing that NTLM could prove."""
    assert who(curl(service, "--ntlm", "--http1.0", *kept, "-u", f"alice:{ALICE}")[0]) == expected


@pytest.mark.parametrize("body", ["a=1", "x" * 100000], ids=["small", "large"])
def test_curl_ntlm__a_body_is_answered(service, body):
    """No backend takes a body yet; none may make the connection hang, either."""
    assert curl(service, "--ntlm", "-u", f"alice:{ALICE}", "--data", body)[0][0] == 405


def test_curl_ntlm__head(service):
    assert curl(service, "--ntlm", "--head", "-u", f"alice:{ALICE}")[-1][0] == 200


def test_curl_no_credentials__both_schemes_are_offered(service):
    done = subprocess.run(["curl", "--silent", "--include", "--max-time", "120", service.url("/whoami")], capture_output=True, text=True)
    offered = [line.split(": ", 1)[1].strip() for line in done.stdout.splitlines() if line.lower().startswith("www-authenticate: ")]
    assert done.stdout.startswith("HTTP/1.1 401") and offered == ["Negotiate", "NTLM"]


@pytest.mark.parametrize("password, expected", [(ALICE, "alice"), ("wrong", 401)])
def test_curl_negotiate__gss_ntlmssp(make_service, tmp_path, password, expected):
    """curl's Negotiate is MIT's GSSAPI, here with gss-ntlmssp and the account in its own file; it makes a MIC."""
    service = make_service(policy={"require_mic": "yes", "spn": "HTTP/127.0.0.1", "service_binding": "required"})
    answers = curl(service, "--negotiate", "-u", ":", service.url("/whoami"), env=gss_environment(tmp_path, password=password))
    assert [who(answer) for answer in answers] == [expected, expected]
    if expected == "alice":
        assert answers[1][2] == 0, "a second connection"


def test_curl_negotiate__http_1_0(service, tmp_path):
    env = gss_environment(tmp_path)
    assert who(curl(service, "--negotiate", "--http1.0", "-H", "Connection: Keep-Alive", "-u", ":", env=env)[0]) == "alice"
    assert who(curl(service, "--negotiate", "--http1.0", "-u", ":", env=env)[0]) == 401


def log_on(connection, client, scheme):
    """A handshake on a connection that is kept; what its last answer says."""
    token = client.step(None)
    for _ in range(4):
        connection.request("GET", "/whoami", headers={"Authorization": f"{scheme} {base64.b64encode(token).decode()}"})
        answer = connection.getresponse()
        body = answer.read()
        words = (answer.getheader("WWW-Authenticate") or "").split(" ")
        if answer.status == 200:
            assert len(words) < 2 or client.step(base64.b64decode(words[1])) is None
            assert client.done
            return json.loads(body)["user"]
        try:
            token = client.step(base64.b64decode(words[1])) if len(words) == 2 else None
        except Refused:  # the server's error token
            token = None
        if token is None:
            return answer.status
    raise AssertionError("no end of a handshake")


def test_two_peers_share_a_connection(service, tmp_path):
    """Each handshake makes the connection another's: gss-ntlmssp's, Samba's, nobody's, gss-ntlmssp's again."""
    samba = tmp_path / "smb.conf"
    samba.write_text(f"[global]\nworkgroup = {DOMAIN}\nlog file = {tmp_path}/log\nprivate dir = {tmp_path}\n", encoding="ascii")
    connection = http.client.HTTPConnection(service.address("http"), timeout=60)
    connection.connect()
    local = connection.sock.getsockname()

    def alice(password=ALICE):
        return gss("client", "spnego", env=gss_environment(tmp_path), user=f"{DOMAIN}\\alice", password=password,
                   target="HTTP@127.0.0.1")

    def now():
        connection.request("GET", "/whoami")
        answer = connection.getresponse()
        return json.loads(answer.read())["user"] if answer.status == 200 else (answer.read(), answer.status)[1]

    with alice() as client:
        assert log_on(connection, client, "Negotiate") == now() == "alice"
    with Gensec(samba, "ntlm", "bob", ACCOUNTS["bob"], sealed=False, signed=False) as client:
        assert log_on(connection, client, "NTLM") == now() == "bob"
    with alice("wrong") as client:
        assert log_on(connection, client, "Negotiate") == now() == 401
    with alice() as client:
        assert log_on(connection, client, "Negotiate") == "alice"
    assert connection.sock.getsockname() == local, "another connection"
    connection.close()


# requests_ntlm takes MD4 from OpenSSL, which has it in a provider that is off unless its configuration turns it on.
OPENSSL_CONF = """openssl_conf = init
[init]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
"""
REQUESTS = """
import sys, requests, requests_ntlm
url, user, password = sys.argv[1:]
with requests.Session() as session:
    session.auth = requests_ntlm.HttpNtlmAuth(user, password)
    for _ in range(2):
        answer = session.get(url, timeout=60)
        print(answer.status_code, answer.json()["user"] if answer.ok else "-")
"""


@pytest.mark.parametrize("password, expected", [(ALICE, "200 alice"), ("Guess0", "401 -")])
def test_requests_ntlm(make_service, tmp_path, password, expected):
    """It makes a MIC."""
    service = make_service(policy={"require_mic": "yes"})
    (tmp_path / "openssl.cnf").write_text(OPENSSL_CONF, encoding="ascii")
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, service.url("/whoami"), "WORKGROUP\\alice", password], text=True, timeout=60,
                          env=service.environment(OPENSSL_CONF=str(tmp_path / "openssl.cnf")), capture_output=True)
    assert done.stdout.splitlines() == [expected, expected], done.stderr


def chromium(environment, address, folder, *options):
    """What the page is, as Chromium shows it; and all that it said."""
    done = run_apart(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
                      "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                      "--no-proxy-server", f"--user-data-dir={folder}/profile", "--timeout=120000", *options, "--dump-dom", address],
                     stdin=subprocess.DEVNULL, timeout=300, env={**environment, "HOME": str(folder)})
    return done.stdout, f"{done.returncode}\n{done.stdout}{done.stderr[-4000:]}"


@pytest.mark.parametrize("password, told", [(ALICE, True), ("wrong", False)])
def test_chromium__user_and_password(make_service, tmp_path, password, told):
    """Both in the address. Chromium's NTLM is its own; it makes a MIC and names the service."""
    service = make_service(policy={"require_mic": "yes", "spn": "HTTP/127.0.0.1", "service_binding": "required"})
    page, all_of_it = chromium(service.environment(), service.url("/whoami").replace("http://", f"http://alice:{password}@"), tmp_path)
    assert ('"user":"alice"' in page) == told, all_of_it
    event = service.wait_for(lambda: service.events(4624 if told else 4625), "an event")[-1]
    assert event["TargetUserName"] == "alice" and event["mic_verified"] == told
