# SPDX-License-Identifier: Apache-2.0
"""Kerberos messages of MIT's library and of Heimdal's, each opened by our session and the other way round: sealed, in the clear and signed,
whole and in parts, under each encryption type, in both styles. krb_message_peer.c does it and says what was not understood."""
import re
import subprocess

import pytest

from conftest import program
from mit_realm import TYPES, realm_of_types  # noqa: F401


@pytest.mark.parametrize("style", ["plain", "dce"])
@pytest.mark.parametrize("enctype", TYPES)
@pytest.mark.parametrize("peer, least", [("mit_message_peer", 170), ("heimdal_message_peer", 80)])
def test_messages__both_ways__are_understood(realm_of_types, peer, least, enctype, style):
    env = realm_of_types.environment(realm_of_types.ticket("alice"))
    done = subprocess.run([program(peer), f"type{enctype}@localhost", str(enctype), style], env=env, capture_output=True, text=True,
                          timeout=60, check=False)
    counted = re.search(r"^(\d+) kinds of message, 0 failed$", done.stderr, re.M)
    assert done.returncode == 0 and counted and int(counted[1]) >= least, done.stderr
