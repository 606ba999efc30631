# SPDX-License-Identifier: Apache-2.0
"""Initiators of MIT's library and of Heimdal's before our acceptor: under each encryption type, without a reply, with one and in DCE style; their
forwarded tickets and channel bindings; and what they make of our refusals. krb_accept_peer.c does it and says what went wrong."""
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


@pytest.mark.parametrize("style", ["plain", "mutual", "dce"])
@pytest.mark.parametrize("enctype", TYPES)
@pytest.mark.parametrize("peer", ["mit_accept_peer", "heimdal_accept_peer"])
def test_acceptor__each_style_and_type__understands_and_is_understood(realm, peer, enctype, style):
    done = subprocess.run([program(peer), f"type{enctype}@localhost", str(enctype), style], env=realm.environment(realm.ticket("alice")),
                          capture_output=True, text=True, timeout=60, check=False)
    counted = re.search(r"^(\d+) checks, 0 failed$", done.stderr, re.M)
    assert done.returncode == 0 and counted and int(counted[1]) >= 27, done.stderr
