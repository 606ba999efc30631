# SPDX-License-Identifier: Apache-2.0
"""sspictl: what it prints, what it answers, and that it asks for passwords on the terminal alone."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import stat
import subprocess
import time

import pytest

import conftest
from conftest import program


@pytest.fixture
def ctl(tmp_path):
    """Runs sspictl on a store of its own; .folder is where that is."""
    config = tmp_path / "opensspi.conf"
    (tmp_path / "keys").mkdir()
    config.write_text(f"[server]\ndomain = WORKGROUP\ndns_domain = example.test\n"
                      f"[accounts]\nstore = sqlite:{tmp_path}/accounts.db\nkey_file = {tmp_path}/keys/accounts.key\n"
                      f"[events]\nfile = {tmp_path}/events.jsonl\n")

    def run(*args, stdin="", status=0):
        done = subprocess.run([program("sspictl"), "--config", config, *args], input=stdin, capture_output=True, text=True,
                              timeout=60, env={**os.environ, "TZ": "UTC"})
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status == 0 else done.stderr

    run.folder = tmp_path
    run.config = config
    return run


def add(ctl, name, *more, password="Secret123!x"):
    return ctl("account", "add", name, "--password-stdin", *more, stdin=password + "\n")


def show(ctl, name):
    return json.loads(ctl("account", "show", name, "--json"))


def test_an_account_from_its_making_to_its_end(ctl):
    add(ctl, "Jörg", "--group", "Staff", "--group", "Night shift", "--unix-user", "daemon", "--expires", "2035-01-31T12:00Z")
    account = show(ctl, "JÖRG")
    assert re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-1001", account["sid"])
    assert account["name"] == "Jörg" and account["state"] == "enabled" and not account["disabled"]
    assert account["groups"] == ["Staff", "Night shift"] and len(account["group_sids"]) == 2
    assert account["unix_user"] == "daemon" and account["expires"] == "2035-01-31T12:00:00Z"
    assert account["key_salt"] == "EXAMPLE.TESTJörg" and account["key_version"] == 1
    assert set(account["keys"]) == {"nt-hash", "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96",
                                    "aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128"}

    ctl("account", "modify", "jörg", "--no-group", "staff", "--group", "Guests", "--unix-user", "", "--expires", "never")
    account = show(ctl, "jörg")
    assert account["groups"] == ["Night shift", "Guests"] and account["unix_user"] is None and account["expires"] is None

    ctl("account", "passwd", "jörg", "--password-stdin", stdin="another\r\n")
    assert show(ctl, "jörg")["key_version"] == 2 and "clear-text" not in show(ctl, "jörg")["keys"]
    ctl("account", "passwd", "jörg", "--password-stdin", "--keep-clear-text", stdin="another\r\n")
    assert "clear-text" in show(ctl, "jörg")["keys"] and show(ctl, "jörg")["dial_in"] is False
    ctl("account", "modify", "jörg", "--dial-in", "yes")
    assert show(ctl, "jörg")["dial_in"] is True
    ctl("account", "modify", "jörg", "--dial-in", "maybe", status=2)
    ctl("account", "disable", "jörg")
    assert show(ctl, "jörg")["state"] == "disabled"
    ctl("account", "enable", "jörg")
    ctl("account", "unlock", "jörg")
    ctl("account", "remove", "jörg")
    assert "there is no account jörg" in ctl("account", "show", "jörg", status=1)
    add(ctl, "jörg")
    assert not show(ctl, "jörg")["sid"].endswith("-1001")


def test_lists(ctl):
    assert "accounts.db: No such file" in ctl("account", "list", status=1)
    add(ctl, "one")
    add(ctl, "two", "--expires", "2001-01-01")
    assert [account["name"] for account in json.loads(ctl("account", "list", "--json"))] == ["one", "two"]
    lines = ctl("account", "list").splitlines()
    assert [line.split()[0] for line in lines] == ["enabled", "expired"]
    assert "Groups            none" in ctl("account", "show", "one").splitlines()


def test_files_are_the_owner_s_alone_and_hold_no_password(ctl):
    add(ctl, "one", password="A password to look for")
    for path in [*ctl.folder.glob("accounts.db*"), ctl.folder / "keys/accounts.key"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"A password to look for" not in path.read_bytes()


@pytest.mark.parametrize("args, words", [
    ((), "command is missing"),
    (("nonsense",), "there is no command nonsense"),
    (("decode", "--json"), "unrecognized option"),
    (("account",), "account command is missing"),
    (("account", "nonsense"), "there is no account command nonsense"),
    (("account", "add"), "account add: expected one name"),
    (("account", "add", "a", "b"), "account add: expected one name"),
    (("account", "list", "a"), "account list takes no name"),
    (("account", "add", "a", "--json"), "account add has no option --json"),
    (("account", "add", "a", "--nonsense"), "unrecognized option"),
    (("account", "add", "a", "--expires", "tomorrow"), "--expires: expected never, YYYY-MM-DD"),
    (("account", "add", "a", "--expires", "2030-13-01"), "--expires: expected never, YYYY-MM-DD"),
    (("events", "--id", "x"), "--id: expected"),
    (("events", "--id", "4624,"), "--id: expected"),
    (("events", "--since", "x"), "--since: expected YYYY-MM-DD"),
    (("events", "--until", "2 h"), "--until: expected YYYY-MM-DD"),
    (("events", "--follow", "--until", "today"), "--follow has no --until"),
    (("packages", "x"), "packages takes no name"),
])
def test_usage(ctl, args, words):
    assert words in ctl(*args, status=2)


@pytest.mark.parametrize("name, words", [
    ("", "it is empty"),
    ("a/b", 'it has one of "'),
    ("a\x1b[2Jb", "control character"),
    ("a.", "ends with a dot"),
    ("x" * 257, "longer than 256"),
])
def test_names_that_are_refused(ctl, name, words):
    errors = ctl("account", "add", name, "--password-stdin", stdin="Secret123!x\n", status=1)
    assert words in errors and "\x1b" not in errors


@pytest.mark.parametrize("stdin, words", [
    ("", "an account needs a password"),
    ("\n", "an account needs a password"),
    ("x" * 257 + "\n", "at most 256 characters"),
    ("x" * 5000 + "\n", "too long"),
    ("a\0b\n", "a NUL"),
])
def test_passwords_that_are_refused(ctl, stdin, words):
    assert words in ctl("account", "add", "one", "--password-stdin", stdin=stdin, status=1)


def test_configurations_that_are_refused(ctl):
    ctl.config.write_text("[accounts]\nstor = x\n")
    assert 'opensspi.conf:2: [accounts] stor: unknown key; did you mean "store"?' in ctl("account", "list", status=2)
    ctl.config.unlink()
    assert "cannot be opened" in ctl("account", "list", status=2)


def test_a_key_file_that_others_can_read(ctl):
    add(ctl, "one")
    (ctl.folder / "keys/accounts.key").chmod(0o640)
    assert "open to others (mode 640); want 600" in ctl("account", "list", status=1)


def test_packages(ctl):
    packages = {package["name"]: package for package in json.loads(ctl("packages", "--json"))}
    assert packages["NTLM"]["rpc_id"] == 10 and "integrity" in packages["NTLM"]["capabilities"]
    assert "NTLM: " in ctl("packages")


@pytest.mark.parametrize("args", [("--help",), ("account", "--help"), ("account", "add", "--help"), ("events", "--help"), ("decode", "--help")])
def test_help(ctl, args):
    told = ctl(*args)
    assert "--unix-user" in told and "--since" in told and "decode [--keytab FILE]" in told


@pytest.mark.parametrize("keywords, title", [("Audit Success", "validated"), ("Audit Failure", "not validated")])
def test_events__validation(ctl, keywords, title):
    event = {"TimeCreated": "2030-01-01T00:00:00.000001Z", "EventID": 4776, "Keywords": keywords, "TargetUserName": "one"}
    (ctl.folder / "events.jsonl").write_text(json.dumps(event) + "\n")
    assert ctl("events").split(" 4776 ")[1].split(" one")[0].strip() == title


def test_events__a_reason_alone_is_shown_as_it_was_said(ctl):
    event = {"TimeCreated": "2030-01-01T00:00:00.000001Z", "EventID": 29102, "Keywords": "Audit Failure",
             "reason": 'no account W\\al; did you mean "store"?\x1b[2J'}
    (ctl.folder / "events.jsonl").write_text(json.dumps(event) + "\n")
    assert ctl("events") == '2030-01-01T00:00:00Z 29102 not reloaded   no account W\\al; did you mean "store"?\\x1b[2J\n'


def test_events(ctl):
    events = [
        {"TimeCreated": "2026-01-31T12:00:00.000001Z", "EventID": 4625, "TargetUserName": "de\x1bmo", "TargetDomainName": "WEB1",
         "IpAddress": "192.0.2.7", "LmPackageName": "NTLM V2", "listener": "web", "reason": "accounts: the password is wrong"},
        {"TimeCreated": "2026-02-01T12:00:00.000002Z", "EventID": 4624, "TargetUserName": "demo", "TargetDomainName": "-",
         "IpAddress": "192.0.2.8"},
    ]
    lines = [json.dumps(event) for event in events]
    (ctl.folder / "events.jsonl").write_text("\n".join([lines[0], "broken", lines[1]]) + "\n")
    assert ctl("events").splitlines() == [
        r"2026-01-31T12:00:00Z 4625 refused        WEB1\de\x1bmo from 192.0.2.7 by NTLM V2 at web: accounts: the password is wrong",
        "2026-02-01T12:00:00Z 4624 logon          demo from 192.0.2.8",
    ]
    assert ctl("events", "--json").splitlines() == lines
    for args, which in [(("--id", "4624"), [1]), (("--id", "4624", "--id", "4625"), [0, 1]), (("--user", "DEMO"), [1]),
                        (("--address", "192.0.2.7"), [0]), (("--since", "2026-02-01"), [1]), (("--id", "4740"), []),
                        (("--id", "4624,4625"), [0, 1]), (("--until", "2026-02-01"), [0]), (("--package", "ntlm v2"), [0]),
                        (("--since", "2026-02-01", "--until", "2026-02-01T12:00:00"), [1]), (("--user", "x\\demo"), [])]:
        assert ctl("events", "--json", *args).splitlines() == [lines[i] for i in which]


def account_events(file):
    """What was written since the last look: id, and who or what it tells of."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text("")
    for row in rows:
        assert row["Provider"] == "sspictl" and row["SubjectUserSid"] == f"S-1-22-1-{os.getuid()}" and row["TargetDomainName"] == "WORKGROUP"
        assert (row.get("MemberSid") or row["TargetSid"]).startswith("S-1-5-21-")
    return [(row["EventID"], row["TargetUserName"], row.get("changed")) for row in rows]


def test_account__what_is_changed_is_an_event(ctl):
    file = ctl.folder / "events.jsonl"
    ctl("account", "add", "One", "--password-stdin", "--group", "g1", "--unix-user", "one", stdin="Pw123456!\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert account_events(file) == [(4720, "One", None), (4724, "One", None), (4722, "One", None), (4732, "g1", None)]
    ctl("account", "modify", "one", "--expires", "2030-01-01", "--group", "g2", "--no-group", "g1", "--dial-in", "yes")
    assert account_events(file) == [(4738, "One", "expires, dial-in"), (4732, "g2", None), (4733, "g1", None)]
    for command, told in [("disable", [(4725, "One", None)]), ("disable", []), ("enable", [(4722, "One", None)]), ("unlock", [])]:
        ctl("account", command, "one")
        assert account_events(file) == told
    ctl("account", "passwd", "one", "--password-stdin", stdin="Pw123456!\n")  # the same one, and yet set
    assert account_events(file) == [(4724, "One", None)]
    ctl("account", "passwd", "one", "--own", "--password-stdin", stdin="Pw123456!\nPw654321!\n")
    assert account_events(file) == [(4723, "one", None)]
    ctl("account", "passwd", "one", "--own", "--password-stdin", stdin="Pw123456!\nPw654321!\n", status=1)
    assert account_events(file) == [(4723, "one", None)]
    ctl("account", "passwd", "one", "--own", "--keep-clear-text", "--password-stdin", stdin="a\nb\n", status=2)
    ctl("account", "passwd", "nobody", "--password-stdin", stdin="Pw123456!\n", status=1)
    ctl("account", "list")
    assert account_events(file) == []
    ctl("account", "remove", "one")
    assert account_events(file) == [(4726, "One", None)]


def test_account__an_event_file_that_cannot_be_written_is_told(ctl):
    (ctl.folder / "events.jsonl").mkdir()
    done = subprocess.run([program("sspictl"), "--config", ctl.folder / "opensspi.conf", "account", "add", "one", "--password-stdin"],
                          input="Pw123456!\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "the event file cannot be opened" in done.stderr
    assert "one" in ctl("account", "list")


def event(number, **fields):
    return json.dumps({"TimeCreated": f"2026-01-31T12:00:{number % 60:02}.000001Z", "EventID": 4624, "TargetUserName": f"u{number}", **fields}, separators=(",", ":"))


def now(seconds_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - seconds_ago))


def test_events__how_long_ago(ctl):
    file = ctl.folder / "events.jsonl"
    file.write_text("".join(event(n, TimeCreated=now(ago)) + "\n" for n, ago in enumerate([3650 * 86400, 5 * 3600, 600, 0])))
    for since, which in [("1w", [1, 2, 3]), ("1d", [1, 2, 3]), ("2h", [2, 3]), ("30m", [2, 3]), ("300s", [3]), ("0s", [])]:
        shown = [json.loads(line)["TargetUserName"] for line in ctl("events", "--json", "--since", since).splitlines()]
        assert shown == [f"u{n}" for n in which] or since == "0s"
    for since in ("today", "yesterday", "boot"):
        assert "u0" not in ctl("events", "--json", "--since", since)
    assert "u3" in ctl("events", "--json", "--since", "yesterday")


@pytest.mark.parametrize("fields, line", [
    ({"EventID": 4634, "TargetDomainName": "WEB1"}, r"4634 logoff         WEB1\u1"),
    ({"EventID": 4740, "TargetDomainName": "PC7", "domain": "WEB1"}, r"4740 locked out     WEB1\u1"),
    ({"EventID": 4732, "member": "demo", "TargetDomainName": "WEB1", "TargetUserName": "admins", "SubjectUserName": "root"},
     r"4732 joined group   WEB1\demo, group admins, done by root"),
    ({"EventID": 1101, "TargetUserName": "-", "EventsDropped": 7, "DroppedEventID": 4625, "IpAddress": "192.0.2.7", "Reason": "a flood"},
     "1101 events dropped from 192.0.2.7 7 of 4625: a flood"),
    ({"EventID": 29100, "TargetUserName": "-", "version": "1.2"}, "29100 started        1.2"),
    ({"EventID": 4625, "AuthenticationPackageName": "Kerberos", "reason": "kvno 4, keytab has kvno 3", "hint": "Make the keytab anew."},
     "4625 refused        u1 by Kerberos: kvno 4, keytab has kvno 3. Hint: Make the keytab anew."),
    ({"EventID": 7}, "7 event          u1"),
])
def test_events__one_line_each(ctl, fields, line):
    (ctl.folder / "events.jsonl").write_text(event(1, **fields) + "\n")
    assert ctl("events").removeprefix("2026-01-31T12:00:01Z ").strip() == line


def test_events__broken_lines_are_told_once(ctl):
    """A crash cut a line, and another process wrote on; a disk lost some bytes; one line is endless; the last has no end yet."""
    pieces = [event(1), event(2)[:40] + event(3), "\0" * 300, event(4), "x" * 600_000, event(5), event(6)]
    (ctl.folder / "events.jsonl").write_text("\n".join(pieces))
    done = subprocess.run([program("sspictl"), "--config", ctl.folder / "opensspi.conf", "events", "--json"], capture_output=True,
                          text=True, timeout=60)
    assert done.stdout.splitlines() == [event(n) for n in (1, 3, 4, 5, 6)]
    assert (done.returncode, done.stderr) == (0, f"sspictl: {ctl.folder}/events.jsonl: 3 lines are no events; the first is line 2\n")


def test_events__from_standard_input(ctl):
    assert ctl("events", "--json", "--file", "-", stdin=event(1) + "\n").splitlines() == [event(1)]


class Follower:
    """sspictl events --follow, and what it has printed."""

    def __init__(self, ctl, *args):
        self.process = subprocess.Popen([program("sspictl"), "--config", ctl.folder / "opensspi.conf", "events", "--json", "--follow", *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def users(self, count):
        """The next so many events' users. A test that waits for one that does not come ends at its time limit."""
        return [json.loads(self.process.stdout.readline())["TargetUserName"] for _ in range(count)]

    def is_at_the_beginning_of(self, file):
        for fd in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                if os.readlink(fd) == str(file):
                    return "pos:\t0\n" in pathlib.Path(f"/proc/{self.process.pid}/fdinfo/{fd.name}").read_text(encoding="ascii")
            except FileNotFoundError:  # closed meanwhile
                pass
        return False

    def end(self):
        self.process.terminate()
        return self.process.communicate(timeout=conftest.PATIENCE)


@pytest.fixture
def follow(ctl):
    made = []

    def start(*args):
        made.append(Follower(ctl, *args))
        return made[-1]

    yield start
    for follower in made:
        if follower.process.poll() is None:
            follower.end()


def append(file, *lines):
    with open(file, "a") as f:
        f.write("".join(lines))


def test_events__follow_survives_rotation_and_truncation(ctl, follow):
    file = ctl.folder / "events.jsonl"
    append(file, *(event(n) + "\n" for n in range(15)))
    follower = follow()
    assert follower.users(10) == [f"u{n}" for n in range(5, 15)]
    append(file, event(15)[:30])
    append(file, event(15)[30:] + "\n", event(16) + "\n")
    assert follower.users(2) == ["u15", "u16"]
    file.rename(ctl.folder / "events.1")
    append(ctl.folder / "events.1", event(17) + "\n")  # of a writer that has not noticed yet
    append(file, event(18) + "\n")
    assert follower.users(2) == ["u17", "u18"]
    file.unlink()
    append(file, event(19) + "\n")
    assert follower.users(1) == ["u19"]
    file.write_text("")
    conftest.wait_for(lambda: follower.is_at_the_beginning_of(file), "the cut is seen")  # one that is filled up between two looks cannot be
    append(file, event(20) + "\n")
    assert follower.users(1) == ["u20"]
    assert follower.end()[1] == ""


def test_events__follow_shows_what_is_asked_for(ctl, follow):
    file = ctl.folder / "events.jsonl"
    append(file, *(event(n) + "\n" for n in range(20)))
    follower = follow("--since", "2026-01-31", "--user", "u3")
    assert follower.users(1) == ["u3"]
    append(file, event(4) + "\n", "broken\n", event(3) + "\n")
    assert follower.users(1) == ["u3"]
    follower.process.stdout.close()
    append(file, event(3) + "\n")
    assert follower.process.wait(conftest.PATIENCE) != 0  # nobody reads any more


# --- the terminal --------------------------------------------------------------------------------

def on_terminal(ctl, answers, *args):
    """Runs sspictl on a terminal, types each answer at its prompt. (exit status or -signal, what was seen)"""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a run in the background has it ignored
        os.execv(program("sspictl"), ["sspictl", "--config", str(ctl.config), *args])
    seen, deadline = "", time.monotonic() + conftest.PATIENCE
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more came after {seen!r}"
        try:
            part = os.read(terminal, 4096).decode()
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        seen += part
        if answers and seen.endswith(": "):
            os.write(terminal, answers.pop(0).encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


def test_the_password_is_asked_for_twice_and_never_shown(ctl):
    status, seen = on_terminal(ctl, ["Secret123!x\n", "Secret123!x\n"], "account", "add", "one")
    assert status == 0 and "Secret" not in seen
    assert seen.replace("\r", "") == "New password: \nThe same again: \n"
    assert show(ctl, "one")["key_version"] == 1


def test_two_passwords_that_differ(ctl):
    status, seen = on_terminal(ctl, ["Secret123!x\n", "Secret123!y\n"], "account", "add", "one")
    assert status == 1 and "the two passwords differ" in seen and "Secret" not in seen


def test_an_interrupt_at_the_prompt_ends_it(ctl):
    status, seen = on_terminal(ctl, ["Secr\x03"], "account", "add", "one")
    assert status == -2 and "Secr" not in seen


def test_no_terminal_and_no_option(ctl):
    done = subprocess.run([program("sspictl"), "--config", ctl.config, "account", "add", "one"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, start_new_session=True, timeout=150)
    assert done.returncode == 1 and "--password-stdin" in done.stderr


def doctor(service, *args, status):
    krb5_conf = service.config.parent / "krb5.conf"
    krb5_conf.write_text(f"[libdefaults]\ndefault_keytab_name = FILE:{service.config.parent}/none\n")
    environment = {**service.environment(KRB5_CONFIG=str(krb5_conf), KRB5RCACHENAME="none:")}
    environment.pop("KRB5_KTNAME", None)
    done = subprocess.run([program("sspictl"), "doctor", *args], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_doctor__without_kerberos_warns_and_finds_no_fault(make_service):
    text = doctor(make_service(), status=0)
    assert "warning: no keytab is configured" in text and "NTLM alone" in text and "KDC" not in text


def test_doctor__a_keytab_that_an_spn_needs_is_a_fault_where_it_is_missing(make_service):
    assert "fault: keytab" in doctor(make_service(), "--spn", "HTTP/127.0.0.1", status=1)
