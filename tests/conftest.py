# SPDX-License-Identifier: Apache-2.0
"""What the tests in Python share: where the build is, and a service with accounts of its own, on loopback, in a temporary folder.

    def test_x(service):                      # accounts alice and bob, a framed echo and an HTTP whoami listener
        host_port = service.address("http")

    def test_y(make_service):                 # another policy, other accounts, other listeners
        s = make_service(policy={"require_mic": "yes"}, accounts={"carol": "Pw1"}, listeners={"web": {"protocol": "http"}})
"""
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("OPENSSPI_BUILD", ROOT / "build")).resolve()
ACCOUNTS = {"alice": "Secret123!x", "bob": "Secret456!x", "jörg": "Grüße, Жora €"}
LISTENERS = {"framed": {"protocol": "framed", "backend": "echo"}, "http": {"protocol": "http", "backend": "whoami"}}
# Whatever Kerberos the machine has is not the tests': no ticket of who runs them, no keytab, no question to the DNS.
os.environ.update({
    "KRB5_CONFIG": str(ROOT / "tests/support/no-realm.conf"), "KRB5CCNAME": "FILE:/nonexistent/cache",
    "KRB5_KTNAME": "FILE:/nonexistent/keytab", "KRB5_CLIENT_KTNAME": "FILE:/nonexistent/client.keytab",
})
# Peers look their own host up, and Chromium looks about: where nobody answers for the DNS, that is a second's matter and not ten seconds'.
os.environ["RES_OPTIONS"] = "timeout:1 attempts:1"
# Nor has a proxy of the machine's any business between clients and services on loopback.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
PATIENCE = 60  # seconds for what should take a moment, on a machine that has no time


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: runs when nothing else does, in a pass of its own")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items):
    """What stays in one process where a run has several: a file's cases, and all who ask for the one domain."""
    of_the_domain = {item.path for item in items if "shared_domain" in item.fixturenames}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("domain" if item.path in of_the_domain else item.path.stem))


def program(name):
    """A program of the build, by its name."""
    found = [path for path in BUILD.glob(f"*/**/{name}") if path.is_file() and os.access(path, os.X_OK)]
    assert len(found) == 1, f"{name} in {BUILD}: {found}"
    return found[0]


def run_apart(command, **more):
    """As subprocess.run, for who leaves processes behind: they may write on and hold nothing up, since its output goes to files."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        done = subprocess.run(command, stdout=out, stderr=errors, check=False, **more)
        return subprocess.CompletedProcess(command, done.returncode, *map(everything, (out, errors)))


def everything(file):
    """The text of a file that another writes."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace").replace("\r\n", "\n")


def let_others_pass(folder):
    """Makes a test's folder, and the way to it from /tmp, everybody's to read."""
    for path in [folder, *folder.parents]:
        if path == pathlib.Path(tempfile.gettempdir()):
            return
        path.chmod(path.stat().st_mode | 0o055)


def remove_pam_wrappers(pids):
    """What pam_wrapper leaves in /tmp of processes that end without its leave; it has names for few."""
    for folder in pathlib.Path("/tmp").glob("pam.?"):
        try:
            if int((folder / "pid").read_text()) in pids:
                shutil.rmtree(folder)
        except (OSError, ValueError):
            pass


def own_ports():
    """Those of this process of the run, in any order: below what the system gives to who connects, and no other process's."""
    above = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    processes, place = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)), int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    mine = range(10240 + place, above, processes)
    return itertools.cycle(random.sample(mine, len(mine)))


OWN_PORTS = own_ports()


def free_ports(count):
    """So many, no two of them the same."""
    sockets = []
    try:
        while len(sockets) < count:
            sockets.append(socket.socket())
            try:
                sockets[-1].bind(("127.0.0.1", next(OWN_PORTS, 0)))  # where the system gives every port, it picks
            except OSError:
                sockets.pop().close()
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def free_port():
    return free_ports(1)[0]


def event_writers(pid):
    """Of each thread that writes a program's events, (state, how often it went to sleep by itself)."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields["Name"] == "events":
            yield fields["State"][0], fields["voluntary_ctxt_switches"]


def events_are_written(pid):
    """Whether who writes a program's events has nothing to do, now and a moment later: who gives it a line wakes it before going on, but it may
    sleep once more for the lock, or to gather lines."""
    before = list(event_writers(pid))
    time.sleep(0.01)
    return bool(before) and before == list(event_writers(pid)) and all(state == "S" for state, _ in before)


def ini(sections):
    """{section: {key: value}} as a configuration file has it; keys whose value is None are left out."""
    return "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)
                   for section, keys in sections.items())


def wait_for(true, what):
    """Waits until true() is, and gives what it answered."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := true():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def read_exactly(s, n):
    """n bytes, fewer where the connection ends before. MSG_WAITALL means nothing where a socket has a time-out."""
    got = b""
    while len(got) < n and (part := s.recv(n - len(got))):
        got += part
    return got


def read_frame(s):
    """What comes behind its length; None at the connection's end."""
    head = read_exactly(s, 4)
    return read_exactly(s, struct.unpack("<I", head)[0]) if len(head) == 4 else None


def reset(s):
    """Cuts a connection: the other side gets a reset, and no end."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


# Events of a program's own life: that it began, ended, read its files anew.
OF_THE_PROGRAM = range(29100, 29104)


def end_with_sigterm(process):
    """Its exit status; a text where it does not end, and is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "no end after SIGTERM"


class Service:
    """One sspid, its configuration and its store. ctl() runs sspictl on them; events() reads the event log."""

    prefix = arguments = ()  # of sspid's command line: what runs it, and its options

    def __init__(self, folder, accounts, policy, listeners, server, kerberos=()):
        self.folder = folder
        self.config = folder / "opensspi.conf"
        self.event_file = folder / "events.jsonl"
        self.log = folder / "sspid.log"
        self.process = None
        self.listeners = {name: {"address": f"127.0.0.1:{port}", **keys}
                          for (name, keys), port in zip(listeners.items(), free_ports(len(listeners)))}
        (folder / "keys").mkdir(mode=0o700)
        self.write_config(policy, server, kerberos)
        for name, password in accounts.items():
            self.ctl("account", "add", name, "--password-stdin", stdin=password + "\n")

    def write_config(self, policy, server, kerberos):
        sections = {
            "server": {"computer": "WEB1", "domain": "WORKGROUP", **server},
            "accounts": {"store": f"sqlite:{self.folder}/accounts.db", "key_file": f"{self.folder}/keys/accounts.key"},
            "policy": policy,
            "kerberos": dict(kerberos),
            "service": {"control_socket": f"{self.folder}/control"},
            "events": {"file": self.event_file},
            **{f"listener {name}": keys for name, keys in self.listeners.items()},
        }
        self.config.write_text(ini(sections), encoding="utf-8")

    def environment(self, **more):
        return {**os.environ, "OPENSSPI_CONFIG": str(self.config), **more}

    def run(self, name, *args, stdin="", check=True):
        """Runs one of the project's programs against this service's configuration."""
        done = subprocess.run([program(name), *map(str, args)], input=stdin, env=self.environment(), capture_output=True,
                              text=True, timeout=60)
        assert not check or done.returncode == 0, f"{name} {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def ctl(self, *args, stdin="", check=True):
        return self.run("sspictl", *args, stdin=stdin, check=check)

    def address(self, listener):
        return self.listeners[listener]["address"]

    def connect(self, listener):
        """A connection as a client's, which is patient."""
        host, port = self.address(listener).rsplit(":", 1)
        return socket.create_connection((host, int(port)), PATIENCE)

    def url(self, path, listener="http"):
        return f"http://{self.address(listener)}{path}"

    def start(self):
        begin = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, program("sspid"), *self.arguments], env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        for name in self.listeners:
            self.wait_for(lambda: self.accepts(name), f"listener {name} answers")
        # A socket listens before anybody heeds a signal.
        self.wait_for(lambda: b": ready " in self.log.read_bytes()[begin:], "sspid is ready")
        return self

    def accepts(self, listener):
        assert self.process.poll() is None, f"sspid ended with {self.process.returncode}:\n{self.log.read_text()}"
        host, port = self.address(listener).rsplit(":", 1)
        try:
            socket.create_connection((host, int(port)), 1).close()
            return True
        except OSError:
            return False

    def stop(self, expect=0):
        """SIGTERM; a service that does not end, or ends badly (a sanitizer's finding, say), fails the test."""
        if self.process is None:
            return
        process, self.process = self.process, None
        status = end_with_sigterm(process)
        assert status == expect, f"sspid: {status}\n{self.log.read_text(errors='replace')}"

    def said(self, words):
        return self.log.read_text(errors="replace").count(words)

    def reload(self, change=None, to="the configuration is read anew"):
        """Changes the file's text, sends SIGHUP, and waits for what the log says of it."""
        if change:
            self.config.write_text(change(self.config.read_text(encoding="utf-8")), encoding="utf-8")
        before = self.said(to)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.said(to) > before, to)

    def pid(self):
        """The service's own."""
        return self.process.pid

    def events(self, event_id=None):
        if self.process and self.process.poll() is None:
            self.wait_for(lambda: events_are_written(self.pid()), "the events are written")
        lines = self.event_file.read_text(encoding="utf-8").splitlines() if self.event_file.exists() else []
        rows = [json.loads(line) for line in lines]
        if event_id is None:
            return [row for row in rows if row["Provider"] == "sspid" and row["EventID"] not in OF_THE_PROGRAM]
        return [row for row in rows if row["EventID"] == event_id]

    wait_for = staticmethod(wait_for)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """A configuration with accounts and no service, for programs that load the library: their environment."""
    folder = tmp_path_factory.mktemp("library")
    folder.chmod(0o700)
    service = Service(folder, ACCOUNTS, {"lockout_threshold": "0"}, {}, {}, {})
    return {"OPENSSPI_CONFIG": str(service.config)}


@pytest.fixture(scope="session")
def shared_realm(tmp_path_factory):
    """One realm of MIT's for the tests in tests/peers that only read it: alice and carol; HTTP/localhost, and a host of each type."""
    from mit_realm import SharedRealm
    realm = SharedRealm(tmp_path_factory.mktemp("realm"))
    try:
        yield realm.start()
    finally:
        realm.stop()


@pytest.fixture(scope="session")
def shared_domain(tmp_path_factory):
    """One domain of Samba's for all, with services and their keytab."""
    from ad_domain import ServiceDomain
    domain = ServiceDomain(tmp_path_factory.mktemp("ad"))
    try:
        yield domain.start()
    finally:
        domain.stop()


@pytest.fixture(scope="session")
def shared_wine(tmp_path_factory):
    """One Wine for all who run Windows programs, with the examples."""
    from wine import Wine
    wine = Wine(tmp_path_factory.mktemp("wine"))
    try:
        yield wine.start().compile_examples()
    finally:
        wine.stop()


@pytest.fixture(scope="session")
def seen_tickets(tmp_path_factory):
    """A replay cache for services that start one after the other: what it has not remembered from the beginning is refused, and MIT's clients
    count from whole seconds."""
    folder = tmp_path_factory.mktemp("seen")
    folder.chmod(0o700)
    service = Service(folder, {}, {}, LISTENERS, {}, {"replay_cache": f"shared:{folder}/cache"})
    service.start().stop()
    time.sleep(1.1)
    return folder / "cache"


@pytest.fixture
def make_service(tmp_path):
    made = []

    def make(accounts=ACCOUNTS, policy=(), listeners=LISTENERS, server=(), kerberos=(), start=True):
        folder = tmp_path / f"service{len(made)}"
        folder.mkdir(mode=0o700)
        made.append(Service(folder, accounts, dict(policy), dict(listeners), dict(server), dict(kerberos)))
        return made[-1].start() if start else made[-1]

    yield make
    for service in made:
        service.stop()


@pytest.fixture
def service(make_service):
    return make_service()
