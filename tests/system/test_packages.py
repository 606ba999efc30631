# SPDX-License-Identifier: Apache-2.0
"""A package of others (examples/shared_secret.c) in sspid, sspi-connect and sspictl, by the configuration alone."""
import json
import shutil
import subprocess

import pytest

import conftest

SECRET = "a long random secret"


@pytest.fixture
def package(tmp_path, monkeypatch):
    file, secrets = tmp_path / "shared_secret.so", tmp_path / "secrets"
    shutil.copy(conftest.BUILD / "examples/shared_secret.so", file)
    file.chmod(0o644)
    secrets.write_text(f"alice {SECRET}\n")
    secrets.chmod(0o600)
    monkeypatch.setenv("SHARED_SECRETS", str(secrets))
    return file


LISTENERS = {"own": {"protocol": "framed", "backend": "echo", "package": "SharedSecret"},
             "who": {"protocol": "framed", "backend": "whoami", "package": "SharedSecret"}}


@pytest.fixture
def unstarted(make_service, package):
    service = make_service(listeners=LISTENERS, start=False)
    with open(service.config, "a", encoding="utf-8") as f:
        f.write(f"[packages]\nload = {package}\n")
    return service


@pytest.fixture
def service(unstarted):
    return unstarted.start()


def connect(service, listener, secret, text):
    return subprocess.run([conftest.program("sspi-connect"), "--package", "SharedSecret", "--user", "alice", "--password-stdin",
                           service.address(listener)], input=f"{secret}\n{text}", env=service.environment(),
                          capture_output=True, text=True, timeout=60)


def test_listener__of_the_package__passes_protected_text(service):
    done = connect(service, "own", SECRET, "to be echoed\n")
    assert (done.returncode, done.stdout) == (0, "to be echoed\n"), done.stderr


def test_listener__of_the_package__knows_who_it_is(service):
    done = connect(service, "who", SECRET, "")
    assert done.returncode == 0, done.stderr
    who = json.loads(done.stdout)
    assert (who["user"], who["package"]) == ("alice", "SharedSecret")


def test_listener__another_secret__is_refused(service):
    done = connect(service, "own", "a wrong one", "x\n")
    assert done.returncode == 1 and done.stdout == ""
    event = next(e for e in service.events() if e["EventID"] == 4625)
    assert "no such user, or another secret" in json.dumps(event)


def test_sspictl__lists_the_package(unstarted):
    listed = json.loads(unstarted.ctl("packages", "--json").stdout)
    assert [p["name"] for p in listed] == ["Negotiate", "Kerberos", "NTLM", "SharedSecret"]
    assert unstarted.run("sspid", "-n").returncode == 0
    elsewhere = unstarted.folder / "another.conf"
    elsewhere.write_text("[server]\ncomputer = WEB2\n")
    listed = json.loads(unstarted.ctl("--config", elsewhere, "packages", "--json").stdout)
    assert "SharedSecret" not in [p["name"] for p in listed]


def test_configuration__with_a_package_that_others_can_change__is_refused(unstarted, package):
    package.chmod(0o666)
    for name, arguments in (("sspid", ["-n"]), ("sspid", []), ("sspictl", ["packages"])):
        done = unstarted.run(name, *arguments, check=False)
        assert done.returncode in (1, 2), done
        assert "can be written by others (mode 0666)" in done.stderr


def test_configuration__without_the_package__has_no_such_listener(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    done = service.run("sspid", "-n", check=False)
    assert done.returncode == 2 and 'not "SharedSecret"' in done.stderr
