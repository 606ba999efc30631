# SPDX-License-Identifier: Apache-2.0
"""rasd over tcp: each outcome of a dialogue, ends at every moment, modules that break down, what it says about it all."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import ROOT, program
from rasd import make_rasd  # noqa: F401


def serves(rasd):
    """An honest caller still comes through."""
    c = rasd.call()
    c.expect("user: ")
    c.connect_ppp()
    c.say("BYE\n")
    c.rest()
    return True


# --- outcomes --------------------------------------------------------------------------------------

def test_success_goes_on_to_ppp(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.expect("user: ")
    c.connect_ppp()
    c.say("anything\n")
    c.expect("[anything]\n")
    c.say("BYE\n")
    assert c.rest() == b""
    ended = rasd.event(20272)
    assert (ended["TargetUserName"], ended["TargetDomainName"], ended["port"]) == ("alice", "WEB1", "net/4")
    assert (ended["bytes_received"], ended["bytes_sent"], ended["reason"]) == (1234, 5678, "the peer ended")
    assert (ended["local_address"], ended["remote_address"], ended["IpAddress"]) == ("192.0.2.1", "192.0.2.2", "127.0.0.1")
    assert [row["EventID"] for row in rasd.events() if row.get("call") == ended["call"]] == [29001, 29003, 20250, 20274, 20272]
    assert rasd.event(29003)["module"] == str(rasd.module) and rasd.event(29003)["TargetUserName"] == "alice"


def test_failure_hangs_up(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.expect("user: ")
    c.say("fail\r")
    assert c.rest() == b""
    assert rasd.event(29004)["TargetUserName"] == "mallory" and rasd.event(29004)["Keywords"] == "Audit Failure"
    assert rasd.event(29009)["reason"] == "the module refused the caller"
    assert serves(rasd)


def test_error_is_named(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.say("error 650\r")
    c.expect("user: ")
    assert c.rest() == b""
    assert (rasd.event(29005)["error"], rasd.event(29005)["error_name"]) == (650, "ERROR_SERVER_NOT_RESPONDING")


def test_what_is_typed_is_in_no_event_and_in_no_log(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.say("hunter2")
    c.expect("user: ")
    c.close()
    rasd.event(29009)
    assert "hunter2" not in rasd.event_file.read_text() + rasd.log_text()


def test_begin_that_refuses(make_rasd):
    rasd = make_rasd("def begin(call): call.begun(602)")
    assert rasd.call().rest() == b""
    assert (rasd.event(29005)["error_name"], rasd.event(29005)["reason"]) == ("ERROR_PORT_ALREADY_OPEN", "Begin failed")
    assert rasd.call().rest() == b""
    rasd.event(29005, 2)
    assert not rasd.events(29010)


def test_the_modules_device_name(make_rasd):
    rasd = make_rasd(ports={"net": {"type": "tcp", "device_name": "My Modem"}})
    c = rasd.call()
    c.say("device\r")
    c.expect("My Modem\r\n")


def test_typed_ahead_is_not_for_ppp(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.expect("user: ")
    c.say("alice\rmore and more\nand more\n")
    c.expect("PPP\n")
    c.say("x\n")
    c.expect("[x]\n")


def test_each_of_the_calls_has_an_address(make_rasd):
    rasd = make_rasd(None, ports={"net": {"type": "tcp", "calls": "3", "remote_address": "192.0.2.10-192.0.2.12"}})
    callers = [rasd.call() for _ in range(3)]
    for c in callers:
        c.expect("PPP\n")
        c.say("AUTH alice WEB1\nUP\n")
        c.expect("OK\nOK\n")
    assert {port["port"]: port["remote_address"] for port in rasd.status()} == {f"net/{n}": f"192.0.2.{9 + n}" for n in (1, 2, 3)}
    callers[1].say("BYE\n")
    gone = rasd.event(20272)
    c = rasd.call()
    c.expect("PPP\n")
    c.say("AUTH alice WEB1\nUP\n")
    c.expect("OK\nOK\n")
    assert rasd.event(20274, 4)["remote_address"] == gone["remote_address"]


def test_without_a_module_ppp_comes_at_once(make_rasd):
    rasd = make_rasd(None)
    c = rasd.call()
    c.expect("PPP\n")
    c.say("LOCK bob WEB1\nBYE\n")
    c.expect("NO\n")
    refused = rasd.event(20271)
    assert (refused["TargetUserName"], refused["reason"], refused["Keywords"]) == ("bob", "wrong password", "Audit Failure")
    locked = rasd.event(4740)
    assert (locked["TargetUserName"], locked["domain"], locked["Keywords"]) == ("bob", "WEB1", "Audit Success")
    assert locked["TargetSid"] == "S-1-5-21-1-2-3-1001"
    rasd.event(29009)


def test_ppp_without_authentication_is_ended(make_rasd):
    rasd = make_rasd(None)
    c = rasd.call()
    c.expect("PPP\n")
    c.say("UP\n")
    c.rest()
    assert not rasd.events(20274)
    rasd.event(29009)


# --- receives --------------------------------------------------------------------------------------

def test_a_receive_times_out_in_seconds(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.receive(10, 1)
def received(call, error, data):
    call.send(b"%d %d\\n" % (error, len(data)))
''')
    start = time.monotonic()
    rasd.call().expect("638 0\n")
    assert time.monotonic() - start > 0.9


def test_what_does_not_fit_waits(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.receive(3)
def received(call, error, data):
    call.send(b"<" + data + b">")
    call.receive(3)
''')
    c = rasd.call()
    c.say("abcdefgh")
    got = b""
    while got.count(b">") < 3:
        got += c.expect(">") + b">"
    assert got.replace(b"<", b"").replace(b">", b"") == b"abcdefgh"


def test_much_input_that_nobody_asks_for_is_neither_lost_nor_kept_in_memory(make_rasd):
    rasd = make_rasd('''
import time
def begin(call):
    call.begun()
    call.total = b""
    call.send(b"go")
    time.sleep(1)
    call.receive(1000)
def received(call, error, data):
    call.total += data
    if b"!" in data: call.send(b"%d" % len(call.total) if call.total == (b"0123456789" * 6000 + b"!") else b"wrong")
    else: call.receive(1000)
''')
    c = rasd.call()
    c.expect("go")
    c.say(b"0123456789" * 6000 + b"!")
    c.expect("60001")


def test_eight_bits(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.receive()
def received(call, error, data):
    call.send(data)
    call.receive()
''')
    c = rasd.call()
    everything = bytes(range(256))
    c.say(everything)
    c.expect(everything)


def test_telnet(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.receive()
def received(call, error, data):
    call.send(data)
    call.receive()
''', ports={"net": {"type": "tcp", "telnet": "yes"}})
    c = rasd.call()
    c.expect(b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x03\xff\xfb\x00\xff\xfd\x00")
    c.say(b"\xff\xfd\x18a\xff\xffb")
    c.expect(b"\xff\xfc\x18")
    assert c.expect(b"b") == b"a\xff\xff"


# --- modules that break down -----------------------------------------------------------------------

@pytest.mark.parametrize("word, why", [("crash", "the process ended with status 3"), ("nonsense", "makes no sense: type"),
                                       ("huge", "makes no sense: length")])
def test_a_module_that_breaks_down_costs_its_own_calls(make_rasd, word, why):
    rasd = make_rasd()
    victim, other = rasd.call(), rasd.call()
    victim.expect("user: ")
    other.expect("user: ")
    victim.say(f"{word}\r")
    assert victim.rest() == b"" and other.rest() == b""
    assert re.search(why, rasd.event(29010)["reason"])
    assert rasd.event(29006, 2)["reason"] == "the module's process ended"
    rasd.event(29011, 2)
    assert serves(rasd)


def test_it_is_started_again_with_a_longer_pause_each_time(make_rasd):
    rasd = make_rasd()
    for number in range(1, 5):
        c = rasd.call()
        c.expect("user: ")
        c.say("crash\r")
        c.rest()
        rasd.event(29011, number + 1)
    pauses = [int(n) for n in re.findall(r"again_in_ms=(\d+)", rasd.log_text())]
    assert pauses == [100, 200, 400, 800]
    assert serves(rasd)


def test_one_of_two_processes(make_rasd):
    rasd = make_rasd(module_processes=2)
    a, b = rasd.call(), rasd.call()
    for c in (a, b):
        c.say("pid\r")
        c.expect("user: ")
        c.pid = int(c.expect("\r\n"))
    assert a.pid != b.pid  # the least loaded one
    a.say("crash\r")
    assert a.rest() == b""
    b.connect_ppp()
    rasd.event(29010)
    assert [row["module_process"] for row in rasd.events(29010)] == [a.pid]


def test_a_complete_too_many(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.say("twice\r")
    c.expect("PPP\n")
    assert rasd.event(29006)["reason"] == "Complete was called twice"


def test_begin_that_hangs_ends_in_time_and_others_wait(make_rasd):
    rasd = make_rasd('''
import time, os
def begin(call):
    if not os.path.exists(os.path.dirname(__import__("sys").argv[0]) + "/well"): time.sleep(1000)
    call.begun()
    call.send(b"user: ")
''', begin_timeout=20)
    victim = rasd.call()
    rasd.wait_for_state("Dialog", 3)
    other = rasd.call()
    waiting = rasd.wait_for(lambda: [p for p in rasd.status() if p["state"] == "Waiting"], "a call that waits")
    assert len(waiting) == 1 and "call" not in waiting[0]
    assert rasd.ctl("hangup", waiting[0]["port"]).stdout == "1\n"
    assert other.rest() == b""
    other = rasd.call()
    (rasd.folder / "well").write_text("")
    assert victim.rest() == b""
    assert rasd.event(29006)["reason"] == "Begin did not return in time"
    other.expect("user: ")


def test_end_that_promises_a_complete_and_breaks_it(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.send(b"user: ")
def end(call): call.ended(0)
''', end_timeout=4)
    c = rasd.call()
    c.expect("user: ")
    c.close()
    assert rasd.event(29006)["reason"] == "End promised a Complete that did not come"
    rasd.event(29009)
    rasd.call().expect("user: ")


def test_end_that_promises_a_complete_and_keeps_it(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.send(b"user: ")
def end(call):
    call.ended(0)
    call.complete(FAILURE, "nobody")
''')
    c = rasd.call()
    c.expect("user: ")
    c.close()
    rasd.event(29009)
    assert not rasd.events(29006) and not rasd.events(29010)


def test_a_call_that_is_over_is_passed_by(make_rasd):
    rasd = make_rasd('''
old = []
def begin(call):
    call.begun()
    for o in old:
        o.send(b"ghost")
        o.complete(SUCCESS, "ghost")
    old.append(call)
    call.send(b"user: ")
''')
    a = rasd.call()
    a.expect("user: ")
    a.close()
    rasd.event(29009)
    b = rasd.call()
    assert b.expect("user: ") == b""
    b.say("x")
    assert not rasd.events(29006) and not rasd.events(29003)


def test_a_caller_who_reads_nothing_is_hung_up(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    for _ in range(200): call.send(b"x" * 65535)
''')
    c = rasd.call()
    rasd.event(29009)
    c.close()


# --- starting --------------------------------------------------------------------------------------

def refusal(rasd):
    done = rasd.run()
    assert done.returncode == 1
    return done.stderr


def test_a_module_that_is_not_there(make_rasd):
    rasd = make_rasd(start=False)
    rasd.module.unlink()
    assert "the security module cannot be loaded" in refusal(rasd) and "No such file" in refusal(rasd)
    assert rasd.run("-n").returncode == 1


@pytest.mark.parametrize("mode, folder", [(0o666, 0o755), (0o664, 0o755), (0o644, 0o777), (0o644, 0o775)])
def test_a_module_that_others_can_write(make_rasd, mode, folder):
    rasd = make_rasd(start=False)
    rasd.module.chmod(mode)
    rasd.folder.chmod(folder)
    assert "can be written by others" in refusal(rasd)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_module_of_somebody_else(make_rasd):
    rasd = make_rasd(start=False)
    os.chown(rasd.module, 65534, 65534)
    assert "belongs to user 65534" in refusal(rasd)


def test_a_module_that_does_not_load(make_rasd):
    rasd = make_rasd('def ready(): frame(32, struct.pack("<II", 1, 127) + text("no export RasSecurityDialogEnd"))', start=False)
    assert "no export RasSecurityDialogEnd (error 127)" in refusal(rasd)


def test_a_host_of_another_version(make_rasd):
    rasd = make_rasd('def ready(): frame(32, struct.pack("<II", 2, 0) + text(""))', start=False)
    assert "another version" in refusal(rasd)


def test_a_module_that_ends_while_it_is_loaded(make_rasd):
    assert "the security module cannot be loaded" in refusal(make_rasd("os._exit(7)", start=False))


def test_no_host(make_rasd):
    assert "/no/host" in refusal(make_rasd(start=False, module_host="/no/host"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a choice")
@pytest.mark.parametrize("user, why", [("root", "without root's rights, not root"), ("no-such-user", "there is no user")])
def test_a_module_user_that_will_not_do(make_rasd, user, why):
    assert why in refusal(make_rasd(start=False, module_user=user))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_the_module_has_no_privileges_and_nothing_of_ours(make_rasd):
    rasd = make_rasd('''
def begin(call):
    call.begun()
    call.send(repr((os.getresuid(), os.getresgid(), os.getgroups(), sorted(map(int, os.listdir("/proc/self/fd")))[:4],
                    len(os.listdir("/proc/self/fd")), sorted(os.environ))).encode() + b"\\n")
''')
    c = rasd.call()
    uids, gids, groups, fds, n, names = eval(c.expect("\n"))
    assert set(uids) == {65534} and set(gids) == {65534} and groups == []
    assert fds == [0, 1, 2, 3] and n == 5  # and the one that lists
    assert set(names) <= {"PATH", "OPENSSPI_CONFIG", "TZ", "LANG", "LC_CTYPE", "ASAN_OPTIONS"}


def test_an_address_that_is_taken(make_rasd):
    rasd = make_rasd()
    second = make_rasd(start=False, ports={"net": {"type": "tcp", "device": rasd.ports["net"]["device"]}})
    assert "Address already in use" in refusal(second)


def test_a_second_rasd_at_the_same_control_socket(make_rasd):
    rasd = make_rasd()
    second = make_rasd(start=False, control_socket=rasd.ras["control_socket"])
    assert "another rasd runs" in refusal(second)
    assert rasd.status()


def test_options(make_rasd):
    rasd = make_rasd(start=False)
    done = rasd.run("-n")
    assert (done.returncode, done.stdout) == (0, f"{rasd.config}: good\n")
    assert rasd.run("--version").stdout.startswith("rasd ")
    assert "rasd(8)" in rasd.run("--help").stdout
    assert rasd.run("--wrong").returncode == 2 and rasd.run("x").returncode == 2
    rasd.config.write_text("[ras]\nsame_user = maybe\n")
    done = rasd.run()
    assert (done.returncode, done.stderr) == (2, f"rasd: {rasd.config}:2: [ras] same_user: expected ignore, log or require\n")


@pytest.mark.parametrize("path, why", [("/nonexistent/pppd", "No such file or directory"), ("/etc/passwd", "Permission denied"), ("/", "Not a regular file")])
def test_a_pppd_that_cannot_be_run(make_rasd, path, why):
    rasd = make_rasd(start=False, pppd=path)
    line = rasd.config.read_text().splitlines().index(f"pppd = {path}") + 1
    done = rasd.run("-n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"rasd: {rasd.config}:{line}: [ras] pppd: expected the path of pppd, which can be run: {path}: {why}\n"


def test_what_this_machine_does_not_have_is_warned_of(make_rasd):
    rasd = make_rasd(start=False, plugin="/nonexistent/opensspi.so", ports={
        "com1": {"type": "serial", "device": "/nonexistent/tty"}, "local": {"type": "pty", "device": "/nonexistent/link"}})
    rasd.ras["run_directory"] = "/nonexistent/run"
    rasd.write_config()
    done = rasd.run("-n")
    assert (done.returncode, done.stdout) == (0, f"{rasd.config}: good\n")
    assert done.stderr.splitlines() == [
        "rasd: warning: [port com1] device: /nonexistent/tty: No such file or directory",
        "rasd: warning: [port local] device: the folder /nonexistent: No such file or directory",
        "rasd: warning: [ras] plugin: /nonexistent/opensspi.so: No such file or directory: callers are refused",
        "rasd: warning: [ras] run_directory: the folder /nonexistent: No such file or directory"]


def test_the_example_holds_every_key(tmp_path):
    """Taken out of their comments, all keys of the example are good as well."""
    lines = (ROOT / "docs/opensspi.conf.example").read_text().splitlines()
    keys = [line.removeprefix("#") if line.startswith("#") and " = " in line and not line.startswith("# ") else line for line in lines]
    keys = [line for line in keys if not line.startswith("security_module")]  # which is not on every machine
    tables = "".join((ROOT / f"src/ras/{name}.c").read_text() for name in ("settings", "settings_port"))
    known = re.findall(r'^    (?:SECONDS\(|\{ )"([a-z0-9_]+)"', tables, re.M)
    assert len(known) > 40
    missing = set(known) - {line.split(" = ")[0].lstrip("#") for line in lines} - {"security_module"}
    assert not missing
    path = tmp_path / "opensspi.conf"
    path.write_text("\n".join(keys) + "\n")
    done = subprocess.run([program("rasd-fake-ppp"), "-n", "--config", path], capture_output=True, text=True, timeout=150)
    told = [line for line in done.stderr.splitlines() if not line.startswith("rasd: warning: ")]  # a device, a plugin
    assert (done.returncode, told) == (0, [])


# --- hanging up ------------------------------------------------------------------------------------

def test_the_caller_hangs_up_in_each_state(make_rasd):
    rasd = make_rasd()
    for number, go in enumerate([lambda c: None, lambda c: c.expect("user: "),
                                 lambda c: (c.say("alice\r"), c.expect("PPP\n")), lambda c: c.connect_ppp()], 1):
        c = rasd.call()
        go(c)
        c.close()
        rasd.wait_for(lambda: len(rasd.events(29009) + rasd.events(20272)) == number, f"end {number}")
    assert len(rasd.events(20272)) == 1 and not rasd.events(29006)
    rasd.wait_for(lambda: {p["state"] for p in rasd.status()} == {"Listening"}, "all listen again")


def test_64_callers_at_once(make_rasd):
    rasd = make_rasd(ports={"net": {"type": "tcp", "calls": "64"}}, module_processes=2)
    callers = [rasd.call() for _ in range(64)]
    for i, c in enumerate(callers):
        c.expect("user: ")
        c.say(f"user{i}\r")
    for i, c in enumerate(callers):
        c.expect("PPP\n")
        c.say(f"AUTH user{i} WEB1\nUP\n")
        c.expect("OK\nOK\n")
    rasd.wait_for(lambda: {p["state"] for p in rasd.status()} == {"Connected"}, "all are connected")
    late = rasd.call()  # waits in the kernel
    callers[0].close()
    late.expect("user: ")
    for c in callers:
        c.close()
    rasd.wait_for(lambda: len(rasd.events(20272)) == 64, "64 ends")
    assert {row["TargetUserName"] for row in rasd.events(20272)} == {f"user{i}" for i in range(64)}


def test_silence(make_rasd):
    rasd = make_rasd(dialog_timeout=8)
    c = rasd.call()
    c.expect("user: ")
    assert c.rest() == b""
    assert rasd.event(29009)["reason"] == "the dialogue took too long"


def test_silence_in_ppp(make_rasd):
    rasd = make_rasd(None, authenticate_timeout=4)
    c = rasd.call()
    c.expect("PPP\n")
    assert c.rest() == b""


def test_ppp_too_early(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.expect("user: ")
    c.say(b"\x7e\xff\x7d\x23\xc0!")
    assert c.rest() == b""
    assert rasd.event(29007)["reason"] == "the caller began PPP during the dialogue"


def test_ppp_too_early_is_only_logged(make_rasd):
    rasd = make_rasd(ppp_early="log")
    c = rasd.call()
    c.expect("user: ")
    c.say(b"\x7e\xff\x7d\x23\r")
    rasd.event(29007)


@pytest.mark.parametrize("policy, goes_on, told", [("ignore", True, False), ("log", True, True), ("require", False, True)])
def test_same_user(make_rasd, policy, goes_on, told):
    rasd = make_rasd(same_user=policy)
    c = rasd.call()
    c.say("alice WEB1\r")
    c.expect("PPP\n")
    c.say("AUTH bob WEB1\n")
    if goes_on:
        c.expect("OK\n")
        c.say("UP\n")
        c.expect("OK\n")
    else:
        c.expect("NO\n")
        c.rest()
        rasd.event(29009)
    assert bool(rasd.events(29008)) == told
    if told:
        assert rasd.event(29008)["TargetUserName"] == "bob"


# --- stopping --------------------------------------------------------------------------------------

def test_stop_in_a_dialogue(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.expect("user: ")
    d = rasd.call()
    d.connect_ppp()
    rasd.stop()
    assert c.rest() == b"" and b"" == d.rest()
    assert {row["reason"] for row in rasd.events(29009)} == {"the server stops"}
    assert rasd.events(20272)
    assert not (rasd.folder / "control").exists()


def test_a_second_signal_stops_at_once(make_rasd):
    rasd = make_rasd("def begin(call):\n    call.begun()\n    call.send(b'x')\ndef end(call): pass", end_timeout=600)
    c = rasd.call()
    c.expect("x")
    rasd.process.send_signal(signal.SIGTERM)
    rasd.wait_for(lambda: "stopping" in rasd.log_text(), "it stops")
    assert rasd.process.poll() is None
    rasd.stop()


def test_killed_and_started_again(make_rasd):
    rasd = make_rasd()
    c = rasd.call()
    c.say("pid\r")
    c.expect("user: ")
    pid = int(c.expect("\r\n"))
    rasd.process.kill()
    rasd.process.wait()
    rasd.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the module's process ends with it")
    rasd.start()
    assert serves(rasd)


def test_hangup_signal_opens_the_events_anew(make_rasd):
    rasd = make_rasd()
    assert serves(rasd)
    rasd.event(20272)
    rasd.event_file.rename(rasd.folder / "old")
    rasd.process.send_signal(signal.SIGHUP)
    rasd.wait_for(lambda: "opened anew" in rasd.log_text(), "SIGHUP")
    assert serves(rasd)
    rasd.event(20272)


def test_systemd_is_told(make_rasd, monkeypatch):
    rasd = make_rasd(start=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(rasd.folder / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(rasd.folder / "notify"))
        rasd.start()
        assert s.recv(100) == b"READY=1"
        rasd.stop()
        assert s.recv(100) == b"STOPPING=1"
