#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""names_domain.py SMB.CONF SAM.LDB: in a domain's database, accounts whose names are what names may be, and what a filter would take for its own;
deleg, whose service clients may delegate to."""
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

NORMAL_ACCOUNT, TRUSTED_FOR_DELEGATION = 0x200, 0x80000
# sAMAccountName: (common name, other attributes)
ACCOUNTS = {
    "grace": ("grace", {"givenName": "Grace", "sn": "Hopper", "displayName": "Gr*ce (\\) Hopper", "userPrincipalName": "g.hopper@corp.test",
                        "servicePrincipalName": "HTTP/grace.example.test"}),
    "p(q)": ("p, (q) s\\t*", {"displayName": "Ünïcode ☃", "servicePrincipalName": ["HTTP/p.example.test", "HTTP/q.example.test"]}),
    "twin1": ("twin1", {"displayName": "Twin"}),
    "twin2": ("twin2", {"displayName": "Twin"}),
    "heidi": ("heidi", {}),
    "shadow": ("shadow", {"userPrincipalName": "shade@example.test"}),
    "deleg": ("deleg", {"servicePrincipalName": "host/deleg.example.test"}),
}


def main():
    config, database = sys.argv[1:]
    parameters = LoadParm()
    parameters.load(config)
    samdb = SamDB(url=database, session_info=system_session(), lp=parameters)
    base = samdb.get_default_basedn()
    samdb.add({"dn": f"OU=People,{base}", "objectClass": "organizationalUnit"})
    for account, (name, attributes) in ACCOUNTS.items():
        dn = ldb.Dn(samdb, f"OU=People,{base}")
        dn.add_child(ldb.Dn(samdb, "CN=x"))
        dn.set_component(0, "CN", name)
        samdb.add({"dn": dn, "objectClass": "user", "sAMAccountName": account, "cn": name, **attributes})
        samdb.setpassword(f"(sAMAccountName={ldb.binary_encode(account)})", "Secret901!x")
        if account == "deleg":
            message = ldb.Message(dn)
            message["flags"] = ldb.MessageElement(str(NORMAL_ACCOUNT | TRUSTED_FOR_DELEGATION), ldb.FLAG_MOD_REPLACE, "userAccountControl")
            message["types"] = ldb.MessageElement("28", ldb.FLAG_MOD_REPLACE, "msDS-SupportedEncryptionTypes")
            samdb.modify(message)
            samdb.setpassword(f"(sAMAccountName={account})", "Secret901!x")
    samdb.newcomputer("WEB1")


main()
