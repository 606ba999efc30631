# SPDX-License-Identifier: Apache-2.0
"""What functions answer, which sizes and which last errors, here and under Wine: tests/compat-source/answers_*.c print it, a line each."""
import re
import subprocess

import pytest

from conftest import ROOT, run_apart
from wine import Here, lone_samba

# Lines that differ: a pattern for what stands before the colon, and why.
NO_TEXT = "Wine has no text for it"
DIFFERENT = {
    "text": {
        r"wide\.flags|narrow\.flags": "Windows documents ERROR_INVALID_FLAGS; Wine takes what UTF-8 has no use for",
        r"narrow\.default": "Windows documents ERROR_INVALID_PARAMETER; Wine takes a default character for UTF-8",
        r"wide\.bad [45]": "how many U+FFFD stand for a surrogate or for what is above U+10FFFF: here as Unicode recommends",
    },
    "message": {
        r"system (8009|0009).*|system 00000102.*|system 0000(2733|2740|274C).*": NO_TEXT,
        r"wide-string": "ANSI is UTF-8 here, and a code page there",
        r"no-source|no-buffer": "Wine takes NULL for an empty string, and writes to a NULL buffer",
        r"lines|lines\.(exact|breaks|word|insert)": "Windows documents the width as a line's most characters, and that no word is split; "
                                                    "Wine's lines have one less, and it splits words",
    },
    "system": {
        r"wait\.twice": "Windows documents ERROR_INVALID_PARAMETER; Wine waits",
        r"WSACleanup\.before.*": "Windows documents WSANOTINITIALISED; Wine does not count from the first",
        r"CopySid\.short": "Wine leaves the last error alone",
        r"class\.0": "Wine says of a class that is none that it is not implemented",
        r"DsMakeSpnW\.empty-class": "a name without a class is none",
    },
    "sspi": {
        r"FreeContextBuffer\.null": "an error here, as any pointer that is none of the library's",
        r"Query\.sizes": "a context that is not established has no sizes here; Wine's are constants",
    },
    "process": {
        r"date\.no-leap|date\.late": "Windows documents years up to 30827; Wine has a 29th of February in 1900, too",
        r"file\.short\.length": "Windows documents that what is cut off ends with a NUL; Wine's does not",
    },
    "names": {
        r"TranslateName[AW]\.nobody": "Wine's does nothing, and says nothing of why",
    },
    "strsafe": {},
    "sync": {
        r"semaphore\.release\.(0|less)": "Windows documents that the count is greater than 0; Wine adds 0, and finds what is less too many",
    },
    "winsock": {
        r"client\.anew": "Windows documents that the record begins anew; Wine tells of FD_WRITE once",
        r"reset|reset\.recv": "Windows documents WSAECONNRESET; Wine loses it",
    },
}


def answers(where, name, env):
    done = run_apart(where.command(name), env=where.environment(env), stdin=subprocess.DEVNULL, timeout=300)
    assert done.returncode == 0, f"{name}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    out = {}
    for line in done.stdout.splitlines():
        label, _, value = line.partition(":")
        out.setdefault(label, []).append(value.strip())
    return out


@pytest.fixture(scope="module")
def samba(tmp_path_factory):
    return lone_samba(tmp_path_factory.mktemp("samba"))


@pytest.mark.parametrize("family", DIFFERENT)
def test_answers__the_same_here_and_there(shared_wine, samba, library, family):
    shared_wine.samba(samba)
    shared_wine.compile(f"answers-{family}", [ROOT / f"tests/compat-source/answers_{family}.c"])
    here, there = answers(Here, f"answers-{family}", library), answers(shared_wine, f"answers-{family}", library)
    known = re.compile("|".join(DIFFERENT[family]) or "(?!)")
    found = {label: (here.get(label), there.get(label)) for label in {**here, **there} if here.get(label) != there.get(label)}
    assert len(here) > 20 and not {label: both for label, both in found.items() if not known.fullmatch(label)}
    # What is listed differs indeed.
    for pattern in DIFFERENT[family]:
        assert any(re.fullmatch(pattern, label) for label in found), f"no longer different: {pattern}"
