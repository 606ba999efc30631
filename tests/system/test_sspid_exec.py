# SPDX-License-Identifier: Apache-2.0
"""backend = exec:NAME: commands run as the client, by opensspi-execd."""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE, ROOT, program
from exec_site import make_site, status_of  # noqa: F401
from execd import ALICE, BOB, BOTH, processes_of

MEBIBYTE = 1 << 20


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
        "a] command: /nonexistent: No such file or directory", "a] groups: there is no group no-such-group", "b] users: there is no user no-such-user")]


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
