# SPDX-License-Identifier: Apache-2.0
"""TranslateName, GetUserNameEx and GetComputerObjectName in a domain: each format in each direction, of an Active Directory that Samba has; directories
that are none, and that are not there."""
import contextlib
import json
import subprocess

import pytest

from ad_domain import HERE
from conftest import BUILD

(UNKNOWN, DN, SAM, DISPLAY, GUID, CANONICAL, UPN, CANONICAL_EX, SPN, DNS_DOMAIN, GIVEN, SURNAME) = (0, 1, 2, 3, 6, 7, 8, 9, 10, 12, 13, 14)
NONE_MAPPED, NO_SUCH_DOMAIN, CANT_ACCESS, INVALID, INSUFFICIENT, MORE_DATA = 1332, 1355, 1351, 87, 122, 234
ERIN_UID = 23061
GRACE = {DN: "CN=grace,OU=People,DC=example,DC=test", SAM: "EXAMPLE\\grace", DISPLAY: "Gr*ce (\\) Hopper", CANONICAL: "example.test/People/grace",
         UPN: "g.hopper@corp.test", CANONICAL_EX: "example.test/People\ngrace", SPN: "HTTP/grace.example.test", DNS_DOMAIN: "example.test\\grace"}
PQ = {DN: "CN=p\\, (q) s\\\\t*,OU=People,DC=example,DC=test", SAM: "EXAMPLE\\p(q)", DISPLAY: "Ünïcode ☃", UPN: "p(q)@example.test",
      DNS_DOMAIN: "example.test\\p(q)"}


class Place:
    """Where programs see hosts, users and a resolver of the domain's."""

    def __init__(self, domain, folder):
        self.domain, self.folder = domain, folder
        with open("/etc/passwd", encoding="utf-8") as file:
            users = file.read()
        files = {"hosts": "127.0.0.1 dc1.example.test web.example.test\n", "no-hosts": "127.0.0.1 localhost\n", "resolv.conf": "nameserver 127.0.0.2\n",
                 "passwd": users + f"erin:x:{ERIN_UID}:{ERIN_UID}::/:/bin/sh\n", "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")

    def seeing(self, hosts, *command):
        files = {hosts: "hosts", "passwd": "passwd", "resolv.conf": "resolv.conf", "nsswitch.conf": "nsswitch.conf"}
        binds = " && ".join(f"mount --bind '{self.folder}/{ours}' /etc/{name}" for ours, name in files.items())
        # Where who acts as a client can read it, too.
        readable = f"mount -t tmpfs names /mnt && install -m 644 '{self.domain.krb5_conf}' /mnt/krb5.conf"
        return self.domain.inside("unshare", "--mount", "--uts", "sh", "-c", f'hostname WEB1 && {binds} && {readable} && exec "$@"', "sh", *command)


@pytest.fixture(scope="module")
def domain(shared_domain):
    return shared_domain


@pytest.fixture(scope="module")
def caches(domain, tmp_path_factory):
    """As the directory's users: tickets that lead to all others, in files of these tests' own."""
    folder = tmp_path_factory.mktemp("caches")
    for user in ("alice", "erin"):
        subprocess.run(domain.kinit(user, folder / user), input=domain.users[user].encode() + b"\n", check=True, capture_output=True, timeout=600)
    return {user: f"FILE:{folder / user}" for user in ("alice", "erin")}


@pytest.fixture
def ask(domain, caches, tmp_path):
    """Asks the questions in a process of its own."""
    place = Place(domain, tmp_path)

    def ask(*questions, directory="ldap://dc1.example.test", cache="alice", hosts="hosts", server=""):
        config = tmp_path / "opensspi.conf"
        config.write_text(f"[server]\n{server}\n[names]\ndirectory = {directory}\n[accounts]\nstore = sqlite:{tmp_path}/accounts.db\n"
                          f"key_file = {tmp_path}/accounts.key\n[policy]\nimpersonate_bare_name = yes\n"
                          f"[kerberos]\nkeytab = FILE:{domain.delegated_keytab}\nreplay_cache = off\n")
        environment = {"OPENSSPI_CONFIG": config, "KRB5_CONFIG": "/mnt/krb5.conf", "KRB5CCNAME": caches.get(cache, "FILE:/nonexistent/cache"),
                       "KRB5_CLIENT_KTNAME": "FILE:/nonexistent/keytab", "RES_OPTIONS": "timeout:20", "LD_LIBRARY_PATH": f"{BUILD}/src/sspi:{BUILD}/src/directory:{BUILD}/src/compat"}
        command = place.seeing(hosts, "env", *(f"{name}={value}" for name, value in environment.items()), "/usr/bin/python3", HERE / "names_asker.py",
                                BUILD / "src/sspi/libopensspi.so.0", BUILD / "src/compat/libopensspi-compat.so.0")
        done = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return ask


def translate(name, given, wanted, size=1024, kind="A"):
    return [f"TranslateName{kind}", [name, given, wanted], size, True]


def user(wanted, size=1024, kind="A"):
    return [f"GetUserNameEx{kind}", [wanted], size, True]


def computer(wanted, size=1024, kind="A"):
    return [f"GetComputerObjectName{kind}", [wanted], size, True]


def units(text, kind):
    return len(text.encode()) if kind == "A" else len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("kind", ["A", "W"])
@pytest.mark.parametrize("names", [GRACE, PQ], ids=["grace", "odd"])
def test_each_format_in_each_direction(ask, names, kind):
    first, = ask(translate(names[SAM], SAM, GUID, kind=kind))
    assert first["done"] and len(first["text"]) == 38, first
    names = {**names, GUID: first["text"]}
    if SPN not in names: # it has several
        canonical, = ask(translate(names[SAM], SAM, CANONICAL, kind=kind))
        last = "p\\, (q) s\\\\t*" # Samba escapes as in a DN
        assert canonical["text"] == f"example.test/People/{last}"
        names = {**names, CANONICAL: canonical["text"], CANONICAL_EX: f"example.test/People\n{last}"}
    pairs = [(given, wanted) for given in names for wanted in names]
    answers = ask(*(translate(names[given], given, wanted, kind=kind) for given, wanted in pairs))
    for (given, wanted), answer in zip(pairs, answers):
        expected = {"done": True, "error": 0, "text": names[wanted], "size": units(names[wanted], kind) + 1, "reason": ""}
        assert answer == expected, (given, wanted, answer)


def test_unknown_format_is_guessed(ask):
    names = [GRACE[form] for form in GRACE if form != DISPLAY] + ["example\\GRACE", "HTTP/grace.example.test@EXAMPLE.TEST", "Example.test\\grace"]
    for name, answer in zip(names, ask(*(translate(name, UNKNOWN, DN) for name in names))):
        assert answer["text"] == GRACE[DN], (name, answer)


def test_what_only_comes_out(ask):
    answers = ask(translate(GRACE[SAM], SAM, GIVEN), translate(GRACE[SAM], SAM, SURNAME), translate("Grace", GIVEN, SAM), translate("Hopper", SURNAME, SAM))
    assert [a["text"] for a in answers] == ["Grace", "Hopper", None, None]
    assert [a["error"] for a in answers] == [0, 0, NONE_MAPPED, NONE_MAPPED]


def test_principal_names__written_down_or_not(ask):
    answers = ask(translate("heidi@example.test", UPN, SAM), translate("EXAMPLE\\heidi", SAM, UPN), translate("shadow@example.test", UPN, UPN),
                  translate("grace@EXAMPLE.TEST", UPN, SAM), translate("G.Hopper@corp.test", UPN, SAM), translate("EXAMPLE\\Domain Users", SAM, UPN),
                  translate("Domain Users@example.test", UPN, SAM))
    assert [a["text"] for a in answers] == ["EXAMPLE\\heidi", "heidi@example.test", "shade@example.test", "EXAMPLE\\grace", "EXAMPLE\\grace", None, None]


NOBODY = [("EXAMPLE\\nobody", SAM), ("nobody@example.test", UPN), ("CN=nobody,DC=example,DC=test", DN), ("CN=grace", DN), ("no DN", DN),
          ("example.test/grace", CANONICAL), ("{00000000-0000-0000-0000-000000000001}", GUID), ("HTTP/nobody.example.test", SPN), ("Twin", DISPLAY),
          ("OTHER\\grace", SAM), ("other.test\\grace", DNS_DOMAIN), ("grace@other.test", UPN), ("other.test/People/grace", CANONICAL),
          ("HTTP/grace.example.test@other.test", SPN), ("EXAMPLE\\*", SAM), ("*@example.test", UPN), ("EXAMPLE\\g*", SAM), ("EXAMPLE\\)(x=*", SAM),
          ("EXAMPLE\\grace\\", SAM), ("EXAMPLE\\gr\\61ce", SAM), ("Gr*ce*", DISPLAY), ("Gr\\2ace (\\5c) Hopper", DISPLAY), ("*", DISPLAY), ("*", DN),
          ("HTTP/*", SPN), ("example.test/People/*", CANONICAL), ("x)(|(objectClass=*))@example.test", UPN), ("EXAMPLE\\" + "x" * 3000, SAM), ("", DISPLAY)]


@pytest.mark.parametrize("kind", ["A", "W"])
def test_nobody__whatever_a_filter_would_make_of_the_name(ask, kind):
    for question, answer in zip(NOBODY, ask(*(translate(name, given, DN, kind=kind) for name, given in NOBODY))):
        assert (answer["done"], answer["error"], answer["text"]) == (False, NONE_MAPPED, None), (question, answer)


def test_a_name_that_it_does_not_have(ask):
    answers = ask(translate("EXAMPLE\\heidi", SAM, DISPLAY), translate("EXAMPLE\\p(q)", SAM, SPN), translate("EXAMPLE\\heidi", SAM, SPN),
                  translate("EXAMPLE\\heidi", SAM, 4), translate("EXAMPLE\\heidi", SAM, UNKNOWN))
    assert [a["error"] for a in answers] == [NONE_MAPPED, NONE_MAPPED, NONE_MAPPED, NONE_MAPPED, INVALID]


@pytest.mark.parametrize("kind", ["A", "W"])
def test_sizes(ask, kind):
    name, own, host = PQ[DISPLAY], "CN=alice,CN=Users,DC=example,DC=test", "CN=WEB1,CN=Computers,DC=example,DC=test"
    needed = units(name, kind) + 1
    answers = ask(translate(PQ[SAM], SAM, DISPLAY, needed - 1, kind), translate(PQ[SAM], SAM, DISPLAY, needed, kind),
                  [f"TranslateName{kind}", [PQ[SAM], SAM, DISPLAY], 0, False], [f"TranslateName{kind}", [PQ[SAM], SAM, DISPLAY], 1, False],
                  user(DN, len(own), kind), user(DN, len(own) + 1, kind), [f"GetUserNameEx{kind}", [DN], 0, False],
                  computer(DN, len(host), kind), computer(DN, len(host) + 1, kind))
    assert [(a["done"], a["error"], a["text"], a["size"]) for a in answers] == [
        (False, INSUFFICIENT, None, needed), (True, 0, name, needed), (True, 0, None, needed), (False, INSUFFICIENT, None, needed),
        (False, MORE_DATA, None, len(own) + 1), (True, 0, own, len(own)), (False, MORE_DATA, None, len(own) + 1),
        (False, INSUFFICIENT, None, len(host) + 1), (True, 0, host, len(host) + 1)]


def test_the_process_and_its_computer(ask):
    answers = ask(user(SAM), user(DN), user(CANONICAL), user(UPN), user(DNS_DOMAIN), user(SURNAME), user(UNKNOWN),
                  computer(SAM), computer(DN), computer(CANONICAL_EX), computer(DISPLAY), "host-spn", cache="erin")
    assert answers.pop() == {"error": 0, "text": "backup/CN=WEB1,CN=Computers,DC=example,DC=test"}
    assert [a["text"] for a in answers] == [
        "WEB1\\root", "CN=erin,CN=Users,DC=example,DC=test", "example.test/Users/erin", "e.example@example.test", "example.test\\erin", None, None,
        "EXAMPLE\\WEB1$", "CN=WEB1,CN=Computers,DC=example,DC=test", "example.test/Computers\nWEB1", None]
    assert [a["error"] for a in answers if not a["done"]] == [NONE_MAPPED] * 3


def test_a_client_asks_with_what_it_delegated(ask, caches):
    erin = {"cache": caches["erin"], "spn": "host/deleg.example.test"}
    answers = ask(user(DN), {**erin, "delegates": True}, user(SAM), user(DN), user(UPN), translate(GRACE[SAM], SAM, DN),
                  translate("EXAMPLE\\erin", SAM, CANONICAL), "reverts", {**erin, "delegates": False}, user(SAM), user(UPN), user(DN),
                  translate(GRACE[SAM], SAM, DN), "reverts", user(DN))
    erin_dn, alice_dn = ("CN=%s,CN=Users,DC=example,DC=test" % name for name in ("erin", "alice"))
    texts = [a.get("text") for a in answers if isinstance(a, dict) and "text" in a]
    assert texts == [alice_dn, "EXAMPLE\\erin", erin_dn, "e.example@example.test", GRACE[DN], "example.test/Users/erin",
                     "EXAMPLE\\erin", "e.example@example.test", None, None, alice_dn], answers


def test_without_a_ticket__there_is_no_domain_and_no_libldap(ask):
    answers = ask(translate(GRACE[DN], DN, SAM), user(DN), computer(DN), "loaded", cache=None)
    assert [a["error"] for a in answers[:3]] == [NONE_MAPPED, NONE_MAPPED, CANT_ACCESS] and answers[3] is False
    assert all(a["reason"] for a in answers[:3])
    assert ask("loaded", user(SAM), "loaded", user(DN), "loaded")[::2] == [False, False, True]


def test_off(ask):
    answers = ask(translate(GRACE[DN], DN, SAM), user(DN), "loaded", directory="off")
    assert [a["error"] for a in answers[:2]] == [NONE_MAPPED, NONE_MAPPED] and answers[2] is False


def test_nothing_stays_open(ask):
    answers = ask(user(DN), "files", *[user(DN)] * 20, *[translate("EXAMPLE\\nobody", SAM, DN)] * 20, "files")
    assert answers[1] == answers[-1]


# --- directories that are none ------------------------------------------------------------------------------------------------------------------


# Both end with their standard input, in whatever namespace of processes they are.
# Listens on a port that it prints, and does to clients what its first argument says; dc1's port 389 is behind it.
IMPOSTOR = """import socket, struct, sys, threading
def exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data
def message(s):
    head = exactly(s, 2)
    n = head[1]
    if n & 0x80:
        more = exactly(s, n & 0x7f)
        head, n = head + more, int.from_bytes(more, "big")
    return head + exactly(s, n)
def answer(identifier, tag, code):
    return bytes([0x30, 12, 2, 1, identifier, tag, 7, 10, 1, code, 4, 0, 4, 0])
def identifier(data):
    at = 2 + (data[1] & 0x7f if data[1] & 0x80 else 0)
    return data[at + 2]
def serve(c, what):
    if what == "silent":
        c.recv(1 << 20)
        threading.Event().wait()
    if what == "believes-all":
        while True:
            c.sendall(answer(identifier(message(c)), 0x61, 0))
    if what == "refuses":
        c.sendall(answer(identifier(message(c)), 0x61, 49))
    if what == "gone":
        return c.close()
    if what == "garbage":
        return c.sendall(b"\\xff" * 1000)
    dc = socket.create_connection(("127.0.0.1", 389))
    for _ in range(3):
        dc.sendall(message(c))
        c.sendall(message(dc))
    length = exactly(c, 4)
    frame = exactly(c, struct.unpack(">I", length)[0])
    if what == "in-the-clear":
        c.sendall(bytes.fromhex("30240201046419040030153013040b6f626a656374436c6173733104040275730a") + answer(4, 0x65, 0))
    if what == "huge":
        c.sendall(b"\\xff\\xff\\xff\\xff" + b"x" * 1000)
    dc.sendall(length + frame)
    length = exactly(dc, 4)
    frame = bytearray(exactly(dc, struct.unpack(">I", length)[0]))
    if what == "altered":
        frame[-1] ^= 1
    if what == "twice":
        c.sendall(length + frame)
    c.sendall(length + frame[:len(frame) // 2] if what == "cut" else length + frame)
    if what != "twice":
        c.close()
    else:
        threading.Event().wait()
l = socket.create_server(("127.0.0.1", 0))
print(l.getsockname()[1], flush=True)
def one(c):
    try:
        serve(c, sys.argv[1])
    except (EOFError, OSError):
        pass
def all_of_them():
    while True:
        threading.Thread(target=one, args=l.accept()[:1], daemon=True).start()
threading.Thread(target=all_of_them, daemon=True).start()
sys.stdin.read()
"""


@contextlib.contextmanager
def running(domain, *script):
    """A line that it prints when it is there."""
    with subprocess.Popen(domain.inside("/usr/bin/python3", "-c", *script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(600)


@pytest.mark.parametrize("what, error", [("believes-all", CANT_ACCESS), ("refuses", CANT_ACCESS), ("garbage", NO_SUCH_DOMAIN), ("gone", NO_SUCH_DOMAIN),
                                         ("in-the-clear", NO_SUCH_DOMAIN), ("huge", NO_SUCH_DOMAIN), ("altered", NO_SUCH_DOMAIN), ("cut", NO_SUCH_DOMAIN),
                                         ("twice", NO_SUCH_DOMAIN), ("silent", NO_SUCH_DOMAIN)])
def test_what_is_no_directory_is_not_believed(domain, ask, what, error):
    with running(domain, IMPOSTOR, what) as port:
        answer, = ask(translate(GRACE[SAM], SAM, DN), directory=f"ldap://dc1.example.test:{port}")
    assert (answer["done"], answer["error"], answer["text"]) == (False, error, None), answer


def test_a_server_of_the_domain_is_no_controller_of_it(ask):
    """It has the directory's bytes, but not its name."""
    answer, = ask(translate(GRACE[SAM], SAM, DN), directory="ldap://web.example.test")
    assert answer["error"] == CANT_ACCESS, answer


def test_no_directory_there(ask):
    answers = ask(translate(GRACE[SAM], SAM, DN), translate(GRACE[DN], DN, SAM), user(DN), computer(DN), directory="ldap://dc1.example.test:1")
    assert [a["error"] for a in answers] == [NO_SUCH_DOMAIN] * 4, answers
    assert all("port 1: Connection refused" in a["reason"] for a in answers), answers
    answer, = ask(user(DN), directory="ldap://gone.example.test ldap://dc1.example.test:1")
    assert answer["error"] == NO_SUCH_DOMAIN, answer
    answer, = ask(user(DN), directory="ldap://dc1.example.test:1 ldap://dc1.example.test")
    assert answer["text"] == "CN=alice,CN=Users,DC=example,DC=test", answer


# Nobody takes the one connection that there is room for: the next ones are not answered at all.
FULL = """import socket, sys
l = socket.create_server(("127.0.0.1", 0), backlog=0)
c = socket.create_connection(l.getsockname())
print(l.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_a_controller_that_is_off_keeps_nobody_from_the_next(domain, ask):
    with running(domain, FULL) as port:
        answer, = ask(user(DN), directory=f"ldap://dc1.example.test:{port} ldap://dc1.example.test")
    assert answer["text"] == "CN=alice,CN=Users,DC=example,DC=test", answer


@pytest.mark.parametrize("what", ["silent", "refuses"])
def test_one_that_is_no_directory_keeps_nobody_from_the_next(domain, ask, what):
    with running(domain, IMPOSTOR, what) as port:
        answer, = ask(user(DN), directory=f"ldap://dc1.example.test:{port} ldap://dc1.example.test")
    assert answer["text"] == "CN=alice,CN=Users,DC=example,DC=test", answer


def test_what_the_kdc_does_not_know_keeps_nobody_from_the_next(ask):
    """It has no key for web.example.test as a controller."""
    answer, = ask(user(DN), directory="ldap://web.example.test ldap://dc1.example.test")
    assert answer["text"] == "CN=alice,CN=Users,DC=example,DC=test", answer
    answer, = ask(user(DN), directory="ldap://web.example.test ldap://dc1.example.test:1")
    assert answer["error"] == CANT_ACCESS and "ldap/web.example.test/example.test@EXAMPLE.TEST" in answer["reason"], answer


# --- by DNS -------------------------------------------------------------------------------------------------------------------------------------


# Knows the domain's controllers: the first is not there.
DNS = """import socket, struct, sys, threading
def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".") if part) + b"\\0"
HOSTS = {name("dc1.example.test"): "127.0.0.1", name("gone.example.test"): "127.0.0.3"}
SRV = name("_ldap._tcp.dc._msdcs.example.test")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.2", 53))
print("ready", flush=True)
def answer(query, who):
    end = query.index(b"\\0", 12) + 1
    asked, (kind,) = query[12:end].lower(), struct.unpack(">H", query[end:end + 2])
    records = []
    if asked == SRV and kind == 33:
        records = [struct.pack(">HHH", priority, 100, 389) + name(host) for priority, host in ((1, "dc1.example.test"), (0, "gone.example.test"))]
    if asked in HOSTS and kind == 1:
        records = [socket.inet_aton(HOSTS[asked])]
    head = query[:2] + struct.pack(">HHHHH", 0x8580 | (0 if records or asked in HOSTS else 3), 1, len(records), 0, 0)
    s.sendto(head + query[12:end + 4] + b"".join(b"\\xc0\\x0c" + struct.pack(">HHIH", kind, 1, 60, len(r)) + r for r in records), who)
def all_of_them():
    while True:
        answer(*s.recvfrom(4096))
threading.Thread(target=all_of_them, daemon=True).start()
sys.stdin.read()
"""


def test_controllers_are_found_by_dns(domain, ask):
    with running(domain, DNS) as ready:
        assert ready == "ready"
        answer, = ask(translate(GRACE[SAM], SAM, DN), directory="dns", hosts="no-hosts")
        assert answer["text"] == GRACE[DN], answer
    answer, = ask(user(DN), directory="dns", hosts="no-hosts") # and now by nobody
    assert answer["error"] == NO_SUCH_DOMAIN, answer
