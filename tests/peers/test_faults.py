# SPDX-License-Identifier: Apache-2.0
"""What operators get wrong, staged in a realm of MIT's: the event, `sspictl doctor` or `sspictl decode` names the cause and the remedy, and
what must not succeed in silence does not."""
import base64
import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import time

import pytest

from conftest import ACCOUNTS, BUILD, free_ports, let_others_pass, program
from keytab_edit import entries, keytab
from mit_realm import MitRealm

USER, PASSWORD, HOST = "carol", "Secret789!x", "web.example.test"
SPN = f"HTTP/{HOST}"
AES256, AES128 = "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"
HTTP = {"http": {"protocol": "http", "backend": "whoami"}}
NTLM1 = b"NTLMSSP\0\1\0\0\0" + bytes.fromhex("15820860") + bytes(16)
SERVICES = {SPN: (AES256, AES128), "HTTP/moved.example.test": (AES256,), "HTTP/rc4.example.test": ("rc4-hmac",),
            "host/other.example.test": (AES256,), "HTTP/noreg2.example.test": (AES256,)}


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    made = MitRealm(tmp_path_factory.mktemp("realm")).start()
    made.folder.chmod(0o755)
    made.add_user(USER, PASSWORD)
    for service, enctypes in SERVICES.items():
        made.add_service(service, *enctypes)
    yield made
    made.stop()


@pytest.fixture
def ticket(realm):
    return realm.environment(realm.ticket(USER))


@pytest.fixture
def keys(realm):
    """The realm's keytab as entries, those of one service."""
    def of(principal=SPN):
        return [e for e in entries(realm.keytab.read_bytes()) if e["principal"].startswith(f"{principal}@")]
    return of


@pytest.fixture
def file(tmp_path):
    def write(data, mode=0o600, name="k"):
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(mode)
        return path
    return write


@pytest.fixture
def serve(realm, make_service, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(realm.folder / "krb5.conf"))

    def make(path=None, listeners=HTTP, clock=0, kerberos=(), start=True, **more):
        service = make_service(listeners=listeners, kerberos={"keytab": f"FILE:{path or realm.keytab}", **dict(kerberos)}, start=False, **more)
        if start:
            with monkeypatch.context() as shifted:
                if clock:
                    shifted.setenv("LD_PRELOAD", str(*BUILD.glob("tests/peers/libclock_shift.so")))
                    shifted.setenv("CLOCK_SHIFT_S", str(clock))
                service.start()
            time.sleep(1.1)  # what a client's clock counts in whole seconds must not lie before the start
        return service

    return make


def curl(service, environment, *options, host=HOST, listener="http", path="/whoami"):
    port = service.address(listener).rsplit(":", 1)[1]
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "120", "--resolve", f"{host}:{port}:127.0.0.1", "-w", "\n%{http_code}",
                           *options, f"http://{host}:{port}{path}"], capture_output=True, text=True, timeout=150, env=environment)
    return int(done.stdout.rpartition("\n")[2] or 0)


def negotiate(service, environment, **more):
    return curl(service, environment, "--negotiate", "-u", ":", **more)


def with_token(service, token, *options, scheme="Negotiate", environment=None, **more):
    text = token if isinstance(token, str) else base64.b64encode(token).decode()
    return curl(service, environment or dict(os.environ), "-H", f"Authorization: {scheme} {text}", *options, **more)


def event(service, *words, event_id=4625):
    found = service.wait_for(lambda: service.events(event_id), f"event {event_id}")[-1]
    text = f"{found.get('reason', '')}\n{found.get('hint', '')}"
    for word in words:
        assert word in text, text
    return found


def doctor(service, environment, *args, status=1):
    done = subprocess.run([program("sspictl"), "--config", str(service.config), "doctor", *map(str, args)], capture_output=True, text=True,
                          timeout=60, env={"KRB5RCACHENAME": "none:", **environment})
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def told(text, level, *words):
    """One line of that level has all these words."""
    lines = [line for line in text.splitlines() if line.startswith(f"{level}: ") and all(word in line for word in words)]
    assert lines, f"no {level} with {words}:\n{text}"
    assert level == "ok" or lines[0].count(": ") >= 2
    return lines[0]


def decode(token, *words, keytab_file=None, status=None):
    text = token if isinstance(token, str) else base64.b64encode(token).decode()
    done = subprocess.run([program("sspictl"), "decode", *(["--keytab", str(keytab_file)] if keytab_file else []), text],
                          capture_output=True, text=True, timeout=150)
    for word in words:
        assert word in done.stdout, done.stdout + done.stderr
    assert status is None or done.returncode == status
    return done.stdout


CLIENT = """
import base64, gssapi, sys
name = gssapi.Name(sys.argv[1], gssapi.NameType.hostbased_service)
flags = gssapi.RequirementFlag.mutual_authentication
if "delegate" in sys.argv:
    flags |= gssapi.RequirementFlag.delegate_to_peer
context = gssapi.SecurityContext(name=name, usage="initiate", mech=gssapi.OID.from_int_seq("1.3.6.1.5.5.2"), flags=flags)
print(base64.b64encode(context.step()).decode())
"""


def token_of(environment, *more, name=f"HTTP@{HOST}"):
    done = subprocess.run(["/usr/bin/python3", "-c", CLIENT, name, *more], env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return base64.b64decode(done.stdout)


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + struct.pack(">H", n)
    return bytes([tag]) + length + body


def oid(text):
    numbers = [int(n) for n in text.split(".")]
    out = bytes([numbers[0] * 40 + numbers[1]])
    for n in numbers[2:]:
        part = [n & 127]
        while n := n >> 7:
            part.insert(0, n & 127 | 128)
        out += bytes(part)
    return der(6, out)


NTLM, KRB5, NEGOEX = "1.3.6.1.4.1.311.2.2.10", "1.2.840.113554.1.2.2", "1.3.6.1.4.1.311.2.2.30"
WINDOWS = ("1.2.840.48018.1.2.2", KRB5, NEGOEX, NTLM)


def spnego(token, *mechanisms):
    return der(0x60, oid("1.3.6.1.5.5.2"), der(0xA0, der(0x30, der(0xA0, der(0x30, *map(oid, mechanisms))), der(0xA2, der(4, token)))))


# --- the keytab's file ----------------------------------------------------------------------------------------------------------------

def test_all_is_well(realm, serve, ticket):
    service = serve(listeners={}, start=False)
    text = doctor(service, ticket, "--spn", SPN, status=0)
    told(text, "ok", f"the KDC's ticket for {SPN}", "opens with the keytab")
    told(text, "ok", "a KDC of EXAMPLE.ORG answers")
    assert "fault: " not in text
    rows = json.loads(doctor(service, ticket, "--spn", SPN, "--json", status=0))
    assert {row["level"] for row in rows} <= {"ok", "warning"} and all(row["finding"] for row in rows)


@pytest.mark.parametrize("path, words", [
    ("absent.keytab", ("there is no such file", "exportkeytab", "mend [kerberos] keytab")),
    ("absent/folder/k", ("there is no folder", "make the folder")),
    (".", ("it is a directory, not a file", "name the file itself")),
])
def test_keytab_missing(serve, ticket, tmp_path, path, words):
    """F01, and a directory in its place."""
    service = serve(tmp_path / path, policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    event(service, str(tmp_path))
    told(doctor(service, ticket, "--spn", SPN), "fault", str(tmp_path), *words)
    if path == "absent.keytab":
        decode(token_of(ticket), f'sname                    "{SPN}"', "kvno                     1")


@pytest.fixture
def place(realm, tmp_path):
    """A keytab whose folders let everybody pass, as far as it goes."""
    path = tmp_path / "place/k"
    path.parent.mkdir()
    path.write_bytes(realm.keytab.read_bytes())
    let_others_pass(path.parent)
    return path


@pytest.mark.parametrize("mode, folder, words", [
    (0o600, 0o755, ("user nobody may not read it (mode 600, owner", "chgrp nobody", "chmod 640")),
    (0o640, 0o700, ("user nobody may not enter", "mode 700", "chmod o+x")),
])
def test_keytab_unreadable(serve, ticket, place, mode, folder, words):
    """F02. The doctor judges with the rights of the service's user."""
    place.chmod(mode)
    place.parent.chmod(folder)
    told(doctor(serve(place, start=False), ticket, "--spn", SPN, "--user", "nobody"), "fault", str(place), *words)


@pytest.mark.parametrize("mode, folder, word", [(0, 0o755, "may not read it (mode 000"), (0o600, 0, "may not enter")])
def test_keytab_unreadable_to_the_service(serve, ticket, place, mode, folder, word):
    service = serve(place, policy={"ntlm": "deny"}, start=False)
    place.chmod(mode)
    place.parent.chmod(folder)
    without_rights = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    service.prefix = without_rights
    service.start()
    assert negotiate(service, ticket) == 401
    event(service, str(place), word, "this service's user may read it and pass each folder above")
    place.parent.chmod(0o755)


@pytest.mark.parametrize("mode, works, words", [
    (0o644, True, ("everybody may read it (mode 644)", "change its keys", "chmod 640")),
    (0o666, False, ("everybody may write it (mode 666)", "make its keys anew")),
])
def test_keytab_open_to_all(serve, ticket, file, realm, mode, works, words):
    """F03. One that everybody may write does not succeed in silence: it does not succeed."""
    path = file(realm.keytab.read_bytes(), mode)
    service = serve(path, policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == (200 if works else 401)
    if works:
        assert "everybody may read the keytab" in service.log.read_text()
    else:
        event(service, "everybody may write it", "nobody else may write it (chmod 640)", "export it again")
    told(doctor(service, ticket, "--spn", SPN), "fault", *words)


@pytest.mark.parametrize("data, words", [
    (b"", ("it is empty (0 bytes)",)),
    (b"\5\2", ("a header without an entry",)),
    (b"\5", ("cut off",)),
    (b"MZ\x90\0" * 40, ("no keytab", "05 02")),
    (b"\5\2\0\0\1\0abc", ("",)),
])
def test_keytab_empty_or_broken(serve, ticket, file, data, words):
    """F04."""
    service = serve(file(data), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    event(service, "keytab")
    text = doctor(service, ticket, "--spn", SPN)
    told(text, "fault", "keytab", *words)
    assert "klist -ket" in text or "setspn -Q" in text


# --- its keys -------------------------------------------------------------------------------------------------------------------------

def test_keytab_of_another_principal(serve, ticket, file, keys):
    """F05."""
    service = serve(file(keytab(*keys("host/other.example.test"))), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    found = event(service, SPN, "host/other.example.test", "setspn -Q")
    assert found["krb_error"] == 35 or found["krb_error"] == 41
    told(doctor(service, ticket, "--spn", SPN), "fault", f"no key for {SPN}", "host/other.example.test", f"setspn -Q {SPN}", "export")


def test_keytab_behind(realm, serve, file, keys, tmp_path):
    """F06: the password was set after the export."""
    old = keytab(*keys("HTTP/moved.example.test"))
    realm.admin("cpw -randkey HTTP/moved.example.test")
    service = serve(file(old), policy={"ntlm": "deny"})
    ticket = realm.environment(realm.ticket(USER))
    assert negotiate(service, ticket, host="moved.example.test") == 401
    found = event(service, "kvno 2", "kvno 1", "password was set after", "klist purge")
    assert found["krb_error"] == 44
    told(doctor(service, ticket, "--spn", "HTTP/moved.example.test"), "fault", "kvno 2, the keytab has 1", "export again", "10 hours")
    decode(token_of(ticket, name="HTTP@moved.example.test"), "note: the keytab has no key of the ticket's version", "password was set",
           keytab_file=tmp_path / "k")


def test_keytab_ahead(serve, ticket, file, keys):
    """F06 the other way round."""
    ahead = [{**e, "kvno": 9} for e in keys()]
    service = serve(file(keytab(*ahead)), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    event(service, "kvno 1", "kvno 9", "klist purge")
    told(doctor(service, ticket, "--spn", SPN), "fault", "kvno 1, the keytab has 9", "klist purge", "kdestroy")


def test_keytab_without_the_type(serve, ticket, file, keys):
    """F07: AES128 alone, and the ticket is of AES256."""
    service = serve(file(keytab(*[e for e in keys() if e["enctype"] == 17])), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    found = event(service, AES256, AES128, "export it again with all types")
    assert found["krb_error"] == 44 and found["TicketEncryptionType"] == "0x12"
    told(doctor(service, ticket, "--spn", SPN), "fault", AES256, "which the keytab lacks", "ktpass /crypto All")


def test_keytab_with_another_key(serve, ticket, file, keys):
    """The SPN is another account's."""
    service = serve(file(keytab(*[{**e, "key": bytes(len(e["key"]))} for e in keys()])), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    event(service, "opens with none of", "setspn -X")
    told(doctor(service, ticket, "--spn", SPN), "fault", "another key of kvno 1", "another account")


def test_rc4_alone(serve, ticket):
    """F08: the account has no AES, the service permits AES alone."""
    service = serve(policy={"ntlm": "deny"}, kerberos={"permitted_enctypes": AES256})
    assert negotiate(service, ticket, host="rc4.example.test") == 401
    found = event(service, "rc4-hmac", "msDS-SupportedEncryptionTypes 24")
    assert found["TicketEncryptionType"] == "0x17"
    text = doctor(service, ticket, "--spn", "HTTP/rc4.example.test")
    told(text, "fault", "rc4-hmac", "permitted", "msDS-SupportedEncryptionTypes")
    decode(token_of(ticket, name="HTTP@rc4.example.test"), "note: the ticket is of rc4-hmac", "set msDS-SupportedEncryptionTypes to 24")


def test_rc4_keytab_for_aes_tickets(serve, ticket, file, keys):
    only = [{**keys()[0], "enctype": 23, "key": bytes(range(16))}]
    service = serve(file(keytab(*only)), policy={"ntlm": "deny"})
    assert negotiate(service, ticket) == 401
    event(service, "rc4-hmac", AES256, "with all types")
    told(doctor(service, ticket, "--spn", SPN), "warning", "rc4-hmac alone", "msDS-SupportedEncryptionTypes to 24")


# --- names ----------------------------------------------------------------------------------------------------------------------------

def test_spn_not_registered(serve, ticket):
    """F10."""
    service = serve(policy={"ntlm": "deny"})
    assert negotiate(service, ticket, host="noreg.example.test") == 401
    event(service, "noreg.example.test", "setspn -S HTTP/noreg.example.test")
    told(doctor(service, ticket, "--spn", "HTTP/noreg.example.test"), "fault", "no account has the SPN HTTP/noreg.example.test",
         "setspn -S HTTP/noreg.example.test", "add its key to the keytab")


def test_spn_of_one_that_the_keytab_lacks(serve, ticket, file, keys):
    service = serve(file(keytab(*keys())), policy={"ntlm": "deny"})
    assert negotiate(service, ticket, host="noreg2.example.test") == 401
    event(service, "HTTP/noreg2.example.test")
    told(doctor(service, ticket, "--spn", "HTTP/noreg2.example.test"), "fault", "no key for HTTP/noreg2.example.test", "setspn -Q")


@pytest.mark.parametrize("spn", [f"http/{HOST.upper()}", f"{SPN}:8080", f"{SPN}@{MitRealm.name}"])
def test_spn_in_other_spellings(serve, ticket, spn):
    """A host in capitals is the same to the keytab; MIT's KDC, unlike Microsoft's, wants it exact: then the doctor names the SPN to register."""
    service = serve(start=False)
    if "@" in spn:
        told(doctor(service, ticket, "--spn", spn, status=0), "ok", "opens with the keytab")
    else:
        told(doctor(service, ticket, "--spn", spn), "fault", "no account has the SPN", f"setspn -S {spn}")


def test_alias(serve, realm, ticket, tmp_path):
    """F11: the client asks for the canonical name, which has no SPN."""
    service = serve(start=False)
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.5 canon.example.test {HOST}\n")
    conf = tmp_path / "krb5.conf"
    conf.write_text((realm.folder / "krb5.conf").read_text().replace("dns_canonicalize_hostname = false", "dns_canonicalize_hostname = true"))
    script = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    done = subprocess.run(["unshare", *(["--map-root-user"] if os.geteuid() else []), "--mount", "sh", "-c", script, "sh", program("sspictl"), "--config", str(service.config), "doctor", "--spn", SPN],
                          capture_output=True, text=True, timeout=60, env={**ticket, "KRB5_CONFIG": str(conf)})
    told(done.stdout, "warning", f"{HOST} is an alias", "canon.example.test", "register both names", "dns_canonicalize_hostname = fallback")


def test_address_for_a_host(serve, ticket):
    """F13."""
    service = serve(policy={"ntlm": "deny"})
    assert negotiate(service, ticket, host="127.0.0.1") == 401
    event(service, "127.0.0.1", "DNS name")
    for spn in ("HTTP/127.0.0.1", "HTTP/127.0.0.1:8080", "HTTP/[::1]:80"):
        told(doctor(service, ticket, "--spn", spn), "fault", "names an address", "DNS name")


def test_wrong_realm(serve, realm, ticket, tmp_path):
    """F15: told from an SPN that nobody has."""
    service = serve(start=False)
    conf = tmp_path / "krb5.conf"
    conf.write_text((realm.folder / "krb5.conf").read_text() + "    .mapped.test = WRONG.TEST\n")
    text = doctor(service, {**ticket, "KRB5_CONFIG": str(conf)}, "--spn", "HTTP/web.mapped.test")
    told(text, "fault", "realm WRONG.TEST", "[domain_realm]", f"web.mapped.test = {realm.name}")
    told(text, "fault", "another realm", "krbtgt/WRONG.TEST", "[domain_realm]")
    assert "setspn -S" not in text


# --- time -----------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shift, codes, words", [
    (600, (37,), ("run chrony", "Do not widen")),
    (-1200, (33, 37), ("run chrony",)),
    (12 * 3600, (32, 37), ("chrony",)),
])
def test_clock_of_the_server(serve, realm, ticket, shift, codes, words):
    """F16."""
    realm.run("kinit", "-l", "8h", "-c", f"FILE:{realm.folder}/cache-{USER}", USER, stdin=PASSWORD + "\n")
    service = serve(policy={"ntlm": "deny"}, clock=shift)
    assert negotiate(service, ticket) == 401
    assert event(service, *words)["krb_error"] in codes
    shifted = {**ticket, "LD_PRELOAD": str(*BUILD.glob("tests/peers/libclock_shift.so")), "CLOCK_SHIFT_S": str(shift)}
    text = doctor(service, shifted, "--spn", SPN)
    line = told(text, "fault", "ahead of" if shift > 0 else "behind", "run chrony", "do not widen clock_skew")
    assert abs(int(re.search(r"is (\d+) s", line).group(1)) - abs(shift)) < 60


def test_ticket_run_out(serve, realm):
    """F18."""
    cache = realm.folder / "cache-short"
    realm.run("kinit", "-l", "2s", "-c", f"FILE:{cache}", USER, stdin=PASSWORD + "\n")
    time.sleep(3)
    environment = realm.environment(cache)
    service = serve(policy={"ntlm": "deny"})
    assert negotiate(service, environment) == 401
    event(service, "kinit")
    # The keytab's own principal stands in for the user; with another service's keys, nobody does.
    empty = service.folder / "none"
    empty.write_bytes(b"\5\2")
    text = doctor(service, environment, "--spn", SPN, "--keytab", empty)
    told(text, "warning", "the ticket has run out", "kinit again", "KRB5_CLIENT_KTNAME", "k5start")


# --- clients --------------------------------------------------------------------------------------------------------------------------

def test_no_ticket(serve, realm, tmp_path):
    """F19. Without a ticket of its own the doctor asks with the keytab's key."""
    service = serve(policy={"ntlm": "deny"})
    environment = realm.environment(tmp_path / "absent-cache")
    assert negotiate(service, environment) == 401
    event(service, "kinit", "KRB5CCNAME", "trusted sites")
    told(doctor(service, environment, "--spn", SPN, status=0), "ok", "opens with the keytab")
    nothing = tmp_path / "none"
    nothing.write_bytes(b"\5\2")
    told(doctor(service, environment, "--spn", SPN, "--keytab", nothing), "warning", "there is no ticket in", "absent-cache", "kinit", "KRB5CCNAME")


@pytest.mark.parametrize("mechanisms, words, note", [
    ((NTLM,), ("intranet zone", "AuthServerAllowlist"), "NTLM is all that the client offers"),
    (WINDOWS, ("could get no ticket", "setspn -Q", "domain controller"), "NTLM, though the client can do Kerberos"),
], ids=["alone", "windows"])
def test_ntlm_within_spnego(serve, mechanisms, words, note):
    """F20."""
    service = serve(policy={"packages": "Kerberos"})
    token = spnego(NTLM1, *mechanisms)
    assert with_token(service, token) == 401
    found = event(service, *words)
    assert found["first_token"] == "NTLM" and ("Kerberos" in found["offered"]) == (len(mechanisms) > 1)
    decode(token, note, "keytab is not at fault")


@pytest.mark.parametrize("scheme", ["Negotiate", "NTLM"])
def test_raw_ntlm(serve, scheme):
    """F21, and with ntlm = deny."""
    service = serve(policy={"ntlm": "deny"})
    assert with_token(service, NTLM1, scheme=scheme) == 401
    found = event(service)
    event(service, "intranet zone", "SPN")
    assert scheme == "NTLM" or found["first_token"] == "NTLM"
    decode(NTLM1, "NTLM without SPNEGO", "registered as a service principal name")
    service.stop()
    text = doctor(service, dict(os.environ), "--spn", SPN, status=0)
    told(text, "ok", "[listener http]", "NTLM is denied")


@pytest.mark.parametrize("mechanisms, word", [((NEGOEX, NTLM), "got no ticket"), ((NEGOEX, KRB5, NTLM), "Kerberos is on its list too")])
def test_negoex_first(serve, mechanisms, word):
    """F23."""
    service = serve(policy={"packages": "Kerberos"})
    negoex = b"NEGOEXTS" + struct.pack("<IIII", 0, 0, 96, 96) + bytes(16) + bytes(56)
    token = spnego(negoex, *mechanisms)
    assert with_token(service, token) == 401
    if KRB5 not in mechanisms:
        assert event(service, "intranet zone")["first_token"] == "NegoEx"
    decode(token, word)


@pytest.mark.parametrize("header, words, note", [
    ("Negotiate", ("a scheme without a token", "took it off"), "a scheme without a token"),
    ("Negotiate AAAA", ("neither of SPNEGO nor", "something on the way changed it", "straight to this listener"), "what arrived is no token"),
    ("Negotiate %%%%", ("not base64", "cut or rewritten"), ""),
])
def test_empty_token(serve, header, words, note):
    """F24."""
    service = serve(policy={"ntlm": "deny"})
    assert curl(service, dict(os.environ), "-H", f"Authorization: {header}") in (400, 401)
    event(service, *words)
    if note:
        decode(f"Authorization: {header}", note, "Try straight to the service")


def test_cut_token(serve, ticket):
    """F25: a proxy's limit."""
    service = serve(policy={"ntlm": "deny"})
    whole = token_of(ticket)
    padded = spnego(whole + bytes(9000), KRB5)
    cut = base64.b64encode(padded)[:8000].decode()
    assert with_token(service, cut) == 401
    event(service, "end of the token is missing", "large_client_header_buffers 4 64k", "LimitRequestFieldSize 65536")
    decode(cut, "cut: ", "LimitRequestFieldSize", "many groups")


def test_huge_token(serve):
    """F25: above the listener's own limit."""
    service = serve(listeners={"http": {**HTTP["http"], "max_token": "8192"}})
    assert with_token(service, spnego(bytes(12000), KRB5)) == 431
    event(service, "max_token", "many groups", "raise max_token")


def test_basic_offered(serve):
    service = serve()
    assert curl(service, dict(os.environ), "--basic", "-u", "alice:x") == 401
    assert not service.events(4624)
    done = subprocess.run([program("sspictl"), "decode", "Authorization: Basic YWxpY2U6eA=="], capture_output=True, text=True, timeout=150)
    assert "its scheme has no tokens" in done.stdout


# --- accounts -------------------------------------------------------------------------------------------------------------------------

def ntlm(service, user="alice", password=ACCOUNTS["alice"], *options, host=HOST):
    return curl(service, dict(os.environ), "--ntlm", "-u", f"{user}:{password}", *options, host=host)


@pytest.mark.parametrize("change, password, sub_status, hint", [
    (None, "nonsense", "0xc000006a", "types it again"),
    (("disable", "alice"), None, "0xc0000072", "sspictl account enable alice"),
    (("modify", "alice", "--expires", "2020-01-01"), None, "0xc0000193", "sspictl account modify alice --expires"),
    (("modify", "alice", "--password-expires", "2020-01-01"), None, "0xc0000071", "sspictl account passwd alice"),
], ids=["wrong", "disabled", "expired", "password-expired"])
def test_account(serve, change, password, sub_status, hint):
    """F27, F28, F30."""
    service = serve()
    if change:
        service.ctl("account", *change)
    assert ntlm(service, password=password or ACCOUNTS["alice"]) == 401
    found = event(service)
    assert found["SubStatus"] == sub_status and found["TargetUserName"] == "alice"
    event(service, hint)


def test_account_locked_out(serve):
    service = serve(policy={"lockout_threshold": "2"})
    for _ in range(2):
        assert ntlm(service, password="nonsense") == 401
    assert ntlm(service) == 401
    event(service, "sspictl account unlock alice", "wrong passwords")
    assert service.events(4740)


@pytest.mark.parametrize("who, words", [
    ((f"{USER}@EXAMPLE.ORG", "nonsense"), ("SEC_E_LOGON_DENIED",)),
    (("disabled@EXAMPLE.ORG", "Secret1!x"), ("revoked",)),
    (("old@EXAMPLE.ORG", "Secret1!x"), ("expired",)),
])
def test_account_at_the_kdc(realm, serve, who, words):
    """F27, F28, F30 at the KDC: the client says which."""
    realm.add_user("disabled", "Secret1!x")
    realm.admin("modprinc -allow_tix disabled")
    realm.add_user("old", "Secret1!x")
    realm.admin("modprinc -pwexpire yesterday old")
    service = serve(listeners={"framed": {"protocol": "framed", "backend": "whoami"}})
    done = subprocess.run([program("sspi-connect"), "-v", "--user", who[0], "--password-stdin", "--spn", SPN, service.address("framed")],
                          input=who[1] + "\n", capture_output=True, text=True, timeout=60,
                          env={**realm.environment(), "OPENSSPI_CONFIG": str(service.config)})
    assert done.returncode == 1 and all(word in done.stderr for word in words), done.stderr


# --- NTLM and its connection ----------------------------------------------------------------------------------------------------------

def test_keep_alive_off(serve):
    """F32."""
    service = serve()
    assert ntlm(service, "alice", ACCOUNTS["alice"], "-H", "Connection: close") != 200
    event(service, "keep-alive on", "Connection: close")


def test_ntlm_version_one(serve):
    """F34."""
    service = serve()
    host, port = service.address("http").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 60) as s:
        stream = s.makefile("rb")

        def get(token):
            s.sendall(f"GET /whoami HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: NTLM {base64.b64encode(token).decode()}\r\n\r\n".encode())
            status = stream.readline().split()[1]
            headers = {}
            while (line := stream.readline().strip()):
                name, _, value = line.decode().partition(": ")
                headers[name.lower()] = value
            stream.read(int(headers.get("content-length", 0)))
            return status, headers

        status, headers = get(NTLM1)
        assert status == b"401" and headers["www-authenticate"].startswith("NTLM ")
        user = "alice".encode("utf-16-le")
        at = 72
        fields = b""
        for part in (bytes(24), bytes(range(24)), b"", user, b"", b""):
            fields += struct.pack("<HHI", len(part), len(part), at)
            at += len(part)
        answer = b"NTLMSSP\0\3\0\0\0" + fields + bytes.fromhex("15820060") + bytes(8) + bytes(24) + bytes(range(24)) + user
        status, _ = get(answer)
        assert status == b"401"
    found = event(service, "LmCompatibilityLevel 5", "Do not lower the server")
    assert found["SubStatus"] == "0xc0000418"
    decode(answer, "the client answers with NTLMv1", "LmCompatibilityLevel to 5")
    weak = serve(policy={"lm_compatibility_level": "3"}, start=False)
    told(doctor(weak, dict(os.environ), "--spn", SPN, status=0), "warning", "takes LM and NTLMv1 from clients", "set it to 5")


def test_ntlm_denied(serve):
    """F35."""
    service = serve(policy={"ntlm": "deny"})
    assert ntlm(service) == 401
    event(service, "scheme NTLM is not offered", "make Kerberos work", "DNS name", "or allow NTLM")
    nothing = serve(policy={"packages": "NTLM", "ntlm": "deny"}, start=False)
    told(doctor(nothing, dict(os.environ), "--spn", SPN), "fault", "every client sends NTLM, which is denied", "Kerberos,NTLM")


def test_client_that_sends_ntlm_alone(serve, ticket):
    """A configuration without listeners, a client's."""
    service = serve(listeners={}, policy={"packages": "!Kerberos"}, start=False)
    told(doctor(service, ticket, "--spn", SPN, status=0), "warning", "[policy]: Kerberos is not among the packages", "Kerberos,NTLM")


# --- policy ---------------------------------------------------------------------------------------------------------------------------

def test_replayed(serve, ticket):
    """F37."""
    service = serve(policy={"ntlm": "deny"})
    token = token_of(ticket)
    assert with_token(service, token) == 200 and with_token(service, token) == 401
    found = event(service, "replay", "proxy_next_upstream off", "Leave the replay cache on")
    assert found["krb_error"] == 34


@pytest.mark.parametrize("value, level, words", [
    ("off", "warning", ("the replay cache is off", "replay_cache = process")),
    ("shared:/nowhere/at/all/replay", "fault", ("there is no folder /nowhere", "make the folder")),
])
def test_replay_cache_settings(serve, ticket, value, level, words):
    service = serve(kerberos={"replay_cache": value}, start=False)
    told(doctor(service, ticket, "--spn", SPN, status=0 if level == "warning" else 1), level, *words)


def test_kdc_unreachable(serve, realm, ticket, tmp_path):
    """F39."""
    service = serve(start=False)
    conf = tmp_path / "krb5.conf"
    conf.write_text(re.sub(r"kdc = .*", f"kdc = 127.0.0.99:{free_ports(1)[0]}", (realm.folder / "krb5.conf").read_text()))
    text = doctor(service, {**ticket, "KRB5_CONFIG": str(conf)}, "--spn", SPN)
    told(text, "fault", "no KDC of EXAMPLE.ORG answers", "open port 88, TCP and UDP", "kdc = 127.0.0.99", "_kerberos._tcp.EXAMPLE.ORG")


@pytest.mark.alone  # an sspid that another test runs would be taken for the one that has the port
def test_listener_address_taken(serve, ticket):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        service = serve(start=False)
        service.config.write_text(re.sub(r"address = .*", f"address = 127.0.0.1:{port}", service.config.read_text()))
        runs = subprocess.run(["pgrep", "-x", "sspid"], capture_output=True, check=False).returncode == 0
        text = doctor(service, ticket, "--spn", SPN, "--listener", "http", status=0 if runs else 1)
        told(text, "ok" if runs else "fault", f"127.0.0.1:{port}", "sspid")
    service.config.write_text(service.config.read_text().replace("127.0.0.1:", "192.0.2.77:"))
    told(doctor(service, ticket, "--spn", SPN), "fault", "192.0.2.77", "none of this machine's", "ip address")


@pytest.mark.parametrize("args", [("--spn", "web"), ("--spn", "/web"), ("--spn", f"HTTP/{'a' * 300}"), ("--user", "nobody-of-that-name"),
                                  ("--listener", "absent"), ("--keytap", "x"), ("more",)])
def test_doctor_used_wrongly(serve, ticket, args):
    assert doctor(serve(start=False), ticket, *args, status=2) == ""


def test_configuration_broken(serve, ticket):
    service = serve(start=False)
    service.config.write_text(service.config.read_text().replace("keytab = FILE:", "keytap = FILE:"))
    told(doctor(service, ticket), "fault", "keytap", "did you mean", "mend that line")


# --- what must not succeed in silence -------------------------------------------------------------------------------------------------

def test_another_class_under_the_same_key(serve, ticket, file, keys, realm):
    """A ticket for host/ that opens with HTTP/'s key is refused where the service is configured to be HTTP/."""
    one = keys("host/other.example.test")
    renamed = [{**e, "principal": f"{SPN}@{realm.name}"} for e in one]
    service = serve(file(keytab(*renamed)), policy={"ntlm": "deny", "service_binding": "required", "spn": SPN}, kerberos={"principal": SPN})
    token = token_of(ticket, name="host@other.example.test")
    assert with_token(service, token) == 401
    event(service, "none of this service's names", "asked for host/other.example.test", "spn does not list")


@pytest.mark.parametrize("forwardable", [True, False])
def test_delegation(serve, realm, forwardable):
    """A client that asks for it, with a ticket that may not be forwarded: nobody is told that it was."""
    cache = realm.folder / f"cache-{forwardable}"
    realm.run("kinit", "-f" if forwardable else "-F", "-c", f"FILE:{cache}", USER, stdin=PASSWORD + "\n")
    service = serve(policy={"ntlm": "deny"})
    assert with_token(service, token_of(realm.environment(cache), "delegate")) == 200
    assert event(service, event_id=4624)["delegated"] is forwardable
