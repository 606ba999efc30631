# SPDX-License-Identifier: Apache-2.0
"""rasd, ras-module-host and modules in C: whatever rule a module breaks costs its own calls, and rasd goes on."""
import pytest

from conftest import BUILD, program
from rasd import make_rasd  # noqa: F401

BREAKER = BUILD / "tests/ras/rule_breaker.so"


@pytest.fixture
def make_hosted(make_rasd):
    def make(name, module=BREAKER, **ras):
        """A port whose device's name is what the module does there, and one on which it keeps the rules."""
        ports = {"bad": {"type": "tcp", "calls": "2", "device_name": name}, "good": {"type": "tcp", "calls": "2", "device_name": "polite"}}
        # What is waited for until its time is over; all else comes sooner, however slow the machine is.
        brief = {"begin-blocks": {"begin_timeout": 4}, "end-blocks": {"end_timeout": 4}, "never-completes": {"end_timeout": 4}}.get(name, {})
        return make_rasd(None, ports=ports, host=None, security_module=module, module_host=program("ras-module-host"),
                         **{"end_timeout": 60, "begin_timeout": 60, **brief, **ras})

    return make


def serves(rasd):
    c = rasd.call("good")
    c.expect("Name: ")
    c.say("alice\r")
    c.expect("PPP\n")
    c.say("AUTH alice LAB\nUP\nBYE\n")
    c.rest()


def reaches_ppp(c):
    c.expect("PPP\n")
    c.say("x\n")
    c.expect("[x]\n")


def test_polite(make_hosted):
    rasd = make_hosted("polite")
    serves(rasd)
    c = rasd.call("bad")
    c.expect("Name: ")
    c.say("mallory\r")
    assert c.rest() == b""
    assert rasd.event(29004)["TargetUserName"] == "mallory"
    c = rasd.call("bad")
    c.expect("Name: ")
    c.close()
    rasd.event(29009, 2)
    assert not rasd.events(29006) and not rasd.events(29010)


@pytest.mark.parametrize("name", ["begin-completes", "times-out", "stale-handle", "completes-while-receiving", "error-beside-success"])
def test_success(make_hosted, name):
    rasd = make_hosted(name)
    reaches_ppp(rasd.call("bad"))
    assert rasd.event(29003)["TargetUserName"] == "good"
    serves(rasd)
    assert not rasd.events(29006) and not rasd.events(29010)


@pytest.mark.parametrize("name, prompt, typed", [("arguments", "ready", "ab"), ("dword-length", "", "abc"), ("reads-bytes", "?", "hello")])
def test_success_of_who_types(make_hosted, name, prompt, typed):
    rasd = make_hosted(name)
    c = rasd.call("bad")
    if prompt:
        c.expect(prompt)
    c.say(typed)
    reaches_ppp(c)
    assert not rasd.events(29006) and not rasd.events(29010)


@pytest.mark.parametrize("name, size", [("floods", 256 * 1024), ("sends-quickly", 690)])
def test_success_behind_much_output(make_hosted, name, size):
    rasd = make_hosted(name)
    c = rasd.call("bad")
    assert len(c.expect("PPP\n")) >= size
    serves(rasd)


@pytest.mark.parametrize("name, typed, fault", [
    ("completes-twice", "", "Complete was called twice"),
    ("end-succeeds", "alice\r", "End answered NO_ERROR after Complete"),
])
def test_a_fault_that_is_recorded(make_hosted, name, typed, fault):
    rasd = make_hosted(name)
    c = rasd.call("bad")
    c.say(typed)
    reaches_ppp(c)
    assert rasd.event(29006)["reason"] == fault
    serves(rasd)
    assert not rasd.events(29010)


@pytest.mark.parametrize("name, fault", [
    ("unterminated", "SUCCESS without a user's name"),
    ("odd-outcome", "Complete with an unknown outcome"),
])
def test_a_fault_that_hangs_up(make_hosted, name, fault):
    rasd = make_hosted(name)
    assert rasd.call("bad").rest() == b""
    assert rasd.event(29006)["reason"] == fault
    serves(rasd)
    assert not rasd.events(29010)


def test_begin_refuses(make_hosted):
    rasd = make_hosted("begin-refuses")
    assert rasd.call("bad").rest() == b""
    assert rasd.event(29005)["error"] == 5
    serves(rasd)


@pytest.mark.parametrize("name", ["crashes", "overrun", "exits", "closes"])
def test_the_process_ends(make_hosted, name):
    """The other caller's dialogue ends with it; who is connected stays."""
    rasd = make_hosted(name)
    connected, other = rasd.call("good"), rasd.call("good")
    connected.expect("Name: ")
    connected.say("alice\r")
    connected.expect("PPP\n")
    other.expect("Name: ")
    victim = rasd.call("bad")
    victim.rest()
    rasd.event(29010)
    if name != "closes":  # which is found out when there is something to say
        assert other.rest() == b""
    connected.say("x\n")
    connected.expect("[x]\n")
    connected.say("BYE\n")
    rasd.event(29011, 2)
    serves(rasd)


def test_a_buffer_when_the_call_is_over(make_hosted):
    """Who it was goes on: PPP has the line by then."""
    rasd = make_hosted("buffer-later")
    c = rasd.call("bad")
    c.expect("PPP\n")
    rasd.event(29010)
    assert "touched a buffer of a call that is over" in rasd.log_text()
    c.say("x\n")
    c.expect("[x]\n")
    rasd.event(29011, 2)
    serves(rasd)


@pytest.mark.parametrize("name, typed, fault", [
    ("begin-blocks", "", "Begin did not return in time"),
    ("end-blocks", "alice\r", "End did not return in time"),
])
def test_a_hang(make_hosted, name, typed, fault):
    rasd = make_hosted(name)
    c = rasd.call("bad")
    c.say(typed)
    c.rest()
    assert rasd.event(29006)["reason"] == fault
    rasd.event(29011, 2)
    serves(rasd)


@pytest.mark.parametrize("name, fault", [
    ("never-completes", "End promised a Complete that did not come"),
    ("completes-late", None),
    ("end-completes", None),
    ("end-waits", None),
])
def test_the_caller_hangs_up(make_hosted, name, fault):
    rasd = make_hosted(name)
    c = rasd.call("bad")
    rasd.wait_for(lambda: "Dialog" in [port["state"] for port in rasd.status()], "a dialogue")
    c.close()
    rasd.event(29009)
    if fault:
        assert rasd.event(29006)["reason"] == fault
        rasd.event(29011, 2)
    else:
        assert not rasd.events(29006) and not rasd.events(29010)
    serves(rasd)


def test_the_server_stops_during_a_dialog(make_hosted):
    rasd = make_hosted("polite")
    c = rasd.call("bad")
    c.expect("Name: ")
    rasd.stop()
    assert c.rest() == b""
    assert rasd.event(29009)["reason"] == "the server stops"


def test_the_example(make_hosted):
    rasd = make_hosted("COM1", module=BUILD / "examples/ras_module.so")
    for times in (7, 6):
        c = rasd.call("bad")
        c.expect("Name: ")
        c.say("alice\r")
        c.expect("Challenge ")
        c.say(f"{int(c.expect(': ')) * times}\r")
        if times == 7:
            reaches_ppp(c)
            assert rasd.event(29003)["TargetUserName"] == "alice"
        else:
            assert c.rest() == b""
            assert rasd.event(29004)["TargetUserName"] == "alice"


@pytest.mark.parametrize("module, why", [
    ("begin_alone.so", "RasSecurityDialogEnd"), ("unwilling.so", "DllMain"), ("unresolved.so", "no_such_function"),
    ("no-such.so", "no-such.so"),
])
def test_it_does_not_start_without_its_module(make_hosted, module, why):
    rasd = make_hosted("polite", module=BUILD / "tests/ras" / module, start=False)
    done = rasd.run()
    assert done.returncode == 1 and "the security module cannot be loaded" in done.stderr and why in done.stderr
