# SPDX-License-Identifier: Apache-2.0
"""An opensspi-execd for tests, over users that it alone sees: /etc/passwd and /etc/group of a mount namespace of its own."""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from conftest import PATIENCE, ini, program, wait_for
from samd import SSPID_UID

# Processes are looked for by user: those of another run of the tests are other users'.
ALICE = 20000 + os.getpid() % 10000 * 4
BOB, BOTH, SYSTEM = ALICE + 1, ALICE + 2, 230
# In a namespace of its own; the program takes this shell's place.
COVER = 'mount --make-rprivate / && mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && ' \
        'mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"'
# What the packaged unit leaves root.
PACKAGED = ("/usr/bin/setpriv", "--bounding-set=-all,+setuid,+setgid,+kill")
KEYS = ctypes.CDLL("libkeyutils.so.1")


class Execd:
    """commands: NAME to the keys of [exec NAME]. Each may be run by all users, unless it says otherwise."""

    def __init__(self, commands, more="", **keys):
        # Not below pytest's folder, which other users cannot enter.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="execd-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.socket, self.log, self.config = self.folder / "run/socket", self.folder / "execd.log", self.folder / "opensspi.conf"
        self.socket.parent.mkdir()
        self.socket.parent.chmod(0o755)
        self.keys, self.commands, self.more = {"socket": self.socket, "user": "root", **keys}, commands, more
        self.process, self.prefix = None, PACKAGED
        self.write_users()
        self.write_config()

    def home(self, name):
        return self.folder / "home" / name

    def write_users(self):
        users = {"alice": ALICE, "bob": BOB, "system": SYSTEM, "sspid": SSPID_UID}
        for name, uid in users.items():
            self.home(name).mkdir(parents=True)
            self.home(name).chmod(0o700)
            os.chown(self.home(name), uid, uid)
        (self.folder / "home").chmod(0o755)
        files = {
            "passwd": "root:x:0:0:root:/root:/bin/sh\n" + "".join(f"{name}:x:{uid}:{uid}::{self.home(name)}:/bin/sh\n" for name, uid in users.items()),
            "group": "root:x:0:\n" + "".join(f"{name}:x:{uid}:\n" for name, uid in users.items()) + f"both:x:{BOTH}:alice,bob\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o644)

    def sections(self):
        parts = {"execd": self.keys, **{f"exec {name}": {"users": "*", "trust_sspid": "yes", **keys} for name, keys in self.commands.items()}}
        return ini(parts)

    def write_config(self):
        self.config.write_text("[server]\ncomputer = WEB1\ndomain = WORKGROUP\n" + self.more + self.sections())
        self.config.chmod(0o644)

    def script(self, name, text):
        """A program of root's, for a command."""
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def start(self):
        """In a session keyring of root's, as systemd starts services."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", COVER, self.folder, *self.prefix, program("opensspi-execd"), "--config",
                                             self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: KEYS.keyctl_join_session_keyring(None))
        wait_for(self.is_ready, "execd is ready")
        return self

    def is_ready(self):
        assert self.process.poll() is None, self.log.read_text()
        return ": ready " in self.log.read_text() and self.socket.exists()

    def says(self, words):
        return wait_for(lambda: words in self.log.read_text(), f"execd says {words}")

    def started(self):
        """The process of the command that was started last."""
        self.says(": started ")
        return int(re.findall(r": started .* process=(\d+)", self.log.read_text())[-1])

    def wait_for_no_session(self):
        """Whose command has ended keeps its place until execd has heard of its own end."""
        pid = self.process.pid
        wait_for(lambda: not pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split(), "no session is left")

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE) if self.process else 0

    def clear(self):
        try:
            status = self.stop()
            assert status in (0, -signal.SIGKILL), f"{status}\n{self.log.read_text()}"
        finally:
            if self.process:
                self.process.kill()
            shutil.rmtree(self.folder)


def processes_of(uid):
    """The pids of a user's processes that are no zombies."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if path.stat().st_uid == uid and path.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found
