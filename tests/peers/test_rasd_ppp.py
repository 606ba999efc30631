# SPDX-License-Identifier: Apache-2.0
"""The whole way, under a kernel of its own: a caller of real pppd's, the module's dialogue, rasd, its plugin in pppd, samd."""
import json
import re
import subprocess

import pytest

from conftest import ROOT, program

LOCAL, REMOTE = "10.99.0.1", "10.99.0.2"
PORT = f"local_address = {LOCAL}\nremote_address = {REMOTE}\nsame_user = require\n"


def run(folder, module, *more):
    """What happened in the kernel's scenario; more: the arguments that enrol alice's code."""
    config, there = folder / "opensspi.conf", "/run/rasd"
    server = "[server]\ncomputer = RAS1\ndomain = TESTS\n"
    state = "store = sqlite:{0}/state/accounts.db\nkey_file = {0}/state/accounts.key\n"
    (folder / "state").mkdir(mode=0o700)
    config.write_text(f"{server}[accounts]\n{state.format(folder)}")
    for name in ("alice", "bob"):
        subprocess.run([program("sspictl"), "--config", config, "account", "add", name, "--password-stdin", "--dial-in", "yes"],
                       input="Secret123!x\n", text=True, check=True, timeout=60)
    secret = []
    if more:
        uri = subprocess.run([program("sspictl"), "--config", config, "otp", "enroll", "alice", *more], capture_output=True, text=True, check=True,
                             timeout=60).stdout
        secret = [re.search("secret=([A-Z2-7]+)", uri).group(1)]
    host, module, plugin = program("ras-module-host"), program(module), program("opensspi.so")
    config.write_text(f"{server}[accounts]\nstore = authority:{there}/authority/auth\n"
                      f"[samd]\nsocket = {there}/authority/auth\n{state.format(there)}"
                      f"[events]\nfile = {there}/events.jsonl\n"
                      f"[ras]\nsecurity_module = {there}/module.so\nmodule_host = {host}\nmodule_user = nobody\nplugin = {plugin}\n"
                      f"control_socket = {there}/control\nrun_directory = {there}/run\n"
                      f"[port net]\ntype = tcp\ndevice = 127.0.0.1:2300\n{PORT}[port line]\ntype = pty\ndevice = {there}/line\n{PORT}")
    done = subprocess.run([ROOT / "tests/support/uml-run", "-t", "900", "/usr/bin/python3", ROOT / "tests/peers/rasd_scenario.py",
                           program("rasd"), program("samd"), program("sspictl"), host, module, plugin, folder, *secret],
                          capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + (folder / "log").read_text(errors="replace")
    return json.loads((folder / "results.json").read_text())


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("rasd"), "ras_module.so")


@pytest.fixture(scope="module")
def otp_results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("otp"), "otp.so", "--hotp", "--no-confirm")


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


# --- one-time codes, answered by chat(8) ----------------------------------------------------------


@pytest.mark.parametrize("name, port", [("tcp", "net"), ("pty", "line"), ("ahead", "line")])
def test_a_caller_with_a_code_comes_through(otp_results, name, port):
    """The module's dialogue, then MS-CHAPv2, then an address."""
    up = otp_results[name]["up"]
    assert up.get("state") == "Connected" and otp_results[name]["ping"], otp_results["log"]
    assert (up["user"], up["local_address"], up["remote_address"]) == ("alice", LOCAL, REMOTE)
    assert otp_results[name]["after"]["state"] == "Listening"
    call = events(otp_results, 20272, port)[0]
    told = [row["EventID"] for row in otp_results["events"] if row.get("call") == call["call"]]
    assert told == [29001, 29003, 20250, 20274, 20272]


def test_a_code_again_does_not(otp_results):
    assert otp_results["again"]["passed"] is False and not otp_results["again"]["up"]
    assert events(otp_results, 29012)[0]["reason"] == "the one-time code was used before"


def test_a_right_code_and_a_wrong_password_do_not(otp_results):
    assert otp_results["wrong"]["passed"] and otp_results["wrong"]["up"].get("state") != "Connected"
    assert events(otp_results, 20271)[0]["reason"] == "the password is wrong"


def test_with_codes_nothing_is_left_behind(otp_results):
    assert otp_results["exit"] == 0, otp_results["log"]
    assert not events(otp_results, 29006) and not events(otp_results, 29010)
