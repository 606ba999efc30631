# SPDX-License-Identifier: Apache-2.0
"""rasd with the real ras-module-host: the example module, and modules that break each rule (tests/ras/rule_breaker.c)."""
import re

import pytest

from conftest import program
from rasd import make_rasd  # noqa: F401


@pytest.fixture
def make_hosted(make_rasd):
    return lambda module, **keys: make_rasd(program(module), host=None, module_host=program("ras-module-host"), **keys)


def test_the_example_module(make_hosted):
    rasd = make_hosted("ras_module.so")
    c = rasd.call()
    c.expect("Name: ")
    c.say("alice\r")
    c.expect("Challenge ")
    challenge = int(c.expect(": "))
    c.say(f"{7 * challenge}\r")
    c.expect("PPP\n")
    c.say("AUTH alice WEB1\nUP\nBYE\n")
    c.expect("OK\nOK\n")
    assert rasd.event(20272)["TargetUserName"] == "alice"
    c = rasd.call()
    c.say("bob\r")
    c.expect("Challenge ")
    c.say("1\r")
    assert c.rest().endswith(b": ")
    assert rasd.event(29004)["TargetUserName"] == "bob"
    c = rasd.call()
    c.expect("Name: ")
    c.close()
    rasd.event(29009, 2)
    assert not rasd.events(29006) and not rasd.events(29010)


def test_64_callers_of_the_example_module(make_hosted):
    rasd = make_hosted("ras_module.so", ports={"net": {"type": "tcp", "calls": "64"}}, module_processes=2)
    callers = [rasd.call() for _ in range(64)]
    for c in callers:
        c.say("alice\r")
    for c in callers:
        c.expect("Challenge ")
        c.say(f"{7 * int(c.expect(': '))}\r")
    for c in callers:
        c.expect("PPP\n")
        c.close()
    rasd.wait_for(lambda: len(rasd.events(29009)) == 64, "64 ends")
    assert not rasd.events(29006)


# Where each rule leads, and what the event log tells of it beside the call's begin and end.
PPP, END = True, False
RULES = {
    "begin-refuses": (END, {29005}), "begin-blocks": (END, {29006, 29010}), "begin-refuses-and-completes": (PPP, {29003, 29006}),
    "begin-completes": (PPP, {29003}), "end-succeeds": (PPP, {29003, 29006}), "end-completes": (END, set()),
    "end-blocks": (END, {29003, 29006, 29010}), "end-waits": (PPP, {29003}), "never-completes": (END, {29006, 29010}),
    "completes-late": (END, set()), "completes-twice": (PPP, {29003, 29006}), "stale-handle": (PPP, {29003}),
    "buffer-later": (PPP, {29003, 29010}), "overrun": (END, {29006, 29010}), "odd-outcome": (END, {29006}),
    "crashes": (END, {29006, 29010}), "exits": (END, {29006, 29010}), "closes": (END, {29006, 29010}),
    "error-beside-success": (PPP, {29003}), "times-out": (END, {29005}),
}


# What is waited for until its time is over; all else comes sooner, however slow the machine is.
BRIEF = {"begin-blocks": {"begin_timeout": 4}, "end-blocks": {"end_timeout": 4}, "never-completes": {"dialog_timeout": 1, "end_timeout": 4},
         "completes-late": {"dialog_timeout": 1}, "end-completes": {"dialog_timeout": 1}}


@pytest.mark.parametrize("rule", RULES)
def test_a_module_that_breaks_a_rule(make_hosted, rule):
    times = {"begin_timeout": 60, "end_timeout": 60, "dialog_timeout": 60, **BRIEF.get(rule, {})}
    ports = {"victim": {"type": "tcp", "device_name": rule, "dialog_timeout": times.pop("dialog_timeout")}, "polite": {"type": "tcp", "device_name": "polite"}}
    rasd = make_hosted("rule_breaker.so", ports=ports, **times)
    goes_on, told = RULES[rule]
    c = rasd.call("victim")
    c.say("alice\r")
    if goes_on:
        c.expect("PPP\n")
        for number in told:  # of a call that is over nothing is told
            rasd.event(number)
        c.close()
    else:
        c.rest()
    for number in {29009, *told}:
        rasd.event(number)
    assert {row["EventID"] for row in rasd.events()} - {29001, 29009, 29011} == told
    for number in range(3):  # whatever happened, an honest caller is served
        d = rasd.call("polite")
        d.expect("Name: ")
        d.say("bob\r")
        d.expect("PPP\n")
        d.close()
        rasd.event(29009, number + 2)


def test_what_ended_a_process_is_told(make_hosted):
    rasd = make_hosted("rule_breaker.so", ports={"net": {"type": "tcp", "device_name": "crashes"}})
    rasd.call().rest()
    assert re.match(r"the process was ended by signal \d+", rasd.event(29010)["reason"])


@pytest.mark.parametrize("module, why", [("begin_alone.so", "RasSecurityDialogEnd"), ("end_alone.so", "RasSecurityDialogBegin")])
def test_a_module_without_an_export(make_hosted, module, why):
    done = make_hosted(module, start=False).run()
    assert done.returncode == 1
    assert "the security module cannot be loaded" in done.stderr and why in done.stderr


def test_a_module_that_is_none(make_hosted):
    rasd = make_hosted("ras_module.so", start=False)
    rasd.module.write_text("no library")
    done = rasd.run()
    assert done.returncode == 1 and re.search("the security module cannot be loaded.*(file too short|invalid ELF)", done.stderr)
