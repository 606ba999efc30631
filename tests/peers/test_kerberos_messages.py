# SPDX-License-Identifier: Apache-2.0
"""Kerberos messages of MIT's library and of Heimdal's, each opened by our session and the other way round: sealed, in the clear and signed,
whole and in parts, under each encryption type, in both styles. krb_message_peer.c does it and says what was not understood."""
import re
import subprocess

import pytest

from conftest import program
from mit_realm import MitRealm

TYPES = {17: "aes128-cts-hmac-sha1-96", 18: "aes256-cts-hmac-sha1-96", 19: "aes128-cts-hmac-sha256-128",
         20: "aes256-cts-hmac-sha384-192", 23: "rc4-hmac"}


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("realm"))
    try:
        realm.start()
        realm.add_user("alice", "Secret123!x")
        for number, name in TYPES.items():
            realm.add_service(f"type{number}/localhost", name)
        yield realm
    finally:
        realm.stop()


@pytest.mark.parametrize("style", ["plain", "dce"])
@pytest.mark.parametrize("enctype", TYPES)
@pytest.mark.parametrize("peer, least", [("mit_message_peer", 170), ("heimdal_message_peer", 80)])
def test_messages__both_ways__are_understood(realm, peer, least, enctype, style):
    done = subprocess.run([program(peer), f"type{enctype}@localhost", str(enctype), style], env=realm.environment(realm.ticket("alice")),
                          capture_output=True, text=True, timeout=60, check=False)
    counted = re.search(r"^(\d+) kinds of message, 0 failed$", done.stderr, re.M)
    assert done.returncode == 0 and counted and int(counted[1]) >= least, done.stderr
