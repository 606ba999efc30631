# SPDX-License-Identifier: Apache-2.0
"""The whole way, under a kernel of its own: a caller of real pppd's, the module's dialogue, rasd, its plugin in pppd, samd."""
import json
import subprocess

import pytest

from conftest import ROOT, program

LOCAL, REMOTE = "10.99.0.1", "10.99.0.2"
PORT = f"local_address = {LOCAL}\nremote_address = {REMOTE}\nsame_user = require\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rasd")
    config, there = folder / "opensspi.conf", "/run/rasd"
    server = "[server]\ncomputer = RAS1\ndomain = TESTS\n"
    state = "store = sqlite:{0}/state/accounts.db\nkey_file = {0}/state/accounts.key\n"
    (folder / "state").mkdir(mode=0o700)
    config.write_text(f"{server}[accounts]\n{state.format(folder)}")
    for name in ("alice", "bob"):
        subprocess.run([program("sspictl"), "--config", config, "account", "add", name, "--password-stdin", "--dial-in", "yes"],
                       input="Secret123!x\n", text=True, check=True, timeout=60)
    host, module, plugin = program("ras-module-host"), program("ras_module.so"), program("opensspi.so")
    config.write_text(f"{server}[accounts]\nstore = authority:{there}/authority/auth\n"
                      f"[samd]\nsocket = {there}/authority/auth\n{state.format(there)}"
                      f"[events]\nfile = {there}/events.jsonl\n"
                      f"[ras]\nsecurity_module = {there}/module.so\nmodule_host = {host}\nmodule_user = nobody\nplugin = {plugin}\n"
                      f"control_socket = {there}/control\nrun_directory = {there}/run\n"
                      f"[port net]\ntype = tcp\ndevice = 127.0.0.1:2300\n{PORT}[port line]\ntype = pty\ndevice = {there}/line\n{PORT}")
    done = subprocess.run([ROOT / "tests/support/uml-run", "-t", "200", "/usr/bin/python3", ROOT / "tests/peers/rasd_scenario.py",
                           program("rasd"), program("samd"), program("sspictl"), host, module, plugin, folder],
                          capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + (folder / "log").read_text(errors="replace")
    return json.loads((folder / "results.json").read_text())


def events(results, event_id, port=None):
    return [row for row in results["events"] if row["EventID"] == event_id and port in (None, row.get("port"))]


@pytest.mark.parametrize("name, port", [("tcp", "net"), ("pty", "line")])
def test_a_caller_comes_through(results, name, port):
    up = results[name]["up"]
    assert up.get("state") == "Connected" and results[name]["ping"], results["log"]
    assert (up["user"], up["local_address"], up["remote_address"]) == ("alice", LOCAL, REMOTE)
    assert results[name]["after"]["state"] == "Listening"
    call = events(results, 20272, port)[0]
    assert call["bytes_received"] > 1000 and call["bytes_sent"] > 1000 and call["TargetUserName"] == "alice"
    told = [row["EventID"] for row in results["events"] if row.get("call") == call["call"]]
    assert told == [29001, 29003, 20250, 20274, 20272]


def test_a_wrong_password_is_refused_though_the_module_was_content(results):
    assert results["wrong"]["up"].get("state") != "Connected"
    assert events(results, 20271)[0]["reason"] == "the password is wrong"


def test_another_user_than_the_module_vetted_is_hung_up(results):
    assert results["another"]["up"].get("state") != "Connected"
    assert events(results, 29008)[0]["TargetUserName"] == "bob"


def test_nothing_is_left_behind(results):
    assert results["exit"] == 0, results["log"]
    assert not events(results, 29006) and not events(results, 29010)
    assert "Secret123" not in results["log"] + json.dumps(results["events"])
