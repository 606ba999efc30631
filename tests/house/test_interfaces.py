# SPDX-License-Identifier: Apache-2.0
"""docs/INTERFACES.md against the headers of the messages that it describes: versions, and numbers and names of types."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOCOLS = {
    "rasd and ras-module-host": ("src/ras/host_msg.h", "HOST_MSG"),
    "rasd and its plugin in pppd": ("src/ras/ppp_msg.h", "PPP_MSG"),
    "opensspi-execd and sspid": ("src/execd/exec_msg.h", "EXEC_MSG"),
    "samd and who asks it": ("src/account/authority_msg.h", "AUTHORITY_MSG"),
}


@pytest.fixture(scope="module")
def chapters():
    parts = re.split(r"^## (.*)\n", (ROOT / "docs/INTERFACES.md").read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def types(header, prefix):
    """{number: name} of the header's enum of message types."""
    body = re.search(rf"enum {prefix.lower()}_type {{(.*?)}};", header, re.S)[1]
    found, number = {}, 0
    for name, value in re.findall(rf"\b{prefix}_(\w+)(?: = (\d+))?,", re.sub(r"/\*.*?\*/", "", body, flags=re.S)):
        number = int(value) if value else number + 1
        found[number] = name
    return found


@pytest.mark.parametrize("chapter", PROTOCOLS)
def test_a_chapter_is_about_the_messages_that_there_are(chapters, chapter):
    path, prefix = PROTOCOLS[chapter]
    header = (ROOT / path).read_text(encoding="utf-8")
    said = {int(number): name for number, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", chapters[chapter], re.M)}
    assert said == types(header, prefix)
    version = re.search(rf"\b{prefix}_VERSION = (\d+),", header)[1]
    assert re.findall(r"\bversion is (\d+) on both sides", chapters[chapter]) == [version]
