# SPDX-License-Identifier: Apache-2.0
"""How commands of backend = exec:NAME end, and who ends with them."""
import os
import pathlib
import re
import signal
import socket
import struct
import tempfile
import threading
import time

import pytest

from conftest import BUILD, PATIENCE
from exec_site import make_site, parent_of  # noqa: F401
from execd import ALICE, PACKAGED, processes_of


def children_of(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def running(site, name="sleep"):
    p = site.begin(name)
    assert p.stdout.readline() == b"ready\n", site.execd.log.read_text()
    return p


# In the background, in a pipe, and deaf to what asks politely.
FAMILY = "sleep 1000 & sleep 1000 | sleep 1000 & trap '' HUP TERM; echo ready; sleep 1000; sleep 1000\n"


def test_a_client_that_leaves_ends_it(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": "trap 'echo hung up >> told; exit 0' HUP\necho ready\nsleep 1000 & wait\n"})
    p = running(site)
    p.kill()
    p.communicate()
    site.wait_for_none(ALICE)
    assert (site.execd.home("alice") / "told").read_text() == "hung up\n"
    ended = site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]
    assert ended["reason"] == "the client's stream was cut" and ended["Keywords"] == "Audit Failure"


def test_who_does_not_listen_is_killed_after_the_grace(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    p = running(site)
    begin = time.monotonic()
    p.kill()
    p.communicate()
    site.wait_for_none(ALICE)
    assert time.monotonic() - begin >= 0.9
    site.execd.says("signal=9")


@pytest.mark.parametrize("whose", ["sspid", "execd", "both"])
def test_kill_9_leaves_nobody_behind(make_site, whose):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    clients = [running(site) for _ in range(5)]
    if whose != "execd":
        site.service.process.kill()
        site.service.process.wait()
        site.service.process = None
    if whose != "sspid":
        site.execd.kill()
    for p in clients:
        assert p.communicate()[0] == b"" and p.returncode == 1
    site.wait_for_none(ALICE)


def test_who_is_kept_from_beginning_holds_up_nobody(make_site, tmp_path):
    """Its owner's home folder may do that, where it is a file system of his own."""
    stall = tmp_path / "stall"
    stall.write_bytes(bytes(8))
    site = make_site({"id": "/usr/bin/id"}, max_commands=1, start=False)
    site.execd.prefix = (*PACKAGED, "/usr/bin/env", f"LD_PRELOAD={BUILD / 'tests/support/libstall_preload.so'}", f"STALL_PRELOAD={stall}")
    site.execd.start()
    for leave in (True, False):
        with open(stall, "r+b") as f:
            f.write(struct.pack("<q", 1_000_000))
        p = site.begin("id")
        site.service.wait_for(lambda: processes_of(ALICE), "it is to begin")
        if leave:
            p.kill()
        assert p.communicate()[0] == b"" and p.returncode
        site.wait_for_none(ALICE)
        site.execd.wait_for_no_session()
    site.execd.says("it did not begin in time")
    assert site.run("id")


def test_a_killed_session_takes_its_command_along(make_site):
    site = make_site({"sleep": {}}, scripts={"sleep": "echo ready; exec sleep 1000\n"})
    p = running(site)
    pid = processes_of(ALICE)[0]
    os.kill(parent_of(pid), signal.SIGKILL)
    assert p.communicate()[0] == b"" and p.returncode == 1
    site.wait_for_none(ALICE)
    site.execd.says("a session's process was killed")


def test_its_process_group_ends_with_it(make_site):
    site = make_site({"bg": {}}, scripts={"bg": "sleep 1000 & echo done\n"})
    assert site.run("bg") == b"done\n"
    site.wait_for_none(ALICE)


# Twice left: by setsid and by the death of who began it; deaf to what asks politely.
HIDDEN = "(setsid sh -c 'trap \"\" HUP TERM; sleep 1000 & sleep 1000' & setsid setsid sleep 1000 &); "


@pytest.mark.parametrize("end", ["exit", "hang-up", "session killed", "deaf to its session's death"])
def test_who_left_its_process_group_ends_with_it(make_site, end):
    deaf = "exec python3 -c 'import ctypes, time; ctypes.CDLL(None).prctl(1, 0); print(\"ready\", flush=True); time.sleep(1000)'\n"
    rest = {"exit": "echo ready\n", "deaf to its session's death": deaf}.get(end, "echo ready; exec sleep 1000\n")
    site = make_site({"hide": {"hang_up_grace": "1"}}, scripts={"hide": HIDDEN + rest})
    p = running(site, "hide")
    if end == "hang-up":
        p.kill()
    elif end != "exit":
        os.kill(parent_of(site.execd.started()), signal.SIGKILL)
    p.communicate()
    assert p.returncode == {"exit": 0, "hang-up": -signal.SIGKILL}.get(end, 1)
    site.wait_for_none(ALICE)


def test_who_died_out_of_its_sight_is_no_zombie(make_site):
    """Twenty whose parents are gone: they are their session's, and would count as the user's processes."""
    site = make_site({"go": {}}, scripts={"go": "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do (true &); done; echo ready; exec sleep 1000\n"})
    running(site, "go")
    session = parent_of(site.execd.started())
    site.service.wait_for(lambda: len(open(f"/proc/{session}/task/{session}/children").read().split()) == 1, "the dead are gone")


def test_who_has_its_output_elsewhere_holds_up_nobody(make_site):
    """No process of the command's: it was given the descriptor."""
    give = "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['TO']); socket.send_fds(s, [b'x'], [1]); print('done', flush=True)"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, socket.socket(socket.AF_UNIX) as listening:
        os.chmod(folder, 0o755)
        listening.bind(f"{folder}/socket")
        os.chmod(f"{folder}/socket", 0o666)
        listening.listen()
        site = make_site({"give": {"environment": f"TO={folder}/socket"}}, scripts={"give": f'exec /usr/bin/python3 -c "{give}"\n'})
        assert site.run("give") == b"done\n"
        client, _ = listening.accept()
        _, fds, *_ = socket.recv_fds(client, 1, 1)  # had by the socket all the time
        client.close()
        for fd in fds:
            os.close(fd)


def test_execd_stops_with_commands(make_site):
    site = make_site({"sleep": {"hang_up_grace": "1"}}, scripts={"sleep": FAMILY})
    clients = [running(site) for _ in range(3)]
    assert site.execd.stop() == 0
    for p in clients:
        assert p.communicate()[0] == b"" and p.returncode == 1
    assert processes_of(ALICE) == []


def test_idle_commands_are_ended(make_site):
    site = make_site({"sleep": {}}, scripts={"sleep": "echo ready; exec sleep 1000\n"}, listener={"idle_timeout": "8"})
    assert running(site).wait(PATIENCE) == 1
    site.wait_for_none(ALICE)


def test_limits_hold(make_site):
    site = make_site({"spin": {"max_cpu_seconds": "1"}, "memory": {"max_memory": "64"}, "files": {"max_files": "27"}},
                     scripts={"spin": "while :; do :; done\n", "memory": "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c\n",
                              "files": "ulimit -n\n"})
    site.run("spin", status=1)
    assert site.service.wait_for(lambda: site.service.events(4689), "the event of its end")[0]["signal"] in (9, 24)
    assert site.run("memory") == b"0\n"
    assert site.run("files") == b"27\n"


def test_fifty_at_once(make_site):
    site = make_site({"cat": "/bin/cat"}, listener={"max_per_address": "1000", "handshake_timeout": "600"}, max_per_user=100)
    data = {i: os.urandom(300_000) for i in range(50)}
    outputs = {}

    def one(i):
        outputs[i] = site.run("cat", data[i], user="alice" if i % 2 else "bob")

    threads = [threading.Thread(target=one, args=(i,)) for i in data]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert outputs == data
    site.wait_for_none(ALICE)
    site.service.wait_for(lambda: len(site.service.events(4689)) == 50, "their ends")


# execd takes the place of a shell that has begun others before, as in a container.
SHELL = ("/bin/sh", "-c", 'sleep 1000000 & echo "born with $!"; exec "$@"', "sh")


def test_what_it_was_born_with_is_not_a_command_s(make_site):
    site = make_site({"no": {"command": "/usr/bin/id", "users": "bob"}}, start=False)
    site.execd.prefix = (*SHELL, *PACKAGED)
    site.execd.start()
    born = int(re.search(r"born with (\d+)", site.execd.log.read_text()).group(1))
    try:
        site.execd.says("there are processes below this one that no session began")
        for times in (1, 2):
            site.run("no", status=1)
            site.service.wait_for(lambda n=times: len(site.service.events(29200)) == n, "the refusal")
            site.service.wait_for(lambda: children_of(site.execd.process.pid) in ([], [born]), "no session is left")
        assert children_of(site.execd.process.pid) == [born]
    finally:
        os.kill(born, signal.SIGKILL)
