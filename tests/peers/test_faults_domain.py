# SPDX-License-Identifier: Apache-2.0
"""What operators of a domain get wrong, staged in one of Samba's: `sspictl doctor` inside the domain, and what the event log says of tickets
with its PACs."""
import re
import struct
import subprocess
import time

import pytest

from conftest import program
from keytab_edit import entries, keytab

HTTP = {"http": {"protocol": "http", "backend": "whoami"}}
SPN = "HTTP/web.example.test"
AES256 = 18
TICKET_USAGE = 2  # RFC 4120 7.5.1


@pytest.fixture
def serve(shared_domain, make_service, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(shared_domain.krb5_conf))

    def make(path=None, start=True, listeners=HTTP, **kerberos):
        service = make_service(listeners=listeners, policy={"ntlm": "deny"}, start=start,
                               kerberos={"keytab": f"FILE:{path or shared_domain.keytab}", **kerberos})
        time.sleep(1.1 if start else 0)  # what clients count in whole seconds must not lie before the start
        return service

    return make


def doctor(domain, service, *args, cache="/nowhere", status=1):
    done = subprocess.run(domain.inside("env", f"KRB5_CONFIG={domain.krb5_conf}", f"KRB5CCNAME=FILE:{cache}", program("sspictl"), "--config",
                                        service.config, "doctor", *args), capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def told(text, level, *words):
    assert any(line.startswith(f"{level}: ") and all(word in line for word in words) for line in text.splitlines()), f"{level}: {words}\n{text}"


def cache_of(environment):
    return environment["KRB5CCNAME"].removeprefix("FILE:")


def curl(service, environment, *options, host="web.example.test"):
    port = service.address("http").rsplit(":", 1)[1]
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "120", "--resolve", f"{host}:{port}:127.0.0.1", "-o", "/dev/null", "-w",
                           "%{http_code}", *options, f"http://{host}:{port}/whoami"], capture_output=True, text=True, timeout=150, env=environment)
    return int(done.stdout)


def refused(service, *words):
    event = service.wait_for(lambda: service.events(4625), "event 4625")[-1]
    text = f"{event['reason']}\n{event.get('hint', '')}"
    assert all(word in text for word in words), text
    return event


@pytest.fixture(scope="module")
def moved(shared_domain):
    """A service whose password was set after its keys were exported: its keytab."""
    where = ("-s", shared_domain.config, "-H", shared_domain.folder / "dc/private/sam.ldb")
    path = shared_domain.folder / "moved.keytab"
    shared_domain.run("samba-tool", "user", "create", "svcmoved", "Svc789!pw", *where)
    shared_domain.run("samba-tool", "spn", "add", "HTTP/moved.example.test", "svcmoved", *where)
    for name in ("svcmoved", "HTTP/moved.example.test"):
        shared_domain.run("samba-tool", "domain", "exportkeytab", path, f"--principal={name}", "-s", shared_domain.config)
    shared_domain.run("samba-tool", "user", "setpassword", "svcmoved", "--newpassword=Another789!pw", *where)
    shared_domain.run("chmod", "644", path)
    return path


def test_all_is_well(shared_domain, serve):
    text = doctor(shared_domain, serve(start=False), "--spn", SPN, "--keytab", shared_domain.keytab, status=1,
                  cache=cache_of(shared_domain.tickets("alice")))
    told(text, "ok", "a KDC of EXAMPLE.TEST answers; clocks differ by")
    told(text, "ok", f"the KDC's ticket for {SPN}", "opens with the keytab")
    faults = [line for line in text.splitlines() if line.startswith("fault: ")]
    assert len(faults) == 1 and "everybody may read it (mode 644)" in faults[0]  # the test's own doing


def test_behind__a_client_with_a_ticket(shared_domain, serve, moved):
    """F06."""
    service = serve(moved)
    environment = shared_domain.tickets("carol", "HTTP/moved.example.test")
    assert curl(service, environment, "--negotiate", "-u", ":", host="moved.example.test") == 401
    assert refused(service, "kvno", "password was set after", "klist purge")["krb_error"] == 44
    told(doctor(shared_domain, service, "--spn", "HTTP/moved.example.test", cache=cache_of(environment)), "fault", "kvno 3, the keytab has 2",
         "password was set after the export", "export again")


def test_behind__a_service_by_itself(shared_domain, serve, moved, tmp_path):
    """Without a ticket the keytab's own key asks, and the KDC takes it for a wrong password."""
    own = tmp_path / "own"
    own.write_bytes(keytab(*[e for e in entries(moved.read_bytes()) if e["principal"].startswith("svcmoved@")]))
    text = doctor(shared_domain, serve(own, start=False), "--spn", "HTTP/moved.example.test")
    told(text, "fault", "wrong password", "export the keytab again")


def test_not_registered(shared_domain, serve):
    """F10."""
    text = doctor(shared_domain, serve(start=False), "--spn", "HTTP/noreg.example.test", cache=cache_of(shared_domain.tickets("alice")))
    told(text, "fault", "no account has the SPN HTTP/noreg.example.test", "setspn -S HTTP/noreg.example.test")


def test_rc4(shared_domain, serve):
    """F08: the account has no AES keys."""
    environment = shared_domain.tickets("alice")
    service = serve(start=False, permitted_enctypes="aes256-cts-hmac-sha1-96")
    text = doctor(shared_domain, service, "--spn", "HTTP/old.example.test", cache=cache_of(environment))
    told(text, "fault", "with rc4-hmac, which is not permitted", "msDS-SupportedEncryptionTypes to 24")


def test_capitals(shared_domain, serve):
    """A domain controller takes a host in any case, and so does the keytab."""
    text = doctor(shared_domain, serve(start=False), "--spn", "HTTP/WEB.example.test", cache=cache_of(shared_domain.tickets("alice")))
    told(text, "ok", "opens with the keytab")


CLIENT = """
import base64, gssapi
name = gssapi.Name("HTTP@web.example.test", gssapi.NameType.hostbased_service)
context = gssapi.SecurityContext(name=name, usage="initiate", mech=gssapi.OID.from_int_seq("1.3.6.1.5.5.2"))
print(base64.b64encode(context.step()).decode())
"""


def token_of(environment):
    return subprocess.run(["/usr/bin/python3", "-c", CLIENT], env=environment, capture_output=True, text=True, timeout=150, check=True).stdout.strip()


def test_huge_pac(shared_domain, serve):
    """F25: a user in 900 groups, whole, above a limit, and cut by a proxy."""
    environment = shared_domain.tickets("dave")
    whole = serve()
    token = token_of(environment)
    assert len(token) > 8192
    assert curl(whole, environment, "-H", f"Authorization: Negotiate {token}") == 200
    assert curl(whole, environment, "-H", f"Authorization: Negotiate {token[:8000]}") == 401
    refused(whole, "end of the token is missing", "LimitRequestFieldSize 65536")
    small = serve(listeners={"http": {**HTTP["http"], "max_token": "6000"}})
    assert curl(small, environment, "-H", f"Authorization: Negotiate {token}") == 431
    refused(small, "max_token", "many groups")
    done = subprocess.run([program("sspictl"), "decode", token[:8000]], capture_output=True, text=True, timeout=150)
    assert done.returncode == 1 and re.search(r"^cut: names \d+ bytes, has 6000: \d+ are missing$", done.stdout, re.M)
    assert SPN in done.stdout and "LimitRequestFieldSize" in done.stdout


def forged(domain, cache, change):
    """The cache with the ticket's inside changed by who has the service's key, as a thief of the keytab would."""
    from impacket.krb5 import crypto
    key = next(e["key"] for e in entries(domain.keytab.read_bytes()) if e["principal"].startswith(f"{SPN}@") and e["enctype"] == AES256)
    key, cipher_of = crypto.Key(AES256, key), crypto._enctype_table[AES256]  # pylint: disable=protected-access
    data, found = cache.read_bytes(), 0
    for at in [m.start() for m in re.finditer(rb"\x04\x82", data)]:
        n, = struct.unpack_from(">H", data, at + 2)
        sealed = data[at + 4:at + 4 + n]
        try:
            plain = cipher_of.decrypt(key, TICKET_USAGE, sealed)
        except (crypto.InvalidChecksum, ValueError):  # no ticket; ValueError: too short for one
            continue
        changed = cipher_of.encrypt(key, TICKET_USAGE, change(plain), None)
        assert len(changed) == len(sealed)
        data, found = data.replace(sealed, changed), found + 1
    assert found
    cache.write_bytes(data)


@pytest.mark.parametrize("pac, status", [("verify", 401), ("required", 401), ("ignore", 200)])
def test_pac_with_a_wrong_signature(shared_domain, serve, tmp_path, pac, status):
    """A thief of the ticket's key who names himself another in the PAC, and cannot sign it."""
    environment = shared_domain.tickets("alice")
    cache = tmp_path / "cache"
    with open(cache_of(environment), "rb") as original:
        cache.write_bytes(original.read())
    alice = "alice".encode("utf-16-le")

    def rename(plain):
        assert alice in plain
        return plain.replace(alice, "admin".encode("utf-16-le"))

    forged(shared_domain, cache, rename)
    service = serve(pac=pac)
    assert curl(service, {**environment, "KRB5CCNAME": f"FILE:{cache}"}, "--negotiate", "-u", ":") == status
    if status == 401:
        event = refused(service, "PAC")
        assert event["TargetUserName"] != "admin" and not service.events(4624)
    else:
        event, = service.wait_for(lambda: service.events(4624), "event 4624")
        assert event["TargetUserName"] == "alice" and event["pac_verified"] is False
