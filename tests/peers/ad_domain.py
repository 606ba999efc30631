# SPDX-License-Identifier: Apache-2.0
"""An Active Directory domain for the tests: Samba's domain controller in namespaces of its own, on a loopback of its own.

Realm EXAMPLE.TEST, NetBIOS name EXAMPLE; alice and bob, bob disabled. All its files are below one folder, its sockets are in a /run/samba
that only it sees: a Samba that this machine has otherwise is not touched. Takes some ten seconds and root, or a sudo that does not ask.
"""
import os
import pathlib
import shutil
import subprocess
import time

PASSWORDS = {"alice": "Secret123!x", "bob": "Secret456!x"}
ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


class AdDomain:
    name, realm = "EXAMPLE", "EXAMPLE.TEST"

    def __init__(self, folder):
        self.folder = folder
        self.folder.chmod(0o755)
        self.log = folder / "log"
        self.config = folder / "dc/etc/smb.conf"
        self.process = None

    def run(self, *command):
        with open(self.log, "ab") as log:
            subprocess.run([*ROOT, *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=120)

    def provision(self):
        self.run("samba-tool", "domain", "provision", f"--realm={self.realm}", f"--domain={self.name}", "--server-role=dc",
                 "--dns-backend=NONE", "--adminpass=Passw0rd!x", f"--targetdir={self.folder}/dc", "--host-name=dc1",
                 "--host-ip=127.0.0.1", "--option=interfaces=lo", "--option=bind interfaces only=yes",
                 f"--option=log file={self.folder}/samba.log")
        where = ("-s", self.config, "-H", self.folder / "dc/private/sam.ldb")
        for user, password in PASSWORDS.items():
            self.run("samba-tool", "user", "create", user, password, *where)
        self.run("samba-tool", "user", "disable", "bob", *where)

    def start(self):
        if ROOT and not (shutil.which("sudo") and subprocess.run([*ROOT, "true"], capture_output=True, check=False).returncode == 0):
            raise AssertionError("a domain of Samba's needs namespaces of its own: run the tests as root, or with a sudo that does not ask")
        try:
            self.provision()
            script = 'mkdir -p /run/samba && mount -t tmpfs samba /run/samba && ip link set lo up && exec "$@"'
            with open(self.log, "ab") as log:
                # Who ends unshare ends all that it started.
                self.process = subprocess.Popen(
                    [*ROOT, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh",
                     "samba", "-i", "-M", "single", "-s", str(self.config), "--debug-stdout"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def wait(self):
        """Until winbindd proves a password."""
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            done = subprocess.run(self.inside("ntlm_auth", f"--configfile={self.config}", f"--domain={self.name}", "--username=alice",
                                              f"--password={PASSWORDS['alice']}"), capture_output=True, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.2)
        raise AssertionError(f"no domain:\n{self.log.read_text(errors='replace')[-4000:]}")

    def pid(self):
        """Of unshare, which is a child of sudo where there is one."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split() if ROOT else []
        return children[0] if children else str(pid)

    def inside(self, *command):
        """The command as it runs inside the domain's namespaces."""
        return [*ROOT, "nsenter", f"--target={self.pid()}", "--mount", "--net", *map(str, command)]

    def ntlm_auth(self):
        """ntlm_auth as a server of this domain, for ends.SambaServer."""
        return self.inside("ntlm_auth", f"--configfile={self.config}")

    def stop(self):
        if self.process and self.process.poll() is None:
            subprocess.run([*ROOT, "kill", "-KILL", self.pid()], check=True)
            self.process.wait(10)
        if ROOT:
            self.run("chown", "-R", str(os.getuid()), self.folder)
