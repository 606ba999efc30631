# SPDX-License-Identifier: Apache-2.0
"""The modules otp and pam in ras-module-host; this file is rasd, and the caller. What PAM does is pam_wrapper's and pam_matrix's."""
import collections
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time

import pytest

from conftest import remove_pam_wrappers
from test_module_host import (BUILD, COMPLETE, END, ENDED, ERROR, FAILURE, FORGET, HOST, LOST, OTP_CHECK, OTP_RESULT, PATIENCE, RECEIVE,
                              SEND, SUCCESS, TIMED_OUT, Call, Host)

# A sanitizer's library, where there is one, comes before all that is preloaded.
SANITIZERS = re.findall(r"=> (\S*/lib[at]san\S*)", subprocess.run(["ldd", HOST], capture_output=True, text=True, check=True).stdout)
OTP, PAM = BUILD / "modules/otp.so", BUILD / "modules/pam.so"
WRONG = 691
CALLERS = {}


class Caller:
    """Types when the module receives, and sees what it sends."""

    def __init__(self, host, send_size=256, size=128, device="COM1"):
        self.call = host.begin(device, send_size=send_size, size=size, expect=None)
        self.seen, self.typed, self.receiving = b"", b"", 0
        self.heard = collections.deque()
        CALLERS[host, self.call.number] = self

    def hear(self):
        """The next message of this call; those of others wait for them."""
        while not self.heard:
            kind, body = self.call.host.hear()
            CALLERS[self.call.host, struct.unpack("<Q", body[:8])[0]].heard.append((kind, body[8:]))
        return self.heard.popleft()

    def step(self):
        kind, rest = self.hear()
        fields = Call.fields(kind, rest) if kind != SEND else (rest,)
        if kind == SEND:
            self.seen += fields[0]
        elif kind == RECEIVE:
            self.receiving, seconds = fields
            assert 0 < seconds <= 60
            self.type(b"")
        else:
            return kind, fields
        return None

    def type(self, data, piece=1000):
        self.typed += data
        if self.typed and self.receiving:
            n = min(self.receiving, piece)
            data, self.typed, self.receiving = self.typed[:n], self.typed[n:], 0
            self.call.type(data)

    def expect(self, wanted):
        while wanted not in self.seen:
            assert self.step() is None
        before, _, self.seen = self.seen.partition(wanted)
        return before

    def until(self, wanted):
        while not (answer := self.step()):
            pass
        assert answer[0] == wanted, answer
        return answer[1]

    def until_receive(self):
        while not self.receiving:
            assert self.step() is None

    def finish(self, outcome, user=b"", domain=b"", error=0):
        assert self.until(COMPLETE) == (outcome, error, user, domain)
        self.end()

    def end(self):
        self.call.say(END)
        assert self.until(ENDED) == (LOST,)
        self.call.say(FORGET)


@pytest.fixture
def make_host():
    made = []

    def make(path, **popen):
        made.append(Host(path, **popen))
        assert made[-1].error == 0, made[-1].why
        return made[-1]

    yield make
    for host in made:
        host.close()


# --- otp ------------------------------------------------------------------------------------------


@pytest.fixture
def otp(make_host):
    host = make_host(OTP)
    yield host
    caller = Caller(host)  # after each test it still serves a call
    answer(caller, b"last", b"1", 0)
    caller.finish(SUCCESS, b"last")
    assert "111111" not in host.stop()


def answer(caller, user, code, error, domain=b"", typed=None):
    caller.expect(b"User: ")
    caller.type(user + b"\r" if typed is None else typed)
    caller.expect(b"Code: ")
    caller.type(code + b"\r")
    request, *asked = caller.until(OTP_CHECK)
    assert asked == [user.rpartition(b"\\")[2], domain, code.replace(b" ", b"")]
    caller.call.say(OTP_RESULT, struct.pack("<II", request, error))


def lose(caller):
    """The caller hangs up when he is asked the next time."""
    caller.until_receive()
    caller.call.type(b"", LOST)
    caller.finish(ERROR, error=LOST)


def test_a_right_code(otp):
    caller = Caller(otp)
    answer(caller, b"alice", b"123 456", 0)
    caller.finish(SUCCESS, b"alice")
    caller = Caller(otp)
    answer(caller, b"WEB1\\alice", b"123456", 0, b"WEB1")
    caller.finish(SUCCESS, b"alice", b"WEB1")


def test_three_wrong_codes(otp):
    caller = Caller(otp)
    for number in range(3):
        answer(caller, b"mallory", b"%d" % number, WRONG)
        caller.expect(b"Not accepted.\r\n")
    caller.finish(FAILURE, b"mallory")


def test_a_right_code_at_last(otp):
    caller = Caller(otp)
    answer(caller, b"alice", b"1", WRONG)
    answer(caller, b"bob", b"2", WRONG)
    answer(caller, b"carol", b"3", 0)
    caller.finish(SUCCESS, b"carol")


def test_what_the_caller_sees(otp):
    """The name as it is typed, with its corrections; of the code nothing."""
    caller = Caller(otp)
    answer(caller, b"alice", b"111111", 0, typed=b"alx\bic\x7fce\r\n")
    assert caller.seen == b"\r\n"
    caller.finish(SUCCESS, b"alice")
    caller = Caller(otp)
    caller.expect(b"User: ")
    caller.type(b"alix\x08ce\r")
    assert caller.expect(b"Code: ") == b"alix\b \bce\r\n"
    caller.type(b"119\x08\x081111\x00\r\n")
    request, *_, code = caller.until(OTP_CHECK)
    assert code == b"11111" and caller.seen == b"\r\n"
    caller.call.say(OTP_RESULT, struct.pack("<II", request, WRONG))
    assert caller.expect(b"Not accepted.") == b"\r\n"
    lose(caller)


def test_typed_ahead_and_by_keystrokes(otp):
    for size in (1, 3, 128):
        caller = Caller(otp, send_size=7, size=size)
        caller.type("jürgen\r123456\r".encode())
        request, user, domain, code = caller.until(OTP_CHECK)
        assert (user.decode(), domain, code) == ("jürgen", b"", b"123456")
        caller.call.say(OTP_RESULT, struct.pack("<II", request, 0))
        caller.finish(SUCCESS, "jürgen".encode())


def test_telnet_and_eight_bits(otp):
    caller = Caller(otp)
    answer(caller, b"al\xefce", b"123456", 0, typed=b"\xff\xfd\x03al\xef\xff\xf1ce\r\0")
    caller.finish(SUCCESS, b"al\xefce")


@pytest.mark.parametrize("user", [b"x" * 257, b"", b"D" * 16 + b"\\alice", b"WEB1\\"])
def test_names_that_nobody_has(otp, user):
    """The code is asked for all the same; rasd is not asked."""
    caller = Caller(otp)
    for _ in range(3):
        caller.expect(b"User: ")
        caller.type(user + b"\r")
        caller.expect(b"Code: ")
        caller.type(b"123456\r")
        caller.expect(b"Not accepted.")
    outcome, error, *_ = caller.until(COMPLETE)
    assert (outcome, error) == (FAILURE, 0)
    caller.end()


@pytest.mark.parametrize("code", [b"1" * 65, b"1" * 300, b"", b"   "])
def test_codes_that_are_none(otp, code):
    caller = Caller(otp)
    caller.expect(b"User: ")
    caller.type(b"alice\r")
    caller.expect(b"Code: ")
    caller.type(code + b"\r")
    caller.expect(b"Not accepted.")
    answer(caller, b"alice", b"123456", 0)
    caller.finish(SUCCESS, b"alice")


def test_a_store_that_cannot_answer(otp):
    caller = Caller(otp)
    answer(caller, b"alice", b"123456", 1717)
    caller.finish(ERROR, error=1717)


@pytest.mark.parametrize("said", [b"", b"alice\r"])
def test_who_says_nothing(otp, said):
    caller = Caller(otp)
    caller.expect(b"User: ")
    caller.type(said)
    if said:
        caller.expect(b"Code: ")
    caller.until_receive()
    caller.call.type(b"", TIMED_OUT)
    caller.finish(ERROR, error=TIMED_OUT)


def test_who_hangs_up(otp):
    for point in range(3):
        caller = Caller(otp)
        caller.expect(b"User: ")
        if point:
            caller.type(b"alice\r")
            caller.expect(b"Code: ")
        if point < 2:
            caller.until_receive()
            caller.call.type(b"", LOST)
        else:
            caller.type(b"123456\r")
            caller.until(OTP_CHECK)
        caller.call.say(END)
        kinds = {otp.hear()[0]}
        if COMPLETE in kinds:  # who heard of it before End
            kinds.add(otp.hear()[0])
        assert ENDED in kinds
        caller.call.say(FORGET)


def test_many_calls_at_once(otp):
    callers = {}
    for _ in range(200):
        call = otp.begin("COM1", expect=None)
        callers[call.number] = call
    done, line = 0, {number: b"user%d\r%d\r" % (number, number) for number in callers}
    while done < len(callers):
        kind, body = otp.hear()
        number, = struct.unpack("<Q", body[:8])
        call = callers[number]
        if kind == RECEIVE:
            call.type(line[number][:1])
            line[number] = line[number][1:]
        elif kind == OTP_CHECK:
            request, user, _, code = Call.fields(kind, body[8:])
            assert (user, code) == (b"user%d" % number, b"%d" % number)
            call.say(OTP_RESULT, struct.pack("<II", request, 0))
        elif kind == COMPLETE:
            assert Call.fields(kind, body[8:])[2] == b"user%d" % number
            call.say(END)
        elif kind == ENDED:
            call.say(FORGET)
            done += 1


def test_no_code_stays_in_memory(make_host):
    """The whole of the process's memory, after a call."""
    host = make_host(OTP)
    code = b"80" + b"%x" % int.from_bytes(os.urandom(8), "big")
    caller = Caller(host)
    answer(caller, b"alice", code, 0)
    caller.finish(SUCCESS, b"alice")
    caller = Caller(host)  # each buffer on the way was used again by now
    answer(caller, b"alice", b"7" * len(code), 0)
    caller.finish(SUCCESS, b"alice")
    if os.geteuid() == 0 and not SANITIZERS:  # it lets nobody else look, and they keep what was freed
        assert not [where for where, data in memory(host.process.pid) if code in data]


def memory(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for row in maps:
            area, rights, *_ = row.split()
            start, end = (int(part, 16) for part in area.split("-"))
            if rights.startswith("rw"):
                mem.seek(start)
                yield row, mem.read(end - start)


# --- pam ------------------------------------------------------------------------------------------

LIB = next(pathlib.Path("/usr/lib").glob("*/libpam_wrapper.so"))
MATRIX = LIB.parent / "pam_wrapper/pam_matrix.so"
SERVICES = {
    "other": "auth required pam_deny.so\naccount required pam_deny.so\n",
    "opensspi-ras": f"auth required pam_permit.so\nauth required {MATRIX} passdb={{db}}\naccount required {MATRIX} passdb={{db}}\n",
    "other-name": "auth required pam_permit.so\naccount required pam_permit.so\n",
    "no-account": f"auth required pam_permit.so\nauth required {MATRIX} passdb={{db}}\naccount required pam_deny.so\n",
    "blocks": "auth required pam_permit.so\nauth required pam_exec.so stdout {folder}/blocks\naccount required pam_permit.so\n",
    "fails": "auth required pam_permit.so\nauth required pam_exec.so /bin/false\naccount required pam_permit.so\n",
    "denies": "auth optional pam_permit.so\nauth requisite pam_deny.so\naccount required pam_permit.so\n",
    "speaks": f"auth optional pam_echo.so Welcome to %s\nauth required pam_permit.so\nauth required {MATRIX} passdb={{db}} echo\naccount required pam_permit.so\n",
}


@pytest.fixture
def pam_host(make_host):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ras-pam-", dir="/var/tmp"))
    services = folder / "services"
    services.mkdir()
    (folder / "db").write_text("alice:Secret123!:opensspi-ras\nalice:Secret123!:speaks\nalice:Secret123!:no-account\n")
    (folder / "blocks").write_text(f"#!/bin/sh\ntouch {folder}/run/blocked\nwhile [ ! -e {folder}/run/go ]; do sleep 0.1; done\n")
    (folder / "blocks").chmod(0o755)
    for name, rules in SERVICES.items():
        (services / name).write_text(rules.format(db=folder / "db", folder=folder))
    (folder / "run").mkdir()
    (folder / "run").chmod(0o777)
    for path in (folder, services):
        path.chmod(0o755)

    pids = set()

    def make(service=None):
        env = {"LD_PRELOAD": ":".join([*SANITIZERS, str(LIB)]), "PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(services), "PATH": os.environ["PATH"],
               **{name: os.environ[name] for name in ("ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}}
        if service:
            env["OPENSSPI_RAS_PAM_SERVICE"] = service
        host = make_host(PAM, env=env)
        host.folder = folder
        pids.add(host.process.pid)
        return host

    yield make
    shutil.rmtree(folder)
    remove_pam_wrappers(pids)


def log_in(caller, user=b"alice", password=b"Secret123!"):
    caller.expect(b"login: ")
    caller.type(user + b"\r")
    assert caller.expect(b"Password: ") == user + b"\r\n"
    caller.type(password + b"\r")


def test_pam_lets_pass(pam_host):
    host = pam_host()
    caller = Caller(host)
    log_in(caller)
    caller.finish(SUCCESS, b"alice")
    assert b"Secret" not in caller.seen
    assert "Secret" not in host.stop()


def test_pam_refuses(pam_host):
    host = pam_host()
    caller = Caller(host)
    for _ in range(3):
        log_in(caller, password=b"wrong")
    caller.finish(FAILURE, b"alice")
    caller = Caller(host)
    log_in(caller, b"mallory")
    log_in(caller)
    caller.finish(SUCCESS, b"alice")


def test_pam_account_refuses(pam_host):
    caller = Caller(pam_host("no-account"))
    log_in(caller)
    caller.finish(FAILURE, b"alice")


def test_pam_service_by_name(pam_host):
    caller = Caller(pam_host("other-name"))
    caller.expect(b"login: ")
    caller.type(b"anybody\r")
    caller.finish(SUCCESS, b"anybody")


def test_pam_service_that_is_not_there(pam_host):
    caller = Caller(pam_host("absent"))
    outcome, error, *_ = caller.until(COMPLETE)
    assert outcome != SUCCESS
    caller.end()


def test_pam_texts_and_echo(pam_host):
    """What PAM says is shown; a prompt with echo shows what is typed."""
    caller = Caller(pam_host("speaks"))
    caller.expect(b"Welcome to speaks")
    caller.expect(b"login: ")
    caller.type(b"alice\r")
    caller.expect(b"Password: ")
    caller.type(b"Secret123!\r")
    caller.finish(SUCCESS, b"alice")
    assert b"Secret123!" in caller.seen
    caller = Caller(pam_host("fails"))
    caller.expect(b"login: ")
    caller.type(b"alice\r")
    caller.expect(b"/bin/false failed: exit code 1\r\n")
    caller.finish(ERROR, error=645)  # ERROR_AUTH_INTERNAL


def test_pam_too_long_an_answer_is_a_wrong_one(pam_host):
    caller = Caller(pam_host())
    log_in(caller, password=b"Secret123!" * 30)
    log_in(caller)
    caller.finish(SUCCESS, b"alice")


def test_pam_times_out_and_hangs_up(pam_host):
    host = pam_host()
    caller = Caller(host)
    caller.expect(b"login: ")
    caller.until_receive()
    caller.call.type(b"", TIMED_OUT)
    caller.finish(ERROR, error=TIMED_OUT)
    caller = Caller(host)
    caller.expect(b"login: ")
    lose(caller)


def test_pam_that_calls_silence_a_refusal_is_not_asked_again(pam_host):
    """Debian's common-auth ends in pam_deny.so, whatever became of the conversation."""
    caller = Caller(pam_host("denies"))
    caller.expect(b"login: ")
    caller.until_receive()
    caller.call.type(b"", TIMED_OUT)
    caller.finish(ERROR, error=TIMED_OUT)


def test_a_blocked_pam_blocks_nobody_else(pam_host):
    """Neither another call, nor the end of its own."""
    host = pam_host("blocks")
    first, second = Caller(host), Caller(host)
    for caller, user in ((first, b"alice"), (second, b"bob")):
        caller.expect(b"login: ")
        caller.until_receive()
        caller.type(user + b"\r")
    end = time.monotonic() + PATIENCE
    while not (blocked := (host.folder / "run/blocked").exists()) and time.monotonic() < end:
        time.sleep(0.05)
    assert blocked
    first.end()
    (host.folder / "run/go").touch()
    second.finish(SUCCESS, b"bob")
    host.stop()
