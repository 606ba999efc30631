# SPDX-License-Identifier: Apache-2.0
"""pppd with our plugin against pppd as a caller, on a real line, under a kernel of their own: who gets in, by which proof, and what is told."""
import json
import re
import subprocess

import pytest

from conftest import ROOT, program

PAP, CHAP, MSCHAP, MSCHAP_V2 = 1, 2, 4, 8
LOCAL, REMOTE = "10.99.0.1", "10.99.0.2"
GOOD, WRONG = "Secret123!x", "Secret123!y"
SECRET = "Secret123"
PROOFS = {"pap": PAP, "chap": CHAP, "mschap": MSCHAP, "mschap-v2": MSCHAP_V2}
MPPE = ["require-mppe-128"]

SCENARIOS = {
    **{f"{name}-right": {"require": bit, "user": "alice", "password": GOOD} for name, bit in PROOFS.items()},
    **{f"{name}-wrong": {"require": bit, "user": f"wrong-{name}", "password": WRONG} for name, bit in PROOFS.items()},
    "domain": {"require": MSCHAP_V2, "user": "TESTS\\alice", "password": GOOD},
    "outside-ascii": {"require": MSCHAP_V2, "user": "jörg", "password": "Pw1 plain"},
    "outside-ascii-pap": {"require": PAP, "user": "jörg", "password": "Pw1 plain"},
    "mppe-mschap": {"require": MSCHAP, "mppe": True, "user": "alice", "password": GOOD, "caller": MPPE},
    "mppe-mschap-v2": {"require": MSCHAP_V2, "mppe": True, "user": "alice", "password": GOOD, "caller": MPPE},
    "mppe-not-wanted": {"require": MSCHAP_V2, "mppe": True, "user": "alice", "password": GOOD, "caller": ["nomppe"]},
    "several": {"require": CHAP | MSCHAP_V2, "user": "alice", "password": GOOD, "caller": ["refuse-mschap-v2"]},
    "weaker": {"require": MSCHAP_V2, "user": "alice", "password": GOOD, "caller": ["refuse-mschap-v2"]},
    "noauth": {"require": MSCHAP_V2, "user": "alice", "password": GOOD, "options": "noauth",
               "caller": ["refuse-mschap-v2", "refuse-chap", "refuse-mschap", "refuse-pap", "refuse-eap"]},
    "no-dial-in": {"require": MSCHAP_V2, "user": "bob", "password": GOOD},
    "nobody": {"require": MSCHAP_V2, "user": "nobody", "password": GOOD},
    "disabled": {"require": MSCHAP_V2, "user": "dora", "password": GOOD},
    "no-clear-text": {"require": CHAP, "user": "erin", "password": GOOD},
    "other-user": {"require": MSCHAP_V2, "user": "other", "password": GOOD},
    "other-address": {"require": MSCHAP_V2, "user": "alice", "password": GOOD, "caller": ["10.99.0.77:"]},
    "locked-1": {"require": MSCHAP_V2, "user": "frank", "password": WRONG},
    "locked-2": {"require": PAP, "user": "frank", "password": WRONG},
    "locked-3": {"require": CHAP, "user": "frank", "password": WRONG},
    "locked-4": {"require": MSCHAP_V2, "user": "frank", "password": GOOD},
    "caller-ends": {"require": MSCHAP_V2, "user": "alice", "password": GOOD, "ends": "caller"},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ppp")
    (folder / "keys").mkdir(mode=0o700)
    config = folder / "opensspi.conf"
    config.write_text("[server]\ncomputer = RAS1\ndomain = TESTS\n"
                      f"[accounts]\nstore = sqlite:{folder}/accounts.db\nkey_file = {folder}/keys/accounts.key\n")

    def ctl(*args, stdin=""):
        subprocess.run([program("sspictl"), "--config", config, *args], input=stdin, text=True, check=True, timeout=60)

    def add(name, *options, password=GOOD):
        ctl("account", "add", name, "--password-stdin", *options, stdin=password + "\n")

    dial_in = ("--dial-in", "yes")
    for name in ("alice", "dora", "frank", *(f"wrong-{proof}" for proof in PROOFS)):
        add(name, *dial_in, "--keep-clear-text")
    for name in ("erin", "other"):
        add(name, *dial_in)
    add("jörg", *dial_in, password="Pw1 plain")
    add("bob")
    ctl("account", "disable", "dora")
    (folder / "scenarios.json").write_text(json.dumps(list(SCENARIOS.items())), encoding="utf-8")
    done = subprocess.run([ROOT / "tests/support/uml-run", "-t", "1200", "/usr/bin/python3", ROOT / "tests/peers/ppp_scenarios.py",
                           program("ppp_line"), program("opensspi.so"), folder], capture_output=True, text=True, timeout=1300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def outcome(results, name):
    result = results[name]
    return {event[0]: event[1:] for event in result["events"]}, result


def assert_up(results, name, user="alice", domain=""):
    events, result = outcome(results, name)
    assert "up" in events, result["log"]
    assert events["authenticated"][:2] == [user, domain]
    assert re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-1\d+", events["authenticated"][2])
    assert events["up"][1:] == [LOCAL, REMOTE] and result["ping"], result["log"]
    return events, result


def assert_refused(results, name, why, user):
    events, result = outcome(results, name)
    assert "up" not in events and "authenticated" not in events, result["log"]
    assert events["refused"] == [user, "", why], result["log"]
    assert events["ended"][0] in (5, 11, 16) and events["ended"][6] == "the caller failed to authenticate", result["log"]
    assert SECRET not in result["log"]


@pytest.mark.parametrize("proof", PROOFS)
def test_right_password_connects_and_is_accounted(results, proof):
    events, result = assert_up(results, f"{proof}-right")
    status, seconds, bytes_in, bytes_out, local, remote, reason = events["ended"]
    assert status == 5 and reason == "the server ended the connection" and [local, remote] == [LOCAL, REMOTE]
    assert seconds < 300 and bytes_in > 1000 and bytes_out > 1000, events
    assert SECRET not in result["log"]


@pytest.mark.parametrize("proof", PROOFS)
def test_wrong_password_is_refused(results, proof):
    assert_refused(results, f"{proof}-wrong", "the password is wrong", f"wrong-{proof}")


def test_a_domain_before_the_name_is_split_off(results):
    assert_up(results, "domain", "alice", "TESTS")


@pytest.mark.parametrize("name", ["outside-ascii", "outside-ascii-pap"])
def test_names_outside_ascii(results, name):
    assert_up(results, name, "jörg")


@pytest.mark.parametrize("name", ["mppe-mschap", "mppe-mschap-v2"])
def test_mppe_keys_are_those_of_the_caller(results, name):
    _events, result = assert_up(results, name)
    assert "MPPE 128-bit stateless compression enabled" in result["log"]


def test_mppe_that_is_required_is_required(results):
    events, result = outcome(results, "mppe-not-wanted")
    assert "up" not in events, result["log"]


def test_each_proof_that_the_port_has_will_do(results):
    assert_up(results, "several")


@pytest.mark.parametrize("name", ["weaker", "noauth"])
def test_no_other_proof_will_do(results, name):
    events, result = outcome(results, name)
    assert "up" not in events and "authenticated" not in events and "refused" not in events, result["log"]
    assert events["ended"][0] in (10, 11), result["log"]


def test_permission_to_dial_in_is_needed(results):
    assert_refused(results, "no-dial-in", "the account may not dial in", "bob")


def test_others_are_refused_in_the_same_words(results):
    assert_refused(results, "nobody", "there is no such account", "nobody")
    assert_refused(results, "disabled", "the account is disabled", "dora")
    assert_refused(results, "no-clear-text",
                   "CHAP with MD5 needs a password that is kept in clear, and the account keeps none", "erin")
    words = {re.search(r"says=\"?(?:MS-)?CHAP authentication failed: ([^\"]*)", results[name]["log"]) for name in ("nobody", "disabled")}
    assert len({word.group(1) if word else None for word in words}) == 1


def test_the_owner_may_refuse_whom_the_authority_admits(results):
    events, result = outcome(results, "other-user")
    assert "authenticated" in events and "up" not in events and events["ended"][6] == "the caller failed to authenticate", result["log"]


def test_a_caller_has_the_address_that_the_port_gives(results):
    events, result = outcome(results, "other-address")
    assert "up" not in events or events["up"][2] == REMOTE, result["log"]


def test_wrong_passwords_lock_out_whatever_the_proof(results):
    for n in (1, 2, 3):
        assert_refused(results, f"locked-{n}", "the password is wrong", "frank")
    assert_refused(results, "locked-4", "the account is locked out", "frank")


def test_a_caller_that_hangs_up_is_accounted(results):
    events, result = assert_up(results, "caller-ends")
    assert events["ended"][0] in (0, 16) and events["ended"][2] > 1000, result["log"]
