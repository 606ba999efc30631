# SPDX-License-Identifier: Apache-2.0
"""Commands for clients that come with a ticket: there is nobody but sspid to say who they are."""
import subprocess
import sys
import time

import pytest

from conftest import ROOT, program
from mit_realm import MitRealm

sys.path.append(str(ROOT / "tests/system"))
from execd import ALICE, Execd

COMMANDS = {"id": {"command": "/usr/bin/id -un"}, "env": {"command": "/usr/bin/env"}}


@pytest.fixture
def site(make_service, tmp_path, monkeypatch):
    folder = tmp_path / "realm"
    folder.mkdir()
    realm = MitRealm(folder).start()
    execd = None
    try:
        realm.add_user("alice", "Secret789!x")
        realm.add_service("host/localhost")
        execd = Execd(COMMANDS, more=f"dns_domain = {MitRealm.name}\n")
        monkeypatch.setenv("KRB5_CONFIG", str(realm.folder / "krb5.conf"))
        service = make_service(accounts={}, server={"dns_domain": MitRealm.name}, kerberos={"keytab": f"FILE:{realm.keytab}"}, start=False,
                               listeners={name: {"protocol": "framed", "backend": f"exec:{name}"} for name in COMMANDS})
        service.config.write_text(service.config.read_text() + execd.sections())
        execd.start()
        service.start()
        time.sleep(1.1)  # MIT's clients count from whole seconds, and what was made before the start is refused
        yield realm, execd, service
    finally:
        if execd:
            execd.clear()
        realm.stop()


def run(realm, service, name):
    port = service.address(name).rsplit(":", 1)[1]
    return subprocess.run([program("sspi-connect"), "--spn", "host/localhost", f"localhost:{port}"], capture_output=True, text=True, input="",
                          env={**service.environment(), **realm.environment(realm.ticket("alice"))}, timeout=60)


def test_a_ticket_runs_a_command_where_sspid_is_trusted(site):
    realm, execd, service = site
    done = run(realm, service, "id")
    assert (done.returncode, done.stdout) == (0, "alice\n"), done.stderr + service.log.read_text() + execd.log.read_text()
    execd.says(f"unix_user=alice uid={ALICE} by=sspid")
    found = dict(line.split("=", 1) for line in run(realm, service, "env").stdout.splitlines())
    assert (found["OPENSSPI_USER"], found["OPENSSPI_DOMAIN"], found["OPENSSPI_PACKAGE"]) == ("alice", MitRealm.name, "Kerberos")
    assert "OPENSSPI_SID" not in found and "KRB5CCNAME" not in found


def test_and_nowhere_else(site):
    realm, execd, service = site
    for name in COMMANDS:
        execd.commands[name]["trust_sspid"] = None
    execd.more = f"dns_domain = {MitRealm.name}\n[accounts]\nstore = authority:/nonexistent/auth\n"
    execd.write_config()
    execd.process.send_signal(1)
    execd.says("read anew")
    done = run(realm, service, "id")
    assert (done.returncode, done.stdout) == (1, "")
    refused = service.wait_for(lambda: service.events(29200), "the event")[0]
    assert refused["refusal"] == "not-proven" and "Kerberos" in refused["reason"]
