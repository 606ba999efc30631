# SPDX-License-Identifier: Apache-2.0
"""SspiPromptForCredentials at a terminal of its own: what is shown, what is not, and that the terminal is what it was, whatever happens.

Each program runs as a job of a session of its own, as a shell would run it, since one that has no shell cannot be stopped."""
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

import conftest

CANCELLED, NO_SUCH_LOGON_SESSION = 1223, 1312
UNKNOWN_CREDENTIALS, INVALID_PARAMETER, SECPKG_NOT_FOUND = 0x8009030D, 0x8009035D, 0x80090305
LOGON_DENIED = 0x8009030C

# What prompts: asks once and prints what came of it.
PROGRAM = r"""
import ctypes, json, os, signal, sys, threading, time
o = json.loads(sys.argv[1])
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
for name, action in o.get("signals", {}).items():
    signal.signal(getattr(signal, name), signal.SIG_IGN if action == "ignore" else lambda *a: None)
lib = ctypes.CDLL(o["library"])
wide = lambda s: None if s is None else ctypes.create_string_buffer((s + "\0").encode("utf-16-le", "surrogatepass"))
identity, given, save = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int(1)
if "user" in o:
    assert lib.SspiEncodeStringsAsAuthIdentity(wide(o["user"]), wide(o.get("domain")), wide("old"), ctypes.byref(given)) == 0
for f in ("SspiPromptForCredentialsA", "SspiPromptForCredentialsW"):
    getattr(lib, f).restype = ctypes.c_uint32
def prompt():
    if o.get("ansi"):
        return lib.SspiPromptForCredentialsA(o["target"].encode(), None, o.get("error", 0), b"Negotiate", given, ctypes.byref(identity), None, 0)
    return lib.SspiPromptForCredentialsW(wide(o["target"]), None, o.get("error", 0), wide(o.get("package", "NTLM")), given,
                                         ctypes.byref(identity), ctypes.byref(save), o.get("flags", 0))
def fork():
    while not os.path.exists(o["fork"]):
        time.sleep(0.01)
    child = os.fork()
    if child == 0:
        time.sleep(120)
        os._exit(0)
    os.rename(o["fork"], o["fork"] + f".{child}")
    status = os.waitpid(child, 0)[1]
    with open(o["out"] + ".child", "w") as f:
        f.write(str(status))
def in_a_thread(told):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    told.append(prompt())
if "fork" in o:
    threading.Thread(target=fork, daemon=True).start()
if o.get("thread"):
    told = []
    thread = threading.Thread(target=in_a_thread, args=(told,))
    thread.start()
    thread.join()
    time.sleep(2) # what takes effect in another thread has time to
    status = told[0]
else:
    status = prompt()
answer = {"status": status, "save": save.value}
if status == 0:
    parts = [ctypes.c_void_p() for _ in range(3)]
    assert lib.SspiEncodeAuthIdentityAsStrings(identity, *map(ctypes.byref, parts)) == 0
    def text(p):
        if not p.value:
            return None
        n = 0
        while ctypes.string_at(p.value + 2 * n, 2) != b"\0\0":
            n += 1
        return ctypes.string_at(p.value, 2 * n).decode("utf-16-le")
    answer["user"], answer["domain"], answer["password"] = map(text, parts)
    handle = (ctypes.c_uint64 * 2)()
    answer["acquired"] = lib.AcquireCredentialsHandleW(None, wide("NTLM"), 2, None, identity, None, None, handle, None)
    lib.SspiFreeAuthIdentity(identity)
with open(o["out"], "w") as f:
    json.dump(answer, f)
"""


def new_terminal():
    """What a terminal is before anybody has had it."""
    ends = os.openpty()
    try:
        return termios.tcgetattr(ends[0])
    finally:
        for end in ends:
            os.close(end)


class Job:
    """A program that is in the foreground of a terminal, or gets there when it asks for it; `master` is the terminal's other end."""

    def __init__(self, tmp_path, command, foreground=True):
        self.seen, self.fate = b"", tmp_path / "fate"
        self.out = tmp_path / "out.json"
        shell, self.master = pty.fork()
        if shell == 0:
            self.be_shell(command, foreground)
        self.shell = shell
        self.before = new_terminal()  # this one may be the job's already

    def be_shell(self, command, foreground):
        """Runs it as a job, and writes down each time what it does: stopped or ended, by what."""
        with contextlib.suppress(BaseException):
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                if foreground:
                    os.tcsetpgrp(0, os.getpid())
                for number in (signal.SIGTTOU, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # a run in the background has the last two ignored
                    signal.signal(number, signal.SIG_DFL)
                os.execv(command[0], list(map(str, command)))
            ended = False
            while not ended:
                _, status = os.waitpid(child, os.WUNTRACED)
                ended = not os.WIFSTOPPED(status)
                word = (f"stopped {os.WSTOPSIG(status)}" if not ended
                        else f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")
                with open(self.fate, "a", encoding="utf-8") as f:
                    f.write(f"{child} {word}\n")
                if word == f"stopped {signal.SIGTTOU:d}":
                    os.tcsetpgrp(0, child)
                    os.kill(child, signal.SIGCONT)
            time.sleep(60)
        os._exit(0)

    def read_until(self, text):
        deadline = time.monotonic() + conftest.PATIENCE
        while text.encode() not in self.seen:
            assert select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0], f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.master, 4096)
        shown, self.seen = self.seen.split(text.encode(), 1)
        return shown.decode()

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def fates(self, n):
        """The first n things that happened to it."""
        conftest.wait_for(lambda: self.fate.exists() and len(self.fate.read_text().splitlines()) >= n, "the job's fate")
        return [line.split(" ", 1)[1] for line in self.fate.read_text().splitlines()]

    def pid(self):
        return os.tcgetpgrp(self.master)

    def answer(self):
        assert self.fates(1)[-1] == "exit 0", self.seen
        assert termios.tcgetattr(self.master) == self.before
        return json.loads(self.out.read_text())

    def ended_by(self, number):
        """And the terminal is what it was."""
        assert self.fates(1)[-1] == f"signal {number:d}"
        assert termios.tcgetattr(self.master) == self.before

    def close(self):
        for end in (lambda: os.kill(self.shell, signal.SIGKILL), lambda: os.waitpid(self.shell, 0), lambda: os.close(self.master)):
            with contextlib.suppress(OSError):
                end()


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENSSPI_CONFIG", str(tmp_path / "opensspi.conf"))
    (tmp_path / "opensspi.conf").write_text("[server]\ncomputer = WEB1\n")
    jobs = []

    def run(command, **where):
        jobs.append(Job(tmp_path, command, **where))
        return jobs[-1]

    yield run
    for j in jobs:
        j.close()


@pytest.fixture
def prompt(job, tmp_path):
    def start(foreground=True, **options):
        options = {"target": "HTTP/web1.example.test", **options, "out": str(tmp_path / "out.json"),
                   "library": str(conftest.BUILD / "src/sspi/libopensspi.so.0")}
        return job([sys.executable, "-c", PROGRAM, json.dumps(options)], foreground=foreground)
    return start


def at_password(p, user="alice"):
    p.read_until("User name: ")
    assert p.echoes()
    p.type(user + "\n")
    p.read_until("Password: ")
    assert not p.echoes()
    return p


@pytest.mark.parametrize("typed,user,domain", [("DOMAIN\\alice", "alice", "DOMAIN"), ("alice@example.test", "alice@example.test", None),
                                               ("alice", "alice", None), ("Zoë\\Ünï", "Ünï", "Zoë")])
def test_a_name_and_a_password(prompt, typed, user, domain):
    p = at_password(prompt(), typed)
    p.type("paßwörd €\n")
    assert p.answer() == {"status": 0, "save": 0, "user": user, "domain": domain, "password": "paßwörd €", "acquired": 0}
    p.type("\n")
    assert "pa" not in p.seen.decode()


def test_the_ansi_form_is_utf8(prompt):
    p = prompt(ansi=True, target="HTTP/zoë")
    assert "Credentials for HTTP/zoë" in p.read_until("User name: ")
    p.type("alice\n")
    p.read_until("Password: ")
    p.type("x\n")
    assert p.answer()["user"] == "alice"


def test_what_is_said(prompt):
    p = prompt(target="HTTP/\x1b[2Jweb1\n", error=LOGON_DENIED)
    shown = p.read_until("User name: ")
    assert "the user name or the password is not right (SEC_E_LOGON_DENIED)" in shown
    assert "Credentials for HTTP/?[2Jweb1?" in shown and "\x1b" not in shown


def test_an_error_without_words_is_a_number(prompt):
    assert "the last try failed (0x00000005)" in prompt(error=5).read_until("User name: ")


@pytest.mark.parametrize("typed,user,domain", [("", "alice", "DOMAIN"), ("bob", "bob", None), ("OTHER\\bob", "bob", "OTHER")])
def test_a_given_identity_is_the_default(prompt, typed, user, domain):
    p = prompt(user="alice", domain="DOMAIN")
    p.read_until("User name [DOMAIN\\alice]: ")
    p.type(typed + "\n")
    p.read_until("Password: ")
    p.type("\n")
    answer = p.answer()
    # The password is the typed one, not the one that there was.
    assert (answer["user"], answer["domain"], answer["password"]) == (user, domain, "")


@pytest.mark.parametrize("flags", [1, 2, 4, 7, 8])
def test_flags_are_taken(prompt, flags):
    p = at_password(prompt(flags=flags))
    p.type("x\n")
    answer = p.answer()
    assert (answer["status"], answer["save"], answer["acquired"]) == (0, 0, 0)


@pytest.mark.parametrize("options,status", [({"flags": 0x10}, INVALID_PARAMETER), ({"package": "None"}, SECPKG_NOT_FOUND),
                                            ({"package": ""}, INVALID_PARAMETER)])
def test_what_is_wrong_with_the_call_is_told_without_a_question(prompt, options, status):
    assert prompt(**options).answer()["status"] == status


@pytest.mark.parametrize("typed", ["x" * 1100, "x" * 3000])
def test_too_long_a_password_is_refused(prompt, typed):
    p = at_password(prompt())
    p.type(typed + "\n")
    assert p.answer()["status"] == UNKNOWN_CREDENTIALS


def test_what_is_no_text_is_refused(prompt):
    p = at_password(prompt())
    p.type(b"\xff\xfe\n")
    assert p.answer()["status"] == UNKNOWN_CREDENTIALS


def test_an_end_of_file_cancels(prompt):
    p = at_password(prompt())
    p.type("\x04")
    assert p.answer()["status"] == CANCELLED


def test_no_name_cancels(prompt):
    p = prompt()
    p.read_until("User name: ")
    p.type("\n")
    assert p.answer()["status"] == CANCELLED


# --- signals -------------------------------------------------------------------------------------


def test_interrupt_ends_the_program(prompt):
    p = at_password(prompt())
    p.type("half a passw\x03")
    p.ended_by(signal.SIGINT)
    assert "half" not in p.seen.decode()


def test_quit_ends_the_program(prompt):
    p = at_password(prompt())
    p.type("\x1c")
    p.ended_by(signal.SIGQUIT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGINT])
def test_a_signal_from_elsewhere_ends_the_program(prompt, number):
    p = at_password(prompt())
    os.kill(p.pid(), number)
    p.ended_by(number)


def test_a_signal_that_the_program_handles_cancels(prompt):
    p = at_password(prompt(signals={"SIGINT": "handle"}))
    p.type("\x03")
    assert p.answer()["status"] == CANCELLED


def test_a_signal_that_is_ignored_changes_nothing(prompt):
    p = at_password(prompt(signals={"SIGINT": "ignore"}))
    os.kill(p.pid(), signal.SIGINT)
    time.sleep(0.1)
    p.type("x\n")
    assert p.answer()["status"] == 0


def test_a_stop_and_the_question_again(prompt):
    p = at_password(prompt())
    p.type("half\x1a")
    assert p.fates(1)[0] == f"stopped {signal.SIGTSTP:d}"
    assert termios.tcgetattr(p.master) == p.before
    os.kill(p.pid(), signal.SIGCONT)
    p.read_until("Password: ")
    assert not p.echoes()
    p.type("whole\n")
    assert p.fates(2)[-1] == "exit 0"
    assert termios.tcgetattr(p.master) == p.before
    assert json.loads(p.out.read_text())["password"] == "whole"


def test_a_stop_that_none_can_put_off_and_the_question_again(prompt):
    p = at_password(prompt())
    os.kill(p.pid(), signal.SIGSTOP)
    assert p.fates(1)[0] == f"stopped {signal.SIGSTOP:d}"
    termios.tcsetattr(p.master, termios.TCSANOW, p.before)  # as a shell does
    os.kill(p.pid(), signal.SIGCONT)
    p.read_until("Password: ")
    assert not p.echoes()
    p.type("whole\n")
    assert p.fates(2)[-1] == "exit 0"
    assert json.loads(p.out.read_text())["password"] == "whole"


def test_a_signal_that_another_comes_with_is_not_forgotten(prompt):
    """As shells and service managers end what is stopped."""
    p = at_password(prompt())
    pid = p.pid()
    os.kill(pid, signal.SIGSTOP)
    assert p.fates(1)[0] == f"stopped {signal.SIGSTOP:d}"
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    assert p.fates(2)[-1] == f"signal {signal.SIGTERM:d}"
    assert termios.tcgetattr(p.master) == p.before


def test_a_signal_ends_the_program_although_the_terminals_output_is_stopped(prompt):
    p = at_password(prompt())
    p.type("\x13")
    time.sleep(0.1)
    os.kill(p.pid(), signal.SIGTERM)
    p.ended_by(signal.SIGTERM)


def test_a_signal_ends_the_program_although_the_question_cannot_be_shown(prompt):
    p = prompt()
    p.read_until("User name: ")
    p.type("\x13alice\n")
    conftest.wait_for(lambda: not p.echoes(), "the question for the password")
    os.kill(p.pid(), signal.SIGTERM)
    p.ended_by(signal.SIGTERM)


def test_a_question_is_shown_once_output_goes_on(prompt):
    p = prompt()
    p.read_until("User name: ")
    p.type("\x13alice\n")
    conftest.wait_for(lambda: not p.echoes(), "the question for the password")
    p.type("\x11")
    p.read_until("Password: ")
    p.type("whole\n")
    assert p.answer()["password"] == "whole"


def test_a_program_in_the_background_asks_once_it_is_in_front(prompt):
    p = at_password(prompt(foreground=False))
    assert p.fates(1)[0] == f"stopped {signal.SIGTTOU:d}"
    p.type("whole\n")
    assert p.fates(2)[-1] == "exit 0"
    assert termios.tcgetattr(p.master) == p.before
    assert json.loads(p.out.read_text())["password"] == "whole"


def test_a_signal_takes_effect_although_the_asking_thread_blocks_it(prompt):
    p = at_password(prompt(thread=True))
    os.kill(p.pid(), signal.SIGTERM)
    p.ended_by(signal.SIGTERM)


def test_a_signal_for_a_child_that_was_forked_meanwhile_is_the_childs(prompt, tmp_path):
    go = tmp_path / "go"
    p = at_password(prompt(fork=str(go)))
    go.touch()
    conftest.wait_for(lambda: list(tmp_path.glob("go.*")), "a child")
    os.kill(int(next(tmp_path.glob("go.*")).suffix[1:]), signal.SIGTERM)
    conftest.wait_for(lambda: (tmp_path / "out.json.child").exists() and (tmp_path / "out.json.child").read_text(), "the child's end")
    assert (tmp_path / "out.json.child").read_text() == str(signal.SIGTERM.value)
    p.type("whole\n")
    assert p.answer()["password"] == "whole"


def test_a_line_that_is_hung_up_ends_the_question(prompt):
    """The kernel tells the shell; one that forwards nothing leaves the program to what it reads."""
    p = at_password(prompt())
    p.type("half")
    os.close(p.master)
    p.master = -1
    assert p.fates(1)[-1] == "exit 0"
    assert json.loads(p.out.read_text())["status"] in (CANCELLED, NO_SUCH_LOGON_SESSION)  # as it reads an end, or an error


def test_without_a_terminal_there_is_nobody_to_ask(tmp_path):
    options = {"target": "HTTP/web1", "out": str(tmp_path / "out.json"), "library": str(conftest.BUILD / "src/sspi/libopensspi.so.0")}
    subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(options)], stdin=subprocess.DEVNULL, start_new_session=True, check=True, timeout=60)
    assert json.loads((tmp_path / "out.json").read_text())["status"] == NO_SUCH_LOGON_SESSION


# --- the tools, which ask in the same way --------------------------------------------------------


def test_sspictl_asks_twice(job, tmp_path):
    (tmp_path / "opensspi.conf").write_text(f"[accounts]\nstore = sqlite:{tmp_path}/accounts.db\nkey_file = {tmp_path}/key\n")
    p = job([conftest.program("sspictl"), "account", "add", "alice"])
    p.read_until("New password: ")
    assert not p.echoes()
    p.type("one\n")
    p.read_until("The same again: ")
    p.type("another\n")
    p.read_until("the two passwords differ")
    assert p.fates(1)[-1] == "exit 1" and termios.tcgetattr(p.master) == p.before


def test_sspi_connect_gives_the_echo_back(job):
    p = job([conftest.program("sspi-connect"), "--user", "DOMAIN\\alice", "127.0.0.1:1"])
    p.read_until("Password: ")
    assert not p.echoes()
    p.type("x\x03")
    p.ended_by(signal.SIGINT)
