# SPDX-License-Identifier: Apache-2.0
"""src/ticket against a domain of Samba's, whose NetBIOS name is not what its realm begins with: how people spell who they are."""
import subprocess
import time

import pytest

from ad_domain import PASSWORDS, AdDomain
from conftest import program

ALICE, SERVICE = PASSWORDS["alice"], "HTTP/web.example.test"
KRB5_CONF = """[libdefaults]
    default_realm = EXAMPLE.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    EXAMPLE.TEST = {
        kdc = 127.0.0.1
    }
"""


class Domain(AdDomain):
    name = "CORP"

    def provision(self):
        super().provision()
        where = ("-s", self.config, "-H", self.folder / "dc/private/sam.ldb")
        self.run("samba-tool", "user", "create", "svc", "Svc123!pw", *where)
        self.run("samba-tool", "spn", "add", SERVICE, "svc", *where)
        self.run("samba-tool", "user", "rename", "alice", "--upn=smith@example.test", *where)
        (self.folder / "krb5.conf").write_text(KRB5_CONF, encoding="ascii")

    def ask(self, *words):
        environment = (f"KRB5_CONFIG={self.folder}/krb5.conf", f"KRB5CCNAME=FILE:{self.folder}/cache")
        done = subprocess.run(self.inside("env", *environment, program("ticket_peer"), *words), capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    controller = Domain(tmp_path_factory.mktemp("ad-tickets"))
    try:
        controller.start()
        end = time.monotonic() + 300  # winbindd proves passwords before the KDC listens
        while "SEC_E_NO_AUTHENTICATING_AUTHORITY" in controller.ask("-u", "alice", "-p", ALICE, "get", SERVICE):
            assert time.monotonic() < end
            time.sleep(0.2)
        yield controller
    finally:
        controller.stop()


@pytest.mark.parametrize("identity", [
    ("-u", "alice"), ("-u", "ALICE"), ("-u", "alice@EXAMPLE.TEST"), ("-u", "alice@example.test"),
    ("-u", "alice", "-d", "CORP"), ("-u", "alice", "-d", "corp"), ("-u", "alice", "-d", "example.test"), ("-u", "alice@CORP"),
    ("-u", "smith@example.test"), ("-u", "smith@EXAMPLE.TEST"),
])
def test_password__in_each_spelling__gets_a_ticket(domain, identity):
    answer = domain.ask(*identity, "-p", ALICE, "get", SERVICE)
    assert answer.startswith("ok ") and "client=alice@EXAMPLE.TEST" in answer and f"server={SERVICE}@EXAMPLE.TEST" in answer, answer


@pytest.mark.parametrize("identity, code", [
    (("-u", "alice", "-p", "wrong"), 24), (("-u", "alice", "-d", "CORP", "-p", "wrong"), 24), (("-u", "smith@example.test", "-p", "wrong"), 24),
    (("-u", "bob", "-p", PASSWORDS["bob"]), 18), (("-u", "nobody", "-p", "x"), 6), (("-u", "alice", "-d", "NOWHERE", "-p", ALICE), 6),
])
def test_password__that_will_not_do__is_told_apart(domain, identity, code):
    answer = domain.ask(*identity, "get", SERVICE)
    assert answer.startswith(f"SEC_E_LOGON_DENIED {code} "), answer


@pytest.mark.parametrize("target", [SERVICE, SERVICE.lower(), "HTTP/WEB.example.test", "HTTP@web.example.test", "svc@EXAMPLE.TEST"])
def test_target__in_each_spelling__is_the_service(domain, target):
    answer = domain.ask("-u", "alice", "-p", ALICE, "get", target)
    assert answer.startswith("ok "), answer


def test_target__that_nobody_has__is_unknown(domain):
    answer = domain.ask("-u", "alice", "-p", ALICE, "get", "HTTP/noreg.example.test")
    assert answer.startswith("SEC_E_TARGET_UNKNOWN 7 ") and "HTTP/noreg.example.test" in answer


def test_tickets__of_every_kind(domain):
    alice = ("-u", "alice", "-p", ALICE)
    # Samba's KDC (4.17) takes accounts with an SPN alone for a server, whoever asks.
    assert domain.ask("-u", "svc", "-p", "Svc123!pw", "user-to-user", "svc").startswith("ok ")
    assert domain.ask(*alice, "user-to-user", "alice").startswith("SEC_E_TARGET_UNKNOWN 7 ")
    assert domain.ask(*alice, "delegate", SERVICE) == "cache of alice@EXAMPLE.TEST\nno cache\n"
    assert domain.ask(*alice, "fresh", SERVICE) == "same, another, same\n"
    assert domain.ask(*alice, "storm", SERVICE) == "200 good, 0 bad\n"
