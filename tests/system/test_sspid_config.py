# SPDX-License-Identifier: Apache-2.0
"""sspid -n, and what a configuration that is not good is told."""
import os
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, let_others_pass, program

FRONT = "[listener front]\nprotocol = framed\naddress = 127.0.0.1:2000\n"
WEB = "[listener web]\nprotocol = http\naddress = 127.0.0.1:8080\n"
BINDINGS = "a listener without TLS has no channel to bind to"


def check(tmp_path, text, *args):
    path = tmp_path / "opensspi.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([program("sspid"), *(args or ("-n",)), "--config", path], capture_output=True, text=True, timeout=150)
    return done.returncode, done.stderr.replace(str(path), "FILE"), done.stdout.replace(str(path), "FILE")


def test_a_good_one(tmp_path):
    assert check(tmp_path, FRONT) == (0, "", "FILE: good\n")


def faults(errors):
    """What is said beside warnings: the examples' files, folders and addresses are not on every machine."""
    return [line for line in errors.splitlines() if not line.startswith("sspid: warning: [")]


@pytest.mark.parametrize("example", ["packaging/opensspi.conf", "docs/opensspi.conf.example"])
def test_the_examples_are_good(example):
    done = subprocess.run([program("sspid"), "-n", "--config", ROOT / example], capture_output=True, text=True, timeout=150)
    assert (done.returncode, faults(done.stderr)) == (0, [])


def test_the_example_holds_every_key(tmp_path):
    """Taken out of their comments, all keys of the example are good as well. The package that it loads has to be there."""
    package = tmp_path / "shared_secret.so"
    shutil.copy(BUILD / "examples/shared_secret.so", package)
    package.chmod(0o644)
    lines = (ROOT / "docs/opensspi.conf.example").read_text().splitlines()
    keys = [line.removeprefix("#") if line.startswith("#") and " = " in line and not line.startswith("# ") else line for line in lines]
    keys = [f"load = {package}" if line.startswith("load = ") else line for line in keys]
    status, errors, _ = check(tmp_path, "\n".join(keys) + "\n")
    assert (status, faults(errors)) == (0, [])


@pytest.mark.parametrize("text, error", [
    ("", "FILE: expected at least one section [listener NAME]"),
    (FRONT + "[listner x]\n", 'FILE:4: [listner x]: unknown section; did you mean "listener"?'),
    ("[listener a]\nprotcol = http\n", 'FILE:2: [listener a] protcol: unknown key; did you mean "protocol"?'),
    ("[listener a]\nprotocol = http\nadress = 127.0.0.1:1\n", 'FILE:3: [listener a] adress: unknown key; did you mean "address"?'),
    ("[service]\nhandshake_timeout = 3\n", "FILE:2: [service] handshake_timeout: unknown key; it is one of [listener NAME]"),
    ("[server]\nlockout_threshold = 3\n" + FRONT, "FILE:2: [server] lockout_threshold: unknown key; it is one of [policy]"),
    (FRONT + "store = x\n", "FILE:4: [listener front] store: unknown key; it is one of [accounts]"),
    (FRONT + "max_leg = 3\n", 'FILE:4: [listener front] max_leg: unknown key; did you mean "max_legs"?'),
    (FRONT + "max_legs = 0\n", "FILE:4: [listener front] max_legs: expected a number from 1 to 100"),
    (FRONT + "handshake_timeout = 20s\n", "FILE:4: [listener front] handshake_timeout: expected a number from 1 to 600"),
    (FRONT + "backend = proxy:127.0.0.1\n",
     "FILE:4: [listener front] backend: expected proxy:HOST:PORT or proxy:[ADDRESS]:PORT, the port in digits"),
    (FRONT + "trusted_proxy = 10.0.0.1\n",
     "FILE:1: [listener front]: expected protocol = http: there is a key that only such listeners have"),
    (WEB + "connection_header = X\n",
     "FILE:1: [listener web]: expected a key trusted_proxy: from anybody else no such header is believed"),
    (WEB + "trusted_proxy = proxy1\n",
     "FILE:4: [listener web] trusted_proxy: expected addresses and networks in numbers (192.0.2.1, 10.0.0.0/8, 2001:db8::/32), not "
     "\"proxy1\""),
    (WEB + "require = no\n", "FILE:4: [listener web] require: expected yes or optional"),
    (WEB.replace("127.0.0.1", "0.0.0.0") + "basic = yes\n",
     "FILE:1: [listener web]: expected basic = no: passwords would cross the network in clear; it takes an address on loopback, or "
     "trusted_proxy and scheme_header, by which a proxy says that its client came with TLS"),
    (FRONT + "pac = perhaps\n", "FILE:4: [listener front] pac: expected verify, required or ignore"),
    (FRONT + "keytab = web.keytab\n", "FILE:4: [listener front] keytab: expected FILE: and an absolute path"),
    (FRONT + "replay_cache = off\n",
     "FILE:4: [listener front] replay_cache: expected it in [kerberos] alone: credentials share what asks for tickets and remembers"),
    (FRONT + "[kerberos]\nreplay_cache = /run/replay\n",
     "FILE:5: [kerberos] replay_cache: expected process, off, or shared: and an absolute path"),
    (FRONT + "protocol = http\n", "FILE:4: [listener front] protocol: stands here a second time; the first is line 2"),
    (FRONT + "nonsense\n", 'FILE:4: [listener front]: expected "key = value", "[section]" or a comment'),
    ("[listener x]\nprotocol = framed\naddress = nowhere\n",
     "FILE:3: [listener x] address: expected ADDRESS:PORT or [ADDRESS]:PORT, in numbers"),
    (FRONT + "[events]\nfile = events\n", 'FILE:5: [events] file: expected a path that begins with "/"'),
    (FRONT.encode() + b"[server]\ncomputer = W\xe4B1\n", "FILE: [server] computer: expected text in UTF-8"),
    (b"[server]\ncomputer = a\0b\n", "FILE:2: [server]: expected text; there is a control character or a NUL byte"),
])
def test_each_fault_is_exit_2_with_file_line_and_what_was_expected(tmp_path, text, error):
    assert check(tmp_path, text) == (2, f"sspid: {error}\n", "")
    assert check(tmp_path, text, "-v") == (2, f"sspid: {error}\n", "")  # without -n as well


@pytest.mark.parametrize("text, line, words", [
    (FRONT + "[policy]\nlockout_treshold = 3\n", 5, ["lockout_treshold", "lockout_threshold"]),
    (FRONT + "[policy]\nlm_compatibility_level = 6\n", 5, ["lm_compatibility_level", "0 to 5"]),
    (FRONT + "[policy]\nntlm = perhaps\n", 5, ["ntlm", "allow, audit or deny"]),
    (FRONT + "[server]\ncomputer = a name that is too long for it\n", 5, ["computer", "15"]),
    (FRONT + "[accounts]\nstore = mysql:x\n", 5, ["store", "sqlite:"]),
    (FRONT + "ntlm = perhaps\n", 4, ["[listener front]", "ntlm", "allow, audit or deny"]),
    (FRONT + "require_mics = yes\n", 4, ["[listener front]", "require_mics", "unknown key", "require_mic"]),
    (FRONT + "require_mic = perhaps\n", 4, ["[listener front]", "require_mic", "yes or no"]),
    (FRONT + "channel_bindings = required\n", 4, ["[listener front]", "channel_bindings", BINDINGS]),
    ("[policy]\nchannel_bindings = required\n" + FRONT, 3, ["[listener front]", "channel_bindings", BINDINGS]),
    (FRONT + "spn = HTTP/web1, HTTP/web2\n", 4, ["[listener front]", "spn", "no commas"]),
    (FRONT + "package = Nonsense\n", 4, ["[listener front]", "package", "Nonsense"]),
])
def test_faults_that_the_library_knows(tmp_path, text, line, words):
    status, error, _ = check(tmp_path, text)
    assert status == 2 and error.startswith(f"sspid: FILE:{line}: "), error
    assert all(word in error for word in words) and error.count("\n") == 1, error


def test_channel_bindings_of_the_policy_may_be_taken_back(tmp_path):
    text = "[policy]\nchannel_bindings = required\n" + FRONT + "channel_bindings = off\n"
    assert check(tmp_path, text)[0] == 0


@pytest.mark.parametrize("text, warning", [
    ("[accounts]\nstore = sqlite:/nonexistent/accounts.db\n",
     "[accounts] store: the folder /nonexistent: No such file or directory"),
    ("[accounts]\nstore = sqlite:{0}/accounts.db\n",
     "[accounts] store: {0}/accounts.db is not there yet: make an account (sspictl account add)"),
    ("[accounts]\nstore = authority:{0}/auth\n",
     "[accounts] store: {0}/auth: No such file or directory: samd does not run, and passwords are refused"),
    ("[accounts]\nstore = sqlite:/etc/passwd\nkey_file = /proc/self/environ\n", "[accounts] store: /etc/passwd is no account store: passwords are refused"),
    ("[accounts]\nstore = sqlite:/dev/null\nkey_file = /etc/passwd\n",
     "[accounts] key_file: /etc/passwd is open to others (mode 644): passwords are refused until it is 600"),
    ("[accounts]\nstore = sqlite:/dev/null\nkey_file = {0}/key\n",
     "[accounts] key_file: {0}/key: No such file or directory: passwords are refused"),
    ("[events]\nfile = /nonexistent/events\n", "[events] file: the folder /nonexistent: No such file or directory"),
    ("[service]\ncontrol_socket = /nonexistent/control\n",
     "[service] control_socket: the folder /nonexistent: No such file or directory"),
    ("[listener b]\nprotocol = http\naddress = 192.0.2.1:80\n",
     "[listener b] address: 192.0.2.1:80: Cannot assign requested address"),
    ("[kerberos]\nkeytab = FILE:{0}/keytab\n",
     "[listener front]: tickets cannot be taken: "),
])
def test_what_this_machine_does_not_have_is_warned_of(tmp_path, text, warning):
    status, errors, out = check(tmp_path, FRONT + text.format(tmp_path))
    assert (status, out) == (0, "FILE: good\n")
    lines = [line for line in errors.splitlines() if "tickets" not in line or "keytab" in text]
    assert len(lines) == 1 and lines[0].startswith("sspid: warning: " + warning.format(tmp_path).replace(f"{tmp_path}/opensspi.conf", "FILE"))


def test_what_may_not_be_read_is_warned_of(make_service):
    service = make_service(start=False)
    if os.geteuid() != 0:
        pytest.fail("this test needs root, to become somebody else")
    let_others_pass(service.folder)
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", program("sspid"), "-n"], env=service.environment(),
                          capture_output=True, text=True)
    assert done.returncode == 0 and "accounts.db: Permission denied" in done.stderr and "accounts.key: Permission denied" in done.stderr


def test_no_file(tmp_path):
    done = subprocess.run([program("sspid"), "--config", tmp_path / "none"], capture_output=True, text=True, timeout=150)
    assert done.returncode == 2 and "No such file" in done.stderr


@pytest.mark.parametrize("args", [["--nonsense"], ["x"], ["--loops", "0"], ["--loops", "many"], ["--config"]])
def test_usage_is_exit_2(args):
    done = subprocess.run([program("sspid"), *args], capture_output=True, text=True, timeout=150)
    assert done.returncode == 2 and "Try: sspid --help" in done.stderr


@pytest.mark.parametrize("arg, words", [("--help", "Usage: sspid"), ("--version", "sspid ")])
def test_help_and_version(arg, words):
    done = subprocess.run([program("sspid"), arg], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0 and words in done.stdout and done.stderr == ""


def test_an_event_file_that_cannot_be(tmp_path):
    status, error, _ = check(tmp_path, FRONT + "[events]\nfile = /nonexistent/events\n", "-v")
    assert status == 1 and "the event file cannot be opened" in error and "/nonexistent/events" in error
