# SPDX-License-Identifier: Apache-2.0
"""samd: who may ask, what it answers, and what of it its end does not take along; sspid, curl and sspictl through it."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading

import pytest

from conftest import PATIENCE, program, wait_for
from samd import (ADMINISTRATORS, ASKERS, CHALLENGE_USED, CHANGE_PASSWORD, CHAP_MD5, DONE, LOCKED_OUT, LOGON_DENIED, NO_AUTHORITY, NOT_OWNER, ONE_TIME_CODE, PROVEN, REFUSED, SAMD_UID,
                  SSPID_UID, STRANGER_UID, WRONG_PASSWORD, Samd, ServiceBehind, Wire, as_user, blob, claim, refusal, text)

ALICE = "Secret123!x"
LISTENERS = {"framed": {"protocol": "framed", "backend": "whoami"}, "http": {"protocol": "http", "backend": "whoami"}}
ASK_AS = """
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
try:
    s.sendall(struct.pack("<IBQI", 13, 1, 0, 2))
    print(len(s.recv(17, socket.MSG_WAITALL)), flush=True)
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


@pytest.fixture
def make_samd():
    made = []

    def make(**keys):
        made.append(Samd(**{"accounts": {"alice": ALICE}, **keys}))
        return made[-1]

    yield make
    for samd in made:
        samd.clear()


@pytest.fixture
def samd(make_samd):
    return make_samd()


@pytest.fixture
def make_service():
    made = []

    def make(samd):
        made.append(ServiceBehind(samd, LISTENERS))
        return made[-1].start()

    yield make
    for service in made:
        service.stop()


def curl(service, user, password, *options):
    """The status, and the body."""
    done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--max-time", "120", "--write-out", "\x1e%{http_code}", "--ntlm", "-u",
                           f"{user}:{password}", *options, service.url("/whoami")], capture_output=True, text=True, timeout=150)
    body, status = done.stdout.rsplit("\x1e", 1)
    return int(status), body


def doctor(samd):
    return subprocess.run([samd.copy("sspictl"), "--config", samd.config, "doctor"], capture_output=True, text=True, timeout=60,
                          env=samd.environment()).stdout


def show(samd, name):
    return json.loads(samd.ctl("account", "show", name, "--json"))


# --- proofs -----------------------------------------------------------------------------------


def test_right_and_wrong_passwords(samd):
    kind, fields = samd.prove("alice", ALICE)
    assert kind == PROVEN and "WORKGROUP".encode("utf-16-le") in fields and b"S-1-5-21-" in fields
    assert refusal(samd.prove("alice", "Guess0")) == (LOGON_DENIED, WRONG_PASSWORD, 0)
    assert refusal(samd.prove("nobody", ALICE))[0] == LOGON_DENIED
    assert refusal(samd.prove("alice", ALICE, kind=200))[0] == LOGON_DENIED


def test_chap_of_md5__as_rasd_asks(samd):
    samd.ctl("account", "add", "carol", "--password-stdin", "--keep-clear-text", stdin="Dial-in 1\n")
    challenge = bytes(range(16))
    response = hashlib.md5(b"\x07Dial-in 1" + challenge).digest()
    assert samd.prove("carol", kind=CHAP_MD5, chap_id=7, challenge=challenge, chap_response=response)[0] == PROVEN
    assert refusal(samd.prove("carol", kind=CHAP_MD5, chap_id=8, challenge=challenge, chap_response=response))[0] == LOGON_DENIED


def test_a_response_shown_again__is_refused_and_told(make_samd):
    samd = make_samd(policy={"lockout_threshold": "3"})
    samd.ctl("account", "add", "carol", "--password-stdin", "--keep-clear-text", stdin="Dial-in 1\n")
    challenge = bytes(range(1, 17))
    shown = {"kind": CHAP_MD5, "chap_id": 7, "challenge": challenge, "chap_response": hashlib.md5(b"\x07Dial-in 1" + challenge).digest()}
    assert samd.prove("carol", **shown)[0] == PROVEN
    for _ in range(4):  # above the threshold
        assert refusal(samd.prove("carol", **shown)) == (LOGON_DENIED, CHALLENGE_USED, 0)
    assert samd.prove("carol", "Dial-in 1")[0] == PROVEN
    samd.says("a response to a challenge that was answered before")
    samd.stop()  # all events are written
    told = [row for row in map(json.loads, (samd.state / "events.jsonl").read_text().splitlines()) if row["EventID"] == 4649]
    assert [(row["TargetUserName"], row["Keywords"], row["SubjectUserSid"]) for row in told] == [("carol", "Audit Failure", "S-1-22-1-0")] * 4
    assert f"process {os.getpid()} showed" in told[0]["reason"] and "Dial-in" not in str(told)


def test_a_one_time_code__is_good_once(samd):
    uri = samd.ctl("otp", "enroll", "alice", "--hotp", "--no-confirm")
    text_of_secret = re.search("secret=([A-Z2-7]+)", uri)[1]
    secret = base64.b32decode(text_of_secret + "=" * (-len(text_of_secret) % 8))

    def code(counter):
        mac = hmac.digest(secret, struct.pack(">Q", counter), "sha1")
        return f"{(struct.unpack_from('>I', mac, mac[19] & 15)[0] & 0x7FFFFFFF) % 10**6:06}"

    assert samd.prove("alice", code(0), kind=ONE_TIME_CODE)[0] == PROVEN
    assert refusal(samd.prove("alice", code(0), kind=ONE_TIME_CODE))[0] == LOGON_DENIED
    assert samd.prove("alice", code(1), kind=ONE_TIME_CODE)[0] == PROVEN
    samd.ctl("otp", "remove", "alice")
    assert refusal(samd.prove("alice", code(2), kind=ONE_TIME_CODE))[0] == LOGON_DENIED


def test_several_in_flight__are_all_answered(make_samd):
    samd = make_samd(policy={"lockout_threshold": "0"})
    wire = Wire(samd.socket)
    frames = b"".join(struct.pack("<IBQ", len(fields) + 9, 2, number) + fields
                      for number in range(100, 150) for fields in [claim("alice", ALICE if number % 2 else "Guess")])
    wire.s.sendall(frames[:1000])
    wire.s.sendall(frames[1000:])
    answers = {number: kind for kind, number, _ in (wire.read() for _ in range(50))}
    assert answers == {number: PROVEN if number % 2 else REFUSED for number in range(100, 150)}


def test_what_makes_no_sense__is_hung_up_on_alone(samd):
    good = Wire(samd.socket)
    nonsense = [b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack("<IBQ", 9, 77, 1), struct.pack("<IBQ", 9, 33, 1), struct.pack("<I", 262145),
                struct.pack("<IBQ", 10, 2, 1) + b"x", struct.pack("<IBQI", 13, 1, 0, 2)]
    for data in nonsense:
        wire = Wire(samd.socket)
        wire.s.sendall(data)
        with pytest.raises((EOFError, ConnectionResetError)):
            wire.read()
    early = Wire(samd.socket, greet=False)
    early.send(2, claim("alice", ALICE))
    with pytest.raises((EOFError, ConnectionResetError)):
        early.read()
    assert good.ask(2, claim("alice", ALICE))[0] == PROVEN


def test_bytes_one_by_one__are_a_request(samd):
    wire = Wire(samd.socket)
    fields = claim("alice", ALICE)
    for byte in struct.pack("<IBQ", len(fields) + 9, 2, 5) + fields:
        wire.s.sendall(bytes([byte]))
    assert wire.read()[:2] == (PROVEN, 5)


def test_nothing_of_a_password_is_logged(samd):
    samd.prove("alice", ALICE)
    samd.prove("alice", "Guess0")
    assert ALICE not in samd.log.read_text() and "Guess0" not in samd.log.read_text()


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("groups, greeting", [((), 0), ((ASKERS,), 17), ((ADMINISTRATORS,), 17)])
def test_groups(samd, groups, greeting):
    done = subprocess.run(["/usr/bin/python3", "-c", ASK_AS, samd.socket], capture_output=True, text=True, check=True,
                          **as_user(STRANGER_UID, *groups))
    assert int(done.stdout) == greeting
    if not greeting:
        samd.says("a connection is refused")
        assert f"uid={STRANGER_UID}" in samd.log.read_text()


def test_sspictl__by_root_and_by_administrators_alone(samd):
    samd.ctl("account", "add", "bob", "--password-stdin", "--group", "Staff", stdin="Secret456!x\n")
    samd.ctl("account", "modify", "bob", "--group", "Ops", "--dial-in", "yes", "--expires", "2035-01-31T12:00Z",
             **as_user(STRANGER_UID, ADMINISTRATORS))
    bob = show(samd, "BOB")
    assert bob["name"] == "bob" and bob["groups"] == ["Staff", "Ops"] and bob["expires"].startswith("2035-01-31")
    assert [account["name"] for account in json.loads(samd.ctl("account", "list", "--json"))] == ["alice", "bob"]
    samd.ctl("account", "passwd", "bob", "--password-stdin", stdin="Secret789!x\n")
    assert samd.prove("bob", "Secret789!x")[0] == PROVEN
    samd.ctl("account", "disable", "bob")
    assert refusal(samd.prove("bob", "Secret789!x"))[0] == LOGON_DENIED

    refused = samd.ctl("account", "enable", "bob", status=1, **as_user(STRANGER_UID, ASKERS))
    assert "only root and the group [samd] administrators" in refused
    assert "only root" in samd.ctl("account", "list", status=1, **as_user(STRANGER_UID, ASKERS))
    assert "hung up at once" in samd.ctl("account", "list", status=1, **as_user(STRANGER_UID))
    assert show(samd, "bob")["disabled"]
    samd.ctl("account", "remove", "bob")
    assert "there is no account bob" in samd.ctl("account", "show", "bob", status=1)


def test_a_new_password_for_the_old_one__by_who_may_only_ask(samd):
    asker = as_user(STRANGER_UID, ASKERS)
    samd.ctl("account", "passwd", "alice", "--own", "--password-stdin", stdin=f"{ALICE}\nSecret456!ü\n", **asker)
    assert samd.prove("alice", "Secret456!ü")[0] == PROVEN and samd.prove("alice", ALICE)[0] == REFUSED
    assert "the password is wrong" in samd.ctl("account", "passwd", "alice", "--own", "--password-stdin", stdin=f"{ALICE}\nx\n", status=1, **asker)
    assert "hung up at once" in samd.ctl("account", "passwd", "alice", "--own", "--password-stdin", stdin="a\nb\n", status=1,
                                         **as_user(STRANGER_UID))
    script = """
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
status = lib.ChangeAccountPasswordA(b"Negotiate", b"WEB1", b"alice", sys.argv[2].encode(), sys.argv[3].encode(), ctypes.c_ubyte(0), ctypes.c_uint32(0), None)
print(f"{status & 0xFFFFFFFF:x}")
"""
    library = samd.copy("sspictl").parent / "libopensspi.so.0"
    answers = [subprocess.run(["/usr/bin/python3", "-c", script, library, old, new], capture_output=True, text=True, timeout=60,
                              env=samd.environment(OPENSSPI_CONFIG=str(samd.config), KRB5_CONFIG="/dev/null"), **asker).stdout.strip()
               for old, new in [("guess", "x"), ("Secret456!ü", "third"), ("Secret456!ü", "fourth")]]
    assert answers == ["8009030c", "0", "8009030c"]
    assert samd.prove("alice", "third")[0] == PROVEN
    samd.stop()
    rows = [json.loads(line) for line in (samd.state / "events.jsonl").read_text().splitlines()]
    told = [(row["EventID"], row["Keywords"], row["TargetUserName"], row["SubjectUserSid"]) for row in rows if row["EventID"] == 4723]
    who = f"S-1-22-1-{STRANGER_UID}"
    assert told == [(4723, f"Audit {outcome}", "alice", who) for outcome in ("Success", "Failure", "Failure", "Success", "Failure")]
    assert all(row["TargetSid"].startswith("S-1-5-21-") for row in rows if row["EventID"] == 4723)
    assert all(word not in (samd.state / "events.jsonl").read_text() + samd.log.read_text() for word in (ALICE, "Secret456", "third", "guess"))


def test_names_and_sids__of_the_store_that_samd_has(samd):
    samd.ctl("account", "modify", "alice", "--group", "Night Shift")
    script = """
import ctypes, sys
class Account(ctypes.Structure):
    _fields_ = [("sid", ctypes.c_char_p), ("name", ctypes.c_char_p), ("domain", ctypes.c_char_p), ("use", ctypes.c_uint32),
                ("upn", ctypes.c_char_p), ("source", ctypes.c_uint32)]
lib = ctypes.CDLL(sys.argv[1])
for by, what in (part.split("=", 1) for part in sys.argv[2:]):
    out = ctypes.POINTER(Account)()
    status = getattr(lib, "OpenSspiLookup" + by)(what.encode(), ctypes.byref(out))
    a = out.contents if status == 0 else None
    print(f"{a.domain.decode()}|{a.name.decode()}|{a.use}|{a.sid.decode()}|{a.upn.decode()}|{a.source}" if a else f"{status & 0xFFFFFFFF:x}")
"""
    alice = show(samd, "alice")["sid"]
    library = samd.copy("sspictl").parent / "libopensspi.so.0"
    config = samd.folder / "named.conf"
    config.write_text(samd.config.read_text().replace("[server]\n", "[server]\ndns_domain = example.test\n"))
    names = ["WEB1\\ALICE", "night shift", ".\\nobody", "root", "Alice@EXAMPLE.test", "alice@elsewhere.test", "night shift@example.test"]
    lines = subprocess.run(["/usr/bin/python3", "-c", script, library, f"Sid={alice}", *(f"Name={name}" for name in names)],
                           capture_output=True, text=True, timeout=60, check=True, env=samd.environment(OPENSSPI_CONFIG=str(config)),
                           **as_user(STRANGER_UID, ASKERS)).stdout.splitlines()
    assert lines[0] == lines[1] == lines[5] == f"WORKGROUP|alice|1|{alice}|alice@example.test|2"
    assert lines[2].startswith("WORKGROUP|Night Shift|4|S-1-5-21-") and lines[2].endswith("||2")
    assert lines[3] == lines[6] == lines[7] == "80090303" and lines[4] == "Unix User|root|1|S-1-22-1-0||4"


def test_old_passwords__are_guessed_no_more_often_than_at_a_logon(make_samd):
    samd = make_samd(policy={"lockout_threshold": "3"})
    wire = Wire(samd.socket)
    fields = blob("alice".encode("utf-16-le")) + blob() + blob(b"guess") + blob(b"x")
    assert [refusal(wire.ask(CHANGE_PASSWORD, fields)) for _ in range(4)] == [
        (LOGON_DENIED, WRONG_PASSWORD, 0), (LOGON_DENIED, WRONG_PASSWORD, 0), (LOGON_DENIED, WRONG_PASSWORD, 1), (LOGON_DENIED, LOCKED_OUT, 0)]
    assert refusal(samd.prove("alice", ALICE))[1] == LOCKED_OUT
    samd.ctl("account", "unlock", "alice")
    assert wire.ask(CHANGE_PASSWORD, blob("alice".encode("utf-16-le")) + blob() + blob(ALICE.encode()) + blob(b"other")) == (DONE, b"")
    wire.s.close()
    samd.stop()
    rows = [json.loads(line) for line in (samd.state / "events.jsonl").read_text().splitlines()]
    locked = [row for row in rows if row["EventID"] == 4740]
    assert len(locked) == 1 and locked[0]["TargetUserName"] == "alice" and locked[0]["TargetSid"].startswith("S-1-5-21-")


def test_many_new_passwords_at_once__leave_room_for_administrators(make_samd):
    samd = make_samd(policy={"lockout_threshold": "0"})
    fields = blob("alice".encode("utf-16-le")) + blob() + blob(ALICE.encode()) + blob(ALICE.encode())
    wire = Wire(samd.socket)
    wire.s.sendall(b"".join(struct.pack("<IBQ", len(fields) + 9, CHANGE_PASSWORD, number) + fields for number in range(60)))  # at once
    samd.ctl("account", "modify", "alice", "--unix-user", "daemon")
    answers = [wire.read() for _ in range(60)]
    done = [kind for kind, _, _ in answers].count(DONE)
    assert 1 <= done < 60 and all(refusal((kind, fields))[0] == NO_AUTHORITY for kind, _, fields in answers if kind != DONE)
    wire.s.close()


def test_sspictl__without_samd__asks_for_no_password(samd):
    samd.kill()
    told = samd.ctl("account", "passwd", "alice", status=1)
    assert "cannot open the store" in told and "is samd running?" in told and "password" not in told


def test_changes__are_events_of_who_asked_for_them(samd):
    samd.ctl("account", "add", "bob", "--password-stdin", stdin="Secret456!x\n")
    samd.ctl("account", "disable", "bob", **as_user(STRANGER_UID, ADMINISTRATORS))
    samd.ctl("account", "enable", "bob", status=1, **as_user(STRANGER_UID, ASKERS))
    samd.stop()
    rows = [json.loads(line) for line in (samd.state / "events.jsonl").read_text().splitlines()]
    told = [(row["EventID"], row["TargetUserName"], row["SubjectUserSid"]) for row in rows if row["EventID"] < 29100]
    assert told[-4:] == [(4720, "bob", "S-1-22-1-0"), (4724, "bob", "S-1-22-1-0"), (4722, "bob", "S-1-22-1-0"),
                         (4725, "bob", f"S-1-22-1-{STRANGER_UID}")]
    assert [row["EventID"] for row in rows if row["EventID"] >= 29100] == [29100, 29101] and {row["Provider"] for row in rows} == {"samd"}


def test_an_event_file_that_samd_may_not_write__is_told_and_logons_go_on(make_samd):
    samd = make_samd(accounts={"alice": "Secret123!x"}, events_file="/nonexistent/events")
    samd.says("the event file cannot be opened")
    assert samd.prove("alice", "Secret123!x")[0] == PROVEN


def test_a_hundred_accounts__are_listed(samd):
    wire = Wire(samd.socket)
    for i in range(100):
        fields = text(f"user{i:03}") + blob(b"Secret123!x") + b"\0" + struct.pack("<QQ", 2**64 - 1, 2**64 - 1) + b"\0\0" + struct.pack("<H", 0)
        assert wire.ask(3, fields)[0] == DONE
    names = [account["name"] for account in json.loads(samd.ctl("account", "list", "--json"))]
    assert names == ["alice"] + [f"user{i:03}" for i in range(100)]


def test_who_may_ask__may_not_change(samd):
    code = ASK_AS + "s.sendall(struct.pack('<IBQH', 17, 9, 1, 5) + b'alice\\0')\nprint(s.recv(17, socket.MSG_WAITALL)[4:].hex())\n"
    done = subprocess.run(["/usr/bin/python3", "-c", code, samd.socket], capture_output=True, text=True, check=True,
                          **as_user(STRANGER_UID, ASKERS))
    assert done.stdout.split()[1] == struct.pack("<BQI", REFUSED, 1, NOT_OWNER).hex()


def test_who_may_not_change__cannot_fill_the_log_with_it(make_samd):
    samd = make_samd(requests_per_second="10")
    code = ASK_AS + """
for i in range(500):
    s.sendall(struct.pack('<IBQH', 17, 9, i, 5) + b'alice\\0')
    n, answer, id, status = struct.unpack('<IBQI', s.recv(17, socket.MSG_WAITALL))
    s.recv(n - 13, socket.MSG_WAITALL)
    print(status)
"""
    done = subprocess.run(["/usr/bin/python3", "-c", code, samd.socket], capture_output=True, text=True, check=True,
                          **as_user(STRANGER_UID, ASKERS))
    told = samd.log.read_text().count(f"uid={STRANGER_UID}")
    answers = [int(status) for status in done.stdout.split()[1:]]
    assert answers.count(NOT_OWNER) >= 10 and answers.count(NO_AUTHORITY) == 500 - answers.count(NOT_OWNER) > 0
    assert 1 <= told < 100


def test_too_many_requests__are_refused_and_lock_nobody_out(make_samd):
    samd = make_samd(requests_per_second="10", policy={"lockout_threshold": "50"})
    wire = Wire(samd.socket)
    fields = claim("alice", "Guess")
    wire.s.sendall(b"".join(struct.pack("<IBQ", len(fields) + 9, 2, number) + fields for number in range(200)))  # at once: each second lets ten pass
    answers = [refusal((kind, fields)) for kind, _, fields in (wire.read() for _ in range(200))]
    judged = answers.count((LOGON_DENIED, WRONG_PASSWORD, 0))
    assert judged >= 10 and answers.count((NO_AUTHORITY, 0, 0)) == 200 - judged > 0
    samd.says("asks too often")
    assert show(samd, "alice")["wrong_passwords"] == judged
    assert not show(samd, "alice")["locked"]


def test_a_folder_for_everybody__is_refused(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[samd]\nsocket = {folder}/auth\nstore = sqlite:{tmp_path}/a.db\nkey_file = {tmp_path}/a.key\n")
    done = subprocess.run([program("samd"), "--config", config], capture_output=True, text=True, timeout=150)
    assert done.returncode == 1 and "others may write to the folder" in done.stderr


def test_two_of_them__do_not_share_a_socket(samd):
    done = subprocess.run([samd.copy("samd"), "--config", samd.config], capture_output=True, text=True, timeout=150, **as_user(SAMD_UID))
    assert done.returncode == 1 and "another one listens there already" in done.stderr
    assert samd.prove("alice", ALICE)[0] == PROVEN


@pytest.mark.parametrize("line, told", [
    ("store = authority:/run/x", "store: expected sqlite: and an absolute path"), ("group = nosuchgroup-x", "there is no group nosuchgroup-x"),
    ("threads = 0", "expected a number from 1 to 64"), ("tread = 1", 'did you mean "threads"?'), ("socket = x", "socket: expected"),
])
def test_configuration__faults(tmp_path, line, told):
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[samd]\n{line}\n")
    done = subprocess.run([program("samd"), "-n", "--config", config], capture_output=True, text=True, timeout=150)
    assert done.returncode == 2 and told in done.stderr, done.stderr


def test_paths_that_do_not_go_together__are_told(tmp_path):
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[accounts]\nstore = authority:{tmp_path}/auth\n[samd]\nsocket = {tmp_path}/other\nevents_file = {tmp_path}/gone/events\n")
    done = subprocess.run([program("samd"), "-n", "--config", config], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0 and done.stdout.endswith(": good\n")
    assert done.stderr.splitlines()[:2] == [
        f"samd: warning: [samd] socket: {tmp_path}/other, but [accounts] store says authority:{tmp_path}/auth: the others ask there",
        f"samd: warning: [samd] events_file: the folder {tmp_path}/gone: No such file or directory"]
    config.write_text(config.read_text().replace(f"{tmp_path}/other", f"{tmp_path}/auth"))
    done = subprocess.run([program("samd"), "-n", "--config", config], capture_output=True, text=True, timeout=150)
    assert "[samd] socket" not in done.stderr, done.stderr


def test_a_store_that_is_not_there__is_told(make_samd, tmp_path):
    """It may come later: the configuration is good, and whoever reads it is warned."""
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[samd]\nstore = sqlite:{tmp_path}/gone/accounts.db\n")
    done = subprocess.run([program("samd"), "-n", "--config", config], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0 and done.stdout.endswith(": good\n")
    assert f"samd: warning: [samd] store: the folder {tmp_path}/gone: No such file or directory" in done.stderr
    samd = make_samd()
    samd.keys["store"] = f"sqlite:{samd.folder}/gone/accounts.db"
    samd.config.write_text(samd.sections())
    samd.process.send_signal(signal.SIGHUP)
    samd.says(f"the folder {samd.folder}/gone")


def test_a_socket_of_somebody_elses__is_not_asked(samd):
    """In a folder that is open to all a socket proves nothing; whoever put it there would be told passwords."""
    folder = samd.folder / "open"
    folder.mkdir()
    folder.chmod(0o777)
    impostor = subprocess.Popen(["/usr/bin/python3", "-c", "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\n"
                                 "print(flush=True)\nwhile True:\n    c = s.accept()[0]\n    print(c.recv(9).hex(), flush=True)",
                                 folder / "auth"], stdout=subprocess.PIPE, text=True, **as_user(STRANGER_UID))
    try:
        impostor.stdout.readline()
        os.chmod(folder / "auth", 0o666)
        config = samd.folder / "impostor.conf"
        config.write_text(f"[accounts]\nstore = authority:{folder}/auth\n")
        done = subprocess.run([samd.copy("sspictl"), "--config", config, "account", "list"], capture_output=True, text=True, timeout=150,
                              env=samd.environment())
        assert done.returncode == 1 and "the socket may not be samd's" in done.stderr
        assert impostor.stdout.readline() == "\n"  # it was told nothing
    finally:
        impostor.kill()
        impostor.wait()


def test_its_files__are_its_own(samd):
    assert stat.S_IMODE((samd.state / "accounts.key").stat().st_mode) == 0o600
    assert (samd.state / "accounts.key").stat().st_uid == SAMD_UID
    status = (open(f"/proc/{samd.process.pid}/status", encoding="ascii").read())
    limits = open(f"/proc/{samd.process.pid}/limits", encoding="ascii").read()
    assert f"Uid:\t{SAMD_UID}" in status
    assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core")] == ["0"]
    assert os.stat(f"/proc/{samd.process.pid}/mem").st_uid == 0  # not dumpable: root's, not its user's


def test_doctor__asks_it(samd):
    assert f"ok: samd at {samd.socket} answers" in doctor(samd)
    samd.kill()
    assert "fault: samd cannot be asked" in doctor(samd) and "is samd running?" in doctor(samd)


# --- its end ----------------------------------------------------------------------------------


def test_the_watchdog_hears_it(samd):
    samd.stop()
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(samd.folder / "notify"))
    (samd.folder / "notify").chmod(0o666)
    told.settimeout(PATIENCE)
    samd.start(NOTIFY_SOCKET=str(samd.folder / "notify"), WATCHDOG_USEC="30000000")
    assert told.recv(100) == b"READY=1"
    assert told.recv(100) == b"WATCHDOG=1"


def reload(samd, words="the configuration is read anew", **changes):
    """SIGHUP with other keys in [samd]; None: the key goes."""
    samd.keys = {key: value for key, value in {**samd.keys, **changes}.items() if value is not None}
    samd.config.write_text(samd.sections())
    told = samd.log.read_text().count(words)
    samd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: samd.log.read_text().count(words) > told, words)


def test_reload__policy_and_limits_change_for_who_is_there(make_samd):
    samd = make_samd(accounts={"alice": ALICE}, policy={"lockout_threshold": "0"})
    wire = Wire(samd.socket)
    for _ in range(5):
        assert refusal(wire.ask(2, claim("alice", "Guess")))[1] == WRONG_PASSWORD
    samd.policy = {"lockout_threshold": "2"}
    reload(samd)
    assert wire.ask(2, claim("alice", ALICE))[0] == PROVEN  # which forgets the wrong ones
    assert [refusal(wire.ask(2, claim("alice", "Guess")))[2] for _ in range(2)] == [0, 1]
    samd.ctl("account", "unlock", "alice")  # through the thread that changes accounts, under the new ones
    assert wire.ask(2, claim("alice", ALICE))[0] == PROVEN
    reload(samd, requests_per_second="1")
    assert NO_AUTHORITY in [refusal(answer)[0] for answer in [wire.ask(2, claim("alice", ALICE)) for _ in range(20)] if answer[0] == REFUSED]
    reload(samd, requests_per_second="0")
    assert wire.ask(2, claim("alice", ALICE))[0] == PROVEN


def test_reload__who_may_no_longer_ask_is_hung_up_on(samd):
    waits = ASK_AS + 'print(len(s.recv(1)), flush=True)\n'
    asker = subprocess.Popen([sys.executable, "-c", waits, samd.socket],
                             stdout=subprocess.PIPE, text=True, **as_user(STRANGER_UID, ASKERS))
    try:
        assert asker.stdout.readline() == "17\n"
        samd.ctl("account", "list", **as_user(STRANGER_UID, ADMINISTRATORS))
        reload(samd, group=None, administrators=None)
        assert asker.stdout.readline() == "0\n", samd.log.read_text()  # the end of it
        samd.ctl("account", "list", status=1, **as_user(STRANGER_UID, ADMINISTRATORS))
        assert samd.prove("alice", ALICE)[0] == PROVEN  # root may, always
    finally:
        asker.kill()
        asker.wait()


@pytest.mark.parametrize("change, words", [({"socket": "/nonexistent/auth"}, "socket changes with a restart alone"),
                                           ({"threads": "7"}, "threads changes with a restart alone"),
                                           ({"group": "no-such-group"}, "there is no group no-such-group"),
                                           ({"requests_per_second": "many"}, "opensspi.conf"),
                                           ({"events_file": "/nonexistent/events"}, "the event log cannot be opened")])
def test_reload__a_fault_is_refused_as_a_whole(make_samd, change, words):
    samd = make_samd(accounts={"alice": ALICE}, policy={"lockout_threshold": "0"})
    samd.policy = {"lockout_threshold": "1"}
    reload(samd, "the old one stays", **change)
    samd.says(words)
    for _ in range(3):
        assert refusal(samd.prove("alice", "Guess"))[1] == WRONG_PASSWORD
    assert samd.prove("alice", ALICE)[0] == PROVEN
    samd.stop()
    told = [row for row in map(json.loads, (samd.state / "events.jsonl").read_text().splitlines()) if row["EventID"] == 29102]
    assert [(row["Keywords"], words in row["reason"]) for row in told] == [("Audit Failure", True)]


def test_reload__events_and_the_store_are_elsewhere(samd):
    assert samd.prove("alice", ALICE)[0] == PROVEN
    reload(samd, events_file=samd.state / "more.jsonl", store=f"sqlite:{samd.state}/others.db", key_file=f"{samd.state}/others.key")
    samd.ctl("account", "add", "zoe", "--password-stdin", stdin="Secret789!x\n")  # makes the store, if nothing has yet
    assert refusal(samd.prove("alice", ALICE))[0] == LOGON_DENIED
    assert samd.prove("zoe", "Secret789!x")[0] == PROVEN
    samd.stop()
    told = [[json.loads(line)["EventID"] for line in (samd.state / name).read_text().splitlines()] for name in ("events.jsonl", "more.jsonl")]
    assert 29100 in told[0] and 29102 not in told[0] and {29102, 4720, 29101} <= set(told[1])


def test_reload__again_and_again_while_logons_go_on(make_samd):
    samd = make_samd(accounts={"alice": ALICE})
    over, answers = threading.Event(), []

    def ask():
        wire = Wire(samd.socket)
        while not over.is_set():
            answers.append(wire.ask(2, claim("alice", ALICE))[0])

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for i in range(20):
            reload(samd, requests_per_second=str(i % 2 * 1000000))
    finally:
        over.set()
        for asker in askers:
            asker.join()
    assert set(answers) == {PROVEN}


def test_lock_out__outlives_it(make_samd):
    samd = make_samd(policy={"lockout_threshold": "3"})
    assert [refusal(samd.prove("alice", "Guess")) for _ in range(2)] == [(LOGON_DENIED, WRONG_PASSWORD, 0)] * 2
    samd.kill()
    samd.start()
    assert refusal(samd.prove("alice", "Guess")) == (LOGON_DENIED, WRONG_PASSWORD, 1)
    samd.kill()
    samd.start()
    assert refusal(samd.prove("alice", ALICE)) == (LOGON_DENIED, LOCKED_OUT, 0)
    assert show(samd, "alice")["locked"]
    samd.ctl("account", "unlock", "alice")
    assert samd.prove("alice", ALICE)[0] == PROVEN


def test_sspid__through_samd(samd, make_service):
    service = make_service(samd)
    denied = subprocess.run(["/usr/bin/cat", samd.state / "accounts.db"], capture_output=True, text=True, **as_user(SSPID_UID, ASKERS))
    assert denied.returncode == 1 and "Permission denied" in denied.stderr

    status, body = curl(service, "alice", ALICE)
    assert status == 200 and json.loads(body)["user"] == "alice"
    done = service.run("sspi-connect", "--package", "NTLM", "--user", "alice", "--password-stdin", service.address("framed"),
                       stdin=ALICE + "\n")
    assert json.loads(done.stdout)["user"] == "alice"
    service.wait_for(lambda: len(service.events(4624)) == 2 and len(service.events(4776)) == 2, "two logons")
    assert curl(service, "alice", "Guess0")[0] == 401
    event, = service.wait_for(lambda: service.events(4625), "a refusal")
    assert event["SubStatus"] == f"0x{WRONG_PASSWORD:08x}"


def test_sspid__tells_of_the_lock_out(make_samd, make_service):
    samd = make_samd(policy={"lockout_threshold": "2"})
    service = make_service(samd)
    for _ in range(2):
        assert curl(service, "alice", "Guess0")[0] == 401
    locked = service.wait_for(lambda: service.events(4740), "4740")[0]
    assert locked["TargetUserName"] == "alice" and locked["TargetSid"] == show(samd, "alice")["sid"]


def test_samd_that_is_down__refuses_and_is_found_again(samd, make_service):
    service = make_service(samd)
    assert curl(service, "alice", ALICE)[0] == 200
    samd.kill()
    assert curl(service, "alice", ALICE)[0] == 401
    assert curl(service, "alice", ALICE)[0] == 401
    events = service.wait_for(lambda: len(service.events(4625)) >= 2 and service.events(4625), "refusals")
    assert all(event["Status"] == f"0x{NO_AUTHORITY:08x}" for event in events), events
    assert all(event["SubStatus"] == "0xc000005e" and "see that samd runs" in event["hint"] for event in events), events
    assert "is samd running?" in events[-1]["reason"] or "closed the connection" in events[-1]["reason"]
    samd.start()
    service.wait_for(lambda: curl(service, "alice", ALICE)[0] == 200, "samd is found again")
    assert show(samd, "alice")["wrong_passwords"] == 0


def test_samd_that_hangs__refuses_and_is_found_again(samd, make_service):
    service = make_service(samd)
    assert curl(service, "alice", ALICE)[0] == 200
    os.kill(samd.process.pid, 19)  # SIGSTOP
    assert curl(service, "alice", ALICE)[0] == 401
    event = service.wait_for(lambda: service.events(4625), "a refusal")[0]
    assert event["Status"] == f"0x{NO_AUTHORITY:08x}" and "timed out" in event["reason"]
    os.kill(samd.process.pid, 18)
    service.wait_for(lambda: curl(service, "alice", ALICE)[0] == 200, "samd is found again")
    assert show(samd, "alice")["wrong_passwords"] == 0


def test_killed_while_logons_go_on(samd, make_service):
    service = make_service(samd)
    seen, stop = [], threading.Event()

    def logons():
        while not stop.is_set():
            seen.append(curl(service, "alice", ALICE)[0])

    threads = [threading.Thread(target=logons) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            before = seen.count(200)
            service.wait_for(lambda: seen.count(200) > before + 3, "logons")
            samd.kill()
            samd.start()
        before = seen.count(200)
        service.wait_for(lambda: seen.count(200) > before + 3, "logons, after all of it")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(seen) <= {200, 401}
    assert show(samd, "alice")["wrong_passwords"] == 0 and not show(samd, "alice")["locked"]
    assert not service.events(4740)
