# SPDX-License-Identifier: Apache-2.0
"""sspictl doctor notices that a daemon runs under something else than its file says."""
import re
import signal
import subprocess

import pytest

from conftest import Service, program
from rasd import make_rasd  # noqa: F401
from samd import STRANGER_UID, Samd, as_user

READ, REFUSED = "the configuration is read anew", "the old one stays"


def findings(name, config):
    """What the doctor says of the daemon; other findings are the machine's."""
    done = subprocess.run([program("sspictl"), "--config", config, "doctor"], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if re.match(rf"[a-z]+: {name} (runs under|cannot)", line)]


def goes_through(name, config, reload):
    """A comment and another program's section are nothing; another value is something until it is read, and where it is refused."""
    text = config.read_text()
    current = [f"ok: {name} runs under what {config} says"]
    assert findings(name, config) == current
    config.write_text(f"# as agreed\n{text}[{'ras' if name == 'sspid' else 'names'}]\n")
    assert findings(name, config) == current
    changed = text.replace("[policy]\n", "[policy]\nlockout_threshold = 7\n")
    config.write_text(changed)
    told, = findings(name, config)
    assert told.startswith(f"warning: {name} runs under what {config} said ") and f"systemctl reload {name}" in told
    reload(READ)
    assert findings(name, config) == current
    config.write_text(re.sub("^((events_)?file) = .*", r"\1 = /nonexistent/events", changed, flags=re.M))
    reload(REFUSED)
    told, = findings(name, config)
    assert "it says something else now" in told


def test_sspid(make_service, tmp_path):
    service = make_service()
    goes_through("sspid", service.config, lambda words: service.reload(to=words))
    other = tmp_path / "other.conf"
    other.write_text(service.config.read_text())
    told, = findings("sspid", other)
    assert told.startswith(f"warning: sspid runs under {service.config}, not under {other}: ")
    service.stop()
    assert findings("sspid", service.config) == []


def test_rasd(make_rasd):
    rasd = make_rasd()

    def reload(words):
        told = rasd.log_text().count(words)
        rasd.process.send_signal(signal.SIGHUP)
        rasd.wait_for(lambda: rasd.log_text().count(words) > told, words)
    goes_through("rasd", rasd.config, reload)


@pytest.fixture
def samd():
    samd = Samd()
    yield samd
    samd.clear()


def test_samd(samd):
    def reload(words):
        told = samd.log.read_text().count(words)
        samd.process.send_signal(signal.SIGHUP)
        Service.wait_for(lambda: samd.log.read_text().count(words) > told, words)
    goes_through("samd", samd.config, reload)


def test_samd_tells_strangers_nothing(samd):
    told = subprocess.run([samd.copy("sspictl"), "--config", samd.config, "doctor"], capture_output=True, text=True, timeout=150, check=False,
                          env=samd.environment(), **as_user(STRANGER_UID)).stdout
    assert "warning: samd cannot be asked what it runs under: Permission denied: as root" in told and "runs under what" not in told
