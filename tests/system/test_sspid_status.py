# SPDX-License-Identifier: Apache-2.0
"""How a running sspid fares: sspictl status, the control socket, and /metrics."""
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import PATIENCE, let_others_pass, program, read_frame
from test_sspid_framed import TYPE1, frame
from test_sspid_reload import Echo, whoami, with_key

LISTENERS = {"framed": {"protocol": "framed", "backend": "echo"}, "who": {"protocol": "framed", "handshake_timeout": "600"},
             "http": {"protocol": "http"}, "shown": {"protocol": "http", "metrics": "yes"}}


@pytest.fixture
def served(make_service):
    return make_service(listeners=LISTENERS)


def status(service):
    return json.loads(service.ctl("status", "--json").stdout)


def listener(service, name):
    return next(entry for entry in status(service)["listeners"] if entry["listener"] == name)


def refuse(service):
    service.run("sspi-connect", "--user", "alice", "--password-stdin", service.address("who"), stdin="wrong\n", check=False)


def metrics(service, name="shown"):
    with urllib.request.urlopen(service.url("/metrics", name)) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def samples(text):
    """Each sample by its name and labels, and each family's type; what does not look like the format fails."""
    values, types = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            word, name, rest = re.fullmatch(r"# (HELP|TYPE) (opensspi_[a-z_]+) (.+)", line).groups()
            if word == "TYPE":
                assert name not in types
                types[name] = rest
            continue
        name, labels, value = re.fullmatch(r'(opensspi_[a-z_]+)(\{(?:[a-z_]+="[^"\\]*",?)+\})? ([0-9.e+]+)', line).groups()
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        assert family in types and (name + (labels or "")) not in values
        values[name + (labels or "")] = float(value)
    return values, types


def test_status_as_json(served):
    echo = Echo(served)
    assert whoami(served).returncode == 0
    refuse(served)
    half = served.connect("who")
    half.sendall(frame(TYPE1))
    assert read_frame(half)
    served.wait_for(lambda: [entry["connections"] for entry in status(served)["listeners"]] == [1, 1, 0, 0], "the others are gone")
    told = status(served)
    assert told["pid"] == served.process.pid and told["loops"] >= 1 and told["version"]
    assert told["configuration"] == str(served.config) and told["reloads"] == told["reloads_refused"] == 0
    assert told["events"]["lost"] == 0 and told["uptime_seconds"] < 600
    framed, who, http, shown = told["listeners"]
    assert [entry["listener"] for entry in told["listeners"]] == list(LISTENERS)
    assert framed["connections"] == framed["contexts"] == framed["logons"] == 1 and framed["unauthenticated"] == 0
    assert who["connections"] == who["unauthenticated"] == who["contexts"] == who["logons"] == who["refused"] == 1
    assert who["refusals"]["credentials"] == 1 and sum(who["refusals"].values()) == 1 and who["accepted"] >= 3
    assert f"127.0.0.1:{who['port']}" == who["address"] == served.address("who")
    assert http["protocol"] == shown["protocol"] == "http" and http["package"] == "Negotiate"
    echo.ends()
    served.wait_for(lambda: listener(served, "framed")["contexts"] == 0, "the context is gone")


def test_status_for_people(served):
    refuse(served)
    served.wait_for(lambda: listener(served, "who")["refused"] == 1, "it is counted")
    lines = served.ctl("status").stdout.splitlines()
    assert re.fullmatch(r"sspid \S+, process \d+, up \d+s, loops \d+", lines[0])
    assert "read anew 0 times" in lines[1] and lines[2].startswith("events: ")
    assert lines[4].split()[:3] == ["LISTENER", "TYPE", "ADDRESS"]
    assert lines[6].split()[:3] == ["who", "framed", served.address("who")] and lines[6].split()[-2:] == ["0", "1"]
    assert lines[7].strip() == "refused: credentials 1"


def test_counts_stay_over_a_reload(served):
    assert whoami(served).returncode == 0
    served.reload(with_key("who", "max_legs = 9"))
    served.reload(lambda text: text + "nonsense\n", to="the configuration is refused")
    served.config.write_text(served.config.read_text().replace("nonsense\n", ""))
    told = status(served)
    assert (told["reloads"], told["reloads_refused"]) == (1, 1) and listener(served, "who")["logons"] == 1


def test_turned_away(make_service):
    service = make_service(listeners={"framed": {"protocol": "framed", "max_per_address": "2"}})
    service.wait_for(lambda: listener(service, "framed")["connections"] == 0, "who looked whether it answers is gone")
    held = [service.connect("framed") for _ in range(2)]
    # Each may be another loop's.
    service.wait_for(lambda: listener(service, "framed")["connections"] == 2, "both are counted")
    third = service.connect("framed")
    assert third.recv(1) == b""
    away = service.wait_for(lambda: listener(service, "framed")["turned_away"]["max_per_address"], "it is counted")
    assert away == 1 and listener(service, "framed")["refusals"]["limit"] == 1
    for s in held:
        s.close()


def test_the_socket_is_the_owners_alone(served):
    path = served.folder / "control"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(str(path))
    s.sendall(b"nonsense\n")
    assert json.loads(s.recv(4096)) == {"error": "no such request"}
    if os.geteuid() == 0:
        folder = served.folder
        os.chmod(path, 0o666)  # even so
        script = ("import socket,sys;s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);s.sendall(b'status\\n');"
                  "sys.stdout.buffer.write(s.recv(99))")
        shutil.copy(path.parent / "opensspi.conf", folder / "copy")
        let_others_pass(folder)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, path],
                              capture_output=True, timeout=PATIENCE)
        assert done.stdout == b"" and b"Permission" not in done.stderr


def test_nobody_answers(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    done = service.ctl("status", check=False)
    assert done.returncode == 1 and "sspid does not answer" in done.stderr
    assert service.ctl("status", "x", check=False).returncode == 2


def test_a_control_socket_that_cannot_be(make_service):
    service = make_service(listeners=LISTENERS, start=False)
    service.config.write_text(re.sub("control_socket = .*", "control_socket = /nonexistent/control", service.config.read_text()))
    done = subprocess.run([program("sspid")], env=service.environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "no control socket" in done.stderr and "/nonexistent/control" in done.stderr


def test_metrics(served):
    assert whoami(served).returncode == 0
    refuse(served)
    served.wait_for(lambda: (listener(served, "who")["refused"], listener(served, "shown")["connections"]) == (1, 0), "it is counted, and who looked is gone")
    kind, text = metrics(served)
    values, types = samples(text)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert all(types[name] == "counter" for name in types if name.endswith("_total"))
    assert all(name.endswith("_total") for name in types if types[name] == "counter")
    assert types["opensspi_handshake_seconds"] == "histogram" and types["opensspi_connections"] == "gauge"
    who = 'listener="who",protocol="framed"'
    assert values[f"opensspi_logons_total{{{who}}}"] == 1
    assert values[f'opensspi_refusals_total{{{who},reason="credentials"}}'] == 1
    assert values['opensspi_connections{listener="shown",protocol="http"}'] == 1
    buckets = [(float(re.search('le="([^"]+)"', name).group(1).replace("+Inf", "inf")), value) for name, value in values.items()
               if name.startswith(f"opensspi_handshake_seconds_bucket{{{who}")]
    assert len(buckets) == 15 and buckets == sorted(buckets) and [value for _, value in buckets] == sorted(v for _, v in buckets)
    assert buckets[-1] == (float("inf"), 1) and values[f"opensspi_handshake_seconds_count{{{who}}}"] == 1
    assert 0 < values[f"opensspi_handshake_seconds_sum{{{who}}}"] < 20
    assert values["opensspi_start_time_seconds"] > 1.5e9 and "alice" not in text


def test_metrics_only_where_they_were_asked_for(served):
    with pytest.raises(urllib.error.HTTPError) as refused:
        metrics(served, "http")
    assert refused.value.code == 404
    request = urllib.request.Request(served.url("/metrics", "shown"), method="POST", data=b"x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code in (404, 405)
    # A change of mind, without a restart.
    served.reload(lambda text: text.replace("metrics = yes\n", ""))
    with pytest.raises(urllib.error.HTTPError):
        metrics(served, "shown")
