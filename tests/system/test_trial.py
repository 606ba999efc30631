# SPDX-License-Identifier: Apache-2.0
"""Tokens to be completed, through the loops of sspid and sspi-connect: both run on the library whose registry has the package
Trial (tests/trial), whose tokens nobody takes before CompleteAuthToken has put their checksum in."""
import os
import subprocess

import conftest

LIBRARY = conftest.BUILD / "tests/trial/libopensspi.so.0"


def connect(service, preload, text="to be echoed\n"):
    return subprocess.run([conftest.program("sspi-connect"), "--package", "Trial", service.address("trial")], input=text,
                          env=service.environment(LD_PRELOAD=preload), capture_output=True, text=True, timeout=60)


def test_complete_auth_token__in_sspid_and_sspi_connect(make_service, monkeypatch):
    assert LIBRARY.exists()
    monkeypatch.setitem(os.environ, "LD_PRELOAD", str(LIBRARY))
    service = make_service(listeners={"trial": {"protocol": "framed", "backend": "echo", "package": "Trial"}})
    done = connect(service, str(LIBRARY))
    assert (done.returncode, done.stdout) == (0, "to be echoed\n"), done.stderr


def test_trial__is_not_in_the_library_itself(make_service):
    service = make_service()
    done = subprocess.run([conftest.program("sspi-connect"), "--package", "Trial", service.address("framed")], input="",
                          env=service.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and done.stdout == ""
