# SPDX-License-Identifier: Apache-2.0
"""Java's bindings of secur32.dll, JNA's platform mapping as it is, over the library under its Windows name."""
import subprocess

import pytest

from conftest import ACCOUNTS, BUILD, ROOT

CLASSES = "/usr/share/java/jna.jar:/usr/share/java/jna-platform.jar"


@pytest.fixture(scope="module")
def handshake(tmp_path_factory):
    """The compiled program, as the words that run it."""
    folder = tmp_path_factory.mktemp("java")
    subprocess.run(["javac", "-cp", CLASSES, "-d", folder, ROOT / "tests/system/jna/Handshake.java"], check=True, timeout=120)
    found = sorted(BUILD.glob("src/**/libSecur32.so"))
    assert found, f"no libSecur32.so in {BUILD}"
    return ["java", "-Xshare:auto", f"-Djna.library.path={found[0].parent}", "-Dw32.ascii=true", "-cp", f"{CLASSES}:{folder}", "Handshake"]


def run(handshake, service, package, password):
    return subprocess.run([*handshake, package, "WORKGROUP", "alice", password], env=service.environment(), capture_output=True, text=True,
                          timeout=120, check=False)


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_jna__hands_messages_over(handshake, service, package):
    done = run(handshake, service, package, ACCOUNTS["alice"])
    assert (done.returncode, done.stdout.split()) == (0, ["NTLM", "done"]), done.stderr


def test_jna__with_a_wrong_password__is_refused(handshake, service):
    done = run(handshake, service, "NTLM", "wrong")
    assert done.returncode != 0
    assert "AcceptSecurityContext: 0x8009030C" in done.stderr
