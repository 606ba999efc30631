# SPDX-License-Identifier: Apache-2.0
"""Keytab files taken apart and put together (format 0x0502), to make those that operators have."""
import struct


def entries(data):
    """Each as a dict: principal, kvno, enctype, key."""
    assert data[:2] == b"\5\2"
    at, found = 2, []
    while at + 4 <= len(data):
        size, = struct.unpack_from(">i", data, at)
        at += 4
        if size > 0:
            found.append(entry(data[at:at + size]))
        at += abs(size)
    return found


def entry(body):
    def text(at):
        n, = struct.unpack_from(">H", body, at)
        return body[at + 2:at + 2 + n].decode(), at + 2 + n

    count, at = struct.unpack_from(">H", body)[0], 2
    realm, at = text(at)
    parts = []
    for _ in range(count):
        part, at = text(at)
        parts.append(part)
    at += 8  # type of name, time
    kvno = body[at]
    enctype, n = struct.unpack_from(">HH", body, at + 1)
    at += 5
    key = body[at:at + n]
    if len(body) >= at + n + 4:
        kvno, = struct.unpack_from(">I", body, at + n)
    return {"principal": f"{'/'.join(parts)}@{realm}", "kvno": kvno, "enctype": enctype, "key": key}


def keytab(*found):
    def text(s):
        return struct.pack(">H", len(s)) + s.encode()

    out = b"\5\2"
    for e in found:
        name, _, realm = e["principal"].rpartition("@")
        parts = name.split("/")
        body = struct.pack(">H", len(parts)) + text(realm) + b"".join(map(text, parts)) + struct.pack(">IIB", 1, 0, e["kvno"] & 0xFF)
        body += struct.pack(">HH", e["enctype"], len(e["key"])) + e["key"] + struct.pack(">I", e["kvno"])
        out += struct.pack(">i", len(body)) + body
    return out
