# SPDX-License-Identifier: Apache-2.0
"""sspictl otp: what it prints is read by zbarimg and reckoned with by oathtool."""
import base64
import os
import pty
import re
import subprocess
import time
import urllib.parse

import pytest

from conftest import PATIENCE, program

SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(SECRET).decode()


@pytest.fixture
def ctl(tmp_path):
    config = tmp_path / "opensspi.conf"
    config.write_text(f"[server]\ncomputer = WEB1\ndomain = Acme&Söhne\n[accounts]\nstore = sqlite:{tmp_path}/a.db\nkey_file = {tmp_path}/a.key\n")

    def run(*args, stdin="", status=0):
        done = subprocess.run([program("sspictl"), "--config", config, *args], input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                              check=False, start_new_session=True)  # without a terminal
        assert done.returncode == status, done.stderr
        return done

    run.config = config
    for name in ("alice", "jörg 50%"):
        run("account", "add", name, "--password-stdin", stdin="Secret123!x\n")
    return run


def enroll(ctl, *args, **kwargs):
    """The URI in parts."""
    uri = ctl("otp", "enroll", *args, "--no-confirm", **kwargs).stdout
    assert uri.count("\n") == 1  # no QR code where nobody looks
    url = urllib.parse.urlsplit(uri.strip())
    assert url.scheme == "otpauth"
    return url.netloc, url.path, dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))


def oathtool(*args):
    return subprocess.run(["oathtool", *args], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout.strip()


def test_enroll(ctl):
    kind, label, query = enroll(ctl, "JÖRG 50%")
    assert (kind, label) == ("totp", "/Acme%26S%C3%B6hne:j%C3%B6rg%2050%25")
    secret = query.pop("secret")
    assert query == {"issuer": "Acme&Söhne", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert len(base64.b32decode(secret)) == 20
    assert ctl("otp", "list").stdout == "totp, sha1, 6 digits, 30 seconds     jörg 50%\n"
    assert "One-time code     totp, sha1, 6 digits, 30 seconds" in ctl("account", "show", "jörg 50%").stdout
    assert secret not in ctl("account", "show", "jörg 50%", "--json").stdout
    assert "One-time code     none" in ctl("account", "show", "alice").stdout


@pytest.mark.parametrize("algorithm, n", [("sha1", 20), ("sha256", 32), ("sha512", 64)])
def test_options(ctl, algorithm, n):
    kind, label, query = enroll(ctl, "alice", "--hotp", "--digits", "8", "--algorithm", algorithm, "--issuer", "Lab/1")
    assert (kind, label) == ("hotp", "/Lab%2F1:alice")
    padded = query["secret"] + "=" * (-len(query.pop("secret")) % 8)
    assert len(base64.b32decode(padded)) == n
    assert query == {"issuer": "Lab/1", "algorithm": algorithm.upper(), "digits": "8", "counter": "0"}
    ctl("otp", "remove", "alice")
    _, _, query = enroll(ctl, "alice", "--period", "60", "--algorithm", algorithm)
    assert query["period"] == "60"


def test_a_secret_from_elsewhere(ctl):
    assert enroll(ctl, "alice", "--secret-stdin", stdin=f"{BASE32.lower()[:16]} {BASE32[16:]}\n")[2]["secret"] == BASE32
    for bad, why in (("GEZDGNBVGY3TQOJQ", "16 to 64 bytes"), ("not base32!", "expected base32"), (base64.b32encode(bytes(65)).decode(), "16 to 64"), ("", "")):
        assert why in ctl("otp", "enroll", "jörg 50%", "--secret-stdin", "--no-confirm", stdin=bad + "\n", status=1).stderr


def test_one_at_a_time(ctl):
    enroll(ctl, "alice")
    assert "has a one-time code" in ctl("otp", "enroll", "alice", "--no-confirm", status=1).stderr
    ctl("otp", "remove", "alice")
    assert "no one-time code" in ctl("otp", "remove", "alice", status=1).stderr
    enroll(ctl, "alice")
    for command in ("enroll", "remove"):
        args = ("--no-confirm",) if command == "enroll" else ()
        done = ctl("otp", command, "nobody", *args, status=1)
        assert "there is no account nobody" in done.stderr and "otpauth" not in done.stdout


@pytest.mark.parametrize("args, why", [
    (("enroll", "alice", "--digits", "5"), "6 to 8 digits"), (("enroll", "alice", "--digits", "9"), "6 to 8 digits"),
    (("enroll", "alice", "--digits", "x"), "expected a number"), (("enroll", "alice", "--period", "5"), "10 to 300 seconds"),
    (("enroll", "alice", "--algorithm", "md5"), "expected sha1, sha256 or sha512"), (("enroll", "alice", "--issuer", ""), "expected a name"),
    (("enroll",), "expected one user"), (("enroll", "a", "b"), "expected one user"), (("remove",), "expected one user"),
    (("list", "x"), "takes nothing"), (("forget", "x"), "no otp command forget"), (("enroll", "alice"), "use --no-confirm"),
])
def test_usage(ctl, args, why):
    assert why in ctl("otp", *args, status=2).stderr


def picture(text):
    """The half blocks as a PGM of zbarimg's taste; dark is 0."""
    rows = []
    for line in text.splitlines():
        cells = re.fullmatch(r"\x1b\[30;107m(.*)\x1b\[0m", line).group(1)
        rows += ["".join("0" if c in "▀█" else "1" for c in cells), "".join("0" if c in "▄█" else "1" for c in cells)]
    scale = 4
    width, height = len(rows[0]) * scale, len(rows) * scale
    data = b"".join(bytes(255 * int(c) for c in row for _ in range(scale)) * scale for row in rows)
    return b"P5 %d %d 255\n" % (width, height) + data


def test_the_qr_code(ctl, tmp_path):
    out = ctl("otp", "enroll", "jörg 50%", "--qr", "--no-confirm", "--algorithm", "sha512", "--issuer", "Ä" * 20).stdout
    qr, uri, _ = out.rsplit("\n", 2)
    image = tmp_path / "qr.pgm"
    image.write_bytes(picture(qr))
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", image], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.strip() == uri
    assert qr.startswith("\x1b[30;107m" + " " * 20)  # the margin


def on_a_terminal(ctl, *args, answers):
    """What a person sees who answers each question."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(program("sspictl"), ["sspictl", "--config", str(ctl.config), *args])
    seen, end = b"", time.monotonic() + PATIENCE
    try:
        while time.monotonic() < end:
            seen += os.read(fd, 4096)
            if seen.count(b"shows now: ") > len(answers.asked):
                os.write(fd, answers(seen).encode() + b"\n")
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), seen.decode()


class Answers:
    def __init__(self, *given):
        self.given, self.asked = given, []

    def __call__(self, seen):
        self.asked.append(seen)
        secret = re.search(rb"secret=([A-Z2-7]+)", seen).group(1).decode()
        given = self.given[len(self.asked) - 1]
        return given if given else oathtool("--totp", "-b", secret)


def test_confirmed_on_a_terminal(ctl):
    answers = Answers("000000", None)
    status, seen = on_a_terminal(ctl, "otp", "enroll", "alice", answers=answers)
    assert status == 0, seen
    assert "█" in seen and "that code is not right" in seen
    assert "alice" in ctl("otp", "list").stdout


def test_not_confirmed(ctl):
    answers = Answers("000000", "12", "1234567")
    status, seen = on_a_terminal(ctl, "otp", "enroll", "alice", answers=answers)
    assert status == 1 and "the code was not confirmed" in seen
    assert not ctl("otp", "list").stdout
