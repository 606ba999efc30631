# SPDX-License-Identifier: Apache-2.0
"""What sspid and opensspi-execd say to each other, and what others would have it do."""
import os
import pathlib
import signal
import socket
import struct
import subprocess

import pytest

from conftest import PATIENCE
from exec_site import NOT_PROVEN, PROVE, SSPID, ask, assertion_of, make_site, make_vouched, refusal_of, start_of  # noqa: F401
from execd import ALICE, BOB, BOTH
from samd import NOT_OWNER, SSPID_UID


def test_who_is_asked_for_is_believed_where_sspid_is_trusted(make_site):
    """execd asks nobody then: docs/THREATS.md."""
    site = make_site({"cat": "/bin/cat"})
    kind, fields, descriptors = ask(site, start_of("cat", domain="WORKGROUP"))
    assert (kind, descriptors) == (32, 3) and struct.unpack_from("<I", fields) == (2,)
    site.execd.says("started command=cat user=alice domain=WORKGROUP")
    site.execd.says("by=sspid")
    site.wait_for_none(ALICE)


def test_a_socket_asks_for_names_and_nothing_else(make_site):
    site = make_site({"id": "/usr/bin/id"})
    for command in ("/usr/bin/id", "id -u", "../id", "i", "id\n"):
        kind, fields, _ = ask(site, start_of(command))
        assert (kind, struct.unpack_from("<I", fields)[0]) == (33, 1)
    for user, unix_user, refusal in (("", "", 2), ("root", "", 3), ("x", "root", 3), ("a:b", "", 2), ("../alice", "", 2), ("x", "alice ", 2)):
        kind, fields, _ = ask(site, start_of(user=user, unix_user=unix_user, domain="WORKGROUP"))
        assert (kind, struct.unpack_from("<I", fields)[0]) == (33, refusal), user


@pytest.mark.parametrize("frame", [
    b"\0\0\0\0", b"\x01\0\0\0\xff", b"\xff\xff\xff\xff" + bytes(100), b"GET / HTTP/1.1\r\n\r\n" * 900, start_of(version=1), start_of()[:-1] + b"\1", start_of(credentials=bytes(65537)),
    struct.pack("<IBBI", 6, 34, 0, 0), start_of("i\0d"), start_of(user="x" * 1025),
], ids=range(10))
def test_what_makes_no_sense_is_hung_up_on(make_site, frame):
    site = make_site({"id": "/usr/bin/id"})
    assert ask(site, frame) is None
    site.execd.says("what came is no START")
    assert site.run("id")


def test_who_logs_on_is_vouched_for(make_vouched):
    site = make_vouched({"id": "/usr/bin/id -un"})
    assert site.run("id") == b"alice\n" and site.run("id", user="bob") == b"bob\n"
    assert site.execd.log.read_text().count("by=samd") == 2


def test_who_did_not_log_on_is_not_run_for(make_vouched):
    """What an sspid that was taken over could make up."""
    site = make_vouched({"id": "/usr/bin/id -un"})
    for assertion in ("", "0" * 40, "00000000" + "f" * 32, "x", "ffffffff" + "0" * 32, "0" * 1000):
        assert refusal_of(ask(site, start_of(domain="WORKGROUP", assertion=assertion), **SSPID)) == NOT_PROVEN
    assert "by=" not in site.execd.log.read_text()


def test_an_assertion_is_one_client_s_and_good_once(make_vouched):
    site = make_vouched({"id": "/usr/bin/id -un"})
    assertion = assertion_of(site, "bob")
    # Whoever sspid says that it is, with whatever Unix user.
    assert ask(site, start_of(user="alice", unix_user="root", domain="WORKGROUP", assertion=assertion), **SSPID)[0] == 32
    site.execd.says("started command=id user=bob domain=WORKGROUP")
    assert refusal_of(ask(site, start_of(user="bob", domain="WORKGROUP", assertion=assertion), **SSPID)) == NOT_PROVEN


def test_an_assertion_is_for_who_was_given_it(make_vouched):
    site = make_vouched({"id": "/usr/bin/id -un"})
    assertion = assertion_of(site, "bob")
    assert refusal_of(ask(site, start_of(user="bob", domain="WORKGROUP", assertion=assertion))) == NOT_PROVEN  # as root
    assertion = assertion_of(site, "bob")
    redeem = struct.pack("<H", len(assertion)) + assertion.encode() + b"\0" + struct.pack("<I", SSPID_UID)
    code = PROVE.split("kind, fields")[0] + "print(refusal(wire.ask(14, bytes.fromhex(sys.argv[4])))[0])"
    done = subprocess.run(["/usr/bin/python3", "-c", code, site.samd.folder / "tests", "", site.samd.socket, redeem.hex()], capture_output=True, text=True,
                          env={**os.environ, "OPENSSPI_BUILD": "/nonexistent"}, cwd="/", timeout=60, **SSPID)
    assert (done.returncode, done.stdout) == (0, f"{NOT_OWNER}\n"), done.stderr
    assert ask(site, start_of(assertion=assertion), **SSPID)[0] == 32


def test_without_samd_nobody_is_vouched_for(make_vouched):
    site = make_vouched({"id": "/usr/bin/id -un"})
    assertion = assertion_of(site, "bob")
    site.samd.kill()
    assert refusal_of(ask(site, start_of(assertion=assertion), **SSPID)) == NOT_PROVEN
    site.execd.says("is samd running?")
    site.samd.start()  # it has forgotten what it gave
    assert refusal_of(ask(site, start_of(assertion=assertion), **SSPID)) == NOT_PROVEN
    assert site.run("id") == b"alice\n"


def test_others_are_hung_up_on(make_site):
    """The socket is the user's group's, and in that group the user's."""
    site = make_site({"id": "/usr/bin/id"}, user="alice")
    at = site.execd.socket.stat()
    assert (at.st_uid, at.st_gid, at.st_mode & 0o777) == (0, ALICE, 0o660)
    for group, more in ((BOB, []), (0, []), (BOB, [0, BOTH])):
        done = subprocess.run(["/usr/bin/python3", "-c", "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])", site.execd.socket],
                              capture_output=True, text=True, timeout=60, user=BOB, group=group, extra_groups=more)
        assert done.returncode and "PermissionError" in done.stderr
    assert "hung up" not in site.execd.log.read_text()
    assert ask(site, start_of(domain="WORKGROUP"), user=BOB, group=ALICE) is None
    site.execd.says(f"hung up on a process that may not ask uid={BOB}")
    assert ask(site, start_of(domain="WORKGROUP"), user=ALICE, group=ALICE)[0] == 32
    assert ask(site, start_of(domain="WORKGROUP"))[0] == 32


def test_an_sspid_that_is_not_let_in_says_so(make_vouched):
    site = make_vouched({"id": "/usr/bin/id"})
    site.execd.socket.chmod(0o600)
    site.run("id", status=1)
    assert "lets this process not in" in site.service.wait_for(lambda: site.service.events(29200), "the event")[0]["reason"]


def test_a_silent_one_is_hung_up_on(make_site):
    site = make_site({"id": "/usr/bin/id"}, max_commands=1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE)
        silent.connect(str(site.execd.socket))
        site.run("id", status=1)
        assert silent.recv(1) == b""
    site.execd.wait_for_no_session()
    assert site.run("id")


# --- an sspid that asks --------------------------------------------------------------------------


def test_an_execd_that_is_not_there_refuses_and_is_found_again(make_site):
    site = make_site({"cat": "/bin/cat"}, start=False)
    site.run("cat", status=1)
    assert "does opensspi-execd run?" in site.service.wait_for(lambda: site.service.events(29200), "the event")[0]["reason"]
    site.execd.start()
    assert site.run("cat", b"x") == b"x"
    site.execd.kill()
    site.run("cat", status=1)
    site.execd.log.write_text("")
    site.execd.start()
    assert site.run("cat", b"y") == b"y"


def frame(kind, fields=b""):
    return struct.pack("<IB", len(fields) + 1, kind) + fields


NONSENSE = {
    "hangs up": (b"", 0), "zeros": (bytes(64), 0), "too long": (b"\xff" * 64, 0), "http": (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4, 0),
    "exited first": (frame(34, struct.pack("<BI", 0, 0)), 0), "a question": (start_of(), 0),
    "no descriptors": (frame(32, struct.pack("<III", 2, 7, 3)), 0), "too few": (frame(32, struct.pack("<III", 2, 7, 3)), 2),
    "too many": (frame(32, struct.pack("<III", 2, 7, 2)), 3), "far too many": (frame(32, struct.pack("<III", 2, 7, 3)), 40),
    "another version": (frame(32, struct.pack("<III", 1, 7, 3)), 3), "half": (frame(32, struct.pack("<III", 2, 7, 3))[:9], 3),
    "unknown refusal": (frame(33, struct.pack("<IH", 99, 0)), 0),
}


def test_a_starter_that_talks_nonsense(make_site):
    site = make_site({"cat": "/bin/cat"}, start=False)

    def fds():
        """Its sockets and pipes; of the store it opens more as it likes."""
        found = 0
        for path in pathlib.Path(f"/proc/{site.service.process.pid}/fd").iterdir():
            try:
                found += os.readlink(path).startswith(("socket:", "pipe:"))
            except FileNotFoundError:
                pass
        return found

    site.run("cat", status=1)  # the store is open from the first logon on
    before, r, w = fds(), *os.pipe()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(site.execd.socket))
        listening.listen()
        listening.settimeout(PATIENCE)
        for name, (answer, n) in NONSENSE.items():
            p = site.begin("cat")
            client, _ = listening.accept()
            assert client.recv(5000)[4] == 1
            if answer:
                socket.send_fds(client, [answer], [w] * n)
            if name in ("hangs up", "half", "too long", "zeros", "http"):
                client.shutdown(socket.SHUT_WR)
            assert p.communicate()[0] == b"" and p.returncode == 1, name
            client.settimeout(PATIENCE)
            try:
                assert client.recv(1) == b"", name
            except ConnectionResetError:
                pass
            client.close()
    refused = site.service.wait_for(lambda: len(found := site.service.events(29200)[1:]) == len(NONSENSE) and found, "the events")
    assert {row["refusal"] for row in refused} == {"unreachable"}
    assert {row["reason"] for row in refused} == {"opensspi-execd talks nonsense", "opensspi-execd hung up"}
    site.service.wait_for(lambda: fds() <= before, "no descriptor is left")
    os.close(r), os.close(w)
    site.execd.start()
    assert site.run("cat", b"x") == b"x"


def test_its_configuration_is_read_anew(make_site):
    site = make_site({"say": "/bin/echo one"})
    p = site.begin("say")
    assert p.communicate()[0] == b"one\n"
    site.execd.commands["say"]["command"] = "/bin/echo two"
    site.execd.write_config()
    site.execd.process.send_signal(signal.SIGHUP)
    site.execd.says("read anew")
    assert site.run("say") == b"two\n"
    site.execd.config.write_text("[exec say]\ncommand = relative\n")
    site.execd.process.send_signal(signal.SIGHUP)
    site.execd.says("the configuration has a fault")
    assert site.run("say") == b"two\n"
