# SPDX-License-Identifier: Apache-2.0
"""Two sspids behind the real nginx, which asks them in turn: the legs of a handshake land on either, and so do the requests after it."""
import base64
import itertools
import os
import random
import stat
import subprocess
import sys
import threading
import time

import pytest

from conftest import ROOT, free_port, program
from nginx import KEYS, Nginx
from test_nginx import STEPS, USERS, client, in_every_order

sys.path.append(str(ROOT / "tests/system"))
from test_sspid_http import Http, NtlmClient, authorization, challenges  # noqa: E402


class Twins:
    """Two processes with one configuration, but for where they listen and what they write."""

    def __init__(self, make_service, **keys):
        self.first = make_service(listeners={"http": {"protocol": "http", **KEYS, **keys}}, start=False)
        self.second = make_service(accounts={}, listeners={"http": {}}, start=False)
        self.folder = self.first.folder / "connections"
        self.second.listeners = {"http": {"address": f"127.0.0.1:{free_port()}"}}
        text = self.first.config.read_text(encoding="utf-8").replace("[listener http]\n", f"[listener http]\nconnection_store = {self.folder}\n")
        text += f"[export]\nkey_file = {self.first.folder}/keys/export.key\nspent_file = {self.first.folder}/spent\n"
        self.first.config.write_text(text, encoding="utf-8")
        for old, new in ((self.first.address("http"), self.second.address("http")), (str(self.first.event_file), str(self.second.event_file)),
                         (f"{self.first.folder}/control", f"{self.second.folder}/control")):
            text = text.replace(old, new)
        self.second.config.write_text(text, encoding="utf-8")
        self.both = (self.first, self.second)
        for service in self.both:
            service.start()

    def events(self, number):
        return [event for service in self.both for event in service.events(number)]

    def files(self):
        return [name for name in os.listdir(self.folder) if not name.startswith(".")]

    def wait_for(self, true, what):
        return self.first.wait_for(true, what)


@pytest.fixture
def twins(make_service):
    return Twins(make_service)


@pytest.fixture
def nginx(twins, tmp_path):
    """Before both, which it asks in turn; nothing ties a client to one of them."""
    folder = tmp_path / "nginx"
    folder.mkdir(mode=0o755)
    made = Nginx(folder, "; server ".join(service.address("http") for service in twins.both), keepalive=4)
    yield made.start()
    made.stop()


class Named(Http):
    """What the proxy itself would send: requests of the connection of this name."""

    def __init__(self, service, name):
        self.fields = (f"X-Connection: {name}", "X-Connection-Age: 600.000")  # older than all that it proves, however long that takes
        super().__init__(service)

    def get(self, *fields, **more):
        return super().get("/auth", *self.fields, *fields, **more)


def user_of(answer):
    return dict(answer[1]).get("remote-user") if answer[0] == 200 else answer[0]


def begin(service, name, who):
    """The first leg; the answer to it."""
    answer = Named(service, name).get(authorization("NTLM", who.negotiate()))
    assert answer[0] == 401, answer
    return who.authenticate(base64.b64decode(challenges(answer)[0].split()[1]))


def test_two_users_in_every_order(twins, nginx):
    """Each step at the other process than the one before."""
    in_every_order(lambda user: client(nginx, user))
    twins.wait_for(lambda: len(twins.events(4624)) >= 140, "140 events")
    assert len(twins.events(4624)) == 140 and not twins.events(4625)
    assert all(service.events(4624) for service in twins.both), "both were to have a part in it"


def test_many_clients_at_once(twins, nginx):
    wrong = []

    def run(user, scheme, seed):
        dice = random.Random(seed)
        try:
            for _ in range(12):
                one, other = client(nginx, user, scheme), client(nginx, "bob" if user == "alice" else "alice", scheme)
                todo = [(c, iter(STEPS + ("again",) * 4)) for c in (one, other)]
                while todo:
                    c, steps = dice.choice(todo)
                    step = next(steps, None)
                    if step is None:
                        todo.remove((c, steps))
                    else:
                        getattr(c, step)()
                one.socket.close()
                other.socket.close()
        except Exception as e:  # pylint: disable=broad-except
            wrong.append((user, e))

    threads = [threading.Thread(target=run, args=(user, scheme, seed)) for seed, (user, scheme) in
               enumerate(itertools.product(USERS, ("NTLM", "Negotiate")))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    twins.wait_for(lambda: len(twins.events(4624)) >= 96, "96 events")
    assert len(twins.events(4624)) == 96 and not twins.events(4625)


def test_a_leg_that_comes_to_both_at_once__is_taken_once(twins):
    """Who claims the handshake has it; to the other it is none."""
    granted = []
    for i in range(60):
        who = NtlmClient("alice", USERS["alice"])
        last = authorization("NTLM", begin(twins.both[i % 2], f"race-{i}", who))
        ready, answers = threading.Barrier(2), []

        def send(service, name=f"race-{i}", last=last, ready=ready, answers=answers):
            connection = Named(service, name)
            ready.wait()
            answers.append(user_of(connection.get(last)))

        threads = [threading.Thread(target=send, args=(service,)) for service in twins.both]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(map(str, answers)) == ["401", "alice"], answers
        granted += answers
        # Whoever it is now, it is nobody else.
        assert {user_of(Named(service, f"race-{i}").get()) for service in twins.both} <= {"alice", 401}
    assert granted.count("alice") == 60


def test_what_is_known__outlives_the_process_that_proved_it(twins):
    who = NtlmClient("alice", USERS["alice"])
    last = begin(twins.first, "7", who)
    assert user_of(Named(twins.second, "7").get(authorization("NTLM", last))) == "alice"
    assert len(twins.files()) == 1
    assert stat.S_IMODE(os.stat(twins.folder).st_mode) == 0o700
    # Events are written behind the answers: one that is still queued dies with the process.
    begun = twins.wait_for(lambda: twins.events(4624), "the logon's event")
    twins.second.process.kill()
    twins.second.process.wait()
    assert user_of(Named(twins.first, "7").get()) == "alice"
    twins.second.process = None
    twins.second.start()
    assert user_of(Named(twins.second, "7").get()) == "alice"
    assert user_of(Named(twins.second, "8").get()) == 401
    # The next Authorization ends it, and is told, wherever it comes.
    assert user_of(Named(twins.first, "7").get(authorization("NTLM", who.negotiate()))) == 401
    assert user_of(Named(twins.second, "7").get()) == 401
    assert not twins.files()
    gone = twins.wait_for(lambda: twins.events(4634), "the end of the logon")
    assert len(gone) == 1 and gone[0]["TargetLogonId"] == begun[0]["TargetLogonId"]


def test_a_connection_that_is_younger_than_its_name__is_nobody(twins):
    who = NtlmClient("alice", USERS["alice"])
    last = begin(twins.first, "7", who)
    old = Named(twins.second, "7")
    assert user_of(old.get(authorization("NTLM", last))) == "alice"
    old.fields = ("X-Connection: 7", "X-Connection-Age: 0.000")
    time.sleep(4)
    assert user_of(old.get()) == 401 and user_of(Named(twins.first, "7").get()) == 401


def test_what_nobody_asks_for__is_swept_by_who_is_left(make_service):
    twins = Twins(make_service, connection_idle="12", handshake_timeout="12")  # for its two legs and the end of the first, on a busy machine
    who = NtlmClient("alice", USERS["alice"])
    last = begin(twins.first, "7", who)
    assert user_of(Named(twins.first, "7").get(authorization("NTLM", last))) == "alice"
    begin(twins.first, "8", who)
    twins.first.stop()
    twins.wait_for(lambda: not twins.files(), "the folder is empty")
    told = twins.second.wait_for(lambda: twins.second.events(4634) and twins.second.events(4625), "both ends")
    assert "handshake_timeout = 12 s" in told[0]["reason"] and twins.second.events(4634)[0]["TargetUserName"] == "alice"


def test_another_configuration__shares_nothing(twins):
    """What one proves under another policy is not believed."""
    twins.second.reload(lambda text: text.replace("[policy]\n", "[policy]\nrequire_mic = yes\n"))
    last = begin(twins.first, "7", NtlmClient("alice", USERS["alice"]))
    assert user_of(Named(twins.second, "7").get(authorization("NTLM", last))) == 401
    assert user_of(Named(twins.first, "7").get(authorization("NTLM", last))) == "alice"
    assert user_of(Named(twins.second, "7").get()) == 401


def test_a_listener_s_policy__holds_for_the_last_leg(make_service):
    """The context goes on under the listener's credential, not under the process's policy."""
    twins = Twins(make_service, require_mic="yes")
    last = begin(twins.first, "7", NtlmClient("alice", USERS["alice"]))  # makes no MIC
    assert user_of(Named(twins.second, "7").get(authorization("NTLM", last))) == 401
    refused = twins.second.wait_for(lambda: twins.second.events(4625), "the refusal")
    assert "MIC" in refused[-1]["reason"]


def test_a_folder_that_others_may_read__is_refused(twins):
    twins.second.stop()
    os.chmod(twins.folder, 0o755)
    done = subprocess.run([program("sspid")], env=twins.second.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "0700" in done.stderr
    os.chmod(twins.folder, 0o700)
    twins.second.start()


@pytest.mark.parametrize("without, words", [("connection_header", "connection_header"), ("key_file", "[export] key_file"),
                                            ("spent_file", "[export] key_file")])
def test_what_goes_with_it(twins, without, words):
    twins.second.stop()
    config = twins.second.config
    text = config.read_text(encoding="utf-8")
    begin_export = text.index("[export]")
    kept = [line for line in text[:begin_export].splitlines() if not (without == "connection_header" and line.startswith("connection_"))
            or line.startswith("connection_store")]
    export = [line for line in text[begin_export:].splitlines() if not line.startswith(without)]
    config.write_text("\n".join(kept + export) + "\n", encoding="utf-8")
    done = twins.second.run("sspid", "--check", check=False)
    assert done.returncode != 0 and words in done.stderr
    config.write_text(text, encoding="utf-8")
    twins.second.start()
