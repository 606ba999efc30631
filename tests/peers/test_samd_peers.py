# SPDX-License-Identifier: Apache-2.0
"""Clients that nobody here wrote, whose responses samd proves: each answers a challenge of now, and none answers one twice."""
import http.client
import os
import subprocess
import sys

import pytest

from conftest import ACCOUNTS, ROOT
from ends import DOMAIN, PASSWORD, USER, Gensec, Impacket, gss, gss_environment, samba_config
from test_http_clients import OPENSSL_CONF, REQUESTS, chromium, curl, log_on, who

sys.path.append(str(ROOT / "tests/system"))
from samd import Samd, ServiceBehind  # noqa: E402

ALICE = ACCOUNTS["alice"]


@pytest.fixture
def samd():
    made = Samd(accounts={"alice": ALICE})
    yield made
    made.clear()


@pytest.fixture
def service(samd):
    made = ServiceBehind(samd, {"http": {"protocol": "http", "backend": "whoami"}})
    yield made.start()
    made.stop()


def client_of(name, folder):
    if name.startswith("gss-ntlmssp"):
        return gss("client", name.split()[1], env=gss_environment(folder), user=f"{DOMAIN}\\{USER}", password=PASSWORD, target="HTTP@127.0.0.1")
    if name.startswith("Samba"):
        return Gensec(samba_config(folder), name.split()[1], USER, PASSWORD, sealed=False, signed=False)
    return Impacket(USER, PASSWORD, DOMAIN)


@pytest.mark.parametrize("name", ["gss-ntlmssp ntlm", "gss-ntlmssp spnego", "Samba ntlm", "Samba spnego", "impacket ntlm"])
def test_a_library(samd, service, tmp_path, name):
    for _ in range(3):
        connection = http.client.HTTPConnection(service.address("http"), timeout=60)
        with client_of(name, tmp_path) as client:
            assert log_on(connection, client, "Negotiate" if name.endswith("spnego") else "NTLM") == "alice", samd.log.read_text()
        connection.close()


@pytest.mark.parametrize("options", [["--ntlm", "-u", f"alice:{ALICE}"], ["--negotiate", "-u", ":"]], ids=["its own", "gss-ntlmssp"])
def test_curl(service, tmp_path, options):
    for _ in range(3):
        assert who(curl(service, *options, env=gss_environment(tmp_path))[0]) == "alice"


def test_requests_ntlm(service, tmp_path):
    (tmp_path / "openssl.cnf").write_text(OPENSSL_CONF, encoding="ascii")
    done = subprocess.run(["/usr/bin/python3", "-c", REQUESTS, service.url("/whoami"), "WORKGROUP\\alice", ALICE], text=True, timeout=60,
                          env={**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")}, capture_output=True)
    assert done.stdout.splitlines() == ["200 alice", "200 alice"], done.stderr


def test_chromium(service, tmp_path):
    page, all_of_it = chromium(service.environment(), service.url("/whoami").replace("http://", f"http://alice:{ALICE}@"), tmp_path)
    assert '"user":"alice"' in page, all_of_it
