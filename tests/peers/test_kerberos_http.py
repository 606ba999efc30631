# SPDX-License-Identifier: Apache-2.0
"""Kerberos over HTTP: requests_kerberos and Chromium before sspid, our client before Apache with mod_auth_gssapi."""
import base64
import http.client
import os
import pwd
import subprocess
import time

import pytest

from conftest import free_ports, let_others_pass
from ends import expect_refusal, our_client
from test_http_clients import chromium

USER, REALM = "alice", "EXAMPLE.ORG"
FLAGS = "mutual,integrity,confidentiality,replay,sequence"
LISTENERS = {"http": {"protocol": "http", "backend": "whoami"}}


@pytest.fixture
def ticket(shared_realm):
    return shared_realm.environment(shared_realm.ticket(USER))


@pytest.fixture
def served(shared_realm, make_service, seen_tickets, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(shared_realm.folder / "krb5.conf"))
    return make_service(listeners=LISTENERS, kerberos={"keytab": f"FILE:{shared_realm.keytab}", "replay_cache": f"shared:{seen_tickets}"})


def address(service):
    return f"http://localhost:{service.address('http').rsplit(':', 1)[1]}/whoami"


REQUESTS = """
import sys, requests, requests_kerberos
with requests.Session() as session:
    session.auth = requests_kerberos.HTTPKerberosAuth(mutual_authentication=requests_kerberos.REQUIRED, force_preemptive=sys.argv[2] == "at-once")
    for _ in range(3):
        answer = session.get(sys.argv[1], timeout=60)
        print(answer.status_code, answer.json()["user"] if answer.ok else "-")
"""


@pytest.mark.parametrize("when", ["when-asked", "at-once"])
def test_requests_kerberos__takes_no_answer_without_our_proof(served, ticket, when):
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, address(served), when], env=ticket, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [f"200 {USER}"] * 3, done.stdout + done.stderr
    assert len(served.events(4624)) == 3


def test_requests_kerberos__without_a_ticket(served, shared_realm):
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, address(served), "when-asked"], env=shared_realm.environment(), capture_output=True,
                          text=True, timeout=60)
    assert f"200 {USER}" not in done.stdout and not served.events(4624)


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not-listed"])
def test_chromium__single_sign_on(served, ticket, tmp_path, listed):
    """Chromium loads GSSAPI once it has met Negotiate in an earlier run: its profile says that it has."""
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/Local State").write_text('{"net": {"received_http_auth_negotiate_headers": true}}', encoding="ascii")
    page, all_of_it = chromium(ticket, address(served), tmp_path, *(["--auth-server-allowlist=localhost"] if listed else []))
    assert (f'"user":"{USER}"' in page) == listed, all_of_it
    if listed:
        assert '"package":"Kerberos"' in page


# --- our client before Apache ---

APACHE = """ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
User {user}
Group {group}
DocumentRoot {folder}/pages
{modules}
<Location />
    AuthType GSSAPI
    AuthName "here"
    GssapiCredStore keytab:{keytab}
    GssapiAllowedMech krb5
    GssapiConnectionBound {bound}
    Require valid-user
    Header set X-User "expr=%{{REMOTE_USER}}"
</Location>
"""
MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "headers", "auth_gssapi")


@pytest.fixture(params=["Off", "On"], ids=["each-request", "connection"])
def apache(request, shared_realm, tmp_path):
    folder, port = tmp_path / "apache", free_ports(1)[0]
    (folder / "pages").mkdir(parents=True)
    (folder / "pages/index.html").write_text("a page", encoding="ascii")
    (folder / "pages/whoami").write_text("a page", encoding="ascii")
    keytab = folder / "keytab"
    keytab.write_bytes(shared_realm.keytab.read_bytes())
    user = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    group = "www-data" if os.geteuid() == 0 else "#%d" % os.getegid()
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    (folder / "httpd.conf").write_text(APACHE.format(folder=folder, port=port, user=user, group=group, modules=modules, keytab=keytab,
                                                     bound=request.param), encoding="ascii")
    if os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        for path in (folder, keytab):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        let_others_pass(tmp_path)
    environment = {**shared_realm.environment(), "KRB5RCACHENAME": "none:"}
    krb5_conf = folder / "krb5.conf"
    krb5_conf.write_bytes((shared_realm.folder / "krb5.conf").read_bytes())
    environment["KRB5_CONFIG"] = str(krb5_conf)
    process = subprocess.Popen(["apache2", "-f", str(folder / "httpd.conf"), "-X"], env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    try:
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.connect()
                break
            except OSError:
                log = folder / "error.log"
                assert process.poll() is None and time.monotonic() < end, log.read_text() if log.exists() else "no Apache"
                time.sleep(0.05)
        yield connection
        connection.close()
    finally:
        process.kill()
        process.wait(60)


def get(connection, token=None):
    headers = {"Host": "localhost"}
    if token is not None:
        headers["Authorization"] = "Negotiate " + base64.b64encode(token).decode()
    connection.request("GET", "/whoami", headers=headers)
    answer = connection.getresponse()
    answer.read()
    words = (answer.getheader("WWW-Authenticate") or "").split(" ")
    return answer, base64.b64decode(words[1]) if len(words) == 2 else None


@pytest.fixture
def env(ticket, library):
    return {**ticket, **library}


@pytest.mark.parametrize("flags", [FLAGS, "integrity"], ids=["mutual", "not-mutual"])
@pytest.mark.parametrize("package", ["Negotiate", "Kerberos"])
def test_apache__takes_our_client_and_proves_itself(apache, env, package, flags):
    answer, _ = get(apache)
    assert answer.status == 401 and answer.getheader("WWW-Authenticate").startswith("Negotiate")
    with our_client(package, env, user=None, password=None, domain=None, spn="HTTP/localhost", flags=flags) as client:
        answer, token = get(apache, client.step(None))
        assert answer.status == 200 and answer.getheader("X-User") == f"{USER}@{REALM}"
        if not client.done:
            client.step(token)
        assert client.done and ("mutual" in client.describe()["flags"]) == ("mutual" in flags)


def test_apache__a_proof_that_was_changed_is_none(apache, env):
    with our_client("Kerberos", env, user=None, password=None, domain=None, spn="HTTP/localhost", flags=FLAGS) as client:
        answer, token = get(apache, client.step(None))
        assert answer.status == 200
        forged = bytearray(token)
        forged[-1] ^= 1
        expect_refusal("SEC_E_WRONG_PRINCIPAL", client.step, bytes(forged))


def test_apache__a_password_does_as_well(apache, env, shared_realm):
    without = {**env, "KRB5CCNAME": "FILE:/nonexistent/cache"}
    with our_client("Negotiate", without, user=f"carol@{REALM}", password=shared_realm.passwords["carol"], domain=None, spn="HTTP/localhost",
                    flags=FLAGS) as client:
        answer, token = get(apache, client.step(None))
        assert answer.status == 200 and answer.getheader("X-User") == f"carol@{REALM}"
        client.step(token)
        assert client.done
