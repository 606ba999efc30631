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

from mit_realm import NO_CLOCK_OF_THE_KDCS

HERE = pathlib.Path(__file__).parent
PASSWORDS = {"alice": "Secret123!x", "bob": "Secret456!x"}
# As Python has it: Samba's library, where a test has loaded it, puts SMB_CONF_PATH behind Python's back.
ENVIRONMENT = dict(os.environ)
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
            subprocess.run([*ROOT, *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=600,
                           env=ENVIRONMENT)

    def provision(self):
        self.run("samba-tool", "domain", "provision", f"--realm={self.realm}", f"--domain={self.name}", "--server-role=dc",
                 "--dns-backend=NONE", "--adminpass=Passw0rd!x", f"--targetdir={self.folder}/dc", "--host-name=dc1",
                 "--host-ip=127.0.0.1", "--option=interfaces=lo", "--option=bind interfaces only=yes",
                 f"--option=log file={self.folder}/samba.log")
        where = ("-s", self.config, "-H", self.folder / "dc/private/sam.ldb")
        for user, password in PASSWORDS.items():
            self.run("samba-tool", "user", "create", user, password, *where)
        self.run("samba-tool", "user", "disable", "bob", *where)
        self.populate(where)

    def populate(self, where):
        """More than that, before it starts; where is for samba-tool."""

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
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT)
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def wait(self):
        """Until winbindd proves a password."""
        end = time.monotonic() + 300
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
        # With its processes: a program finds its own libraries through /proc/self.
        pid = self.pid()
        return [*ROOT, "nsenter", f"--target={pid}", "--mount", "--net", f"--pid=/proc/{pid}/ns/pid_for_children", *map(str, command)]

    def ntlm_auth(self):
        """ntlm_auth as a server of this domain, for ends.SambaServer."""
        return self.inside("ntlm_auth", f"--configfile={self.config}")

    def stop(self):
        if self.process and self.process.poll() is None:
            subprocess.run([*ROOT, "kill", "-KILL", self.pid()], check=True)
            self.process.wait(60)
        if ROOT:
            self.run("chown", "-R", str(os.getuid()), self.folder)


KRB5_CONF = """[libdefaults]
    default_realm = EXAMPLE.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    allow_rc4 = true
    forwardable = true
[realms]
    EXAMPLE.TEST = {
        kdc = 127.0.0.1
        kpasswd_server = 127.0.0.1
    }
[domain_realm]
    .example.test = EXAMPLE.TEST
"""


class ServiceDomain(AdDomain):
    """With services, whose keys are in self.keytab, and users in many groups: carol in 120, dave in 900, one within another. svc has AES keys
    and HTTP/web.example.test, old has what Samba gives an account by itself, tickets of RC4, and HTTP/old.example.test. erin's user
    principal name is not her account's. frank's password changes. Names of all kinds are names_domain.py's; clients may delegate to
host/deleg.example.test, whose keys are in self.delegated_keytab."""

    services = {"svc": "Svc123!pw", "old": "Old456!pw"}
    users = {**PASSWORDS, "carol": "Secret789!x", "dave": "Secret012!x", "erin": "Secret345!x", "frank": "Secret678!x", "Administrator": "Passw0rd!x"}
    names = {"svc": "HTTP/web.example.test", "old": "HTTP/old.example.test"}

    def __init__(self, folder):
        super().__init__(folder)
        self.keytab, self.krb5_conf = folder / "keytab", folder / "krb5.conf"
        self.delegated_keytab = folder / "delegated.keytab"

    def populate(self, where):
        self.krb5_conf.write_text(KRB5_CONF, encoding="ascii")
        (self.folder / "kinit.conf").write_text(NO_CLOCK_OF_THE_KDCS, encoding="ascii")
        for user in ("carol", "dave", "erin"):
            self.run("samba-tool", "user", "create", user, self.users[user], *where)
        for account, password in self.services.items():
            self.run("samba-tool", "user", "create", account, password, *where)
            self.run("samba-tool", "spn", "add", self.names[account], account, *where)
        self.run("samba-tool", "user", "create", "frank", self.users["frank"], *where)
        self.run("samba-tool", "domain", "passwordsettings", "set", "--min-pwd-age=0", *where)
        self.run("/usr/bin/python3", HERE / "pac_domain.py", self.config, where[-1], "svc", "carol", "120", "dave", "900")
        self.run("samba-tool", "user", "setpassword", "svc", f"--newpassword={self.services['svc']}", *where)
        for name in self.names.values():
            self.run("samba-tool", "domain", "exportkeytab", self.keytab, f"--principal={name}", "-s", self.config)
        self.run("/usr/bin/python3", HERE / "names_domain.py", self.config, where[-1])
        self.run("samba-tool", "domain", "exportkeytab", self.delegated_keytab, "--principal=host/deleg.example.test", "-s", self.config)
        self.run("chmod", "644", self.keytab, self.delegated_keytab)

    def wait(self):
        """winbindd proves passwords before the KDC listens."""
        super().wait()
        end = time.monotonic() + 300
        while subprocess.run(self.kinit("alice", self.folder / "first"), input=PASSWORDS["alice"].encode(), capture_output=True,
                             check=False).returncode != 0:
            assert time.monotonic() < end, "no KDC"
            time.sleep(0.2)

    def kinit(self, user, cache, *options):
        return self.inside("env", f"KRB5_CONFIG={self.krb5_conf}:{self.folder}/kinit.conf", "kinit", "-c", f"FILE:{cache}", *options, user)

    def tickets(self, user, *services):
        """A cache with tickets to all services, or to those: who has it need not reach the KDC."""
        cache = self.folder / f"cache-{user}"
        environment = {**os.environ, "KRB5_CONFIG": str(self.krb5_conf), "KRB5CCNAME": f"FILE:{cache}"}
        subprocess.run(self.kinit(user, cache), input=self.users[user].encode() + b"\n", check=True, capture_output=True, timeout=300)
        subprocess.run(self.inside("env", f"KRB5_CONFIG={self.krb5_conf}", "kvno", "-c", f"FILE:{cache}", *(services or self.names.values())),
                       check=True, capture_output=True, timeout=300)
        if ROOT:
            self.run("chown", str(os.getuid()), cache)
        return environment
