# SPDX-License-Identifier: Apache-2.0
"""Runs within the kernel of tests/support/uml-run: rasd with a security module on a pseudo-terminal, and a pppd that calls it and
answers the module's dialogue.

    ras_call.py RASD SSPICTL HOST MODULE PLUGIN FOLDER [WRONG]      leaves FOLDER/result.json
    ras_call.py --dialog                                            is the caller's connect script
"""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import time

RUN = pathlib.Path("/run/ras")
PATIENCE = 90


def dialog(factor):
    """On the line, which is standard input and output: a name, and the challenge times 7."""
    got = b""

    def expect(pattern):
        nonlocal got
        while not (found := re.search(pattern, got)):
            part = os.read(0, 256)
            if not part:
                sys.exit(1)
            got += part
        got = got[found.end():]
        return found

    # pppd drops what came before it had set the line up: the question, at times.
    if select.select([0], [], [], 10)[0]:
        expect(rb": ")
    os.write(1, b"alice\r")
    number = int(expect(rb"Challenge (\d+): ").group(1))
    os.write(1, b"%d\r" % (number * factor))


def wait_for(what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def call(factor):
    me = f"/usr/bin/python3 {__file__} --dialog {factor}"
    return subprocess.Popen(["/usr/bin/unshare", "-n", "/usr/sbin/pppd", str(RUN / "line"), "nodetach", "noauth", "nolock", "local", "nocrtscts",
                             "noipdefault", "noipv6", "nodefaultroute", "ip-up-script", "/bin/true", "logfd", "2", "lcp-max-configure", "60",
                             "require-mppe-128", "connect", me, "user", "alice", "password", "Secret123!x"], stdin=subprocess.DEVNULL, stdout=2)


def main(rasd, sspictl, host, module, plugin, given):
    shutil.copytree(given, RUN)
    RUN.chmod(0o755)
    shutil.copy(module, RUN / "module.so")
    shutil.copy(plugin, RUN / "opensspi.so")
    config = RUN / "opensspi.conf"
    config.write_text(f"""[server]
computer = RAS1
domain = TESTS
[accounts]
store = sqlite:{RUN}/accounts.db
key_file = {RUN}/keys/accounts.key
[events]
file = {RUN}/events.jsonl
[ras]
security_module = {RUN}/module.so
module_host = {host}
module_user = nobody
control_socket = {RUN}/control
run_directory = {RUN}/run
plugin = {RUN}/opensspi.so
[port line]
type = pty
device = {RUN}/line
local_address = 10.99.0.1
remote_address = 10.99.0.2
mppe = yes
""")
    result = {}
    with open(f"{given}/rasd.log", "wb") as log:
        server = subprocess.Popen([rasd, "-v", "--config", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def status():
        done = subprocess.run([sspictl, "--config", config, "ras", "status"], capture_output=True, text=True, check=False)
        return done.stdout

    def connected():
        return "Connected" in status()

    def listening():
        return "Listening" in status()

    result["ready"] = wait_for(listening)
    caller = call(7)
    result["connected"] = wait_for(connected)
    result["status"] = status()
    result["hangup"] = subprocess.run([sspictl, "--config", config, "ras", "hangup", "line"], check=False).returncode
    result["listens_again"] = wait_for(listening)
    caller.wait(PATIENCE)
    caller = call(8)
    caller.wait(PATIENCE)
    result["wrong_answer"] = caller.returncode
    wait_for(listening)
    server.send_signal(signal.SIGTERM)
    result["exit"] = server.wait(PATIENCE)
    result["events"] = [json.loads(line) for line in (RUN / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    result["log"] = pathlib.Path(given, "rasd.log").read_text(encoding="utf-8", errors="replace")
    pathlib.Path(given, "result.json").write_text(json.dumps(result), encoding="utf-8")


if sys.argv[1] == "--dialog":
    dialog(int(sys.argv[2]))
else:
    main(*sys.argv[1:])
