# SPDX-License-Identifier: Apache-2.0
"""A Kerberos realm for the tests: MIT's KDC, EXAMPLE.ORG, on a loopback port that the system picks, all its files below one folder.

    realm = MitRealm(folder).start()
    realm.add_user("alice", "Secret123!x")
    realm.add_service("HTTP/localhost", "aes256-cts-hmac-sha1-96")     # its keys go to realm.keytab
    environment = realm.environment(realm.ticket("alice"))             # for programs: KRB5_CONFIG, KRB5_KTNAME, KRB5CCNAME
"""
import os
import socket
import subprocess
import time

import pytest

from conftest import free_ports

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
# Whatever the peers have, the old included: a test names those that it is about.
ENCTYPES = ("aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128", "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "rc4-hmac")
# In realm_of_types, the service `typeN/localhost` has a key of this type alone.
TYPES = {17: "aes128-cts-hmac-sha1-96", 18: "aes256-cts-hmac-sha1-96", 19: "aes128-cts-hmac-sha256-128",
         20: "aes256-cts-hmac-sha384-192", 23: "rc4-hmac"}
# For kinit. Without it a cache tells its readers how far the KDC's clock, in whole seconds, was from this machine's when kinit came to look: on a busy
# machine they are seconds behind then, and what they say comes from before a service's start.
NO_CLOCK_OF_THE_KDCS = "[libdefaults]\n    kdc_timesync = 0\n"
# In a SharedRealm, the host of whose HTTP service a KDC knows keys of this type only.
TYPE_HOSTS = {name: f"type{place}.localhost" for place, name in enumerate(ENCTYPES)}


class MitRealm:
    name = "EXAMPLE.ORG"

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        self.keytab = folder / "keytab"
        self.passwords = {}
        self.process = self.admin_process = None

    def environment(self, cache=None, **more):
        return {**os.environ, "PATH": PATH, "KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
                "KRB5_KTNAME": f"FILE:{self.keytab}", "KRB5CCNAME": f"FILE:{cache or self.folder / 'no-cache'}",
                "KRB5RCACHENAME": "none:", **more}

    def run(self, *command, stdin="", check=True):
        with open(self.log, "ab") as log:
            return subprocess.run([*map(str, command)], input=stdin.encode(), stdout=log, stderr=log, check=check, timeout=150,
                                  env=self.environment(KRB5_CONFIG=f"{self.folder}/krb5.conf:{self.folder}/kinit.conf"))

    def admin(self, query):
        self.run("kadmin.local", "-r", self.name, "-q", query)

    def configure(self, port, kpasswd, kadmin):
        enctypes = " ".join(f"{e}:normal" for e in ENCTYPES)
        (self.folder / "kdc.conf").write_text(f"""[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {self.name} = {{
        database_name = {self.folder}/principal
        key_stash_file = {self.folder}/stash
        acl_file = {self.folder}/acl
        kpasswd_listen = 127.0.0.1:{kpasswd}
        kadmind_listen = 127.0.0.1:{kadmin}
        max_life = 24h
        max_renewable_life = 7d
        supported_enctypes = {enctypes}
    }}
[logging]
    kdc = FILE:{self.folder}/kdc.log
""", encoding="ascii")
        (self.folder / "kinit.conf").write_text(NO_CLOCK_OF_THE_KDCS, encoding="ascii")
        (self.folder / "krb5.conf").write_text(f"""[libdefaults]
    default_realm = {self.name}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    allow_rc4 = true
    forwardable = true
[realms]
    {self.name} = {{
        kdc = 127.0.0.1:{port}
        kpasswd_server = 127.0.0.1:{kpasswd}
    }}
[domain_realm]
    localhost = {self.name}
    .localhost = {self.name}
""", encoding="ascii")

    def start(self):
        port, self.kpasswd, kadmin = free_ports(3)
        self.configure(port, self.kpasswd, kadmin)
        self.run("kdb5_util", "create", "-s", "-r", self.name, "-P", "the master key of a test")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["krb5kdc", "-n", "-r", self.name], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment())
        self.wait(self.process, port)
        return self

    def wait(self, process, port):
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"no realm:\n{self.log.read_text(errors='replace')[-4000:]}")

    def serve_passwords(self):
        """The service where users change theirs."""
        (self.folder / "acl").write_text("", encoding="ascii")
        with open(self.log, "ab") as log:
            self.admin_process = subprocess.Popen(["kadmind", "-nofork", "-r", self.name], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                  env=self.environment())
        self.wait(self.admin_process, self.kpasswd)
        return self

    def stop(self):
        for process in (self.process, self.admin_process):
            if process and process.poll() is None:
                process.kill()
                process.wait(60)

    def add_user(self, user, password):
        self.admin(f'addprinc -pw "{password}" {user}')
        self.passwords[user] = password

    def add_service(self, service, *enctypes):
        """Its tickets have the first type, unless the client asks for another of them."""
        keys = ",".join(f"{e}:normal" for e in enctypes or ENCTYPES)
        self.admin(f"addprinc -randkey -e {keys} {service}")
        self.admin(f"ktadd -norandkey -k {self.keytab} {service}")

    def ticket(self, user):
        """A cache with the user's ticket-granting ticket."""
        cache = self.folder / f"cache-{user}"
        self.run("kinit", "-c", f"FILE:{cache}", user, stdin=self.passwords[user] + "\n")
        return cache


class SharedRealm(MitRealm):
    """With what most tests need."""

    users = {"alice": "Secret123!x", "carol": "Secret789!x"}

    def start(self):
        super().start()
        for user, password in self.users.items():
            self.add_user(user, password)
        for service in ("HTTP/localhost", "host/localhost"):
            self.add_service(service)
        for enctype, host in TYPE_HOSTS.items():
            self.add_service(f"HTTP/{host}", enctype)
        self.admin("modprinc +ok_as_delegate HTTP/localhost")
        return self


@pytest.fixture(scope="module")
def realm_of_types(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("realm"))
    try:
        realm.start()
        realm.add_user("alice", "Secret123!x")
        for number, name in TYPES.items():
            realm.add_service(f"type{number}/localhost", name)
        yield realm
    finally:
        realm.stop()
