# SPDX-License-Identifier: Apache-2.0
"""README's table of functions against the library: what it calls unsupported answers so, and what it does not, does not."""
import ctypes
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OPENSSPI_BUILD", ROOT / "build"))
UNSUPPORTED = ctypes.c_int32(0x80090302).value
NONE = "–"
# These answer no SECURITY_STATUS.
OTHER_ANSWERS = {
    "InitSecurityInterface", "OpenSspiVersion", "OpenSspiReason", "OpenSspiStatusName", "SspiFreeAuthIdentity", "SspiLocalFree",
    "SspiIsAuthIdentityEncrypted", "SspiIsPromptingNeeded",
}


def rows():
    for line in (ROOT / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            for name in re.findall(r"`(\w+)`", cells[0]):
                yield name, cells[1], cells[2]


def forms(library, name):
    """The function, or its A and W forms."""
    names = [n for n in (name, name + "A", name + "W") if hasattr(library, n)]
    assert names, f"{name} is not exported"
    return [getattr(library, n) for n in names]


@pytest.fixture(scope="module")
def library():
    return ctypes.CDLL(str(BUILD / "src/sspi/libopensspi.so"))


def test_the_table_is_read():
    assert len(list(rows())) > 60


@pytest.mark.parametrize("name,client,server", rows(), ids=lambda value: value if str(value)[:1].isupper() else "")
def test_function(library, name, client, server):
    if name in OTHER_ANSWERS:
        assert forms(library, name)
        assert (client, server) != (NONE, NONE), "such a function cannot say that it is unsupported"
        return
    for function in forms(library, name):
        function.restype = ctypes.c_int32
        status = function(*[ctypes.c_void_p(None)] * 12)
        if (client, server) == (NONE, NONE):
            assert status == UNSUPPORTED, f"{name} answers {status & 0xFFFFFFFF:#x}"
        else:
            assert status != UNSUPPORTED, f"{name} is unsupported, and README says otherwise"
