# SPDX-License-Identifier: Apache-2.0
"""Heimdal's NTLM, a client only: its responses are NTLMv1 with extended session security, whatever the server says of itself, and its
keys are 40 bits where it names none and whole where it uses them, so that its messages reach nobody but itself."""
import pytest

from ends import DOMAIN, HOSTBASED, PASSWORD, USER, converse, expect_refusal, gss, gss_environment, our_server

# What has to be allowed before it may log on.
OLD = {"lm_compatibility_level": "2", "require_128bit": "no"}


@pytest.mark.parametrize("flags", [None, "integrity", "integrity,confidentiality"])
@pytest.mark.parametrize("password, options, expected", [(PASSWORD, OLD, None), ("wrong", OLD, "SEC_E_LOGON_DENIED"),
                                                         (PASSWORD, {"require_128bit": "no"}, "SEC_E_LOGON_DENIED")])
def test_our_server(library, tmp_path, flags, password, options, expected):
    env = gss_environment(tmp_path, password=password)
    with (gss("client", "ntlm", name="heimdal_peer", env=env, flags=flags, user=f"{USER}@{DOMAIN}", target=HOSTBASED) as client,
          our_server("NTLM", library, options=options) as server):
        if expected:
            expect_refusal(expected, converse, client, server)
        else:
            converse(client, server)
            assert server.describe()["proven_user"] == USER and server.describe()["ntlm_version"] == "NTLM V1"
