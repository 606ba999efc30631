#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""names_asker.py LIBOPENSSPI LIBOPENSSPI-COMPAT: a program that asks for names. Its standard input is a JSON list of questions, its output one of
answers. A question is [FUNCTION, its arguments without buffer and size, what size it is told, whether there is a buffer]; FUNCTION has its A or W.
"acts": {...}, a question too, makes the thread a client's that delegated its ticket; "loaded" asks for libldap."""
import ctypes
import json
import os
import sys

SSPI, COMPAT = (ctypes.CDLL(path, use_errno=False) for path in sys.argv[1:3])
SSPI.OpenSspiReason.restype = ctypes.c_char_p
DELEGATE, MUTUAL, ALLOCATE = 1, 2, 0x100
OK, CONTINUE, TOKEN = 0, 0x90312, 2
ROOM = 2048


class Handle(ctypes.Structure):
    _fields_ = [("lower", ctypes.c_size_t), ("upper", ctypes.c_size_t)]


class Buffer(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("kind", ctypes.c_uint32), ("data", ctypes.c_void_p)]


class Descriptor(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("count", ctypes.c_uint32), ("buffers", ctypes.POINTER(Buffer))]


def text_for(function, text):
    if text is None:
        return None
    if function.endswith("A"):
        return ctypes.create_string_buffer(text.encode())
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")


def ask(function, arguments, size, has_buffer):
    width = 1 if function.endswith("A") else 2
    room = ctypes.create_string_buffer(b"\xee" * (ROOM * width), ROOM * width)
    length = ctypes.c_uint32(size)
    values = [text_for(function, a) if isinstance(a, str) else a for a in arguments]
    call = getattr(COMPAT, function)
    call.restype = ctypes.c_ubyte
    done = call(*values, room if has_buffer else None, ctypes.byref(length))
    error = COMPAT.GetLastError()
    raw = room.raw
    if raw == b"\xee" * len(raw):
        text = None
    elif width == 1:
        text = raw[:raw.index(0)].decode()
    else:
        units = raw.decode("utf-16-le", "surrogatepass")
        text = units[:units.index("\0")]
    return {"done": bool(done), "error": 0 if done else error, "text": text, "size": length.value,
            "reason": SSPI.OpenSspiReason().decode("utf-8", "replace")}


def acquire(use):
    credential = Handle()
    status = SSPI.AcquireCredentialsHandleA(None, b"Kerberos", use, None, None, None, None, ctypes.byref(credential), None)
    assert status == OK, (use, hex(status & 0xFFFFFFFF), SSPI.OpenSspiReason())
    return credential


def leg(function, credential, context, token, *arguments):
    """(status, token)"""
    into, out = Buffer(len(token), TOKEN, ctypes.cast(token, ctypes.c_void_p)), Buffer(0, TOKEN, None)
    inputs, outputs = Descriptor(0, 1, ctypes.pointer(into)), Descriptor(0, 1, ctypes.pointer(out))
    status = function(ctypes.byref(credential), ctypes.byref(context) if context.lower or context.upper else None,
                      *arguments, ctypes.byref(inputs), ctypes.byref(outputs), ctypes.byref(context)) & 0xFFFFFFFF
    assert status in (OK, CONTINUE), (hex(status), SSPI.OpenSspiReason())
    return status, ctypes.string_at(out.data, out.size) if out.size else b""


def initialize(spn, flags):
    attributes = ctypes.c_uint32()

    def call(credential, context, target, inputs, outputs, out):
        return SSPI.InitializeSecurityContextA(credential, context, target, flags | ALLOCATE, 0, 16, inputs, 0, out, outputs, ctypes.byref(attributes), None)
    return lambda credential, context, token: leg(call, credential, context, token, spn.encode())


def accept(credential, context, token):
    attributes = ctypes.c_uint32()

    def call(credential, context, inputs, outputs, out):
        return SSPI.AcceptSecurityContext(credential, context, inputs, ALLOCATE, 16, out, outputs, ctypes.byref(attributes), None)
    return leg(call, credential, context, token)


def acts(cache, spn, delegates):
    """Both ends here; whose ticket the process has is out of reach afterwards."""
    own = os.environ["KRB5CCNAME"]
    os.environ["KRB5CCNAME"] = cache
    client, server = acquire(2), acquire(1)
    ours, theirs, token = Handle(), Handle(), b""
    while True:
        status, token = initialize(spn, MUTUAL | (DELEGATE if delegates else 0))(client, ours, token)
        if status == OK and not token:
            break
        status, token = accept(server, theirs, token)
        if status == OK and not token:
            break
    os.environ["KRB5CCNAME"] = own
    status = SSPI.ImpersonateSecurityContext(ctypes.byref(theirs)) & 0xFFFFFFFF
    assert status == OK, (hex(status), SSPI.OpenSspiReason())
    return {"done": True}


def host_spn():
    """DsGetSpn for this computer, by its distinguished name."""
    count, names = ctypes.c_uint32(), ctypes.POINTER(ctypes.c_char_p)()
    error = COMPAT.DsGetSpnA(1, b"backup", None, 0, 0, None, None, ctypes.byref(count), ctypes.byref(names))
    text = names[0].decode() if error == 0 else None
    if error == 0:
        COMPAT.DsFreeSpnArrayA(count, names)
    return {"error": error, "text": text}


def main():
    answers = []
    for question in json.load(sys.stdin):
        if question == "loaded":
            with open("/proc/self/maps", encoding="utf-8") as maps:
                answers.append("libldap" in maps.read())
        elif question == "reverts":
            answers.append(SSPI.OpenSspiImpersonateToken(None))
        elif question == "host-spn":
            answers.append(host_spn())
        elif question == "files":
            answers.append(len(os.listdir("/proc/self/fd")))
        elif isinstance(question, dict):
            answers.append(acts(**question))
        else:
            answers.append(ask(*question))
    json.dump(answers, sys.stdout)


main()
