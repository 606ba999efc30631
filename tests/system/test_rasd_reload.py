# SPDX-License-Identifier: Apache-2.0
"""rasd and SIGHUP: calls that begin from then on come under what the files say now, and those that are there go on with what they began with."""
import signal
import subprocess

import pytest

from conftest import PATIENCE, program
from rasd import make_rasd  # noqa: F401

PASSWORD = "Secret123!x"


def reload(rasd, words="the configuration is read anew"):
    rasd.write_config()
    told = rasd.log_text().count(words)
    rasd.process.send_signal(signal.SIGHUP)
    rasd.wait_for(lambda: rasd.log_text().count(words) > told, words)


def test_a_call_goes_on_with_what_it_began_with(make_rasd):
    rasd = make_rasd(ports={"net": {"type": "tcp", "calls": "2", "device_name": "old"}})
    before = rasd.call()
    before.expect("user: ")
    rasd.event(29001)
    rasd.ports["net"]["device_name"] = "new"
    reload(rasd)
    after = rasd.call()
    after.expect("user: ")
    for caller in (before, after):
        caller.connect_ppp()
        caller.say("BYE\n")
        caller.rest()
    rasd.event(20272, 2)
    devices = {}
    for row in rasd.events():
        if "call" in row:
            devices.setdefault(row["call"], set()).add(row["device"])
    assert list(devices.values()) == [{"old"}, {"new"}]


def test_accounts_and_policy_are_those_of_the_call_s_beginning(make_rasd):
    rasd = make_rasd(program("otp.so"), host=None, module_host=program("ras-module-host"), ports={"net": {"type": "tcp", "calls": "4"}}, start=False)
    rasd.policy["lockout_threshold"] = "0"
    rasd.write_config()
    for args in (("account", "add", "alice", "--password-stdin", "--dial-in", "yes"), ("otp", "enroll", "alice", "--hotp", "--no-confirm")):
        done = subprocess.run([program("sspictl"), "--config", rasd.config, *args], input=PASSWORD + "\n", capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
    rasd.start()
    before = rasd.call()
    before.expect("User: ")
    rasd.policy["lockout_threshold"] = "1"
    reload(rasd)
    before.say("alice\r")
    before.expect("Code: ")
    before.say("000000\r")
    assert rasd.event(29012)["reason"] == "the one-time code is wrong"
    before.expect("User: ")
    assert not rasd.events(4740)
    after = rasd.call()
    after.expect("User: ")
    after.say("alice\r")
    after.expect("Code: ")
    after.say("000000\r")
    assert rasd.event(4740)["TargetUserName"] == "alice"


@pytest.mark.parametrize("section, key, value, words", [("net", "calls", "3", "restart alone: [port net] calls"),
                                                        ("net", "remote_address", "192.0.2.9-192.0.2.10", "restart alone: [port net] remote_address"),
                                                        ("net", "telnet", "yes", "restart alone: [port net] telnet"),
                                                        ("ras", "module_processes", "2", "restart alone: [ras] module_processes"),
                                                        ("ras", "run_directory", "/var/tmp/elsewhere", "restart alone: [ras] run_directory"),
                                                        ("ras", "no_such_key", "1", "no_such_key"),
                                                        ("policy", "lockout_threshold", "many", "lockout_threshold"),
                                                        ("events", "file", "/nonexistent/events", "the event log cannot be opened")])
def test_a_fault_is_refused_as_a_whole(make_rasd, section, key, value, words):
    rasd = make_rasd(ports={"net": {"type": "tcp", "calls": "2", "device_name": "old"}})
    rasd.ports["net"]["device_name"] = "new"
    {"net": rasd.ports["net"], "ras": rasd.ras, "policy": rasd.policy, "events": rasd.sinks}[section][key] = value
    reload(rasd, "the old one stays")
    row = rasd.event(29102)
    assert row["Keywords"] == "Audit Failure" and words in row["reason"]
    caller = rasd.call()
    caller.expect("user: ")
    assert rasd.event(29001)["device"] == "old"


def test_events_go_elsewhere(make_rasd):
    rasd = make_rasd()
    rasd.sinks["file"] = rasd.event_file = rasd.folder / "more.jsonl"
    reload(rasd)
    caller = rasd.call()
    caller.expect("user: ")
    assert rasd.event(29102)["Keywords"] == "Audit Success" and rasd.event(29001)
    assert "29001" not in (rasd.folder / "events.jsonl").read_text()


def test_again_and_again_while_there_are_calls(make_rasd):
    rasd = make_rasd()
    for i in range(10):
        caller = rasd.call()
        caller.expect("user: ")
        rasd.ports["net"]["device_name"] = f"name {i}"
        reload(rasd)
        caller.connect_ppp()
        reload(rasd)
        caller.say("BYE\n")
        caller.rest()
        assert rasd.event(20272, i + 1)["device"] == (f"name {i - 1}" if i else rasd.event(29001)["device"])
