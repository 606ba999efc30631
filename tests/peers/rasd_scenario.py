# SPDX-License-Identifier: Apache-2.0
"""Runs within the kernel of tests/support/uml-run: rasd with a security module, samd with the accounts, and pppd as the
caller, over TCP and a pseudo-terminal.

    rasd_scenario.py RASD SAMD SSPICTL HOST MODULE PLUGIN FOLDER      FOLDER/results.json has what happened"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from ppp_scenarios import CALLER, ping

rasd, samd, sspictl, host, module, plugin, given = sys.argv[1:]
folder = pathlib.Path("/run/rasd")
LINK = folder / "line"
SAMD_UID = 64101


def until(true):
    for _ in range(400):
        if answer := true():
            return answer
        time.sleep(0.05)
    return None


def status(name):
    done = subprocess.run([sspictl, "--config", folder / "opensspi.conf", "ras", "status", "--json"], capture_output=True, text=True)
    return next((p for p in json.loads(done.stdout or '{"ports":[]}')["ports"] if p["port"] == name), {})


def expect(fd, wanted):
    got = b""
    while wanted not in got:
        part = os.read(fd, 1)
        if not part:
            raise EOFError(got)
        got += part
    return got


def call(fd, user, password, vetted):
    """The dialogue of examples/ras_module.c, and then pppd on the same line."""
    expect(fd, b"Name: ")
    os.write(fd, vetted.encode() + b"\r")
    expect(fd, b"Challenge ")
    os.write(fd, b"%d\r" % (7 * int(expect(fd, b": ")[:-2])))
    return subprocess.Popen([*CALLER, "user", user, "password", password], stdin=fd, stdout=fd, stderr=log)


def tcp():
    return socket.create_connection(("127.0.0.1", 2300)).detach()


def line():
    return os.open(LINK, os.O_RDWR | os.O_NOCTTY)


def scenario(port, open_line, user, password, vetted="alice"):
    fd = open_line()
    caller = call(fd, user, password, vetted)
    os.close(fd)
    up = until(lambda: status(port).get("state") == "Connected" or caller.poll() is not None) and status(port)
    pinged = up.get("state") == "Connected" and ping("10.99.0.2")
    if up.get("state") == "Connected":
        subprocess.run([sspictl, "--config", folder / "opensspi.conf", "ras", "hangup", port], check=True, stdout=log)
    caller.wait(30)
    until(lambda: status(port).get("state") == "Listening")
    return {"up": up, "ping": pinged, "after": status(port)}


shutil.copytree(given, folder)
shutil.copy(module, folder / "module.so")
folder.chmod(0o755)
(folder / "authority").mkdir(mode=0o755)
for path in (folder / "authority", folder / "state", *(folder / "state").iterdir()):
    os.chown(path, SAMD_UID, SAMD_UID)
with open(f"{given}/log", "wb") as log:
    authority = subprocess.Popen([samd, "--config", folder / "opensspi.conf"], stdin=subprocess.DEVNULL, stderr=log, user=SAMD_UID,
                                 group=SAMD_UID, extra_groups=[])
    until((folder / "authority/auth").exists)
    server = subprocess.Popen([rasd, "-v", "--config", folder / "opensspi.conf"], stdin=subprocess.DEVNULL, stderr=log)
    until(lambda: status("net"))
    results = {
        "tcp": scenario("net", tcp, "alice", "Secret123!x"),
        "pty": scenario("line", line, "alice", "Secret123!x"),
        "wrong": scenario("net", tcp, "alice", "Secret123!y"),
        "another": scenario("net", tcp, "bob", "Secret123!x"),
    }
    server.send_signal(signal.SIGTERM)
    results["exit"] = server.wait(30)
    authority.terminate()
    authority.wait(30)
results["log"] = pathlib.Path(given, "log").read_text(errors="replace")
results["events"] = [json.loads(row) for row in (folder / "events.jsonl").read_text().splitlines()]
pathlib.Path(given, "results.json").write_text(json.dumps(results))
