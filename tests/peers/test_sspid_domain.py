# SPDX-License-Identifier: Apache-2.0
"""sspid as a member of a domain of Samba's: who a ticket with a PAC is, in which groups; what the event log says when the service's
account changes; and NTLM for who has no ticket. Service and clients run inside the domain's namespaces."""
import json
import pathlib
import subprocess
import time

import pytest

from ad_domain import PASSWORDS, ROOT, AdDomain
from conftest import PATIENCE, Service, program

HOST, ACCOUNT = "web.example.test", "svc"
KRB5_CONF = """[libdefaults]
    default_realm = EXAMPLE.TEST
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    EXAMPLE.TEST = {
        kdc = 127.0.0.1
    }
[domain_realm]
    .example.test = EXAMPLE.TEST
"""


class ServiceDomain(AdDomain):
    """With an account for a service, in whose keytab all its keys are."""

    def tool(self, *command):
        self.run("samba-tool", *command, "-s", self.config, "-H", self.folder / "dc/private/sam.ldb")

    def provision(self):
        super().provision()
        (self.folder / "krb5.conf").write_text(KRB5_CONF, encoding="ascii")
        self.tool("user", "create", ACCOUNT, "Svc123!pw")
        self.tool("spn", "add", f"HTTP/{HOST}", ACCOUNT)
        self.tool("group", "add", "readers")
        self.tool("group", "addmembers", "readers", "alice")
        self.export()

    def export(self):
        keytab = self.folder / "keytab"
        keytab.unlink(missing_ok=True)
        self.run("samba-tool", "domain", "exportkeytab", keytab, f"--principal=HTTP/{HOST}", "-s", self.config)
        self.run("chmod", "a+r", keytab)

    def command(self, *command, **environment):
        return self.inside("env", f"KRB5_CONFIG={self.folder}/krb5.conf", *(f"{k}={v}" for k, v in environment.items()), *command)

    def cache(self, user):
        """A fresh ticket-granting ticket."""
        cache = self.folder / f"cache-{user}-{time.monotonic_ns()}"
        end = time.monotonic() + 300
        while True:
            done = subprocess.run(self.command("kinit", "-c", cache, user), input=PASSWORDS[user] + "\n", capture_output=True, text=True,
                                  check=False, timeout=150)
            if done.returncode == 0:
                return cache
            # winbindd proves passwords before the KDC listens.
            assert "Cannot contact" in done.stderr and time.monotonic() < end, done.stderr
            time.sleep(0.2)


class InnerService(Service):
    """sspid inside the domain's namespaces."""

    def __init__(self, folder, domain):
        self.domain = domain
        super().__init__(folder, {"alice": PASSWORDS["alice"]}, {}, {"http": {"protocol": "http"}}, {"computer": "WEB1"},
                         {"keytab": f"FILE:{domain.folder}/keytab"})

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.domain.command(program("sspid"), OPENSSPI_CONFIG=self.config),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait_for(lambda: '"ready"' in self.log.read_text() or " ready" in self.log.read_text(), "sspid is ready")
        time.sleep(1.1)  # MIT's clients count the KDC's time from whole seconds
        return self

    def pid(self):
        """nsenter's child, or its child's."""
        pid = leaf = self.process.pid
        while leaf:
            children = pathlib.Path(f"/proc/{leaf}/task/{leaf}/children").read_text(encoding="ascii").split()
            pid, leaf = leaf, children[0] if children else None
        return pid

    def stop(self, expect=0):
        """nsenter waits for its child, which is the service, and answers with its status."""
        if self.process and self.process.poll() is None:
            subprocess.run([*ROOT, "kill", "-TERM", str(self.pid())], check=True)
        process, self.process = self.process, None
        assert not process or process.wait(PATIENCE) == expect, self.log.read_text(errors="replace")

    def get(self, *options, cache="/nonexistent", host=HOST, path="/whoami"):
        port = self.address("http").rsplit(":", 1)[1]
        done = subprocess.run(self.domain.command("curl", "-sS", "--noproxy", "*", "--max-time", "120", "-w", "\n%{http_code}", "--resolve",
                                                  f"{host}:{port}:127.0.0.1", *options, f"http://{host}:{port}{path}", KRB5CCNAME=cache),
                              capture_output=True, text=True, check=False, timeout=150)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    controller = ServiceDomain(tmp_path_factory.mktemp("ad-sspid"))
    try:
        yield controller.start()
    finally:
        controller.stop()


@pytest.fixture
def served(domain, tmp_path):
    tmp_path.chmod(0o700)
    service = InnerService(tmp_path, domain)
    try:
        yield service.start()
    finally:
        service.stop()


def negotiate(service, cache, **more):
    return service.get("--negotiate", "-u", ":", cache=cache, **more)


def test_a_user_of_the_domain__has_a_sid_and_groups(domain, served):
    status, body = negotiate(served, domain.cache("alice"))
    who = json.loads(body)
    assert status == 200 and who["package"] == "Kerberos" and (who["user"], who["domain"]) == ("alice", "EXAMPLE")
    assert who["sid"].startswith("S-1-5-21-") and any(sid.endswith("-513") for sid in who["group_sids"])
    assert len(who["group_sids"]) >= 2
    event, = served.wait_for(lambda: served.events(4624), "event 4624")
    assert event["pac_verified"] is True and event["logon_server"].upper() == "DC1" and event["upn"] == "alice@example.test"
    assert event["TargetUserSid"] == who["sid"] and event["TargetDomainName"] == "EXAMPLE"
    assert event["ServiceName"] == f"HTTP/{HOST}@EXAMPLE.TEST" and event["TicketEncryptionType"] in ("0x12", "0x17")


def test_remote_user__behind_a_proxy(domain, served):
    status, _ = negotiate(served, domain.cache("alice"), path="/auth")
    assert status == 200
    assert served.wait_for(lambda: served.events(4624), "event 4624")[-1]["client_principal"] == "alice@EXAMPLE.TEST"


def test_the_accounts_password_is_set__the_event_names_both_versions(domain, served):
    """And a keytab that is exported again is taken without a restart."""
    domain.tool("user", "setpassword", ACCOUNT, "--newpassword=Svc456!pw")
    assert negotiate(served, domain.cache("alice"))[0] == 401
    event = served.wait_for(lambda: served.events(4625), "event 4625")[-1]
    assert event["krb_error"] == 44 and f"kvno {event['kvno']}" in event["reason"] and f"kvno {event['kvno'] - 1}" in event["reason"]
    assert "export it again" in event["hint"]
    domain.export()
    assert served.wait_for(lambda: negotiate(served, domain.cache("alice"))[0] == 200, "the keytab is read again")


def test_a_name_of_the_account_that_is_not_in_the_keytab__is_served(domain, served):
    """One account, two names: the key is the same."""
    domain.tool("spn", "add", "HTTP/alias.example.test", ACCOUNT)
    assert negotiate(served, domain.cache("alice"), host="alias.example.test")[0] == 200


def test_no_spn__the_event_names_it(domain, served):
    """curl has no ticket then, and sends nothing; the server takes NTLM too, so that it waits for the connection's end."""
    assert negotiate(served, domain.cache("alice"), host="noreg.example.test")[0] == 401
    event = served.wait_for(lambda: served.events(4625), "event 4625")[-1]
    assert "noreg.example.test" in event["reason"] and "setspn -S HTTP/noreg.example.test" in event["hint"]


def test_ntlm__for_who_has_no_ticket(served):
    status, body = served.get("--ntlm", "-u", f"alice:{PASSWORDS['alice']}")
    assert status == 200 and json.loads(body)["package"] == "NTLM"
