# SPDX-License-Identifier: Apache-2.0
"""The library as a customer in another language sees it: libopensspi.so through Python's ctypes, structures laid out by hand."""
import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_int32, c_size_t, c_uint16, c_uint32, c_ushort, c_void_p

import pytest

from conftest import ACCOUNTS, BUILD

OK, CONTINUE_NEEDED, COMPLETE_NEEDED, COMPLETE_AND_CONTINUE = 0, 0x00090312, 0x00090313, 0x00090314
DATA, TOKEN, PADDING, CHANNEL_BINDINGS = 1, 2, 9, 14
INBOUND, OUTBOUND = 1, 2
ATTR_SIZES, ATTR_NAMES, ATTR_SESSION_KEY, ATTR_NEGOTIATION_INFO = 0, 1, 9, 12
REPLAY_DETECT, SEQUENCE_DETECT, CONFIDENTIALITY = 0x4, 0x8, 0x10
ISC_INTEGRITY, ASC_INTEGRITY = 0x10000, 0x20000
CLIENT_FLAGS = REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | ISC_INTEGRITY
SERVER_FLAGS = REPLAY_DETECT | SEQUENCE_DETECT | CONFIDENTIALITY | ASC_INTEGRITY
MAX_TOKEN = 65536


class Refused(Exception):
    """A status below 0."""


class Handle(Structure):
    _fields_ = [("lower", c_size_t), ("upper", c_size_t)]


class Buffer(Structure):
    _fields_ = [("size", c_uint32), ("kind", c_uint32), ("data", c_void_p)]


class Descriptor(Structure):
    _fields_ = [("version", c_uint32), ("count", c_uint32), ("buffers", POINTER(Buffer))]


class Identity(Structure):
    _fields_ = [("user", c_char_p), ("user_length", c_uint32), ("domain", c_char_p), ("domain_length", c_uint32),
                ("password", c_char_p), ("password_length", c_uint32), ("flags", c_uint32)]


class Sizes(Structure):
    _fields_ = [("max_token", c_uint32), ("max_signature", c_uint32), ("block_size", c_uint32), ("trailer", c_uint32)]


class SessionKey(Structure):
    _fields_ = [("length", c_uint32), ("key", c_void_p)]


class PackageInfo(Structure):
    _fields_ = [("capabilities", c_uint32), ("version", c_ushort), ("rpc_id", c_uint16), ("max_token", c_uint32),
                ("name", c_char_p), ("comment", c_char_p)]


class NegotiationInfo(Structure):
    _fields_ = [("package", POINTER(PackageInfo)), ("state", c_uint32)]


def library():
    found = sorted(BUILD.glob("src/**/libopensspi.so"))
    assert found, f"no libopensspi.so in {BUILD}"
    lib = ctypes.CDLL(str(found[0]))
    lib.OpenSspiReason.restype = c_char_p
    lib.OpenSspiStatusName.restype = c_char_p
    for name in ("AcquireCredentialsHandleA", "AcquireCredentialsHandleW", "InitializeSecurityContextA", "InitializeSecurityContextW",
                 "AcceptSecurityContext", "QueryContextAttributesA", "QueryContextAttributesW",
                 "MakeSignature", "VerifySignature", "EncryptMessage", "DecryptMessage", "OpenSspiLoadConfiguration",
                 "CompleteAuthToken"):
        getattr(lib, name).restype = c_int32
    return lib


LIB = library()


def status_name(status):
    return LIB.OpenSspiStatusName(c_int32(status)).decode()


def must(status, what):
    if status < 0:
        raise Refused(f"{what}: {status_name(status)}: {LIB.OpenSspiReason().decode(errors='replace')}")
    return status


def load_configuration(path):
    error = ctypes.create_string_buffer(512)
    status = LIB.OpenSspiLoadConfiguration(str(path).encode(), error, len(error))
    assert status == OK, error.value.decode()


def describe(buffers):
    """A descriptor over [(kind, bytearray)]; who calls keeps what is returned alive for the call."""
    array = (Buffer * max(len(buffers), 1))()
    keep = []
    for slot, (kind, data) in zip(array, buffers):
        memory = (ctypes.c_ubyte * max(len(data), 1)).from_buffer(data) if len(data) else (ctypes.c_ubyte * 1)()
        keep.append(memory)
        slot.size, slot.kind, slot.data = len(data), kind, ctypes.addressof(memory)
    return Descriptor(0, len(buffers), array), array, keep


class Credential:
    def __init__(self, package, use, domain=None, user=None, password=None):
        self.handle, expiry, identity = Handle(), ctypes.c_int64(), None
        if user is not None:
            words = [None if text is None else text.encode() for text in (user, domain, password)]
            identity = Identity(words[0], len(words[0]), words[1], len(words[1] or b""), words[2], len(words[2] or b""), 1)
        must(LIB.AcquireCredentialsHandleA(None, package.encode(), c_uint32(use), None, byref(identity) if identity else None,
                                           None, None, byref(self.handle), byref(expiry)), "AcquireCredentialsHandle")

    def close(self):
        must(LIB.FreeCredentialsHandle(byref(self.handle)), "FreeCredentialsHandle")


class Context:
    """One side of a security context, until close()."""

    def __init__(self, credential, flags, bindings=None):
        self.credential, self.flags, self.bindings = credential, flags, bindings
        self.handle, self.done, self.granted = None, False, 0

    def leg(self, call, token):
        into = [] if token is None else [(TOKEN, bytearray(token))]
        if self.bindings is not None:
            into.append((CHANNEL_BINDINGS, bytearray(self.bindings)))
        source, _, keep_in = describe(into)
        target, out, keep_out = describe([(TOKEN, bytearray(MAX_TOKEN))])
        new, granted, expiry = Handle(), c_uint32(), ctypes.c_int64()
        status = call(byref(self.handle) if self.handle else None, byref(source) if into else None, byref(new), byref(target),
                      byref(granted), byref(expiry))
        token = bytes(keep_out[0])[:out[0].size] or None
        if status >= 0:
            self.handle, self.granted = new, granted.value
        self.error_token = token if status < 0 else None
        must(status, type(self).__name__)
        assert status in (OK, CONTINUE_NEEDED), status_name(status)
        self.done = status == OK
        del keep_in
        return token

    def query(self, attribute, structure):
        value = structure()
        must(LIB.QueryContextAttributesA(byref(self.handle), c_uint32(attribute), byref(value)), "QueryContextAttributes")
        return value

    def sizes(self):
        return self.query(ATTR_SIZES, Sizes)

    def name(self):
        return ctypes.string_at(self.query(ATTR_NAMES, c_void_p).value).decode()

    def session_key(self):
        key = self.query(ATTR_SESSION_KEY, SessionKey)
        return ctypes.string_at(key.key, key.length)

    def mechanism(self):
        return self.query(ATTR_NEGOTIATION_INFO, NegotiationInfo).package.contents.name.decode()

    def seal(self, message):
        """Trailer and ciphertext, in this order."""
        token, data = bytearray(self.sizes().trailer), bytearray(message)
        descriptor, out, _keep = describe([(TOKEN, token), (DATA, data)])
        must(LIB.EncryptMessage(byref(self.handle), c_uint32(0), byref(descriptor), c_uint32(0)), "EncryptMessage")
        return bytes(token[:out[0].size]), bytes(data)

    def unseal(self, trailer, ciphertext):
        data = bytearray(ciphertext)
        descriptor, _, _keep = describe([(TOKEN, bytearray(trailer)), (DATA, data)])
        must(LIB.DecryptMessage(byref(self.handle), byref(descriptor), c_uint32(0), None), "DecryptMessage")
        return bytes(data)

    def sign(self, message):
        token = bytearray(self.sizes().max_signature)
        descriptor, out, _keep = describe([(DATA, bytearray(message)), (TOKEN, token)])
        must(LIB.MakeSignature(byref(self.handle), c_uint32(0), byref(descriptor), c_uint32(0)), "MakeSignature")
        return bytes(token[:out[1].size])

    def verify(self, message, signature):
        descriptor, _, _keep = describe([(DATA, bytearray(message)), (TOKEN, bytearray(signature))])
        must(LIB.VerifySignature(byref(self.handle), byref(descriptor), c_uint32(0), None), "VerifySignature")

    def close(self):
        if self.handle:
            must(LIB.DeleteSecurityContext(byref(self.handle)), "DeleteSecurityContext")
            self.handle = None


class Client(Context):
    def __init__(self, package, domain, user, password, target="HTTP/web1.example.test", flags=CLIENT_FLAGS, bindings=None):
        super().__init__(Credential(package, OUTBOUND, domain, user, password), flags, bindings)
        self.target = target

    def step(self, token):
        return self.leg(lambda old, source, new, target, granted, expiry: LIB.InitializeSecurityContextA(
            byref(self.credential.handle), old, self.target.encode(), c_uint32(self.flags), c_uint32(0), c_uint32(0x10), source,
            c_uint32(0), new, target, granted, expiry), token)


def wide(text):
    """A W function's string: 16-bit characters and a NUL, which c_wchar has not here."""
    return ctypes.create_string_buffer((text + "\0").encode("utf-16-le"))


class WideCredential(Credential):
    """By the W function, with an identity in UTF-16."""

    def __init__(self, package, domain, user, password):
        self.handle, words = Handle(), [wide(text) for text in (user, domain, password)]
        fields = [field for word in words for field in (ctypes.cast(word, c_char_p), len(word.raw[:-3]) // 2)]
        must(LIB.AcquireCredentialsHandleW(None, wide(package), c_uint32(OUTBOUND), None, byref(Identity(*fields, 2)), None, None,
                                           byref(self.handle), None), "AcquireCredentialsHandleW")


class WideClient(Context):
    def __init__(self, package, domain, user, password, target="HTTP/web1.example.test", flags=CLIENT_FLAGS):
        super().__init__(WideCredential(package, domain, user, password), flags)
        self.target = target

    def step(self, token):
        return self.leg(lambda old, source, new, target, granted, expiry: LIB.InitializeSecurityContextW(
            byref(self.credential.handle), old, wide(self.target), c_uint32(self.flags), c_uint32(0), c_uint32(0x10), source,
            c_uint32(0), new, target, granted, expiry), token)

    def wide_name(self):
        value = c_void_p()
        must(LIB.QueryContextAttributesW(byref(self.handle), c_uint32(ATTR_NAMES), byref(value)), "QueryContextAttributesW")
        units = (c_uint16 * 64).from_address(value.value)
        text = bytes(units)[:2 * list(units).index(0)].decode("utf-16-le")
        must(LIB.FreeContextBuffer(value), "FreeContextBuffer")
        return text


class Server(Context):
    def __init__(self, package, flags=SERVER_FLAGS, bindings=None):
        super().__init__(Credential(package, INBOUND), flags, bindings)

    def step(self, token):
        return self.leg(lambda old, source, new, target, granted, expiry: LIB.AcceptSecurityContext(
            byref(self.credential.handle), old, source, c_uint32(self.flags), c_uint32(0x10), new, target, granted, expiry), token)


def converse(client, server):
    token = client.step(None)
    for _ in range(10):
        token = server.step(token) if token else None
        token = client.step(token) if token and not client.done else None
        if client.done and server.done:
            return
    raise AssertionError("no end")


@pytest.fixture
def accounts(library):
    load_configuration(library["OPENSSPI_CONFIG"])


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_client_and_server_in_one_process(accounts, package):
    client, server = Client(package, "WORKGROUP", "alice", ACCOUNTS["alice"]), Server(package)
    converse(client, server)
    assert server.name() == "WORKGROUP\\alice" and server.mechanism() == "NTLM"
    for one, other in ((client, server), (server, client)):
        for message in (b"x", b"Plaintext", bytes(range(256)) * 64):
            assert other.unseal(*one.seal(message)) == message
            other.verify(message, one.sign(message))
    assert client.session_key() == server.session_key()
    client.close()
    server.close()


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_wide_client(accounts, package):
    client, server = WideClient(package, "WORKGROUP", "jörg", ACCOUNTS["jörg"]), Server(package)
    converse(client, server)
    assert client.wide_name() == "WORKGROUP\\jörg"
    assert server.name() == "WORKGROUP\\jörg"
    assert server.unseal(*client.seal(b"Plaintext")) == b"Plaintext"
    client.close()
    server.close()


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_wrong_password(accounts, package):
    with pytest.raises(Refused, match="SEC_E_LOGON_DENIED"):
        converse(Client(package, "WORKGROUP", "alice", "wrong"), Server(package))
