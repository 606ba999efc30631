# SPDX-License-Identifier: Apache-2.0
"""Initiators of MIT's library and of Heimdal's before our acceptor: under each encryption type, without a reply, with one and in DCE style; their
forwarded tickets and channel bindings; and what they make of our refusals. krb_accept_peer.c does it and says what went wrong."""
import re
import subprocess

import pytest

from conftest import program
from mit_realm import TYPES, realm_of_types  # noqa: F401


@pytest.mark.parametrize("style", ["plain", "mutual", "dce"])
@pytest.mark.parametrize("enctype", TYPES)
@pytest.mark.parametrize("peer", ["mit_accept_peer", "heimdal_accept_peer"])
def test_acceptor__each_style_and_type__understands_and_is_understood(realm_of_types, peer, enctype, style):
    env = realm_of_types.environment(realm_of_types.ticket("alice"))
    done = subprocess.run([program(peer), f"type{enctype}@localhost", str(enctype), style], env=env, capture_output=True, text=True,
                          timeout=60, check=False)
    counted = re.search(r"^(\d+) checks, 0 failed$", done.stderr, re.M)
    assert done.returncode == 0 and counted and int(counted[1]) >= 27, done.stderr
