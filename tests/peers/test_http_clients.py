# SPDX-License-Identifier: Apache-2.0
"""The HTTP listener against clients that nobody here wrote: curl, requests_ntlm, Chromium."""
import json
import subprocess

import pytest

from conftest import ACCOUNTS

ALICE = ACCOUNTS["alice"]


def curl(service, *options, path="/whoami", env=None):
    """(status, body) of a request."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", *options,
                           service.url(path)], capture_output=True, text=True, env=service.environment(**(env or {})), timeout=30)
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body


def test_curl_ntlm__right_password_is_told_who(service):
    status, body = curl(service, "--ntlm", "-u", f"alice:{ALICE}")
    assert status == 200
    caller = json.loads(body)
    assert caller["user"] == "alice" and caller["domain"] == "WORKGROUP" and "NTLM" in caller["package"]


@pytest.mark.parametrize("user, password", [("alice", "Guess0"), ("nobody", ALICE), ("alice", "")])
def test_curl_ntlm__refused_and_told_in_the_event_log(service, user, password):
    status, body = curl(service, "--ntlm", "-u", f"{user}:{password}")
    assert status == 401 and "alice" not in body
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    assert user in json.dumps(event)
    assert "Guess0" not in service.event_file.read_text(encoding="utf-8")


def test_curl_ntlm__logon_is_in_the_event_log(service):
    curl(service, "--ntlm", "-u", f"alice:{ALICE}")
    event = service.wait_for(lambda: service.events(4624), "event 4624")[-1]
    assert "alice" in json.dumps(event) and "127.0.0.1" in json.dumps(event)
    assert ALICE not in service.event_file.read_text(encoding="utf-8")


def test_curl_ntlm__require_mic_refuses_it(make_service):
    """curl's own NTLM sends no MIC."""
    service = make_service(policy={"require_mic": "yes"})
    assert curl(service, "--ntlm", "-u", f"alice:{ALICE}")[0] == 401


def test_curl_no_credentials__both_schemes_are_offered(service):
    done = subprocess.run(["curl", "--silent", "--include", "--max-time", "20", service.url("/whoami")], capture_output=True, text=True)
    offered = [line.split(": ", 1)[1].strip() for line in done.stdout.splitlines() if line.lower().startswith("www-authenticate: ")]
    assert done.stdout.startswith("HTTP/1.1 401") and offered == ["Negotiate", "NTLM"]


@pytest.mark.parametrize("password, expected", [(ALICE, 200), ("wrong", 401)])
def test_curl_negotiate__gss_ntlmssp(service, tmp_path, password, expected):
    """curl's Negotiate is MIT's GSSAPI, here with gss-ntlmssp's account in its own file."""
    users = tmp_path / "users"
    users.write_text(f"WORKGROUP:alice:{password}\n", encoding="ascii")
    users.chmod(0o600)
    env = {"NTLM_USER_FILE": str(users), "KRB5_CONFIG": "/dev/null", "KRB5CCNAME": f"FILE:{tmp_path}/none"}
    status, body = curl(service, "--negotiate", "-u", ":", env=env)
    assert status == expected
    if expected == 200:
        assert json.loads(body)["user"] == "alice"


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
        answer = session.get(url, timeout=20)
        print(answer.status_code, answer.json()["user"] if answer.ok else "-")
"""


@pytest.mark.parametrize("password, expected", [(ALICE, "200 alice"), ("Guess0", "401 -")])
def test_requests_ntlm(service, tmp_path, password, expected):
    (tmp_path / "openssl.cnf").write_text(OPENSSL_CONF, encoding="ascii")
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, service.url("/whoami"), "WORKGROUP\\alice", password], text=True, timeout=60,
                          env=service.environment(OPENSSL_CONF=str(tmp_path / "openssl.cnf")), capture_output=True)
    assert done.stdout.splitlines() == [expected, expected], done.stderr


@pytest.mark.parametrize("password, told", [(ALICE, True), ("wrong", False)])
def test_chromium(service, tmp_path, password, told):
    """The page behind the listener, with the user and the password in the address."""
    address = service.url("/whoami").replace("http://", f"http://alice:{password}@")
    done = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                           "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
                           f"--user-data-dir={tmp_path}/profile", "--timeout=15000", "--dump-dom", address],
                          capture_output=True, text=True, timeout=90, env=service.environment(HOME=str(tmp_path)))
    assert ('"alice"' in done.stdout) == told, done.stdout + done.stderr
