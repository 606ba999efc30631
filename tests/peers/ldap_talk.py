# SPDX-License-Identifier: Apache-2.0
"""As much of LDAP (RFC 4511) as it takes to bind with SASL, to ask who one is and to search: the protocol of a customer's LDAP client, whose SASL is
an End of ends.py. Messages after the bind go through its security layer, each behind four bytes of length (RFC 4422 3.7)."""
import struct
import subprocess

SUCCESS, BIND_IN_PROGRESS, STRONGER_AUTH_REQUIRED, INVALID_CREDENTIALS = 0, 14, 8, 49
INTEGER, OCTETS, ENUMERATED, BOOLEAN, SEQUENCE = 0x02, 0x04, 0x0A, 0x01, 0x30
# Standard input and output to and from a port, inside whatever namespaces it is started in.
RELAY = """import os, socket, sys, threading
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 120)
s.settimeout(None)
def up():
    while data := os.read(0, 65536):
        s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := s.recv(65536):
    while data:
        data = data[os.write(1, data):]
"""


def element(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def number(value, tag=INTEGER):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def text(value, tag=OCTETS):
    return element(tag, value.encode() if isinstance(value, str) else value)


def head(data):
    """(tag, where the contents begin, where they end) of the element that data begins with; None: not all of its head is there."""
    if len(data) < 2 or len(data) < 2 + (data[1] & 0x7F if data[1] & 0x80 else 0):
        return None
    if not data[1] & 0x80:
        return data[0], 2, 2 + data[1]
    start = 2 + (data[1] & 0x7F)
    return data[0], start, start + int.from_bytes(data[2:start], "big")


def elements(data):
    """[(tag, contents)]"""
    out = []
    while data:
        tag, start, end = head(data)
        assert end <= len(data)
        out.append((tag, data[start:end]))
        data = data[end:]
    return out


class Ldap:
    """A connection to a directory; inside makes of a command one that runs where the directory is."""

    def __init__(self, inside, port=389):
        self.relay = subprocess.Popen(inside("/usr/bin/python3", "-c", RELAY, str(port)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.received = self.plain = b""
        self.last_id, self.protect, self.open, self.frames = 0, None, None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.relay.kill()
        self.relay.wait(60)
        self.relay.stdin.close()
        self.relay.stdout.close()

    def read(self, n):
        while len(self.received) < n:
            more = self.relay.stdout.read(65536)
            assert more, "the directory has closed the connection"
            self.received += more
        out, self.received = self.received[:n], self.received[n:]
        return out

    def send(self, operation):
        self.last_id += 1
        message = element(SEQUENCE, number(self.last_id), operation)
        if self.protect:
            message = self.protect(message)
            message = struct.pack(">I", len(message)) + message
        self.relay.stdin.write(message)

    def more(self):
        """More of the plain stream."""
        if self.open:
            n, = struct.unpack(">I", self.read(4))
            self.plain += self.open(self.read(n))
            self.frames += 1
        else:
            self.plain += self.read(1)

    def receive(self):
        """(tag, contents) of the next message's operation."""
        while (found := head(self.plain)) is None or found[2] > len(self.plain):
            self.more()
        _, start, end = found
        (_, identifier), operation, *_ = elements(self.plain[start:end])
        self.plain = self.plain[end:]
        assert int.from_bytes(identifier, "big") == self.last_id
        return operation

    def result(self, operation, tag):
        """(code, what the server says, the rest) of an answer."""
        assert operation[0] == tag, operation
        (_, code), _, (_, diagnostic), *rest = elements(operation[1])
        return code[0], diagnostic.decode(), dict(rest)

    def bind(self, mech, client, layer):
        """With the client's SASL; the last result's code."""
        token = client.step(None)
        while True:
            self.send(element(0x60, number(3), text(""), element(0xA3, text(mech), text(token or b""))))
            code, self.said, rest = self.result(self.receive(), 0x61)
            token = rest.get(0x87)
            if code == BIND_IN_PROGRESS or (code == SUCCESS and not client.done):
                token = client.step(token)
            if code != BIND_IN_PROGRESS:
                break
        if code == SUCCESS:
            assert client.done
            self.protect = {"integrity": client.wrap, "confidentiality": client.seal, "none": None}[layer]
            self.open = client.unseal if self.protect else None
        return code

    def who_am_i(self):
        """The SID, in its binary form."""
        (_, found), = self.search("", "objectClass", None, "tokenGroups", scope=0)
        return found["tokenGroups"][0]

    def search(self, base, attribute, value, *wanted, scope=2):
        """[(dn, {attribute: [values]})] of what has the value, below base (scope 0: base itself); value None: any."""
        condition = text(attribute, 0x87) if value is None else element(0xA3, text(attribute), text(value))
        self.send(element(0x63, text(base), number(scope, ENUMERATED), number(0, ENUMERATED), number(0), number(0), element(BOOLEAN, b"\0"), condition,
                          element(SEQUENCE, *map(text, wanted))))
        found = []
        while (operation := self.receive())[0] != 0x65:
            if operation[0] == 0x64:
                (_, dn), (_, attributes) = elements(operation[1])
                pairs = [elements(contents) for _, contents in elements(attributes)]
                found.append((dn.decode(), {name.decode(): [v for _, v in elements(values)] for (_, name), (_, values) in pairs}))
        code, said, _ = self.result(operation, 0x65)
        assert code == SUCCESS, said
        return found
