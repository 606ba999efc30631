# SPDX-License-Identifier: Apache-2.0
"""Runs within the kernel of tests/support/uml-run: rasd with a security module, samd with the accounts, and pppd as the
caller, over TCP and a pseudo-terminal.

    rasd_scenario.py RASD SAMD SSPICTL HOST MODULE PLUGIN FOLDER [SECRET]

The module is examples/ras_module.c; with the SECRET of alice's HOTP codes it is otp, and chat(8) talks to it where it can. FOLDER/results.json has what happened."""
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

rasd, samd, sspictl, host, module, plugin, given, *secret = sys.argv[1:]
folder = pathlib.Path("/run/rasd")
LINK = folder / "line"
SAMD_UID = 64101


def until(true):
    for _ in range(1200):
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


def code(counter):
    return subprocess.run(["oathtool", "--hotp", "-b", "-c", str(counter), *secret], capture_output=True, text=True, check=True).stdout.strip()


def chat(user, counter):
    """What chat answers; TIMEOUT is its own."""
    # pppd drops what came before it had set the line up: the first question, at times.
    return ["/usr/sbin/chat", "-v", "-S", "-s", "TIMEOUT", "10", "ABORT", "Not accepted", "ser:-\\c", user, "TIMEOUT", "60", "Code:", code(counter),
            "\\r\\n"]


def chatted(port, counter, user="alice", password="Secret123!x"):
    """On a pseudo-terminal pppd has chat connect; chat wants a terminal, so on TCP this file types."""
    if port == "net":
        fd = tcp()
        for prompt, said in ((b"User: ", user), (b"Code: ", code(counter))):
            expect(fd, prompt)
            os.write(fd, said.encode() + b"\r")
        got = b""
        expect(fd, b"\r\n")
        while len(got) < 3 and (part := os.read(fd, 3 - len(got))):
            got += part
        passed = got != b"Not"
        caller = subprocess.Popen([*CALLER, "user", user, "password", password], stdin=fd, stdout=fd, stderr=log) if passed else None
        os.close(fd)
    else:
        words = " ".join(f"'{word}'" for word in chat(user, counter))
        caller = subprocess.Popen([word if word != "notty" else LINK for word in CALLER] + ["connect", words, "user", user, "password", password],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        passed = None
    return {"passed": passed, **outcome(port, caller)}


def tcp():
    return socket.create_connection(("127.0.0.1", 2300)).detach()


def line():
    return os.open(LINK, os.O_RDWR | os.O_NOCTTY)


def scenario(port, open_line, user, password, vetted="alice"):
    fd = open_line()
    caller = call(fd, user, password, vetted)
    os.close(fd)
    return outcome(port, caller)


def outcome(port, caller):
    """Up, a ping, and hung up; no caller: never up."""
    up = caller and until(lambda: status(port).get("state") == "Connected" or caller.poll() is not None) and status(port) or {}
    pinged = up.get("state") == "Connected" and ping("10.99.0.2")
    if up.get("state") == "Connected":
        subprocess.run([sspictl, "--config", folder / "opensspi.conf", "ras", "hangup", port], check=True, stdout=log)
    if caller:
        caller.wait(90)
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
        "tcp": chatted("net", 0), "pty": chatted("line", 1), "again": chatted("net", 1), "wrong": chatted("net", 5, password="Secret123!y"),
        "ahead": chatted("line", 16),
    } if secret else {
        "tcp": scenario("net", tcp, "alice", "Secret123!x"),
        "pty": scenario("line", line, "alice", "Secret123!x"),
        "wrong": scenario("net", tcp, "alice", "Secret123!y"),
        "another": scenario("net", tcp, "bob", "Secret123!x"),
    }
    server.send_signal(signal.SIGTERM)
    results["exit"] = server.wait(90)
    authority.terminate()
    authority.wait(90)
results["log"] = pathlib.Path(given, "log").read_text(errors="replace")
results["events"] = [json.loads(row) for row in (folder / "events.jsonl").read_text().splitlines()]
pathlib.Path(given, "results.json").write_text(json.dumps(results))
