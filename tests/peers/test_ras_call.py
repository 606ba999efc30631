# SPDX-License-Identifier: Apache-2.0
"""A whole call: rasd, a security module, pppd with our plugin, and a pppd that answers the dialogue, under a kernel of their own."""
import json
import subprocess

import pytest

from conftest import ROOT, program


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ras")
    (folder / "keys").mkdir(mode=0o700)
    config = folder / "opensspi.conf"
    config.write_text("[server]\ncomputer = RAS1\ndomain = TESTS\n"
                      f"[accounts]\nstore = sqlite:{folder}/accounts.db\nkey_file = {folder}/keys/accounts.key\n")
    subprocess.run([program("sspictl"), "--config", config, "account", "add", "alice", "--password-stdin", "--dial-in", "yes"],
                   input="Secret123!x\n", text=True, check=True, timeout=60)
    done = subprocess.run([ROOT / "tests/support/uml-run", "-t", "900", "/usr/bin/python3", ROOT / "tests/peers/ras_call.py", program("rasd"),
                           program("sspictl"), program("ras-module-host"), program("ras_module.so"), program("opensspi.so"), folder],
                          capture_output=True, text=True, timeout=1000, check=False)
    log = folder / "rasd.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text(errors="replace") if log.exists() else "")
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def event(result, number):
    found = [e for e in result["events"] if e["EventID"] == number]
    assert found, (number, result["events"], result["log"])
    return found[0]


def test_the_dialogue_and_then_ppp_let_the_caller_in(result):
    assert result["ready"] and result["connected"], result["log"]
    assert "alice" in result["status"] and "10.99.0.2" in result["status"]
    assert event(result, 29003)["TargetUserName"] == "alice"
    up = event(result, 20274)
    assert (up["TargetUserName"], up["local_address"], up["remote_address"]) == ("alice", "10.99.0.1", "10.99.0.2")
    assert "MPPE 128-bit stateless compression enabled" in result["log"]


def test_the_operator_hangs_up_and_it_is_accounted(result):
    assert result["hangup"] == 0 and result["listens_again"], result["log"]
    ended = event(result, 20272)
    assert ended["TargetUserName"] == "alice" and ended["seconds"] < 600
    assert ended["bytes_received"] > 0 and ended["bytes_sent"] > 0 and ended["reason"], ended


def test_a_wrong_answer_never_reaches_ppp(result):
    assert result["wrong_answer"] != 0
    assert event(result, 29004)["TargetUserName"] == "alice"
    assert len([e for e in result["events"] if e["EventID"] == 20274]) == 1


def test_rasd_ends_in_order(result):
    assert result["exit"] == 0, result["log"]
    assert "Secret123" not in result["log"] + json.dumps(result["events"])
