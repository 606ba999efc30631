# SPDX-License-Identifier: Apache-2.0
"""A proxy's connections over time: how long they stay, and under which configuration."""
import time

from test_sspid_http import TYPE1, Http, authorization, ntlm_logon

KEYS = {"protocol": "http", "trusted_proxy": "127.0.0.1", "connection_header": "X-Connection"}
NAMED = "X-Connection: 7"


class Named(Http):
    """What comes on it is for one client's connection."""

    def get(self, path="/auth", *fields, **more):
        return super().get(path, NAMED, *fields, **more)


def remote_user(answer):
    return dict(answer[1]).get("remote-user") if answer[0] == 200 else answer[0]


def test_a_proxy_s_connection_has_no_deadline(make_service):
    """Whatever its clients do: handshake_timeout is theirs, in the table."""
    web = make_service(listeners={"http": {**KEYS, "handshake_timeout": "1"}})
    h = Http(web)
    assert h.get("/auth")[0] == 401
    time.sleep(2)
    assert h.get("/auth")[0] == 401
    assert h.get("/auth", NAMED, authorization("NTLM", TYPE1))[0] == 401
    refused = web.wait_for(lambda: web.events(4625), "the handshake's end, which no request brings about")
    assert "handshake_timeout = 1 s" in refused[-1]["reason"]
    assert h.get("/auth")[0] == 401


def test_a_pool_takes_up_a_new_configuration(make_service):
    """A connection that a proxy keeps would hold the old one for ever: it is closed with the next answer."""
    web = make_service(listeners={"http": KEYS})
    kept = Named(web)
    assert remote_user(ntlm_logon(kept, web, "alice", "Secret123!x", path="/auth")) == "alice"
    assert remote_user(kept.get()) == "alice"
    web.reload(lambda text: text.replace("[listener http]\n", "[listener http]\nrequire = optional\n"))
    answer = kept.get()
    assert ("connection", "close") in [(name, value.lower()) for name, value in answer[1]] and kept.read() is None
    answer = Named(web).get()
    assert answer[0] == 200 and dict(answer[1])["remote-authenticated"] == "no"
    again = Named(web)
    assert remote_user(ntlm_logon(again, web, "alice", "Secret123!x", path="/auth")) == "alice"
    assert remote_user(Named(web).get()) == "alice"
