# SPDX-License-Identifier: Apache-2.0
"""ras-module-host, with this file in rasd's place at the other end of its socket: docs/INTERFACES.md, written down a second time."""
import collections
import fcntl
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import termios
import time

import pytest

from conftest import let_others_pass

BUILD = pathlib.Path(os.environ["OPENSSPI_BUILD"])
HOST = BUILD / "src/ras/module_host/ras-module-host"
MODULES = BUILD / "tests/ras"
PATIENCE = 60

HELLO, BEGIN, RECEIVED, END, FORGET, OTP_RESULT, STOP = range(1, 8)
READY, BEGUN, SEND, RECEIVE, COMPLETE, ENDED, OTP_CHECK = range(32, 39)
SUCCESS, FAILURE, ERROR = 1, 2, 3
LOST, TIMED_OUT = 619, 638


def text(value):
    return struct.pack("<H", len(value)) + value


class Host:
    """One process, and rasd's end of the socket. As root it is another user's, as rasd has it."""

    def __init__(self, path, hello=True, **popen):
        self.socket, theirs = socket.socketpair()
        theirs.setblocking(False)  # as an event loop leaves it
        self.socket.settimeout(PATIENCE)
        self.next_call = 7
        self.heard, self.begun = collections.deque(), {}
        user = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

        def third():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([HOST], preexec_fn=third, close_fds=False, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **{**user, **popen})
        theirs.close()
        self.path = path
        if hello:
            self.hello(path)

    def hello(self, path, version=1):
        self.say(HELLO, struct.pack("<I", version) + text(str(path).encode()))
        kind, body = self.hear()
        assert kind == READY
        version, self.error, n = struct.unpack("<IIH", body[:10])
        self.why = body[10:].decode()
        assert version == 1 and len(self.why) == n
        return self

    def say(self, kind, body=b""):
        self.socket.sendall(struct.pack("<IB", 1 + len(body), kind) + body)

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError(f"the host ended after {data!r}")
            data += more
        return data

    def read_frame(self):
        n, = struct.unpack("<I", self.read(4))
        frame = self.read(n)
        if frame[0] == BEGUN:
            self.begun.update([struct.unpack("<QI", frame[1:])])
        else:
            self.heard.append((frame[0], frame[1:]))

    def hear(self):
        """The next message but BEGUN, which comes when it likes."""
        while not self.heard:
            self.read_frame()
        return self.heard.popleft()

    def unread(self):
        """Bytes that rasd has not taken."""
        return struct.unpack("i", fcntl.ioctl(self.socket, termios.FIONREAD, bytes(4)))[0]

    def begin(self, name, send_size=256, size=128, expect=0):
        call = Call(self, self.next_call)
        self.next_call += 1
        self.say(BEGIN, struct.pack("<QII", call.number, send_size, size) + text(name.encode()))
        while expect is not None and call.number not in self.begun:
            self.read_frame()
        assert expect is None or self.begun[call.number] == expect
        return call

    def ends(self):
        """Waits for its end: exit status, and what it said on standard error."""
        out, err = self.process.communicate(timeout=PATIENCE)
        assert not out
        return self.process.returncode, err.decode(errors="replace")

    def says(self, wanted):
        """Waits for a line on standard error."""
        while wanted not in (line := self.process.stderr.readline().decode()):
            assert line, f"the host ended without saying {wanted}"

    def stop(self):
        self.say(STOP)
        status, said = self.ends()
        assert status == 0, said
        return said

    def close(self):
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Call:
    def __init__(self, host, number):
        self.host, self.number = host, number

    def expect(self, wanted):
        kind, body = self.host.hear()
        number, = struct.unpack("<Q", body[:8])
        assert (kind, number) == (wanted, self.number), (kind, body)
        return self.fields(kind, body[8:])

    @staticmethod
    def fields(kind, rest):
        if kind == ENDED:
            return struct.unpack("<I", rest)
        if kind == SEND:
            return (rest,)
        if kind == RECEIVE:
            return struct.unpack("<II", rest)
        assert kind in (COMPLETE, OTP_CHECK)
        numbers = struct.unpack_from("<II" if kind == COMPLETE else "<I", rest)
        rest = rest[4 * len(numbers):]
        names = []
        for _ in range(2):
            n, = struct.unpack("<H", rest[:2])
            names.append(rest[2:2 + n])
            rest = rest[2 + n:]
        return (*reversed(numbers), *names) if kind == COMPLETE else (*numbers, *names, rest)

    def say(self, kind, body=b""):
        self.host.say(kind, struct.pack("<Q", self.number) + body)

    def type(self, data, error=0):
        self.say(RECEIVED, struct.pack("<I", error) + data)

    def finish(self, outcome=SUCCESS, error=0, user=b"good", domain=b"LAB"):
        """The module reports, ends and is forgotten."""
        assert self.expect(COMPLETE) == (outcome, error, user, domain)
        self.end()
        self.say(FORGET)

    def end(self, answer=LOST):
        self.say(END)
        assert self.expect(ENDED) == (answer,)

    def hang_up(self):
        self.end()
        self.say(FORGET)


@pytest.fixture
def make_host():
    made = []

    def make(path=MODULES / "rule_breaker.so", loads=True, **popen):
        made.append(Host(path, **popen))
        if loads:
            assert made[-1].error == 0, made[-1].why
        return made[-1]

    yield make
    for host in made:
        host.close()


@pytest.fixture
def host(make_host):
    """After each test the process still serves a call, and ends when it is told to."""
    h = make_host()
    yield h
    serves(h)
    h.stop()


def serves(host):
    call = host.begin("polite")
    assert call.expect(SEND) == (b"Name: ",)
    assert call.expect(RECEIVE) == (128, 30)
    call.type(b"demo\r\n")
    call.finish(user=b"demo")


def test_a_dialog(host):
    serves(host)
    call = host.begin("polite")
    call.expect(SEND)
    call.expect(RECEIVE)
    call.type(b"mallory\r")
    call.finish(FAILURE, user=b"mallory")


def test_calls_side_by_side(host):
    calls = [host.begin("polite", expect=None) for _ in range(64)]
    seen = {call.number: set() for call in calls}
    while any(kinds != {SEND, RECEIVE} for kinds in seen.values()):
        kind, body = host.hear()
        seen[struct.unpack("<Q", body[:8])[0]].add(kind)
    for call in reversed(calls):
        call.type(b"user%d" % call.number)
        call.finish(user=b"user%d" % call.number)


def test_detach(make_host):
    host = make_host()
    serves(host)
    assert "detached after 1 calls" in host.stop()


# --- rules kept by the host's answers


@pytest.mark.parametrize("name, typed", [("arguments", b"ab"), ("dword-length", b"abc")])
def test_what_the_functions_answer(host, name, typed):
    call = host.begin(name)
    kind, _ = host.hear()
    assert kind == RECEIVE
    if name == "arguments":
        assert call.expect(SEND) == (b"ready",)
    call.type(typed)
    call.finish()


def test_time_outs_are_seconds(host):
    call = host.begin("times-out")
    assert call.expect(RECEIVE) == (128, 2)
    call.type(b"", TIMED_OUT)
    call.finish()


def test_buffers_of_more_than_a_word(host):
    call = host.begin("polite", send_size=1 << 20, size=1 << 20)
    call.expect(SEND)
    assert call.expect(RECEIVE) == (65535, 30)
    call.type(b"x" * 65535)
    kind, _ = host.hear()
    assert kind == COMPLETE
    call.hang_up()


def test_bytes_one_by_one(host):
    call = host.begin("reads-bytes")
    assert call.expect(SEND) == (b"?",)
    for c in b"hello":
        assert call.expect(RECEIVE) == (1, 0)
        call.type(bytes([c]))
    call.finish(user=b"hello")


def test_the_send_buffer_may_be_filled_again(host):
    call = host.begin("sends-quickly")
    assert b"".join(call.expect(SEND)[0] for _ in range(200)) == b"".join(b"%d," % i for i in range(200))
    call.finish()


def test_what_it_prints_goes_to_standard_error(make_host):
    host = make_host()
    host.begin("stdout-is-stderr").finish()
    assert "printed by the module" in host.stop()


def test_a_code(host):
    for error, outcome in ((0, SUCCESS), (691, FAILURE)):
        call = host.begin("checks-a-code")
        request, user, domain, code = call.expect(OTP_CHECK)
        assert (user, domain, code) == (b"alice", b"", b"123456")
        call.say(OTP_RESULT, struct.pack("<II", request + 1, 0))  # of nobody's request
        call.say(OTP_RESULT, struct.pack("<II", request, error))
        call.finish(outcome, user=b"alice")


def test_a_code_when_the_line_is_lost(host):
    call = host.begin("checks-and-loses")
    call.expect(OTP_CHECK)
    call.hang_up()


# --- rules broken


def test_begin_refuses(host):
    call = host.begin("begin-refuses", expect=5)
    call.say(FORGET)


def test_begin_refuses_after_complete(host):
    call = host.begin("begin-refuses-and-completes", expect=5)
    assert call.expect(COMPLETE) == (SUCCESS, 0, b"good", b"LAB")
    call.hang_up()


def test_begin_completes(host):
    call = host.begin("begin-completes")
    assert call.expect(COMPLETE) == (SUCCESS, 0, b"good", b"LAB")
    call.hang_up()


def test_begin_blocks(make_host):
    """Calls that have begun go on; no other begins."""
    host = make_host()
    first = host.begin("polite")
    first.expect(SEND)
    first.expect(RECEIVE)
    host.begin("begin-blocks", expect=None)
    host.begin("polite", expect=None)
    first.type(b"demo")
    first.finish(user=b"demo")
    host.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        host.hear()


def test_hang_up_during_a_dialog(host):
    call = host.begin("polite")
    call.expect(SEND)
    call.expect(RECEIVE)
    call.type(b"", LOST)
    assert call.expect(COMPLETE) == (ERROR, LOST, b"", b"LAB")
    call.hang_up()


def test_end_waits_for_the_worker(host):
    """What the worker waits for still comes while End waits for the worker."""
    call = host.begin("end-waits")
    call.expect(SEND)
    call.expect(RECEIVE)
    call.say(END)
    call.type(b"", LOST)
    assert call.expect(COMPLETE) == (ERROR, LOST, b"", b"LAB")
    assert call.expect(ENDED) == (LOST,)
    call.say(FORGET)


def test_end_of_habit(host):
    call = host.begin("end-succeeds")
    call.expect(SEND)
    call.expect(RECEIVE)
    call.type(b"demo")
    assert call.expect(COMPLETE)[0] == SUCCESS
    call.end(answer=0)
    call.say(FORGET)


def test_never_completes(host):
    call = host.begin("never-completes")
    call.end(answer=0)
    call.say(FORGET)


def test_completes_late(host):
    call = host.begin("completes-late")
    call.end(answer=0)
    assert call.expect(COMPLETE) == (ERROR, LOST, b"", b"LAB")
    call.say(FORGET)


def test_completes_from_inside_end(host):
    call = host.begin("end-completes")
    call.say(END)
    assert call.expect(COMPLETE) == (FAILURE, 0, b"from inside End", b"LAB")
    assert call.expect(ENDED) == (LOST,)
    call.say(FORGET)


def test_end_blocks(make_host):
    """A hang in one End keeps nobody else's from coming back."""
    host = make_host()
    for name in ("end-blocks", "polite"):
        call = host.begin(name)
        call.expect(SEND)
        call.expect(RECEIVE)
        call.type(b"demo")
        call.expect(COMPLETE)
        call.say(END)
    assert call.expect(ENDED) == (LOST,)


def test_completes_twice(host):
    call = host.begin("completes-twice")
    assert call.expect(COMPLETE) == (SUCCESS, 0, b"good", b"LAB")
    assert call.expect(COMPLETE) == (SUCCESS, 0, b"another", b"LAB")
    host.says("Complete once more")
    call.hang_up()


def test_completes_while_receiving(host):
    call = host.begin("completes-while-receiving")
    call.expect(RECEIVE)
    assert call.expect(COMPLETE)[0] == SUCCESS
    call.type(b"late")
    call.hang_up()


def test_stale_handle(host):
    call = host.begin("stale-handle")
    assert call.expect(COMPLETE)[0] == SUCCESS
    call.hang_up()
    host.says("Complete of a call that is over")


def test_names_without_an_end(make_host):
    host = make_host()
    host.begin("unterminated").finish(user=b"", domain=b"")
    assert "a name that does not end" in host.stop()


def test_an_error_beside_success(host):
    host.begin("error-beside-success").finish()


def test_an_outcome_that_is_none(host):
    call = host.begin("odd-outcome")
    assert call.expect(COMPLETE) == (77, 5, b"x", b"LAB")
    call.hang_up()


def test_a_flood(host):
    """rasd does not read: the module is told so, nothing grows without bound, and what was taken arrives."""
    call = host.begin("floods", send_size=4096)
    taken = [-1] * 4
    while len(set(taken)) > 1:  # until no more is, for seconds
        taken = [*taken[1:], host.unread()]
        time.sleep(1)
    n = 0
    while (kind := host.hear())[0] == SEND:
        assert kind[1][8:] == b"f" * 4096
        n += 1
    assert kind[0] == COMPLETE and Call.fields(COMPLETE, kind[1][8:])[2] == b"good"
    assert 200 < n < 2000
    call.hang_up()


@pytest.mark.parametrize("name, why", [
    ("crashes", "memory that is not there"),
    ("overrun", "memory that is not there"),
    ("exits", ""),
])
def test_the_process_ends(make_host, name, why):
    host = make_host()
    host.begin(name, expect=None)
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            host.hear()
    status, said = host.ends()
    assert why in said
    assert status < 0 or name == "exits"


def test_a_buffer_after_the_call_is_over(make_host):
    host = make_host()
    call = host.begin("buffer-later")
    call.finish()
    status, said = host.ends()
    assert status < 0
    assert "a buffer of a call that is over" in said


def test_it_closes_the_socket(make_host):
    host = make_host()
    host.begin("closes", expect=None)
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            host.hear()
            host.say(FORGET, struct.pack("<Q", 99))
    assert host.ends()[0] != 0


# --- the example, as C and as C++

EXAMPLES = [BUILD / "examples/ras_module.so", MODULES / "ras_module_cxx.so"]


@pytest.fixture(params=EXAMPLES, ids=["C", "C++"])
def example(request, make_host):
    host = make_host(request.param)
    yield host
    host.stop()


def asked(call, *typed):
    """Answers the example's questions; the last one that it asked."""
    for piece in (None, *typed):
        if piece is not None:
            call.type(piece)
        question = call.expect(SEND)[0] if piece is None or piece.endswith(b"\r") else question
        assert call.expect(RECEIVE) == (128, 60)
    return question


def test_example(example):
    for times, outcome in ((7, SUCCESS), (6, FAILURE)):
        call = example.begin("COM1")
        challenge = asked(call, b"al", b"ice\r").decode()
        answer = b"%d" % (int(challenge.removeprefix("\r\nChallenge ").removesuffix(": ")) * times)
        for c in answer:
            call.type(bytes([c]))
            call.expect(RECEIVE)
        call.type(b"\r")
        call.finish(outcome, user=b"alice", domain=b"")


def test_example_hung_up(example):
    call = example.begin("COM1")
    asked(call)
    call.hang_up()
    call = example.begin("COM1")
    asked(call, b"bob\r")
    call.type(b"", LOST)
    call.finish(ERROR, LOST, b"bob", b"")


def test_example_is_full(example):
    calls = [example.begin("COM1") for _ in range(256)]
    example.begin("COM1", expect=8).say(FORGET)
    for call in calls:
        call.say(END)
    ended = set()
    while len(ended) < len(calls):
        kind, body = example.hear()
        ended |= {struct.unpack("<Q", body[:8])[0]} if kind == ENDED else set()
    for call in calls:
        call.say(FORGET)
    call = example.begin("COM1")
    asked(call)
    call.hang_up()


# --- loading


def copy_module(tmp_path, name="rule_breaker.so"):
    """Where nobody may read it, too: pytest's folders are the user's own."""
    let_others_pass(tmp_path)
    copy = tmp_path / name
    shutil.copyfile(MODULES / name, copy)
    copy.chmod(0o644)
    return copy


def refused(make_host, path, error, why):
    host = make_host(path, loads=False)
    assert host.error == error and why in host.why, host.why
    assert host.ends()[0] == 1


def test_a_module_in_a_folder_below_tmp(make_host, tmp_path):
    serves(make_host(copy_module(tmp_path)))


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o777])
def test_a_module_that_others_can_write(make_host, tmp_path, mode):
    copy = copy_module(tmp_path)
    copy.chmod(mode)
    refused(make_host, copy, 5, f"{copy} can be written by others")


def test_a_module_in_a_folder_that_others_can_write(make_host, tmp_path):
    copy = copy_module(tmp_path)
    tmp_path.chmod(0o777)
    refused(make_host, copy, 5, f"{tmp_path} can be written by others")
    tmp_path.chmod(0o1777)
    serves(make_host(copy))


def test_a_module_through_a_link(make_host, tmp_path):
    (tmp_path / "real").mkdir(mode=0o755)
    copy = copy_module(tmp_path / "real")
    tmp_path.chmod(0o755)
    link = tmp_path / "link.so"
    link.symlink_to(copy)
    serves(make_host(link))
    copy.chmod(0o666)
    refused(make_host, link, 5, f"{copy} can be written by others")


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to give files away")
def test_a_module_of_another_user(make_host, tmp_path):
    copy = copy_module(tmp_path)
    os.chown(copy, 4711, 0)
    refused(make_host, copy, 5, f"{copy} belongs to user 4711, who could change it")
    os.chown(copy, 0, 0)
    os.chown(tmp_path, 4711, 0)
    refused(make_host, copy, 5, f"{tmp_path} belongs to user 4711")
    os.chown(tmp_path, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to give links away")
def test_a_link_in_a_folder_of_others_is_no_way_to_a_module(make_host, tmp_path):
    """However good the module is: who put the link there could put another."""
    copy = copy_module(tmp_path)
    links = tmp_path / "links"
    links.mkdir()
    links.chmod(0o1777)
    (links / "link.so").symlink_to(copy)
    serves(make_host(links / "link.so"))
    os.lchown(links / "link.so", 4711, 0)
    refused(make_host, links / "link.so", 5, f"{links}/link.so belongs to user 4711")


def test_a_module_finds_what_lies_beside_it(make_host, tmp_path, monkeypatch):
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)  # Meson's, which goes first
    (tmp_path / "real").mkdir(mode=0o755)
    copy = copy_module(tmp_path / "real", "leaning.so")
    link = tmp_path / "link.so"
    link.symlink_to(copy)
    tmp_path.chmod(0o755)
    refused(make_host, link, 193, "libbeside.so")
    copy_module(tmp_path / "real", "libbeside.so")
    refused(make_host, link, 1114, "failed in its DllMain")


@pytest.mark.parametrize("name, error, why", [
    ("begin_alone.so", 127, "does not export RasSecurityDialogEnd"),
    ("end_alone.so", 127, "does not export RasSecurityDialogBegin"),
    ("unwilling.so", 1114, "failed in its DllMain"),
    ("unresolved.so", 193, "no_such_function"),
])
def test_a_module_that_is_none(make_host, name, error, why):
    refused(make_host, MODULES / name, error, why)


def test_no_such_module(make_host, tmp_path):
    refused(make_host, BUILD / "no-such.so", 126, "No such file")
    refused(make_host, "relative.so", 126, "expected an absolute path")
    refused(make_host, "/dev/null", 5, "is no regular file")
    refused(make_host, BUILD, 5, "is no regular file")
    refused(make_host, MODULES / "rule_breaker.so" / "x", 126, "is no folder")
    refused(make_host, BUILD / "build.ninja", 193, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
def test_root_is_refused(make_host):
    host = make_host(loads=False, user=0, group=0)
    assert host.error == 5 and "root" in host.why


def test_another_version(make_host):
    host = make_host(hello=False, loads=False)
    assert host.hello(MODULES / "rule_breaker.so", version=2).error == 1306


# --- the process


def test_it_ends_with_rasd(make_host):
    host = make_host()
    host.begin("polite").expect(SEND)
    host.socket.shutdown(socket.SHUT_RDWR)
    assert host.ends()[0] == 0


def test_it_has_nothing_that_it_could_use(make_host):
    host = make_host()
    status = dict(line.split(":\t", 1) for line in
                  pathlib.Path(f"/proc/{host.process.pid}/status").read_text(encoding="ascii").splitlines() if ":\t" in line)
    assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == int(status["CapAmb"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    if os.geteuid() == 0:
        limits = pathlib.Path(f"/proc/{host.process.pid}/limits").read_text(encoding="ascii")
        assert "Max core file size        0" in limits
        links = {fd.name: os.readlink(fd) for fd in pathlib.Path(f"/proc/{host.process.pid}/fd").iterdir()}
        assert len([link for link in links.values() if link.startswith("socket:")]) == 1
        assert links["0"] == "/dev/null" and "3" not in links


@pytest.mark.parametrize("frame", [
    b"\0\0\0\0", struct.pack("<I", 70000), struct.pack("<IB", 1, 99), struct.pack("<IBQ", 9, END, 5),
    struct.pack("<IBIH", 7, HELLO, 1, 0), struct.pack("<IBQIIH", 19, BEGIN, 0, 1, 1, 0),
    struct.pack("<IBQIIH", 19, BEGIN, 9, 0, 1, 0), struct.pack("<IBI", 5, READY, 0),
])
def test_nonsense_of_rasd(make_host, frame):
    host = make_host()
    host.socket.sendall(frame)
    status, said = host.ends()
    assert status == 1 and "rasd makes no sense" in said


def test_more_than_was_asked_for(make_host):
    host = make_host()
    call = host.begin("polite", size=4)
    call.expect(SEND)
    call.expect(RECEIVE)
    call.type(b"12345")
    assert host.ends()[0] == 1


def test_by_hand():
    done = subprocess.run([HOST], close_fds=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "started by rasd" in done.stderr
    assert subprocess.run([HOST, "--version"], capture_output=True, text=True, check=True).stdout.startswith("ras-module-host ")
    assert subprocess.run([HOST, "--bogus"], capture_output=True, check=False).returncode == 2
