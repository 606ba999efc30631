# SPDX-License-Identifier: Apache-2.0
"""backend = exec:NAME: commands run as the client, by opensspi-execd."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import ACCOUNTS, BUILD, PATIENCE, ROOT, program
from execd import ALICE, BOB, BOTH, PACKAGED, Execd, processes_of
from samd import ASKERS, NOT_OWNER, SSPID_UID, Samd, ServiceBehind, as_user

MEBIBYTE = 1 << 20
LISTENER = {"protocol": "framed"}


class Site:
    """An execd, and an sspid with a listener for each of its commands."""

    def __init__(self, execd, service):
        self.execd, self.service = execd, service

    def environment(self):
        return self.service.environment()

    def command(self, name, user, *args):
        return [program("sspi-connect"), "--user", user, "--password-stdin", *args, self.service.address(name)]

    def run(self, name, data=b"", user="alice", status=0, args=()):
        done = subprocess.run(self.command(name, user, *args), input=ACCOUNTS[user].encode() + b"\n" + data, env=self.environment(),
                              capture_output=True, timeout=120)
        assert done.returncode == status, f"{done}\n{self.execd.log.read_text()}\n{self.service.log.read_text()}"
        return done.stdout

    def begin(self, name, user="alice"):
        p = subprocess.Popen(self.command(name, user), env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        p.stdin.write(ACCOUNTS[user].encode() + b"\n")
        p.stdin.flush()
        return p

    def wait_for_none(self, uid):
        self.service.wait_for(lambda: not processes_of(uid), "no process is left")


@pytest.fixture
def make_site(make_service):
    made = []

    def make(commands, policy=(), listener=(), unix_users=(), scripts=(), start=True, sspid_start=True, **keys):
        commands = {name: dict(c if isinstance(c, dict) else {"command": c}) for name, c in commands.items()}
        execd = Execd(commands, **keys)
        made.append(execd)
        for name, text in dict(scripts).items():
            commands[name]["command"] = execd.script(name, text)
        execd.write_config()
        service = make_service(policy=policy, start=False,
                               listeners={name: {**LISTENER, "backend": f"exec:{name}", **dict(listener)} for name in commands})
        service.config.write_text(service.config.read_text() + execd.sections())
        for name, unix_user in dict(unix_users).items():
            service.ctl("account", "remove", name)
            service.ctl("account", "add", name, "--password-stdin", "--unix-user", unix_user, stdin=ACCOUNTS[name] + "\n")
        if start:
            execd.start()
        if sspid_start:
            service.start()
        return Site(execd, service)

    yield make
    for execd in made:
        execd.clear()


def status_of(text):
    """Of /proc/self/status, as a dictionary."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def parent_of(pid):
    return int(status_of(open(f"/proc/{pid}/status").read())["PPid"])


def test_it_is_the_client_and_nobody_else(make_site):
    site = make_site({"id": "/usr/bin/id", "status": "/bin/cat /proc/self/status"})
    # The names are the mount namespace's, which the command is in as well.
    for user, uid in (("alice", ALICE), ("bob", BOB)):
        assert site.run("id", user=user).decode() == f"uid={uid}({user}) gid={uid}({user}) groups={uid}({user}),{BOTH}(both)\n"
    status = status_of(site.run("status").decode())
    assert status["Uid"].split() == [str(ALICE)] * 4 and status["Gid"].split() == [str(ALICE)] * 4
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    # 32 and 33 are the C library's own, which ignores them in what posix_spawn starts, and lets nobody set them.
    assert status["SigBlk"] == "0" * 16 and int(status["SigIgn"], 16) & ~(0b11 << 31) == 0
    assert status["Umask"] == "0022"


def test_it_has_a_session_streams_and_nothing_else(make_site):
    site = make_site({"look": {}}, scripts={"look": 'cut -d" " -f5,6 /proc/$$/stat; echo $$; ls /proc/$$/fd; pwd; ulimit -c; umask\n'})
    group, pid, *rest = site.run("look").decode().splitlines()
    assert group.split() == [pid, pid]
    # 10 and above are the shell's own, for its script.
    assert [fd for fd in rest[:-3] if int(fd) < 10] == ["0", "1", "2"]
    assert rest[-3:] == [str(site.execd.home("alice")), "0", "0022"]


KEYRING = """exec /usr/bin/python3 -c '
import ctypes
keys = ctypes.CDLL("libkeyutils.so.1")
print(keys.keyctl_search(-3, b"user", b"left", 0) < 0, keys.add_key(b"user", b"left", b"x", 1, -3) > 0,
      keys.keyctl_search(-3, b"user", b"left", 0) > 0)
'
"""


def test_what_one_leaves_in_the_session_s_keyring_no_other_finds(make_site):
    site = make_site({"keys": {}}, scripts={"keys": KEYRING})
    assert [site.run("keys", user=user) for user in ("alice", "bob", "alice")] == [b"True True True\n"] * 3


def test_its_environment_is_made_from_nothing(make_site):
    site = make_site({"env": {"command": "/usr/bin/env", "environment": 'LANG=C.UTF-8 "GREETING=hello world"', "path": "/usr/bin"}})
    found = dict(line.split("=", 1) for line in site.run("env").decode().splitlines())
    port = found.pop("REMOTE_PORT")
    sid = found.pop("OPENSSPI_SID")
    assert port.isdigit() and re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-\d+", sid)
    assert found == {"USER": "alice", "LOGNAME": "alice", "HOME": str(site.execd.home("alice")), "SHELL": "/bin/sh", "PATH": "/usr/bin",
                     "OPENSSPI_COMMAND": "env", "OPENSSPI_USER": "alice", "OPENSSPI_DOMAIN": "WORKGROUP", "OPENSSPI_PACKAGE": "NTLM",
                     "REMOTE_ADDR": "127.0.0.1", "LANG": "C.UTF-8", "GREETING": "hello world"}


def test_words_are_arguments_as_they_stand(make_site):
    site = make_site({"say": '/usr/bin/printf %s\\n "two words" $HOME `id` *'})
    assert site.run("say") == b"two words\n$HOME\n`id`\n*\n"


def test_files_are_the_client_s(make_site):
    site = make_site({"write": {"umask": "077"}, "read": {}},
                     scripts={"write": "cat > mine\n", "read": 'cat "$HOME/../alice/mine"\n'})
    site.run("write", b"secret\n")
    st = os.stat(site.execd.home("alice") / "mine")
    assert (st.st_uid, st.st_gid, st.st_mode & 0o777) == (ALICE, ALICE, 0o600)
    assert site.run("read") == b"secret\n"
    site.run("read", user="bob", status=1)
    site.service.wait_for(lambda: "Permission denied" in site.service.log.read_text(), "what it says")


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(5_000_000)], ids=["empty", "one", "large"])
def test_every_byte_comes_back(make_site, data):
    site = make_site({"cat": "/bin/cat"})
    assert site.run("cat", data) == data
    ended = site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]
    assert (ended["to_command"], ended["to_client"], ended["Status"]) == (len(data), len(data), "0x0")


def test_the_client_s_end_is_its_end_of_file(make_site):
    site = make_site({"sort": "/usr/bin/sort", "sum": "/usr/bin/sha256sum"})
    assert site.run("sort", b"b\na\nc\n") == b"a\nb\nc\n"
    data = os.urandom(20 * MEBIBYTE)
    assert site.run("sum", data).split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_it_may_leave_input_unread(make_site):
    site = make_site({"head": "/usr/bin/head -c 3"})
    assert site.run("head", b"abc" + bytes(3 * MEBIBYTE)) == b"abc"


def test_it_may_end_before_the_client_does(make_site):
    site = make_site({"id": "/usr/bin/id -un"})
    p = site.begin("id")
    assert p.stdout.read() == b"alice\n" and p.wait(PATIENCE) == 0


def test_a_client_that_does_not_read_stops_it(make_site):
    site = make_site({"zeros": f"/usr/bin/head -c {48 * MEBIBYTE} /dev/zero"})
    p = site.begin("zeros")
    resident = lambda: int(open(f"/proc/{site.service.process.pid}/statm").read().split()[1]) * 4096
    site.service.wait_for(lambda: processes_of(ALICE), "it runs")
    before = resident()
    time.sleep(1.5)
    assert processes_of(ALICE) and resident() - before < 16 * MEBIBYTE  # sanitizers keep some
    assert len(p.communicate()[0]) == 48 * MEBIBYTE and p.returncode == 0


# As much as goes, until nobody takes more.
FULL = """exec /usr/bin/python3 -c '
import os, time
n = idle = 0
os.set_blocking(1, False)
while idle < 10:
    try:
        n += os.write(1, b"x" * 65536)
        idle = 0
    except BlockingIOError:
        idle += 1
        time.sleep(0.1)
open("written", "w").write(str(n))
'
"""


def test_what_lies_in_the_pipe_comes_after_a_moment_without_sspid(make_site, tmp_path):
    """However long that takes: the pipe is read before the stream ends, and an end that is sealed says that all has come."""
    site = make_site({"full": {}}, scripts={"full": FULL}, sspid_start=False)
    stall = tmp_path / "stall"
    stall.write_bytes(bytes(8))
    site.service.prefix = ("/usr/bin/env", f"LD_PRELOAD={BUILD / 'tests/support/libstall_preload.so'}", f"STALL_PRELOAD={stall}")
    site.service.start()
    p = site.begin("full")
    site.execd.says("ended command=full")
    with open(stall, "r+b") as f:
        f.write(struct.pack("<q", 3000))
    assert len(p.stdout.read()) == int((site.execd.home("alice") / "written").read_text()) and p.wait(PATIENCE) == 0
    assert stall.read_bytes() == bytes(8)


@pytest.mark.parametrize("how, told", [("exit 3", {"Status": "0x3"}), ("kill -9 $$", {"signal": 9, "Status": "0x0"})])
def test_a_failure_is_a_cut_after_all_it_said(make_site, how, told):
    site = make_site({"fail": {}}, scripts={"fail": f"echo before; {how}\n"})
    assert site.run("fail", status=1) == b"before\n"
    ended = site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]
    assert ended["Keywords"] == "Audit Failure" and told.items() <= ended.items()


def test_standard_error_goes_to_the_log_or_to_the_client(make_site):
    script = "echo out; echo err >&2; printf 'no line' >&2\n"
    site = make_site({"log": {}, "stream": {"errors": "stream"}}, scripts={"log": script, "stream": script})
    assert site.run("log") == b"out\n"
    for words in ("the command says", "line=err", 'line="no line"'):
        site.service.wait_for(lambda: words in site.service.log.read_text(), words)
    assert site.run("stream") == b"out\nerr\nno line"


def test_a_flood_of_errors_is_counted(make_site):
    site = make_site({"yes": {}}, scripts={"yes": "yes a line 2>&1 >&2 | head -n 20000 >&2\n"})
    site.run("yes")
    assert site.service.said("the command says") <= 300


def test_events_and_counters(make_site):
    site = make_site({"true": "/bin/true", "never": {"command": "/bin/true", "users": "bob"}}, listener={"max_per_address": "100"})
    site.run("true")
    site.run("never", status=1)
    logons = [row["TargetLogonId"] for row in site.service.events(4624)]
    started, ended, refused = (site.service.wait_for(lambda: site.service.events(n), f"event {n}")[0] for n in (4688, 4689, 29200))
    assert [started["TargetLogonId"], refused["TargetLogonId"]] == logons and started["NewProcessId"] == ended["ProcessId"]
    assert (started["TargetUserName"], started["command"], started["listener"]) == ("alice", "true", "true")
    assert refused["refusal"] == "not-permitted" and "users" in refused["reason"]
    listeners = {row["listener"]: row for row in json.loads(site.service.ctl("status", "--json").stdout)["listeners"]}
    assert [listeners["true"][key] for key in ("commands", "commands_failed", "commands_refused")] == [1, 0, 0]
    assert [listeners["never"][key] for key in ("commands", "commands_failed", "commands_refused")] == [0, 0, 1]
    assert "commands: started 1, failed 0, refused 0" in site.service.ctl("status").stdout
    for words in ("started command=true user=alice", "unix_user=alice", "refusal=not-permitted"):
        site.execd.says(words)


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys, refusal", [
    ({"users": "bob"}, "not-permitted"), ({"users": None, "groups": "root"}, "not-permitted"), ({"users": None, "groups": "nosuch"}, "not-permitted"),
    ({"command": "/nonexistent"}, "failed"), ({"directory": "/root/nosuch"}, "failed"), ({"command": "/etc/hostname"}, "failed"),
])
def test_who_may_not_is_refused(make_site, keys, refusal):
    site = make_site({"id": {"command": "/usr/bin/id", **keys}})
    assert site.run("id", status=1) == b""
    assert site.service.wait_for(lambda: site.service.events(29200), "the event")[0]["refusal"] == refusal


@pytest.mark.parametrize("keys", [{"users": "bob alice"}, {"users": None, "groups": "nosuch both"}, {"users": "bob", "groups": "both"}])
def test_who_is_listed_may(make_site, keys):
    site = make_site({"id": {"command": "/usr/bin/id -un", **keys}})
    assert site.run("id") == b"alice\n"


@pytest.mark.parametrize("unix_user, uid", [("root", 0), ("system", 230)])
def test_root_and_system_users_only_where_they_are_named(make_site, unix_user, uid):
    site = make_site({"any": "/usr/bin/id -u", "named": {"command": "/bin/cat /proc/self/status", "users": f"bob {unix_user}"},
                      "group": {"command": "/usr/bin/id -u", "users": None, "groups": f"{unix_user} both"}}, unix_users={"alice": unix_user})
    site.run("any", status=1)
    site.run("group", status=1)
    status = status_of(site.run("named").decode())
    assert status["Uid"].split() == [str(uid)] * 4 and status["CapEff"] == status["CapPrm"] == "0" * 16
    refused = site.service.wait_for(lambda: site.service.events(29200)[1:] and site.service.events(29200), "both refusals")
    assert [row["refusal"] for row in refused] == ["not-permitted"] * 2


def test_who_has_no_account_here_is_refused(make_site):
    site = make_site({"id": "/usr/bin/id"}, unix_users={"alice": "nobody-of-that-name"})
    site.run("id", status=1)
    site.run("id", user="jörg", status=1)
    refused = site.service.wait_for(lambda: site.service.events(29200)[1:] and site.service.events(29200), "both refusals")
    assert [row["refusal"] for row in refused] == ["no-account"] * 2
    assert site.run("id", user="bob").startswith(b"uid=%d(bob)" % BOB)


def test_a_program_that_others_may_write_to_is_refused(make_site):
    site = make_site({"id": {}}, scripts={"id": "id\n"})
    path = site.execd.folder / "id"
    for mode, owner in ((0o775, 0), (0o757, 0), (0o755, BOB)):
        path.chmod(mode)
        os.chown(path, owner, owner)
        site.run("id", status=1)
    path.chmod(0o755)
    os.chown(path, 0, 0)
    site.run("id")


def test_so_many_and_no_more(make_site):
    site = make_site({"cat": "/bin/cat"}, max_per_user=2, max_commands=3)
    alice = [site.begin("cat") for _ in range(2)]
    for p in alice:
        p.stdin.write(b"x\n")
        p.stdin.flush()
        assert p.stdout.readline() == b"x\n"
    site.run("cat", status=1)
    assert site.service.wait_for(lambda: site.service.events(29200), "the event")[0]["refusal"] == "too-many"
    bob = site.begin("cat", "bob")
    bob.stdin.write(b"y\n")
    bob.stdin.flush()
    assert bob.stdout.readline() == b"y\n"
    site.run("cat", user="bob", status=1)
    assert site.service.wait_for(lambda: site.service.events(29200)[1:], "another event")[0]["refusal"] == "unreachable"
    for p in (*alice, bob):
        assert p.communicate()[0] == b"" and p.returncode == 0
    site.execd.wait_for_no_session()
    assert site.run("cat", b"z") == b"z"


# --- what is asked ---------------------------------------------------------------------------------


def text(t):
    return struct.pack("<H", len(t.encode())) + t.encode()


def start_of(command="id", user="alice", version=2, credentials=b"", **more):
    """A START; the client as sspid has it."""
    fields = struct.pack("<BIH", 1, version, 7) + b"".join(text(t) for t in (command, user, *(more.get(name, "") for name in (
        "domain", "unix_user", "sid", "package", "address", "assertion"))))
    fields += struct.pack("<I", len(credentials)) + credentials
    return struct.pack("<I", len(fields)) + fields


def ask(site, frame, to_its_end=False, **user):
    """Over the socket, byte for byte: (type, fields, descriptors), or None where it hangs up."""
    code = ("import os,socket,sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(60)\ns.connect(sys.argv[1])\n"
            "try:\n    s.sendall(bytes.fromhex(sys.stdin.read()))\n    data, fds, *_ = socket.recv_fds(s, 5000, 9)\nexcept (ConnectionResetError, BrokenPipeError):\n    data, fds = b'', []\nprint(data.hex(), len(fds))\n"
            + "os.read(fds[1], 1)\n" * to_its_end)
    done = subprocess.run(["/usr/bin/python3", "-c", code, site.execd.socket], input=frame.hex(), capture_output=True, text=True, timeout=60, **user)
    assert done.returncode == 0, done.stderr
    data, n = done.stdout.rsplit(" ", 1)
    data = bytes.fromhex(data)
    return (data[4], data[5:], int(n)) if data else None


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


NOT_PROVEN = 4


@pytest.fixture
def make_vouched():
    """sspid as a user of its own, behind samd, and an execd that believes samd alone."""
    made = []

    def make(commands):
        samd = Samd(accounts={"alice": ACCOUNTS["alice"], "bob": ACCOUNTS["bob"]})
        made.append(samd.clear)
        execd = Execd({name: {"command": command, "trust_sspid": None} for name, command in commands.items()},
                      more=f"[accounts]\nstore = authority:{samd.socket}\n", user="sspid")
        made.append(execd.clear)
        service = ServiceBehind(samd, {name: {**LISTENER, "backend": f"exec:{name}"} for name in commands})
        service.config.write_text(service.config.read_text() + execd.sections())
        made.append(service.stop)
        execd.start()
        service.start()
        site = Site(execd, service)
        site.samd = samd
        return site

    yield make
    for clear in reversed(made):
        clear()


SSPID = as_user(SSPID_UID, ASKERS)
PROVE = ("import sys; sys.path[:0] = sys.argv[1:3]; from samd import *; wire = Wire(sys.argv[3]); kind, fields = wire.ask(2, claim(sys.argv[4], sys.argv[5]))\n"
         "assert kind == PROVEN\nprint(fields[-41:-1].decode())\n")


def assertion_of(site, user):
    """What samd gives a process of sspid's that proves this user's password."""
    library = site.samd.folder / "tests"
    if not library.exists():
        library.mkdir(mode=0o755)
        for path in (ROOT / "tests/conftest.py", ROOT / "tests/system/samd.py"):
            shutil.copy(path, library)
    done = subprocess.run(["/usr/bin/python3", "-c", PROVE, library, library, site.samd.socket, user, ACCOUNTS[user]], capture_output=True, text=True,
                          env={**os.environ, "OPENSSPI_BUILD": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/", timeout=60, **SSPID)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refusal_of(answer):
    return answer[0] == 33 and struct.unpack_from("<I", answer[1])[0]


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


# --- ends ------------------------------------------------------------------------------------------


def running(site, name="sleep"):
    p = site.begin(name)
    assert p.stdout.readline() == b"ready\n", site.execd.log.read_text()
    return p


# In the background, in a pipe, and deaf to what asks politely.
FAMILY = "sleep 1000 & sleep 1000 | sleep 1000 & trap '' HUP TERM; echo ready; sleep 1000; sleep 1000\n"


def test_a_client_that_leaves_ends_it(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": "trap 'echo hung up >> told; exit 0' HUP\necho ready\nsleep 1000 & wait\n"})
    p = running(site)
    p.kill()
    p.communicate()
    site.wait_for_none(ALICE)
    assert (site.execd.home("alice") / "told").read_text() == "hung up\n"
    ended = site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]
    assert ended["reason"] == "the client's stream was cut" and ended["Keywords"] == "Audit Failure"


def test_who_does_not_listen_is_killed_after_the_grace(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    p = running(site)
    begin = time.monotonic()
    p.kill()
    p.communicate()
    site.wait_for_none(ALICE)
    assert time.monotonic() - begin >= 0.9
    site.execd.says("signal=9")


@pytest.mark.parametrize("whose", ["sspid", "execd", "both"])
def test_kill_9_leaves_nobody_behind(make_site, whose):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    clients = [running(site) for _ in range(5)]
    if whose != "execd":
        site.service.process.kill()
        site.service.process.wait()
        site.service.process = None
    if whose != "sspid":
        site.execd.kill()
    for p in clients:
        assert p.communicate()[0] == b"" and p.returncode == 1
    site.wait_for_none(ALICE)


def test_who_is_kept_from_beginning_holds_up_nobody(make_site, tmp_path):
    """Its owner's home folder may do that, where it is a file system of his own."""
    stall = tmp_path / "stall"
    stall.write_bytes(bytes(8))
    site = make_site({"id": "/usr/bin/id"}, max_commands=1, start=False)
    site.execd.prefix = (*PACKAGED, "/usr/bin/env", f"LD_PRELOAD={BUILD / 'tests/support/libstall_preload.so'}", f"STALL_PRELOAD={stall}")
    site.execd.start()
    for leave in (True, False):
        with open(stall, "r+b") as f:
            f.write(struct.pack("<q", 1_000_000))
        p = site.begin("id")
        site.service.wait_for(lambda: processes_of(ALICE), "it is to begin")
        if leave:
            p.kill()
        assert p.communicate()[0] == b"" and p.returncode
        site.wait_for_none(ALICE)
        site.execd.wait_for_no_session()
    site.execd.says("it did not begin in time")
    assert site.run("id")


def test_a_killed_session_takes_its_command_along(make_site):
    site = make_site({"sleep": {}}, scripts={"sleep": "echo ready; exec sleep 1000\n"})
    p = running(site)
    pid = processes_of(ALICE)[0]
    os.kill(parent_of(pid), signal.SIGKILL)
    assert p.communicate()[0] == b"" and p.returncode == 1
    site.wait_for_none(ALICE)
    site.execd.says("a session's process was killed")


def test_its_process_group_ends_with_it(make_site):
    site = make_site({"bg": {}}, scripts={"bg": "sleep 1000 & echo done\n"})
    assert site.run("bg") == b"done\n"
    site.wait_for_none(ALICE)


# Twice left: by setsid and by the death of who began it; deaf to what asks politely.
HIDDEN = "(setsid sh -c 'trap \"\" HUP TERM; sleep 1000 & sleep 1000' & setsid setsid sleep 1000 &); "


@pytest.mark.parametrize("end", ["exit", "hang-up", "session killed", "deaf to its session's death"])
def test_who_left_its_process_group_ends_with_it(make_site, end):
    deaf = "exec python3 -c 'import ctypes, time; ctypes.CDLL(None).prctl(1, 0); print(\"ready\", flush=True); time.sleep(1000)'\n"
    rest = {"exit": "echo ready\n", "deaf to its session's death": deaf}.get(end, "echo ready; exec sleep 1000\n")
    site = make_site({"hide": {"hang_up_grace": "1"}}, scripts={"hide": HIDDEN + rest})
    p = running(site, "hide")
    if end == "hang-up":
        p.kill()
    elif end != "exit":
        os.kill(parent_of(site.execd.started()), signal.SIGKILL)
    p.communicate()
    assert p.returncode == {"exit": 0, "hang-up": -signal.SIGKILL}.get(end, 1)
    site.wait_for_none(ALICE)


def test_who_died_out_of_its_sight_is_no_zombie(make_site):
    """Twenty whose parents are gone: they are their session's, and would count as the user's processes."""
    site = make_site({"go": {}}, scripts={"go": "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do (true &); done; echo ready; exec sleep 1000\n"})
    running(site, "go")
    session = parent_of(site.execd.started())
    site.service.wait_for(lambda: len(open(f"/proc/{session}/task/{session}/children").read().split()) == 1, "the dead are gone")


def test_who_has_its_output_elsewhere_holds_up_nobody(make_site):
    """No process of the command's: it was given the descriptor."""
    give = "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['TO']); socket.send_fds(s, [b'x'], [1]); print('done', flush=True)"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, socket.socket(socket.AF_UNIX) as listening:
        os.chmod(folder, 0o755)
        listening.bind(f"{folder}/socket")
        os.chmod(f"{folder}/socket", 0o666)
        listening.listen()
        site = make_site({"give": {"environment": f"TO={folder}/socket"}}, scripts={"give": f'exec /usr/bin/python3 -c "{give}"\n'})
        assert site.run("give") == b"done\n"
        client, _ = listening.accept()
        _, fds, *_ = socket.recv_fds(client, 1, 1)  # had by the socket all the time
        client.close()
        for fd in fds:
            os.close(fd)


def test_execd_stops_with_commands(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    clients = [running(site) for _ in range(3)]
    assert site.execd.stop() == 0
    for p in clients:
        assert p.communicate()[0] == b"" and p.returncode == 1
    assert processes_of(ALICE) == []


def test_idle_commands_are_ended(make_site):
    site = make_site({"sleep": {}}, scripts={"sleep": "echo ready; exec sleep 1000\n"}, listener={"idle_timeout": "4"})
    assert running(site).wait(PATIENCE) == 1
    site.wait_for_none(ALICE)


def test_limits_hold(make_site):
    site = make_site({"spin": {"max_cpu_seconds": "1"}, "memory": {"max_memory": "64"}, "files": {"max_files": "27"}},
                     scripts={"spin": "while :; do :; done\n", "memory": "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c\n",
                              "files": "ulimit -n\n"})
    site.run("spin", status=1)
    assert site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]["signal"] in (9, 24)
    assert site.run("memory") == b"0\n"
    assert site.run("files") == b"27\n"


def test_fifty_at_once(make_site):
    site = make_site({"cat": "/bin/cat"}, listener={"max_per_address": "1000"}, max_per_user=100)
    data = {i: os.urandom(300_000) for i in range(50)}
    outputs = {}

    def one(i):
        outputs[i] = site.run("cat", data[i], user="alice" if i % 2 else "bob")

    threads = [threading.Thread(target=one, args=(i,)) for i in data]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert outputs == data
    site.wait_for_none(ALICE)
    site.service.wait_for(lambda: len(site.service.events(4689)) == 50, "their ends")


# --- its options and configuration -----------------------------------------------------------------


def test_the_example_holds_every_key(tmp_path):
    """Taken out of their comments, all keys of the example are good as well."""
    lines = (ROOT / "docs/opensspi.conf.example").read_text().splitlines()
    keys = [line.removeprefix("#") if line.startswith("#") and " = " in line and not line.startswith("# ") else line for line in lines]
    known = re.findall(r'^    \{ "([a-z0-9_]+)"', (ROOT / "src/execd/settings.c").read_text(), re.M)
    assert len(known) > 15
    assert not set(known) - {line.split(" = ")[0] for line in keys}
    path = tmp_path / "opensspi.conf"
    path.write_text("\n".join(keys).replace("user = opensspi\n", "user = root\n") + "\n")
    done = subprocess.run([program("opensspi-execd"), "-n", "--config", path], capture_output=True, text=True, timeout=150)
    assert (done.returncode, done.stdout) == (0, f"{path}: good\n")
    assert all(line.startswith("opensspi-execd: warning: [exec ") for line in done.stderr.splitlines())  # what this machine has not: pg_dump, say


def test_what_will_be_refused_is_told_at_the_check(tmp_path):
    path = tmp_path / "opensspi.conf"
    path.write_text("[execd]\nuser = root\n[exec a]\ntrust_sspid = yes\ncommand = /nonexistent/program\ngroups = root no-such-group\n"
                    "[exec b]\ntrust_sspid = yes\ncommand = /bin/true\nusers = root no-such-user\n")
    done = subprocess.run([program("opensspi-execd"), "-n", "--config", path], capture_output=True, text=True, timeout=150)
    told = done.stderr.splitlines()
    assert done.returncode == 0 and told == [f"opensspi-execd: warning: [exec {line}" for line in (
        "a] command: nonexistent: No such file or directory", "a] groups: there is no group no-such-group", "b] users: there is no user no-such-user")]


def test_a_folder_that_others_may_write_to_is_no_place_for_a_socket(make_site):
    site = make_site({"id": "/usr/bin/id"}, start=False)
    site.execd.socket.parent.chmod(0o777)
    done = subprocess.run([program("opensspi-execd"), "--config", site.execd.config], capture_output=True, text=True, timeout=150)
    assert done.returncode == 1 and "others may write to the folder" in done.stderr


def test_it_takes_root(make_site):
    site = make_site({"id": "/usr/bin/id"}, start=False)
    shutil.copy(program("opensspi-execd"), site.execd.folder / "program")
    done = subprocess.run([site.execd.folder / "program", "--config", site.execd.config], capture_output=True, text=True, timeout=150, user=BOB, group=BOB)
    assert done.returncode == 1 and "it must run as root" in done.stderr


# --- execd -----------------------------------------------------------------------------------------


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


# --- what the client delegated ---------------------------------------------------------------------

CACHE = b"\x05\x04\0\0" + bytes(range(256)) * 20  # execd does not look into it
# Lists the folder, writes to it, removes the file: nothing of that is to be had.
LOOK = 'exec 2>/dev/null; f="${KRB5CCNAME#FILE:}"; d="$(dirname "$f")"; echo "$KRB5CCNAME"; stat -c "%u %a %s" "$f"; ls "$d"; (echo x >"$d/x"); rm -f "$f"\n' \
       'od -An -v -tx1 <"$f" | tr -d " \\n"; echo; exec sleep 1000\n'


class Delegated:
    """A command that was started with credentials, over a connection that is its life."""

    def __init__(self, site, name, user="alice", cache=CACHE):
        self.folder = pathlib.Path(f"{site.execd.socket}.credentials")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(site.execd.socket))
        self.socket.sendall(start_of(name, user, domain="WORKGROUP", package="Kerberos", credentials=cache))
        data, fds, *_ = socket.recv_fds(self.socket, 5000, 9)
        self.started = data[4] == 32
        self.process = struct.unpack_from("<I", data, 9)[0] if self.started else None
        self.output = os.fdopen(fds[1], "r") if self.started else None
        for fd in (*fds[:1], *fds[2:]):
            os.close(fd)

    def lines(self, n):
        return [self.output.readline().rstrip("\n") for _ in range(n)]

    def files(self):
        return sorted(self.folder.iterdir())

    def wait_for_no_file(self, site):
        site.service.wait_for(lambda: not self.folder.exists() or not self.files(), "no file is left")

    def close(self):
        if self.output:
            self.output.close()
        self.socket.close()


def test_what_was_delegated_is_a_file_of_the_user_s_alone(make_site):
    site = make_site({"look": {"umask": "0", "environment": "KRB5CCNAME=MEMORY:x"}}, scripts={"look": LOOK})
    clients = [Delegated(site, "look", user) for user in ("alice", "bob")]
    for client, uid in zip(clients, (ALICE, BOB)):
        name, stat, content = client.lines(3)
        path = pathlib.Path(name.removeprefix("FILE:"))
        assert name.startswith("FILE:") and path in client.files() and len(path.name.split(".")[1]) == 32
        assert stat == f"{uid} 600 {len(CACHE)}" and bytes.fromhex(content) == CACHE
    assert len(clients[0].files()) == 2  # nobody has made or removed one
    folder = clients[0].folder.stat()
    assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o7777) == (0, 0, 0o1731)
    assert site.execd.log.read_text().count(" delegated=1 ") == 2
    for client in clients:
        client.close()
    clients[0].wait_for_no_file(site)


@pytest.mark.parametrize("end", ["exit", "signal", "hang-up", "no command", "session killed", "execd killed", "execd stopped"])
def test_the_file_goes_with_the_command(make_site, end):
    scripts = {"go": {"exit": "exit 3\n", "signal": "kill -9 $$\n"}.get(end, "echo ready; exec sleep 1000\n")}
    site = make_site({"go": {"hang_up_grace": "1", **({"directory": "/nonexistent"} if end == "no command" else {})}}, scripts=scripts)
    client = Delegated(site, "go")
    assert client.started == (end != "no command")
    if "ready" in scripts["go"] and client.started:
        assert client.lines(1) == ["ready"] and len(client.files()) == 1
    if end == "hang-up":
        client.close()
    elif end == "session killed":
        os.kill(parent_of(client.process), signal.SIGKILL)
    elif end == "execd killed":
        left = client.folder / "1.left"
        left.write_text("")  # as one whose session was killed as well
        site.execd.kill()
        site.execd.log.write_text("")
        site.execd.start()
        assert not left.exists()
    elif end == "execd stopped":
        site.execd.stop()
        assert not client.folder.exists()
    client.wait_for_no_file(site)
    site.wait_for_none(ALICE)
    client.close()


# With this the folder is a file system of its own, of so few bytes, as in the packaged unit.
SMALL = 'mkdir "$0" && mount -t tmpfs -o size=64k,mode=0700 tmpfs "$0" && exec "$@"'
FILL = 'f="${KRB5CCNAME#FILE:}"; head -c 1000000 /dev/zero 2>/dev/null >>"$f"; echo full; exec sleep 1000\n'


def test_who_fills_his_file_fills_nothing_else(make_site):
    """Others' commands are refused as long as there is no room, and nothing of what did not fit stays."""
    site = make_site({"fill": {}, "cat": "/bin/cat"}, scripts={"fill": FILL}, start=False)
    site.execd.prefix = ("sh", "-c", SMALL, f"{site.execd.socket}.credentials", *PACKAGED)
    site.execd.start()
    alice = Delegated(site, "fill")
    assert alice.lines(1) == ["full"]
    within = pathlib.Path(f"/proc/{site.execd.process.pid}/root{alice.folder}")
    bob = Delegated(site, "cat", "bob")
    assert not bob.started
    site.execd.says("what the client delegated: No space left on device")
    site.service.wait_for(lambda: len(list(within.iterdir())) == 1, "the file that did not fit is gone")
    assert not alice.files()  # outside there was never one
    bob.close()
    assert site.run("cat", b"x", user="bob") == b"x"  # who has no tickets wants no room
    alice.close()
    site.service.wait_for(lambda: not list(within.iterdir()), "no file is left")
    bob = Delegated(site, "cat", "bob")
    assert bob.started
    bob.close()


def test_what_was_delegated_is_for_who_is_believed_alone(make_vouched):
    """Where samd says who the client is, sspid's word for whose credentials these are counts for nothing."""
    site = make_vouched({"env": '/bin/sh -c "env >found"'})
    found = site.execd.home("alice") / "found"
    for trust in (None, "yes"):
        site.execd.commands["env"]["trust_sspid"] = trust
        site.execd.write_config()
        site.execd.log.write_text("")
        site.execd.process.send_signal(signal.SIGHUP)
        site.execd.says("read anew")
        assertion = assertion_of(site, "alice")
        assert ask(site, start_of("env", domain="WORKGROUP", assertion=assertion, credentials=CACHE), to_its_end=True, **SSPID)[0] == 32
        site.execd.says("by=samd delegated=0 ")
        assert "OPENSSPI_USER=alice" in found.read_text() and "KRB5CCNAME" not in found.read_text()
        found.unlink()
    assert refusal_of(ask(site, start_of("env", domain="WORKGROUP", credentials=CACHE), **SSPID)) != NOT_PROVEN
