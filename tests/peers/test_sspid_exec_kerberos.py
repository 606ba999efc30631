# SPDX-License-Identifier: Apache-2.0
"""Commands for clients that come with a ticket: there is nobody but sspid to say who they are."""
import os
import subprocess
import sys
import time

import pytest

from conftest import ROOT, program
from mit_realm import MitRealm

sys.path.append(str(ROOT / "tests/system"))
from execd import ALICE, Execd

COMMANDS = {"id": {"command": "/usr/bin/id -un"}, "env": {"command": "/usr/bin/env"}, "delegated": {}}
# What it has, whose it is, and that a ticket for the next service can be had with it.
DELEGATED = 'f="${KRB5CCNAME#FILE:}"; stat -c "%n %U %G %a" "$f"; klist -f; kvno -q host/localhost && klist | grep -c host/localhost\n'


@pytest.fixture
def site(make_service, tmp_path, monkeypatch):
    folder = tmp_path / "realm"
    folder.mkdir()
    realm = MitRealm(folder).start()
    execd = None
    try:
        realm.add_user("alice", "Secret789!x")
        realm.add_service("host/localhost")
        realm.admin("modprinc +ok_as_delegate host/localhost")
        folder.chmod(0o755)
        execd = Execd({name: dict(keys) for name, keys in COMMANDS.items()}, more=f"dns_domain = {MitRealm.name}\n")
        conf = execd.folder / "krb5.conf"  # where the users find it
        conf.write_text((realm.folder / "krb5.conf").read_text())
        conf.chmod(0o644)
        execd.commands["delegated"] = {"command": execd.script("delegated", DELEGATED), "environment": f"KRB5_CONFIG={conf}", "errors": "stream"}
        execd.write_config()
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


def run(realm, service, name, *args):
    port = service.address(name).rsplit(":", 1)[1]
    return subprocess.run([program("sspi-connect"), "--spn", "host/localhost", *args, f"localhost:{port}"], capture_output=True, text=True, input="",
                          env={**service.environment(), **realm.environment(realm.ticket("alice"))}, timeout=60)


def test_a_ticket_runs_a_command_where_sspid_is_trusted(site):
    realm, execd, service = site
    done = run(realm, service, "id")
    assert (done.returncode, done.stdout) == (0, "alice\n"), done.stderr + service.log.read_text() + execd.log.read_text()
    execd.says(f"unix_user=alice uid={ALICE} by=sspid")
    found = dict(line.split("=", 1) for line in run(realm, service, "env").stdout.splitlines())
    assert (found["OPENSSPI_USER"], found["OPENSSPI_DOMAIN"], found["OPENSSPI_PACKAGE"]) == ("alice", MitRealm.name, "Kerberos")
    assert "OPENSSPI_SID" not in found and "KRB5CCNAME" not in found


def test_what_the_client_delegates_is_the_command_s(site):
    realm, execd, service = site
    done = run(realm, service, "delegated", "--delegate")
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr + service.log.read_text() + execd.log.read_text()
    stat, *klist, tickets = done.stdout.splitlines()
    path, *rest = stat.split()
    assert rest == ["alice", "root", "600"] and path.startswith(f"{execd.socket}.credentials/")
    assert f"Ticket cache: FILE:{path}" in klist and f"Default principal: alice@{MitRealm.name}" in klist
    assert any(f"krbtgt/{MitRealm.name}@{MitRealm.name}" in line for line in klist) and any("Flags: F" in line for line in klist), klist
    assert tickets == "1"
    service.wait_for(lambda: not os.path.exists(path) and not os.listdir(f"{execd.socket}.credentials"), "it is gone with the command")
    execd.says(f"uid={ALICE} by=sspid delegated=1")
    assert service.events(4624)[-1]["delegated"] is True


def test_without_delegation_there_is_no_cache(site):
    realm, execd, service = site
    assert "KRB5CCNAME" not in run(realm, service, "env").stdout
    realm.admin("modprinc -ok_as_delegate host/localhost")
    done = run(realm, service, "env", "--delegate")
    assert done.returncode == 0 and "KRB5CCNAME" not in done.stdout
    assert "nothing was delegated: kerberos: no delegation: the ticket is not ok-as-delegate" in done.stderr
    assert "delegated=1" not in execd.log.read_text()


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
