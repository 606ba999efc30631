# SPDX-License-Identifier: Apache-2.0
"""backend = exec:NAME for a client that says how far it may be acted as. The client is the library in this process: the other tests of
commands run where it is compiled with a sanitizer, which Python cannot load."""
from conftest import ACCOUNTS, read_frame
from exec_site import make_site  # noqa: F401
from test_foreign_function import CLIENT_FLAGS, Client, load_configuration
from test_sspid_framed import frame, until_closed

IDENTIFY = 0x20000  # ISC_REQ_IDENTIFY


def test_who_lets_himself_be_identified_alone_is_not_acted_as(make_site):
    site = make_site({"id": "/usr/bin/id"})
    load_configuration(site.service.config)
    for flags, sealed in ((CLIENT_FLAGS, True), (CLIENT_FLAGS | IDENTIFY, False)):
        client, s = Client("NTLM", "WORKGROUP", "alice", ACCOUNTS["alice"], flags=flags), site.service.connect("id")
        s.sendall(frame(client.step(None)))
        s.sendall(frame(client.step(read_frame(s))))
        assert client.done and bool(until_closed(s) if not sealed else read_frame(s)) == sealed
        s.close()
        client.close()
    site.execd.says(": started ")
    refused, = site.service.wait_for(lambda: site.service.events(29200), "the event")
    assert refused["refusal"] == "not-permitted" and "identified alone" in refused["reason"]
    assert len(site.service.events(4624)) == 2 and site.execd.log.read_text().count(": started ") == 1
