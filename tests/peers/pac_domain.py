#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pac_domain.py SMB.CONF SAM.LDB SERVICE-ACCOUNT (USER COUNT)...: in a domain's database, has tickets to SERVICE-ACCOUNT made for AES (its
password must then be set again), and makes COUNT groups and USER a member of each; of every tenth through another, and every fourth is of the
kind that belongs to the domain alone. erin's user principal name becomes e.example@example.test. samba-tool would take a second for each."""
import sys

import ldb
from samba.auth import system_session
from samba.dsdb import GTYPE_SECURITY_DOMAIN_LOCAL_GROUP, GTYPE_SECURITY_GLOBAL_GROUP
from samba.param import LoadParm
from samba.samdb import SamDB

RC4_AND_AES = "28"  # msDS-SupportedEncryptionTypes


def allow_aes(samdb, account):
    message = ldb.Message(samdb.search(expression=f"(sAMAccountName={account})", attrs=[])[0].dn)
    message["types"] = ldb.MessageElement(RC4_AND_AES, ldb.FLAG_MOD_REPLACE, "msDS-SupportedEncryptionTypes")
    samdb.modify(message)


def set_upn(samdb, account, name):
    message = ldb.Message(samdb.search(expression=f"(sAMAccountName={account})", attrs=[])[0].dn)
    message["upn"] = ldb.MessageElement(name, ldb.FLAG_MOD_REPLACE, "userPrincipalName")
    samdb.modify(message)


def make_groups(samdb, user, count):
    for i in range(count):
        local = i % 4 == 0
        name = f"{user}-group-{i:04}"
        samdb.newgroup(name, grouptype=GTYPE_SECURITY_DOMAIN_LOCAL_GROUP if local else GTYPE_SECURITY_GLOBAL_GROUP)
        member = f"{user}-group-{i - 1:04}" if i % 10 == 9 and not local else user
        samdb.add_remove_group_members(name, [member], add_members_operation=True)


def main():
    config, database, account, *users = sys.argv[1:]
    parameters = LoadParm()
    parameters.load(config)
    samdb = SamDB(url=database, session_info=system_session(), lp=parameters)
    samdb.transaction_start()
    allow_aes(samdb, account)
    set_upn(samdb, "erin", "e.example@example.test")
    for user, count in zip(users[::2], users[1::2]):
        make_groups(samdb, user, int(count))
    samdb.transaction_commit()


main()
