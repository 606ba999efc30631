# SPDX-License-Identifier: Apache-2.0
"""The real Apache before sspid's /auth, which packaging/apache/sspid.lua asks: whose identity a request has."""
import os
import pathlib
import subprocess
import time

import pytest

from conftest import ACCOUNTS, PATIENCE, ROOT, free_port, let_others_pass
from test_nginx import Client, curl, in_every_order, kerberos, logons, negotiate  # noqa: F401

USERS = {name: ACCOUNTS[name] for name in ("alice", "bob")}
MODULES = ("mpm_event", "authz_core", "lua", "headers")
CONFIGURATION = """ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
{user}
DocumentRoot {folder}/pages
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild {threads}
MaxRequestWorkers {threads}
KeepAliveTimeout 60
MaxKeepAliveRequests 0
LimitRequestFieldSize 98304
LuaScope conn
<Location />
    Require all granted
    LuaHookAccessChecker {folder}/sspid.lua check
    Header set X-Seen "expr=%{{req:Remote-User}}|%{{req:Remote-Authenticated}}|%{{req:Authorization}}|%{{req:Remote_User}}%{{req:Remote_Unix-User}}%{{req:Remote.User}}"
</Location>
"""
KEYS = {"trusted_proxy": "127.0.0.1", "connection_header": "X-Connection", "client_header": "X-Real-IP", "scheme_header": "X-Forwarded-Proto"}


class Apache:
    def __init__(self, folder, sspid, threads):
        self.folder, self.http, self.process = folder, free_port(), None
        script = (ROOT / "packaging/apache/sspid.lua").read_text(encoding="ascii")
        assert '"127.0.0.1", 8080' in script
        (folder / "sspid.lua").write_text(script.replace("8080", sspid.rsplit(":", 1)[1]), encoding="ascii")
        (folder / "pages").mkdir()
        (folder / "pages/page").write_text("page\n", encoding="ascii")
        let_others_pass(folder)
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
        user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder, port=self.http, modules=modules, user=user, threads=threads), encoding="ascii")

    def url(self, path="/page", host="127.0.0.1"):
        return f"http://{host}:{self.http}{path}"

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", self.folder / "conf"], stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not (self.folder / "pid").exists():
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            time.sleep(0.02)
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)


class Visitor(Client):
    """As before nginx; what the application was told is in a header."""

    def page(self, *fields):
        status, headers, _ = self.get("/page", *fields)
        seen = dict(headers).get("x-seen", "||").split("|")
        assert seen[2] == "", "the application was given a proof"
        assert "".join(seen[3:]) == "", "the application was given a name that CGI takes for another"
        return seen[0] if status == 200 else status


class Address:
    def __init__(self, apache):
        self.apache = apache

    def address(self, _listener):
        return f"127.0.0.1:{self.apache.http}"


@pytest.fixture
def behind(tmp_path, make_service):
    made = []

    def make(threads=8, keys=(), kerberos=()):  # noqa: F811
        service = make_service(listeners={"http": {"protocol": "http", **KEYS, **dict(keys)}}, kerberos=kerberos)
        folder = pathlib.Path(tmp_path) / f"apache{len(made)}"
        folder.mkdir()
        made.append(Apache(folder, service.address("http"), threads))
        return service, made[-1].start()

    yield make
    for apache in made:
        apache.stop()


def visitor(apache, user="nobody"):
    return Visitor(Address(apache), user, USERS.get(user, ""))


@pytest.mark.parametrize("threads", [8, 25])
def test_two_users_in_every_order(behind, threads):
    service, apache = behind(threads=threads)
    in_every_order(lambda user: visitor(apache, user))
    logons(service, 140)
    assert not service.events(4625)


def test_curl_and_who_says_that_he_is_alice(behind):
    _, apache = behind(threads=8)
    for user, password in USERS.items():
        assert curl("--ntlm", "-u", f"{user}:{password}", apache.url(), apache.url()) == ["page", "200"] * 2
    assert curl("--ntlm", "-u", "alice:wrong", apache.url())[-1] == "401"
    thief = visitor(apache)
    assert thief.page("Remote-User: alice", "Remote-Authenticated: yes", "X-Connection: 1") == 401


def test_optional(behind):
    _, apache = behind(threads=8, keys={"require": "optional"})
    thief = visitor(apache)
    assert thief.page("Remote-User: alice", "remote-authenticated: yes") == ""
    assert thief.page("Remote_User: alice", "REMOTE_USER: bob", "remote_unix-user: alice", "Remote.User: alice") == ""
    alice = visitor(apache, "alice")
    alice.negotiate()
    alice.authenticate()
    alice.again()


def test_kerberos(behind, shared_realm, kerberos):  # noqa: F811
    service, apache = behind(threads=8, kerberos=kerberos)
    for _ in range(3):
        for user in ("alice", "carol"):
            assert negotiate(shared_realm, apache, user) == ["page", "200"]
    assert [event["TargetUserName"] for event in logons(service, 6)] == ["alice", "carol"] * 3


def test_without_sspid_nobody_passes(behind):
    service, apache = behind()
    service.stop()
    assert visitor(apache).page() == 503
