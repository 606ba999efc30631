# SPDX-License-Identifier: Apache-2.0
"""What a client delegated is there for its command, and for nobody else."""
import os
import pathlib
import signal
import socket
import struct

import pytest

from conftest import PATIENCE
from exec_site import NOT_PROVEN, SSPID, ask, assertion_of, make_site, make_vouched, parent_of, refusal_of, start_of  # noqa: F401
from execd import ALICE, BOB, PACKAGED

CACHE = b"\x05\x04\0\0" + bytes(range(256)) * 20  # execd does not look into it
# Lists the folder, writes to it, removes the file: nothing of that is to be had.
LOOK = 'exec 2>/dev/null; f="${KRB5CCNAME#FILE:}"; d="$(dirname "$f")"; echo "$KRB5CCNAME"; stat -c "%u %a %s" "$f"; ls "$d"; (echo x >"$d/x"); rm -f "$f"\n' \
       'od -An -v -tx1 <"$f" | tr -d " \\n"; echo; exec sleep 1000\n'


class Delegated:
    """A command that was started with credentials, over a connection that is its life."""

    def __init__(self, site, name, user="alice", cache=CACHE):
        self.folder = pathlib.Path(f"{site.execd.socket}.credentials")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(site.execd.socket))
        self.socket.sendall(start_of(name, user, domain="WORKGROUP", package="Kerberos", credentials=cache))
        data, fds, *_ = socket.recv_fds(self.socket, 5000, 9)
        self.started = data[4] == 32
        self.process = struct.unpack_from("<I", data, 9)[0] if self.started else None
        self.output = os.fdopen(fds[1], "r") if self.started else None
        for fd in (*fds[:1], *fds[2:]):
            os.close(fd)

    def lines(self, n):
        return [self.output.readline().rstrip("\n") for _ in range(n)]

    def files(self):
        return sorted(self.folder.iterdir())

    def wait_for_no_file(self, site):
        site.service.wait_for(lambda: not self.folder.exists() or not self.files(), "no file is left")

    def close(self):
        if self.output:
            self.output.close()
        self.socket.close()


def test_what_was_delegated_is_a_file_of_the_user_s_alone(make_site):
    site = make_site({"look": {"umask": "0", "environment": "KRB5CCNAME=MEMORY:x"}}, scripts={"look": LOOK})
    clients = [Delegated(site, "look", user) for user in ("alice", "bob")]
    for client, uid in zip(clients, (ALICE, BOB)):
        name, stat, content = client.lines(3)
        path = pathlib.Path(name.removeprefix("FILE:"))
        assert name.startswith("FILE:") and path in client.files() and len(path.name.split(".")[1]) == 32
        assert stat == f"{uid} 600 {len(CACHE)}" and bytes.fromhex(content) == CACHE
    assert len(clients[0].files()) == 2  # nobody has made or removed one
    folder = clients[0].folder.stat()
    assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o7777) == (0, 0, 0o1731)
    site.service.wait_for(lambda: site.execd.log.read_text().count(" delegated=1 ") == 2, "a session's line, which comes behind what its command says")
    for client in clients:
        client.close()
    clients[0].wait_for_no_file(site)


@pytest.mark.parametrize("end", ["exit", "signal", "hang-up", "no command", "session killed", "execd killed", "execd stopped"])
def test_the_file_goes_with_the_command(make_site, end):
    scripts = {"go": {"exit": "exit 3\n", "signal": "kill -9 $$\n"}.get(end, "echo ready; exec sleep 1000\n")}
    site = make_site({"go": {"hang_up_grace": "1", **({"directory": "/nonexistent"} if end == "no command" else {})}}, scripts=scripts)
    client = Delegated(site, "go")
    assert client.started == (end != "no command")
    if "ready" in scripts["go"] and client.started:
        assert client.lines(1) == ["ready"] and len(client.files()) == 1
    if end == "hang-up":
        client.close()
    elif end == "session killed":
        os.kill(parent_of(client.process), signal.SIGKILL)
    elif end == "execd killed":
        left = client.folder / "1.left"
        left.write_text("")  # as one whose session was killed as well
        site.execd.kill()
        site.execd.log.write_text("")
        site.execd.start()
        assert not left.exists()
    elif end == "execd stopped":
        site.execd.stop()
        assert not client.folder.exists()
    client.wait_for_no_file(site)
    site.wait_for_none(ALICE)
    client.close()


# With this the folder is a file system of its own, of so few bytes, as in the packaged unit.
SMALL = 'mkdir "$0" && mount -t tmpfs -o size=64k,mode=0700 tmpfs "$0" && exec "$@"'
FILL = 'f="${KRB5CCNAME#FILE:}"; head -c 1000000 /dev/zero 2>/dev/null >>"$f"; echo full; exec sleep 1000\n'


def test_who_fills_his_file_fills_nothing_else(make_site):
    """Others' commands are refused as long as there is no room, and nothing of what did not fit stays."""
    site = make_site({"fill": {}, "cat": "/bin/cat"}, scripts={"fill": FILL}, start=False)
    site.execd.prefix = ("sh", "-c", SMALL, f"{site.execd.socket}.credentials", *PACKAGED)
    site.execd.start()
    alice = Delegated(site, "fill")
    assert alice.lines(1) == ["full"]
    within = pathlib.Path(f"/proc/{site.execd.process.pid}/root{alice.folder}")
    bob = Delegated(site, "cat", "bob")
    assert not bob.started
    site.execd.says("what the client delegated: No space left on device")
    site.service.wait_for(lambda: len(list(within.iterdir())) == 1, "the file that did not fit is gone")
    assert not alice.files()  # outside there was never one
    bob.close()
    assert site.run("cat", b"x", user="bob") == b"x"  # who has no tickets wants no room
    alice.close()
    site.service.wait_for(lambda: not list(within.iterdir()), "no file is left")
    bob = Delegated(site, "cat", "bob")
    assert bob.started
    bob.close()


def test_what_was_delegated_is_for_who_is_believed_alone(make_vouched):
    """Where samd says who the client is, sspid's word for whose credentials these are counts for nothing."""
    site = make_vouched({"env": '/bin/sh -c "env >found"'})
    found = site.execd.home("alice") / "found"
    for trust in (None, "yes"):
        site.execd.commands["env"]["trust_sspid"] = trust
        site.execd.write_config()
        site.execd.log.write_text("")
        site.execd.process.send_signal(signal.SIGHUP)
        site.execd.says("read anew")
        assertion = assertion_of(site, "alice")
        assert ask(site, start_of("env", domain="WORKGROUP", assertion=assertion, credentials=CACHE), to_its_end=True, **SSPID)[0] == 32
        site.execd.says("by=samd delegated=0 ")
        assert "OPENSSPI_USER=alice" in found.read_text() and "KRB5CCNAME" not in found.read_text()
        found.unlink()
    assert refusal_of(ask(site, start_of("env", domain="WORKGROUP", credentials=CACHE), **SSPID)) != NOT_PROVEN
