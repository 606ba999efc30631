# SPDX-License-Identifier: Apache-2.0
"""A Kerberos ticket that nobody issued: enough for a client to try Kerberos first, without a KDC; no server can open it."""
import os
import struct
import time

REALM = "EXAMPLE.TEST"
KRB5_CONF = """[libdefaults]
    default_realm = EXAMPLE.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[domain_realm]
    .example.test = EXAMPLE.TEST
[realms]
    EXAMPLE.TEST = {
        kdc = 127.0.0.1:1
    }
"""
AES256_SHA1, NT_PRINCIPAL, NT_SRV_INST = 18, 1, 2


def ticket_for(service):
    from impacket.krb5.asn1 import Ticket
    from pyasn1.codec.der import encoder
    ticket = Ticket()
    ticket["tkt-vno"], ticket["realm"] = 5, REALM
    ticket["sname"]["name-type"] = NT_SRV_INST
    for place, part in enumerate(service):
        ticket["sname"]["name-string"][place] = part
    ticket["enc-part"]["etype"], ticket["enc-part"]["kvno"] = AES256_SHA1, 1
    ticket["enc-part"]["cipher"] = os.urandom(200)
    return encoder.encode(ticket)


def counted(data):
    return struct.pack(">I", len(data)) + data


def principal(kind, names):
    return struct.pack(">II", kind, len(names)) + counted(REALM.encode()) + b"".join(counted(name.encode()) for name in names)


def credential(client, service):
    now = int(time.time())
    return (principal(NT_PRINCIPAL, client) + principal(NT_SRV_INST, service) +
            struct.pack(">H", AES256_SHA1) + counted(os.urandom(32)) +
            struct.pack(">IIII", now - 60, now - 60, now + 36000, now + 36000) +
            bytes(1 + 4 + 4 + 4) +  # no session key of another, no flags, no addresses, no authorization data
            counted(ticket_for(service)) + counted(b""))


def ticket_environment(folder, user, service=("HTTP", "web1.example.test")):
    """A credential cache of the fourth version with a ticket for the service, and what to set so that it is found."""
    cache, config = folder / "ccache", folder / "krb5.conf"
    cache.write_bytes(b"\5\4" + struct.pack(">H", 0) + principal(NT_PRINCIPAL, [user]) +
                      credential([user], service) + credential([user], ("krbtgt", REALM)))
    cache.chmod(0o600)
    config.write_text(KRB5_CONF, encoding="ascii")
    return {"KRB5CCNAME": f"FILE:{cache}", "KRB5_CONFIG": str(config)}
