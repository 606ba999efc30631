# SPDX-License-Identifier: Apache-2.0
"""PACs: those of a domain of Samba's, and some that Samba's library makes, read by this project and by that library alike; and what this
project writes, read by that library."""
import json

import pytest

from ad_domain import ServiceDomain
from conftest import program
from ends import Lines, Program, decode, encode

SERVICE, ACCOUNT = "HTTP/web.example.test", "svc"
USERS = ("alice", "carol", "Administrator")
AES256 = 18
EVERY, RESOURCE = 0x7, 0x20000007  # mandatory, enabled by default, enabled; and of the resource's domain


def tickets_of(domain):
    """The PACs of tickets to the service, by user."""
    env = f"KRB5_CONFIG={domain.folder}/krb5.conf"
    asker = Lines(domain.inside("env", env, program("pac_tickets"), f"{SERVICE}@{domain.realm}", domain.services[ACCOUNT], domain.realm + ACCOUNT))

    def ticket(user):
        word, _, rest = asker.ask(f"ticket {user}@{domain.realm} {domain.users[user]}").partition(" ")
        assert word == "ok", rest
        return decode(rest)

    return {user: ticket(user) for user in USERS}


@pytest.fixture(scope="module")
def tickets(shared_domain):
    return tickets_of(shared_domain)


@pytest.fixture(scope="module")
def service_key():
    from impacket.krb5 import crypto
    return crypto.string_to_key(AES256, ServiceDomain.services[ACCOUNT], ServiceDomain.realm + ACCOUNT).contents


@pytest.fixture
def ours():
    program = Program("pac_peer")
    yield program
    program.lines.close()


def read(ours, pac, enctype=0, key=b""):
    return json.loads(ours.ask("decode", encode(pac), str(enctype), encode(key))[1])


# --- as Samba's library sees it -------------------------------------------------------------------------------------------------------


def buffers(pac):
    from samba.dcerpc import krb5pac
    from samba.ndr import ndr_unpack
    return {buffer.type: buffer.info for buffer in ndr_unpack(krb5pac.PAC_DATA, pac).buffers}


def logon_fields(info):
    base = info.info3.base
    domain = str(base.domain_sid)
    groups = [[f"{domain}-{group.rid}", group.attributes] for group in base.groups.rids or []]
    groups += [[str(extra.sid), extra.attributes] for extra in info.info3.sids or []]
    groups += [[f"{info.resource_groups.domain_sid}-{group.rid}", group.attributes] for group in info.resource_groups.groups.rids or []]
    return {
        "logon": base.logon_time, "logoff": base.logoff_time, "kickoff": base.kickoff_time, "password_last_set": base.last_password_change,
        "password_can_change": base.allow_password_change, "password_must_change": base.force_password_change,
        "user": base.account_name.string, "full_name": base.full_name.string or "", "logon_server": base.logon_server.string,
        "domain": base.logon_domain.string, "primary_group_rid": base.primary_gid, "user_flags": base.user_flags,
        "user_account_control": base.acct_flags, "sid": f"{domain}-{base.rid}", "groups": groups}


def as_samba_sees(pac):
    from samba.dcerpc import krb5pac
    found = buffers(pac)
    seen = logon_fields(found[krb5pac.PAC_TYPE_LOGON_INFO].info)
    if krb5pac.PAC_TYPE_LOGON_NAME in found:
        name = found[krb5pac.PAC_TYPE_LOGON_NAME]
        seen |= {"client": name.account_name, "authtime": name.logon_time}
    if krb5pac.PAC_TYPE_UPN_DNS_INFO in found:
        upn = found[krb5pac.PAC_TYPE_UPN_DNS_INFO]
        seen |= {"upn": upn.upn_name, "dns_domain": upn.dns_domain_name, "upn_flags": upn.flags, "sam_name": ""}
        if upn.flags & 2:
            seen |= {"sam_name": upn.ex.samaccountname, "upn_sid": str(upn.ex.objectsid)}
    if krb5pac.PAC_TYPE_REQUESTER_SID in found:
        seen["requestor"] = str(found[krb5pac.PAC_TYPE_REQUESTER_SID].sid)
    return seen


# --- the domain's ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", USERS)
def test_domain__read_alike(tickets, service_key, ours, user):
    seen = read(ours, tickets[user], AES256, service_key)
    assert seen.pop("verifies") is True
    assert seen == as_samba_sees(tickets[user])
    assert seen["client"] == user
    assert seen["upn_sid"] == seen["sid"]


def test_domain__many_groups(tickets, ours):
    seen = read(ours, tickets["carol"])
    assert len(seen["groups"]) > 100
    assert ["S-1-18-1", EVERY] in seen["groups"]


def test_domain__another_key_verifies_nothing(tickets, service_key, ours):
    key = bytearray(service_key)
    key[0] ^= 1
    assert read(ours, tickets["alice"], AES256, bytes(key))["verifies"] is False


@pytest.mark.parametrize("user", USERS)
def test_samba__reads_what_we_write(tickets, ours, user):
    written = decode(ours.ask("encode", encode(tickets[user]))[1])
    assert as_samba_sees(written).items() <= as_samba_sees(tickets[user]).items()


# --- what a domain of Samba's does not write -------------------------------------------------------------------------------------------


def rids(*pairs):
    from samba.dcerpc import samr
    out = []
    for rid, attributes in pairs:
        one = samr.RidWithAttribute()
        one.rid, one.attributes = rid, attributes
        out.append(one)
    return out


def text(kind, value):
    out = kind()
    out.string = value
    return out


def made_logon(groups, extra, resource):
    from samba.dcerpc import krb5pac, lsa, netlogon, security
    ctr, info = krb5pac.PAC_LOGON_INFO_CTR(), krb5pac.PAC_LOGON_INFO()
    base, info3 = info.info3.base, info.info3
    base.logoff_time = base.kickoff_time = base.force_password_change = 0x7FFFFFFFFFFFFFFF
    base.account_name, base.full_name = text(lsa.String, "zoë"), text(lsa.String, "Zoë 𝄞 Mäkinen")
    base.logon_script = base.profile_path = text(lsa.String, "x")
    base.home_directory, base.home_drive = text(lsa.String, "\\\\FS\\zoë"), text(lsa.String, "H:")
    base.rid, base.primary_gid, base.user_flags, base.acct_flags = 70001, 513, 0x220, 0x10
    base.logon_server, base.logon_domain = text(lsa.StringLarge, "DC-NORTH"), text(lsa.StringLarge, "NORTH")
    base.domain_sid = security.dom_sid("S-1-5-21-11-22-33")
    base.groups.rids, base.groups.count = rids(*groups), len(groups)
    sids = []
    for sid, attributes in extra:
        one = netlogon.netr_SidAttr()
        one.sid, one.attributes = security.dom_sid(sid), attributes
        sids.append(one)
    info3.sids, info3.sidcount = sids or None, len(sids)
    if resource:
        info.resource_groups.domain_sid = security.dom_sid("S-1-5-21-44-55-66")
        info.resource_groups.groups.rids, info.resource_groups.groups.count = rids(*resource), len(resource)
    ctr.info = info
    return ctr


def made(logon, flags, requestor):
    from samba.dcerpc import krb5pac, security
    from samba.ndr import ndr_pack
    upn, name = krb5pac.PAC_UPN_DNS_INFO(), krb5pac.PAC_LOGON_NAME()
    upn.upn_name, upn.dns_domain_name, upn.flags = "zoë@north.test", "NORTH.TEST", flags
    if flags & 2:
        upn.ex.samaccountname, upn.ex.objectsid = "zoë", security.dom_sid("S-1-5-21-11-22-33-70001")
    name.account_name, name.logon_time = "zoë", 133500000000000000
    parts = [(10, name), (1, logon), (12, upn)]
    if requestor:
        sid = krb5pac.PAC_REQUESTER_SID()
        sid.sid = security.dom_sid("S-1-5-21-11-22-33-70001")
        parts.append((18, sid))
    data, out = krb5pac.PAC_DATA(), []
    for kind, value in parts:
        buffer = krb5pac.PAC_BUFFER()
        buffer.type, buffer.info = kind, value
        out.append(buffer)
    data.buffers, data.num_buffers, data.version = out, len(out), 0
    return ndr_pack(data)


EXTRA = [("S-1-18-2", EVERY), ("S-1-5-21-11-22-33-572", RESOURCE), ("S-1-5-21-99-98-97-1105", EVERY), ("S-1-5-32-544", 0x10)]


@pytest.mark.parametrize("requestor", [False, True], ids=["", "requestor"])
@pytest.mark.parametrize("flags", [0, 1, 2, 3])
@pytest.mark.parametrize("groups, extra, resource", [
    ([(513, EVERY)], [], []), ([(513, EVERY), (70002, 0x10)], EXTRA[:1], []), ([], EXTRA, []),
    ([(513, EVERY)], [], [(1601, RESOURCE)]), ([(513, EVERY)] * 2000, EXTRA * 100, [(1601 + i, RESOURCE) for i in range(500)]),
], ids=["one", "extra", "none-of-the-domain", "resource", "thousands"])
def test_made__read_alike(ours, groups, extra, resource, flags, requestor):
    pac = made(made_logon(groups, extra, resource), flags, requestor)
    seen = read(ours, pac)
    assert seen == as_samba_sees(pac)
    assert len(seen["groups"]) == len(groups) + len(extra) + len(resource)
    assert seen["full_name"] == "Zoë 𝄞 Mäkinen"
    written = decode(ours.ask("encode", encode(pac))[1])
    assert as_samba_sees(written).items() <= as_samba_sees(pac).items()
