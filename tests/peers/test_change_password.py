# SPDX-License-Identifier: Apache-2.0
"""ChangeAccountPassword where a KDC keeps the passwords: MIT's kadmind, and Samba's Active Directory."""
import os
import subprocess

import pytest

from conftest import BUILD
from mit_realm import MitRealm

OK, NO_AUTHORITY, DENIED, RESTRICTION = 0, 0x80090311, 0x8009030C, 0xC000006C
SCRIPT = """
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
lib.OpenSspiReason.restype = ctypes.c_char_p
words = [word.encode() if word else None for word in sys.argv[2:7]]
status = lib.ChangeAccountPasswordA(*words, ctypes.c_ubyte(0), ctypes.c_uint32(0), None)
print(status & 0xFFFFFFFF)
print(lib.OpenSspiReason().decode())
"""


def library_path():
    return str(sorted(BUILD.glob("src/**/libopensspi.so"))[0])


def change(environment, package, domain, user, old, new, inside=lambda *words: words):
    """(status, reason)"""
    command = inside("env", f"KRB5_CONFIG={environment['KRB5_CONFIG']}", "/usr/bin/python3", "-c", SCRIPT, library_path(), package, domain, user, old, new)
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=True)
    status, reason = done.stdout.split("\n", 1)
    return int(status), reason


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    made = MitRealm(tmp_path_factory.mktemp("passwords"))
    try:
        made.start()
        made.admin("addpol -minlength 8 eight")
        made.add_user("alice", "Secret123!x")
        made.admin("modprinc -policy eight alice")
        yield made.serve_passwords()
    finally:
        made.stop()


def test_mit__changes_the_password(realm, library):
    environment = {**realm.environment(), **library}
    assert change(environment, "Kerberos", "", "alice@EXAMPLE.ORG", "Secret123!x", "Secret124!ü") == (OK, "\n")
    realm.passwords["alice"] = "Secret124!ü"
    realm.ticket("alice")
    assert change(environment, "Negotiate", "EXAMPLE.ORG", "alice", "Secret124!ü", "Secret123!x") == (OK, "\n")


def test_mit__refuses_with_its_reason(realm, library):
    environment = {**realm.environment(), **library}
    status, reason = change(environment, "Kerberos", "", "alice@EXAMPLE.ORG", "wrong", "Secret125!x")
    assert status == DENIED, reason
    status, reason = change(environment, "Kerberos", "", "alice@EXAMPLE.ORG", "Secret123!x", "short")
    assert status == RESTRICTION and "too short" in reason, reason
    status, reason = change(environment, "Kerberos", "", "nobody@EXAMPLE.ORG", "Secret123!x", "Secret125!x")
    assert status not in (OK, RESTRICTION), reason


def test_ad__changes_the_password_and_tells_its_rules(shared_domain, library):
    environment = {**library, "KRB5_CONFIG": str(shared_domain.krb5_conf)}

    def changed(package, domain, user, old, new):
        return change(environment, package, domain, user, old, new, shared_domain.inside)

    assert changed("Kerberos", "EXAMPLE", "frank", "Secret678!x", "Secret679!x") == (OK, "\n")
    assert changed("Negotiate", "", "frank@example.test", "Secret679!x", "Secret680!x") == (OK, "\n")
    status, reason = changed("Kerberos", "EXAMPLE", "frank", "Secret678!x", "Secret681!x")
    assert status == DENIED, reason
    status, reason = changed("Kerberos", "EXAMPLE", "frank", "Secret680!x", "a")
    assert status == RESTRICTION and "at least 7 characters" in reason, reason


def test_no_kdc__is_no_authority(library):
    status, reason = change(library | {"KRB5_CONFIG": os.environ["KRB5_CONFIG"]}, "Kerberos", "", "alice@EXAMPLE.ORG", "a", "b")
    assert status == NO_AUTHORITY, reason
