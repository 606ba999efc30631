# SPDX-License-Identifier: Apache-2.0
"""sspi-connect and sspid, end to end: the stream both ways, who it is, refusals, cuts, the events that follow."""
import json
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import BUILD, PATIENCE, free_port, program

LISTENERS = {
    "echo": {"protocol": "framed", "backend": "echo"},
    "whoami": {"protocol": "framed", "backend": "whoami"},
    "small": {"protocol": "framed", "backend": "echo", "max_message": "1024"},
}


@pytest.fixture
def served(make_service):
    return make_service(listeners=LISTENERS)


def connect(service, listener, *args, password="Secret123!x", data=b"", user="alice"):
    command = [program("sspi-connect"), "--user", user, "--password-stdin", *args, service.address(listener)]
    return subprocess.run(command, input=password.encode() + b"\n" + data, env=service.environment(), capture_output=True,
                          timeout=60)


@pytest.mark.parametrize("package", ["Negotiate", "NTLM"])
def test_whoami(served, package):
    done = connect(served, "whoami", "--package", package)
    assert (done.returncode, done.stderr) == (0, b"")
    who = json.loads(done.stdout)
    assert who["user"] == "alice" and who["package"] == "NTLM" and who["ntlm_version"] == "NTLM V2"
    assert who["mutual"] is False and who["mic_verified"] is True and who["key_length"] == 128
    granted = served.events(4624)
    assert len(granted) == 1 and granted[0]["TargetUserName"] == "alice" and granted[0]["TargetUserSid"] == who["sid"]
    assert granted[0]["LogonType"] == 3 and granted[0]["LmPackageName"] == "NTLM V2" and granted[0]["IpAddress"] == "127.0.0.1"
    assert granted[0]["target_name"] == "host/127.0.0.1"
    assert [e["Status"] for e in served.events(4776)] == ["0x0"]


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_names_the_mechanism(served, option):
    done = connect(served, "whoami", option, "--package", "NTLM")
    assert (done.returncode, done.stderr) == (0, b"sspi-connect: authenticated with NTLM; the server has not proven itself\n")
    assert json.loads(done.stdout)["user"] == "alice"


@pytest.mark.parametrize("user", ["alice", "ALICE", "WORKGROUP\\alice", ".\\alice"])
def test_spellings_of_one_user(served, user):
    done = connect(served, "whoami", user=user)
    assert done.returncode == 0 and json.loads(done.stdout)["user"] == "alice"


@pytest.mark.parametrize("data", [b"", b"x", b"hello\nworld", os.urandom(3_000_000)], ids=["empty", "one", "text", "large"])
@pytest.mark.parametrize("package", ["Negotiate", "NTLM"])
def test_echo_gives_back_every_byte(served, package, data):
    done = connect(served, "echo", "--package", package, data=data)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout == data


def test_echo_while_input_stays_open(served):
    """Half-close: what was sent comes back before the input has ended."""
    p = subprocess.Popen([program("sspi-connect"), "--user", "alice", "--password-stdin", served.address("echo")],
                         env=served.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"Secret123!x\nfirst\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"first\n"
    p.stdin.write(b"second\n")
    p.stdin.close()
    assert p.stdout.read() == b"second\n" and p.wait(PATIENCE) == 0


def test_a_slow_reader_holds_the_others_up_for_nothing(served):
    data = os.urandom(8_000_000)
    slow = subprocess.Popen([program("sspi-connect"), "--user", "alice", "--password-stdin", served.address("echo")],
                            env=served.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feeder = threading.Thread(target=lambda: (slow.stdin.write(b"Secret123!x\n" + data), slow.stdin.close()))
    feeder.start()
    done = connect(served, "echo", data=b"quick")
    assert done.returncode == 0 and done.stdout == b"quick"
    assert slow.stdout.read() == data and slow.wait(PATIENCE) == 0
    feeder.join()


def test_who_reads_late_gets_all(served):
    """The server has had the client's end for seconds when the client reads on. How much is on its way then is the kernel's
    affair, so there are clients of many sizes."""
    def feed(client, data):
        client.stdin.write(b"Secret123!x\n" + data)
        client.stdin.close()

    late = []
    for n in range(500_000, 9_500_000, 500_000):
        data = os.urandom(n)
        client = subprocess.Popen([program("sspi-connect"), "--user", "alice", "--password-stdin", served.address("echo")],
                                  env=served.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=feed, args=(client, data), daemon=True).start()
        late.append((client, data))
    time.sleep(4)
    for client, data in late:
        assert client.stdout.read() == data and client.wait(PATIENCE) == 0, len(data)


@pytest.mark.parametrize("package", ["Negotiate", "NTLM"])
@pytest.mark.parametrize("user, password, sub_status", [
    ("alice", "Not-that-1", "0xc000006a"),
    ("nobody", "Secret123!x", "0xc0000064"),
])
def test_a_wrong_password_is_exit_1_and_an_event(served, package, user, password, sub_status):
    done = connect(served, "whoami", "--package", package, user=user, password=password)
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.startswith(b"sspi-connect: ")
    assert password.encode() not in done.stderr
    refused = served.wait_for(lambda: served.events(4625), "an event")
    assert len(refused) == 1 and refused[0]["TargetUserName"] == user and refused[0]["SubStatus"] == sub_status
    assert refused[0]["Status"] == "0xc000006d" and refused[0]["FailureReason"] == "Unknown user name or bad password."
    assert refused[0]["reason"] and served.events(4624) == []
    assert password not in served.event_file.read_text() + served.log.read_text()


def test_a_lock_out_is_an_event(make_service):
    service = make_service(listeners=LISTENERS, policy={"lockout_threshold": "3"})
    for _ in range(3):
        assert connect(service, "whoami", password="wrong").returncode == 1
    assert connect(service, "whoami").returncode == 1
    locked = service.events(4740)
    assert len(locked) == 1 and locked[0]["TargetUserName"] == "alice" and locked[0]["IpAddress"] == "127.0.0.1"
    assert locked[0]["TargetSid"].startswith("S-1-5-21-") and service.events(4625)[-1]["TargetUserSid"] == "S-1-0-0"
    assert service.events(4625)[-1]["SubStatus"] == "0xc0000234"


def test_a_name_full_of_control_characters_stays_one_line(served):
    name = "ev\x1b[2Jil\r\n{}\u2028\u202e\x7f"
    done = connect(served, "whoami", user=name)
    assert done.returncode == 1
    served.wait_for(lambda: served.events(4625), "an event")
    text = served.event_file.read_text(encoding="utf-8")
    assert not any(c in text for c in "\x1b\r\u2028\u202e\x7f") and all(line.startswith("{\"TimeCreated\"") for line in text.splitlines())
    assert served.events(4625)[0]["TargetUserName"] == name
    log = served.log.read_text(encoding="utf-8")
    assert not any(c in log for c in "\x1b\r\u2028\u202e\x7f")


def test_a_message_above_max_message_ends_the_stream(served):
    done = connect(served, "small", data=b"x" * 2000)
    assert done.returncode == 1
    served.wait_for(lambda: "above max_message = 1024" in served.log.read_text(), "a line in the log")


class Cutter:
    """A listener that passes bytes to the service and cuts the client's connection after so many from the service."""

    def __init__(self, service, listener, cut_at, flip=None):
        self.to = service.address(listener).rsplit(":", 1)
        self.cut_at, self.flip = cut_at, flip
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client, _ = self.socket.accept()
        server = socket.create_connection((self.to[0], int(self.to[1])))
        threading.Thread(target=self.upstream, args=(client, server), daemon=True).start()
        self.passed = 0
        while self.passed < self.cut_at and (part := server.recv(1)):
            if self.passed == self.flip:
                part = bytes([part[0] ^ 1])
            client.sendall(part)
            self.passed += 1
        client.shutdown(socket.SHUT_RDWR)
        server.close()

    @staticmethod
    def upstream(client, server):
        try:
            while part := client.recv(65536):
                server.sendall(part)
        except OSError:
            pass


def through(cutter, service):
    return subprocess.run([program("sspi-connect"), "--package", "NTLM", "--user", "alice", "--password-stdin", "--spn", "x/y",
                           cutter.address], input=b"Secret123!x\n", env=service.environment(), capture_output=True, timeout=60)


@pytest.fixture
def whole(served):
    """What whoami answers through a listener that does nothing, and how many bytes that took."""
    cutter = Cutter(served, "whoami", 1 << 30)
    done = through(cutter, served)
    assert done.returncode == 0
    cutter.thread.join(PATIENCE)
    return done.stdout, cutter.passed


def test_a_cut_is_never_an_end(served, whole):
    output, n = whole
    # the message that ends the stream is 4 + 4 + 16 bytes
    for cut in (2, 50, n // 2, n - 25, n - 24, n - 23, n - 1):
        done = through(Cutter(served, "whoami", cut), served)
        assert done.returncode == 1 and done.stderr, cut
        assert done.stdout in (b"", output)


def test_a_flipped_byte_is_never_output(served, whole):
    output, n = whole
    for flip in (n - 25, n - 100, n - 20, n - 1):
        done = through(Cutter(served, "whoami", 1 << 30, flip), served)
        assert done.returncode == 1, flip
        assert done.stdout in (b"", output)


def test_the_server_sees_a_cut_too(served):
    p = subprocess.Popen([program("sspi-connect"), "--user", "alice", "--password-stdin", served.address("echo")],
                         env=served.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"Secret123!x\nx\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"x\n"
    p.kill()
    p.communicate()
    served.wait_for(lambda: "the stream was cut" in served.log.read_text(), "a line in the log")


def test_tokens_that_have_to_be_completed(make_service):
    """The package Trial (tests/trial) answers COMPLETE_AND_CONTINUE and COMPLETE_NEEDED, to both ends."""
    service = make_service(listeners={"trial": {"protocol": "framed", "backend": "echo", "package": "Trial"}}, start=False)
    trial = service.environment(LD_PRELOAD=str(BUILD / "tests/trial/libopensspi.so.0"))
    with open(service.log, "ab") as log:
        service.process = subprocess.Popen([program("sspid")], env=trial, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    service.wait_for(lambda: service.said(": ready "), "sspid is ready")
    done = subprocess.run([program("sspi-connect"), "--package", "Trial", service.address("trial")], input=b"hello", env=trial,
                          capture_output=True, timeout=150)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello", b"")
    assert service.events(4624)[0]["AuthenticationPackageName"] == "Trial"


@pytest.mark.parametrize("args", [
    [], ["127.0.0.1"], ["127.0.0.1:"], [":2000"], ["::1:2000"], ["a:1", "b:2"], ["--nonsense", "a:1"],
    ["--password-stdin", "a:1"], ["--user", "x", "--password-stdin", "--password-file", "f", "a:1"],
])
def test_usage_is_exit_2(args):
    done = subprocess.run([program("sspi-connect"), *args], input=b"", capture_output=True, timeout=60)
    assert done.returncode == 2 and b"Try: sspi-connect --help" in done.stderr


def test_password_files(served, tmp_path):
    path = tmp_path / "password"
    path.write_text("Secret123!x\nmore\n")
    command = [program("sspi-connect"), "--user", "alice", "--password-file", path, served.address("whoami")]
    for mode, status in ((0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)):
        path.chmod(mode)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, env=served.environment(), capture_output=True, timeout=150)
        assert done.returncode == status, (oct(mode), done.stderr)
        assert status == 0 or b"expected mode 0600" in done.stderr


@pytest.mark.parametrize("package", ["Negotiate", "NTLM"])
def test_default_credentials(served, tmp_path, package):
    path = tmp_path / "credentials"
    command = [program("sspi-connect"), "--package", package, served.address("whoami")]
    environment = {**served.environment(), "OPENSSPI_CREDENTIALS": str(path)}
    for text, mode, status, words in ((None, 0, 1, "No such file or directory"), (":alice:Secret123!x\n", 0o644, 1, "mode 0600"),
                                      (":alice:Secret123!x\n", 0o600, 0, ""), ("alice\n", 0o600, 1, "no line DOMAIN:USER:PASSWORD")):
        if text is not None:
            path.write_text(text)
            path.chmod(mode)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, capture_output=True, text=True, timeout=150)
        assert done.returncode == status and words in done.stderr, done.stderr


def test_nobody_there_is_exit_1():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        done = subprocess.run([program("sspi-connect"), "--user", "a", "--password-stdin", "127.0.0.1:%d" % s.getsockname()[1]],
                              input=b"x\n", capture_output=True, timeout=150)
    assert done.returncode == 1 and b"Connection refused" in done.stderr


@pytest.mark.parametrize("answer", [b"", b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack("<I", 5) + b"hello", b"HTTP/1.1 400 Bad\r\n\r\n"])
def test_a_server_that_is_none(answer):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        s, _ = listener.accept()
        s.recv(1000)
        s.sendall(answer)
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    done = subprocess.run([program("sspi-connect"), "--user", "a", "--password-stdin", "127.0.0.1:%d" % listener.getsockname()[1]],
                          input=b"x\n", capture_output=True, timeout=150)
    assert done.returncode == 1 and done.stderr.startswith(b"sspi-connect: ")


def test_ipv6(make_service):
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6")
    service = make_service(listeners={"whoami": {"protocol": "framed", "address": f"[::1]:{free_port()}"}}, start=False)
    with open(service.log, "ab") as log:
        service.process = subprocess.Popen([program("sspid")], env=service.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log)
    service.wait_for(lambda: service.said(": ready "), "sspid is ready")
    done = connect(service, "whoami")
    assert done.returncode == 0 and service.events(4624)[0]["IpAddress"] == "::1"
