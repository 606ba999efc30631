# SPDX-License-Identifier: Apache-2.0
"""rasd with the modules that come with it, in the real ras-module-host: otp against accounts (oathtool makes the codes), pam against pam_matrix."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

from conftest import PATIENCE, program, remove_pam_wrappers
from rasd import Rasd

PASSWORD = "Secret123!x"


def ctl(rasd, *args, stdin=""):
    done = subprocess.run([program("sspictl"), "--config", rasd.config, *args], input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Token:
    """A counter's codes, as a person's device has them."""

    def __init__(self, rasd, user):
        uri = ctl(rasd, "otp", "enroll", user, "--hotp", "--no-confirm")
        self.secret, self.counter = re.search("secret=([A-Z2-7]+)", uri).group(1), 0

    def press(self):
        done = subprocess.run(["oathtool", "--hotp", "-b", "-c", str(self.counter), self.secret], capture_output=True, text=True, check=True,
                              timeout=PATIENCE)
        self.counter += 1
        return done.stdout.strip()


@pytest.fixture
def rasd():
    made = Rasd(program("otp.so"), host=None, module_host=program("ras-module-host"),
                ports={"net": {"type": "tcp", "calls": "8"}, "line": {"type": "pty", "device": "/var/tmp/rasd-otp-line"}})
    made.ports["line"]["device"] = str(made.folder / "line")
    made.write_config()
    for user in ("alice", "bob"):
        ctl(made, "account", "add", user, "--password-stdin", "--dial-in", "yes", stdin=PASSWORD + "\n")
    yield made.start()
    made.clear()


def answer(caller, user, code):
    caller.expect("User: ")
    caller.say(f"{user}\r")
    caller.expect("Code: ")
    caller.say(f"{code}\r")


def on(caller, user):
    """PPP, with the user whom the module vetted."""
    caller.expect("PPP\n")
    caller.say(f"AUTH {user} WEB1\nUP\nBYE\n")
    caller.expect("OK\nOK\n")


def test_a_code_works_once(rasd):
    token = Token(rasd, "alice")
    code = token.press()
    c = rasd.call()
    answer(c, "alice", f"{code[:3]} {code[3:]}")
    on(c, "alice")
    assert rasd.event(29003)["TargetUserName"] == "alice"
    c = rasd.call()
    answer(c, "alice", code)
    assert c.expect("Not accepted.") == b"\r\n"
    refused = rasd.event(29012)
    assert (refused["TargetUserName"], refused["reason"], refused["Keywords"]) == ("alice", "the one-time code was used before", "Audit Failure")
    answer(c, "ALICE", token.press())
    on(c, "alice")
    assert code not in rasd.event_file.read_text() + rasd.log_text()


def test_over_a_pty(rasd):
    token = Token(rasd, "bob")
    fd = os.open(rasd.ports["line"]["device"], os.O_RDWR | os.O_NOCTTY)
    c = type(rasd.call())(lambda n: os.read(fd, n), lambda data: os.write(fd, data), lambda: os.close(fd))
    answer(c, "WEB1\\bob", token.press())
    on(c, "bob")
    assert rasd.event(29003)["TargetDomainName"] == "WEB1"
    c.close()


def test_refused_alike(rasd):
    """Unknown, without a code, disabled: the caller sees the same, the log has the reason."""
    token = Token(rasd, "alice")
    ctl(rasd, "account", "disable", "alice")
    shown = []
    for number, (user, code, reason) in enumerate((("alice", token.press(), "the one-time code is right, but the account is disabled"),
                                                   ("bob", "123456", "the account has no one-time code"),
                                                   ("nobody", "123456", "there is no such account"))):
        c = rasd.call()
        answer(c, user, code)
        c.expect("\r\n")
        shown.append(c.expect("User: "))
        assert rasd.event(29012, number + 1)["reason"] == reason
        c.close()
    assert set(shown) == {b"Not accepted.\r\n"}


def test_three_tries_and_the_lock_out(rasd):
    token = Token(rasd, "alice")
    wrong = "000000"
    for call in range(4):
        c = rasd.call()
        for _ in range(3):
            answer(c, "alice", wrong)
            c.expect("Not accepted.")
        assert b"User" not in c.rest()
        assert rasd.event(29004, call + 1)["TargetUserName"] == "alice"
    locked = rasd.event(4740)
    assert (locked["TargetUserName"], locked["IpAddress"], locked["port"][:4]) == ("alice", "127.0.0.1", "net/") and len(rasd.events(4740)) == 1
    assert locked["TargetSid"] == json.loads(ctl(rasd, "account", "show", "alice", "--json"))["sid"]
    assert [row["reason"] for row in rasd.events(29012)][-2:] == ["the account is locked out"] * 2
    c = rasd.call()
    answer(c, "alice", token.press())
    c.expect("Not accepted.")
    ctl(rasd, "account", "unlock", "alice")
    answer(c, "alice", token.press())
    on(c, "alice")


def test_who_may_not_dial_in(rasd):
    token = Token(rasd, "alice")
    ctl(rasd, "account", "modify", "alice", "--dial-in", "no")
    c = rasd.call()
    answer(c, "alice", token.press())
    c.expect("Not accepted.")
    assert rasd.event(29012)["reason"] == "the one-time code is right, but the account may not dial in"


def test_one_code_in_many_calls_at_once(rasd):
    token = Token(rasd, "alice")
    ctl(rasd, "account", "unlock", "alice")
    code = token.press()
    callers = [rasd.call() for _ in range(8)]
    for c in callers:
        c.expect("User: ")
        c.say("alice\r")
        c.expect("Code: ")
    for c in callers:
        c.say(f"{code}\r")
    seen = []
    for c in callers:
        while b"PPP\n" not in c.got and b"Not accepted" not in c.got:
            part = c.read(4096)
            assert part
            c.got += part
        seen.append(b"PPP\n" in c.got)
        c.close()
    assert sum(seen) == 1


def test_a_store_that_is_gone(rasd):
    token = Token(rasd, "alice")
    away = rasd.folder / "away.db"
    (rasd.folder / "accounts.db").rename(away)
    c = rasd.call()
    answer(c, "alice", token.press())
    c.rest()
    told = rasd.event(29005)
    assert (told["error"], told["error_name"]) == (650, "ERROR_SERVER_NOT_RESPONDING")
    assert rasd.event(29012)["reason"] == "the account store cannot answer"
    away.rename(rasd.folder / "accounts.db")
    c = rasd.call()
    answer(c, "alice", token.press())
    on(c, "alice")


def test_who_says_nothing_and_who_hangs_up(rasd):
    c = rasd.call()
    c.expect("User: ")
    c.close()
    rasd.event(29009)
    c = rasd.call()
    c.expect("User: ")
    c.say("alice\r")
    c.expect("Code: ")
    assert rasd.ctl("hangup", "net").returncode == 0
    c.rest()
    rasd.event(29009, 2)
    assert not rasd.events(29006) and not rasd.events(29010)


# --- modules that ask otherwise --------------------------------------------------------------------

ASKS = '''
def begin(call):
    call.begun()
    call.asked, call.told = 0, []
    call.receive()

def received(call, error, data):
    if error:
        return
    call.way = data.split(b"\\r")[0]
    for _ in range(8 if call.way == b"together" else 1):
        ask(call)
    if call.way == b"held":
        call.send(b"asked")

def ask(call):
    call.asked += 1
    call.check_code(call.asked, "alice", b"000000")

def otp_result(call, request, error):
    call.told.append(error)
    if call.way == b"in turn" and call.asked < 8:
        ask(call)
    elif len(call.told) == call.asked:
        call.send(repr(sorted(call.told)).encode() + b"\\n")
        call.complete(FAILURE, "alice")
'''


@pytest.fixture
def asks():
    made = Rasd(ASKS)
    ctl(made, "account", "add", "alice", "--password-stdin", "--dial-in", "yes", stdin=PASSWORD + "\n")
    Token(made, "alice")
    yield made.start()
    made.clear()


def test_five_codes_in_a_call(asks):
    """After them nobody is asked, and nothing counts towards the lock-out."""
    for call in (1, 2):
        c = asks.call()
        c.say("in turn\r")
        assert c.expect("\n") == repr([691] * 8).encode()
        assert len(asks.events(29012)) == 5 * call
    assert asks.log_text().count("too many codes") == 6


def test_codes_asked_about_at_once(asks):
    c = asks.call()
    c.say("together\r")
    told = json.loads(c.expect("\n"))
    assert set(told) == {616, 691} and told.count(691) <= 5 and len(told) == 8


def test_who_hangs_up_while_a_code_is_checked(asks):
    for number in range(20):
        c = asks.call()
        c.say("in turn\r")
        c.close()
        asks.event(29009, number + 1)
    c = asks.call()
    c.say("in turn\r")
    c.expect("\n")
    assert not asks.events(29006)


def test_a_refusal_is_told_though_its_caller_is_gone(asks):
    """The store is held by another for as long as the check waits: the call is over by then, and another one on its port may have begun."""
    asks.stop()
    held = sqlite3.connect(asks.folder / "accounts.db", isolation_level=None)
    held.execute("PRAGMA locking_mode = EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    held.execute("UPDATE account SET changed = changed")
    asks.start()
    c = asks.call()
    c.say("held\r")
    c.expect("asked")  # behind the question, on the same line
    c.close()
    d = asks.call()
    first = asks.event(29012)
    assert (first["call"], first["reason"], first["IpAddress"]) == (asks.event(29001)["call"], "the account store cannot answer", "127.0.0.1")
    held.execute("ROLLBACK")
    held.close()
    d.say("in turn\r")
    assert d.expect("\n") == repr([691] * 8).encode()


# --- pam ------------------------------------------------------------------------------------------

WRAPPER = next(pathlib.Path("/usr/lib").glob("*/libpam_wrapper.so"))
MATRIX = WRAPPER.parent / "pam_wrapper/pam_matrix.so"


@pytest.fixture
def pam_rasd():
    made = Rasd(program("pam.so"), host=None, pam_service="dial-in")
    services = made.folder / "services"
    services.mkdir()
    (services / "dial-in").write_text(f"auth required pam_permit.so\nauth required {MATRIX} passdb={made.folder}/db\naccount required pam_permit.so\n")
    (made.folder / "db").write_text("alice:Secret123!:dial-in\n")
    host = made.folder / "host"  # PAM's configuration for this process alone
    host.write_text(f"#!/bin/sh\nLD_PRELOAD={WRAPPER} PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR={services} exec {program('ras-module-host')}\n")
    host.chmod(0o755)
    made.ras["module_host"] = host
    made.write_config()
    yield made.start()
    pids = {row["module_process"] for row in made.events(29011)}
    made.clear()
    remove_pam_wrappers(pids)


def test_pam(pam_rasd):
    c = pam_rasd.call()
    for password, then in (("wrong", "Not accepted.\r\n"), ("Secret123!", "PPP\n")):
        c.expect("login: ")
        c.say("alice\r")
        c.expect("Password: ")
        c.say(f"{password}\r")
        assert b"123" not in c.expect(then)
    c.say("AUTH alice WEB1\nUP\nBYE\n")
    c.expect("OK\nOK\n")
    assert pam_rasd.event(29003)["TargetUserName"] == "alice"
    assert "Secret123" not in pam_rasd.event_file.read_text() + pam_rasd.log_text()


@pytest.mark.parametrize("name", ["", "../shadow", "a b", ".hidden", "x" * 65])
def test_pam_services_that_are_none(name):
    rasd = Rasd(program("pam.so"), host=None, module_host=program("ras-module-host"), pam_service=name)
    try:
        done = rasd.run("-n")
        assert done.returncode == 2 and "pam_service" in done.stderr
    finally:
        rasd.clear()
