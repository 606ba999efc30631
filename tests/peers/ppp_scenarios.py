# SPDX-License-Identifier: Apache-2.0
"""Runs within the kernel of tests/support/uml-run: calls of real pppds to ours (ppp_line), one after the other.

    ppp_scenarios.py LINE PLUGIN FOLDER < [[name, what of the call], ...]      prints {name: what happened}
"""
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LOCAL, REMOTE = "10.99.0.1", "10.99.0.2"
PATIENCE = 60
CALLER = ["/usr/bin/unshare", "-n", "/usr/sbin/pppd", "notty", "nodetach", "noauth", "nolock", "local", "nocrtscts", "noipdefault", "noipv6",
          "nodefaultroute", "ip-up-script", "/bin/true", "ip-down-script", "/bin/true", "nodeflate", "nobsdcomp", "logfd", "2",
          "lcp-restart", "1", "lcp-max-configure", "60", "ipcp-restart", "1", "ipcp-max-configure", "60"]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ping(address, size=1000):
    """Whether the other kernel answers an echo of that size."""
    payload = os.urandom(size)
    head = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
    packet = struct.pack("!BBHHH", 8, 0, checksum(head + payload), 77, 1) + payload
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.settimeout(1)
        for _ in range(PATIENCE):
            try:
                s.sendto(packet, (address, 0))
            except OSError:  # the line is down
                return False
            end = time.monotonic() + 1
            while time.monotonic() < end:
                try:
                    got = s.recv(4096)
                except TimeoutError:
                    break
                if got[20] == 0 and got[28:] == payload:
                    return True
    return False


class Call:
    def __init__(self, line, plugin, folder, what, log):
        args = [line, f"sqlite:{folder}/accounts.db", f"{folder}/keys/accounts.key", folder, plugin, str(what["require"]),
                "1" if what.get("mppe") else "0", LOCAL, what.get("remote", REMOTE), what.get("options", ""), "--", *CALLER,
                "user", what["user"], "password", what["password"], *what.get("caller", [])]
        self.events = []
        self.lines = queue.Queue()
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for text in self.process.stdout:
            self.lines.put(json.loads(text))
        self.lines.put(None)  # the end

    def wait(self, *kinds):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                event = self.lines.get(timeout=max(0.1, end - time.monotonic()))
            except queue.Empty:
                break
            if event is None:
                break
            self.events.append(event)
            if event[0] in kinds:
                return event[0]
        return None

    def finish(self):
        if not any(event[0] == "ended" for event in self.events):
            self.wait("ended")
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()


def caller_of(line):
    """The process that ppp_line started beside its pppd: unshare has become a pppd without our plugin."""
    children = pathlib.Path(f"/proc/{line}/task/{line}/children").read_text(encoding="ascii").split()
    return next(int(pid) for pid in children if b"notty" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())


def run(call, what):
    pings = None
    if call.wait("up", "ended") == "up":
        pings = ping(REMOTE)
        interface = next(event[1] for event in call.events if event[0] == "up")
        encrypted = subprocess.run(["/bin/ip", "-s", "link", "show", interface], capture_output=True, text=True).stdout
        if what.get("ends") == "caller":
            os.kill(caller_of(call.process.pid), signal.SIGTERM)
        else:
            call.process.send_signal(signal.SIGTERM)
        call.finish()
        return {"events": call.events, "ping": pings, "link": encrypted}
    call.finish()
    return {"events": call.events, "ping": pings}


def main():
    line, plugin, given = sys.argv[1:]
    folder = "/run/ppp"
    shutil.copytree(given, folder)
    os.chmod(folder, 0o700)
    results = {}
    for name, what in json.loads(pathlib.Path(given, "scenarios.json").read_text(encoding="utf-8")):
        with open(f"{given}/{name}.log", "wb") as log:
            results[name] = run(Call(line, plugin, folder, what, log), what)
        results[name]["log"] = pathlib.Path(given, f"{name}.log").read_text(encoding="utf-8", errors="replace")
        pathlib.Path(given, "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
