# SPDX-License-Identifier: Apache-2.0
"""Peers that nobody here wrote, each with one face: step(token in or None) -> token out or None, and `done`.

Samba's ntlm_auth speaks lines of base64 on its standard input and output; gss-ntlmssp is a mechanism of MIT's GSSAPI.
"""
import base64
import subprocess

import gssapi
import gssapi.raw

NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
FLAGS = [gssapi.RequirementFlag.integrity, gssapi.RequirementFlag.confidentiality, gssapi.RequirementFlag.replay_detection,
         gssapi.RequirementFlag.out_of_sequence_detection]
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


class Refused(Exception):
    """The peer says no."""


class NtlmAuth:
    """Samba's ntlm_auth in one of its helper protocols; command is how it is called, with what it needs to find its domain."""

    def __init__(self, command, protocol, *options):
        self.process = subprocess.Popen([*command, f"--helper-protocol={protocol}", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.done = False
        self.first = True
        self.said = None

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n").split(" ")

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def unbase64(word):
    return base64.b64decode(word) if word not in ("*", "") else None


class NtlmAuthClient(NtlmAuth):
    """ntlmssp-client-1 (raw NTLM) or gss-spnego-client."""

    def __init__(self, protocol, domain, user, password):
        super().__init__(["ntlm_auth"], protocol, f"--domain={domain}", f"--username={user}", f"--password={password}")
        # Without it neither signing nor sealing is asked for, and Samba exchanges a key that [MS-NLMP] 3.1.5.1.2 leaves out then.
        assert self.ask("SF NTLMSSP_FEATURE_SESSION_KEY") == ["OK"]

    def step(self, token):
        self.said = self.ask("YR" if token is None else "TT " + base64.b64encode(token).decode())
        if self.said[0] == "AF":
            self.done = True
            return unbase64(self.said[1]) if len(self.said) > 1 else None
        if self.said[0] == "KK":
            self.done = True
        elif self.said[0] not in ("YR", "TT"):
            raise Refused(" ".join(self.said))
        return unbase64(self.said[1])

    def session_key(self):
        return unbase64(self.ask("GK")[1])


class NtlmAuthServer(NtlmAuth):
    """squid-2.5-ntlmssp (raw NTLM) or gss-spnego, for the accounts of winbind's domain."""

    def __init__(self, command, protocol):
        super().__init__(command, protocol)
        self.spnego = protocol == "gss-spnego"
        self.user = None

    def step(self, token):
        self.said = self.ask(("YR " if self.first else "KK ") + base64.b64encode(token).decode())
        self.first = False
        if self.said[0] == "TT":
            return unbase64(self.said[1])
        if self.said[0] != "AF":
            raise Refused(" ".join(self.said))
        self.done = True
        self.user = self.said[-1]
        return unbase64(self.said[1]) if self.spnego else None


class GssContext:
    """gss-ntlmssp through the mechglue, raw or within SPNEGO; the client names the service."""

    def __init__(self, mech, usage, domain="", user="", password="", target="HTTP@web1.example.test", bindings=None):
        self.done = False
        cred = None
        if usage == "initiate":
            name = gssapi.Name(f"{domain}\\{user}", gssapi.NameType.user)
            cred = gssapi.raw.acquire_cred_with_password(name, password.encode(), mechs=[mech], usage="initiate").creds
            if mech == SPNEGO:
                gssapi.raw.set_neg_mechs(cred, [NTLM])
            self.context = gssapi.SecurityContext(name=gssapi.Name(target, gssapi.NameType.hostbased_service), mech=mech,
                                                  creds=gssapi.Credentials(cred), usage="initiate", channel_bindings=bindings,
                                                  flags=FLAGS)
        else:
            cred = gssapi.Credentials(usage="accept", mechs=[mech])
            self.context = gssapi.SecurityContext(creds=cred, usage="accept", channel_bindings=bindings)

    def step(self, token):
        try:
            out = self.context.step(token)
            self.done = self.context.complete  # raises what step kept back to let its token out
        except gssapi.exceptions.GSSError as error:
            raise Refused(str(error)) from error
        return out

    def peer(self):
        return str(self.context.initiator_name).rstrip("\0")  # gss-ntlmssp counts the terminator

    def wrap(self, message):
        return self.context.wrap(message, True).message

    def unwrap(self, token):
        return self.context.unwrap(token).message

    def sign(self, message):
        return self.context.get_signature(message)

    def verify(self, message, token):
        self.context.verify_signature(message, token)


def converse(client, server, legs=10):
    """Tokens to and fro until both are done."""
    token = client.step(None)
    for _ in range(legs):
        token = server.step(token) if token is not None else None
        if client.done and server.done:
            return
        if token is None:
            raise Refused(f"no token, client done {client.done}, server done {server.done}")
        token = client.step(token)
        if client.done and server.done:
            return
