# SPDX-License-Identifier: Apache-2.0
"""src/ticket against MIT's KDC: who may ask, what for, and what is said when there is none. ticket_peer.c asks."""
import re
import socket
import subprocess
import threading
import time

import pytest

from conftest import PATIENCE, free_port, program
from mit_realm import MitRealm

PASSWORD = "Secret123!x"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("realm"))
    try:
        realm.start()
        realm.add_user("alice", PASSWORD)
        realm.add_service("HTTP/localhost")
        realm.add_service("RC4/localhost", "rc4-hmac")
        realm.add_service("daemon/host.example.org")
        realm.admin("modprinc +requires_preauth alice")
        realm.admin("modprinc +ok_as_delegate HTTP/localhost")
        yield realm
    finally:
        realm.stop()


def ask(environment, *words, timeout=60):
    done = subprocess.run([program("ticket_peer"), *words], env=environment, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def as_alice(*words):
    return ("-u", "alice", "-p", PASSWORD, *words)


def test_default_cache__has_a_tgt__gets_tickets_and_a_name(realm):
    environment = realm.environment(realm.ticket("alice"))
    answer = ask(environment, "get", "HTTP/localhost", "HTTP@localhost", "RC4/localhost@EXAMPLE.ORG")
    lines = answer.splitlines()
    assert all(line.startswith("ok ") and "client=alice@EXAMPLE.ORG" in line for line in lines), answer
    assert "server=HTTP/localhost@EXAMPLE.ORG" in lines[0] and "server=HTTP/localhost@EXAMPLE.ORG" in lines[1]
    assert int(re.search(r"flags=(\w+)", lines[0])[1], 16) & 0x40000, "ok-as-delegate was set"
    assert not int(re.search(r"flags=(\w+)", lines[2])[1], 16) & 0x40000
    assert "enctype=23" in lines[2]
    assert ask(environment, "name") == "alice@EXAMPLE.ORG\n"


def test_no_cache__no_keytab__says_what_is_missing(realm):
    answer = ask(realm.environment(), "get", "HTTP/localhost")
    assert answer.startswith("SEC_E_NO_CREDENTIALS 0 ") and "kinit" in answer
    assert ask(realm.environment(), "name").startswith("SEC_E_NO_CREDENTIALS")


@pytest.mark.parametrize("identity", [("-u", "alice"), ("-u", "alice@EXAMPLE.ORG"), ("-u", "alice@example.org"),
                                      ("-u", "alice", "-d", "EXAMPLE"), ("-u", "alice", "-d", "example.org")])
def test_password__in_each_spelling__gets_a_ticket(realm, identity):
    answer = ask(realm.environment(), *identity, "-p", PASSWORD, "get", "HTTP/localhost")
    assert answer.startswith("ok ") and "client=alice@EXAMPLE.ORG" in answer, answer
    assert ask(realm.environment(), *identity, "-p", PASSWORD, "name") == "alice@EXAMPLE.ORG\n"


@pytest.mark.parametrize("identity, status, code, words", [
    (("-u", "alice", "-p", "wrong"), "SEC_E_LOGON_DENIED", 24, "alice"),
    (("-u", "nobody", "-p", "x"), "SEC_E_LOGON_DENIED", 6, "nobody"),
    (("-u", "alice"), "SEC_E_NO_CREDENTIALS", 0, "no password for alice"),
    (("-u", "alice", "-d", ".", "-p", "x"), "SEC_E_UNKNOWN_CREDENTIALS", 0, "realm"),
    (("-u", "@x", "-p", "x"), "SEC_E_UNKNOWN_CREDENTIALS", 0, "principal"),
])
def test_identity__that_will_not_do__is_told_apart(realm, identity, status, code, words):
    answer = ask(realm.environment(), *identity, "get", "HTTP/localhost")
    assert answer.startswith(f"{status} {code} ") and words in answer


@pytest.mark.parametrize("target, code, words", [
    ("HTTP/noreg.example.org", 7, "HTTP/noreg.example.org@EXAMPLE.ORG"),
    ("HTTP@noreg.example.org", 7, "HTTP/noreg.example.org@EXAMPLE.ORG"), ("nobody@EXAMPLE.ORG", 7, "nobody@EXAMPLE.ORG"),
    ("localhost", 0, "no service principal name"), ("HTTP/127.0.0.1", 0, "address"), ("", 0, "empty"), ("HTTP//x", 0, "malformed"),
])
def test_target__that_nobody_has__is_unknown(realm, target, code, words):
    answer = ask(realm.environment(), *as_alice("get", target))
    assert answer.startswith(f"SEC_E_TARGET_UNKNOWN {code} ") and words in answer


def test_client_keytab__stands_in_for_a_cache(realm):
    keytab = realm.folder / "client.keytab"
    realm.admin(f"ktadd -norandkey -k {keytab} daemon/host.example.org")
    environment = realm.environment(KRB5_CLIENT_KTNAME=f"FILE:{keytab}")
    assert "client=daemon/host.example.org@EXAMPLE.ORG" in ask(environment, "get", "HTTP/localhost")
    assert ask(environment, "name") == "daemon/host.example.org@EXAMPLE.ORG\n"


def test_cache__that_has_run_out__says_so(realm):
    cache = realm.folder / "short"
    realm.run("kinit", "-l", "2s", "-c", f"FILE:{cache}", "alice", stdin=PASSWORD + "\n")
    time.sleep(3)
    answer = ask(realm.environment(cache), "get", "HTTP/localhost")
    assert answer.startswith("SEC_E_NO_CREDENTIALS 32 ") and "expired" in answer


@pytest.mark.parametrize("target", ["alice", "alice@EXAMPLE.ORG", "alice@example.org"])
def test_user_to_user__gets_a_ticket_under_a_tgt(realm, target):
    answer = ask(realm.environment(realm.ticket("alice")), "user-to-user", target)
    assert answer.startswith("ok ") and "server=alice@EXAMPLE.ORG" in answer


def test_user_to_user__of_another_than_the_tgts_client__is_refused(realm):
    realm.add_user("other", PASSWORD)
    answer = ask(realm.environment(realm.ticket("alice")), "user-to-user", "other")
    assert answer.startswith("SEC_E_TARGET_UNKNOWN 26 "), answer


def test_delegation__is_opened_by_the_session_key_alone_and_goes_with_its_holder(realm):
    answer = ask(realm.environment(), *as_alice("delegate", "HTTP/localhost"))
    assert answer == "cache of alice@EXAMPLE.ORG\nno cache\n"


def test_delegation__of_a_tgt_that_may_not_be__is_refused(realm):
    cache = realm.folder / "bound"
    realm.run("kinit", "-F", "-c", f"FILE:{cache}", "alice", stdin=PASSWORD + "\n")
    answer = ask(realm.environment(cache), "delegate", "HTTP/localhost")
    assert answer.startswith("SEC_E_NO_CREDENTIALS") and "forwarded TGT" in answer


def test_fresh__one_that_the_service_refused__takes_its_place(realm):
    answer = ask(realm.environment(realm.ticket("alice")), "fresh", "HTTP/localhost")
    assert answer == "same, another, same\n"
    assert ask(realm.environment(), *as_alice("fresh", "HTTP/localhost")) == "same, another, same\n"


def test_renewal__of_a_tgt_that_ends_soon(realm):
    realm.add_user("brief", PASSWORD)
    realm.admin("modprinc -maxlife 10seconds brief")
    assert ask(realm.environment(), "-u", "brief", "-p", PASSWORD, "renewal") == "renewed\n"


@pytest.mark.parametrize("whose", ["password", "cache"])
def test_storm__threads_of_one_holder__all_have_theirs(realm, whose):
    targets = ("HTTP/localhost", "HTTP@localhost", "RC4/localhost", "daemon/host.example.org")
    words = as_alice("storm", *targets) if whose == "password" else ("storm", *targets)
    environment = realm.environment(realm.ticket("alice")) if whose == "cache" else realm.environment()
    assert ask(environment, *words) == "800 good, 0 bad\n"


def elsewhere(realm, port, name):
    """A configuration whose KDC is somebody else."""
    text = re.sub(r"kdc = \S+", f"kdc = 127.0.0.1:{port}", (realm.folder / "krb5.conf").read_text())
    path = realm.folder / name
    path.write_text(text, encoding="ascii")
    return realm.environment(KRB5_CONFIG=str(path))


def test_kdc__that_is_down__is_no_authority(realm):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # not listening: refused
        answer = ask(elsewhere(realm, s.getsockname()[1], "down.conf"), *as_alice("get", "HTTP/localhost"))
    assert answer.startswith("SEC_E_NO_AUTHENTICATING_AUTHORITY 0 ") and "EXAMPLE.ORG" in answer


def ask_babbler(realm, *targets):
    """The answer with a KDC that talks nonsense, and how often it was asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", free_port()))
        tcp.bind(("127.0.0.1", udp.getsockname()[1]))
        udp.settimeout(PATIENCE)
        asked = set()  # what is sent once more is the same

        def babble():
            try:
                while True:
                    question, peer = udp.recvfrom(65536)
                    asked.add(question)
                    udp.sendto(b"\x6b\x03\x02\x01\x05", peer)
            except OSError:
                pass

        threading.Thread(target=babble, daemon=True).start()
        return ask(elsewhere(realm, udp.getsockname()[1], "nonsense.conf"), *as_alice("get", *targets)), len(asked)


def test_kdc__that_talks_nonsense__is_no_authority_and_not_asked_each_time(realm):
    answer, once = ask_babbler(realm, "HTTP/localhost")
    assert answer.startswith("SEC_E_NO_AUTHENTICATING_AUTHORITY"), answer
    answers, thrice = ask_babbler(realm, "HTTP/localhost", "HTTP/localhost", "RC4/localhost")
    assert answers == 3 * answer
    assert thrice == once > 0
