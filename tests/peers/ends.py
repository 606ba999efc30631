# SPDX-License-Identifier: Apache-2.0
"""One side of a security context, ours or a peer's, behind one face:

    end.step(token or None) -> token or None, and end.done; raises Refused
    end.seal(message), end.unseal(sealed), end.sign(message), end.verify(message, signature)
    end.describe() -> a dictionary of what that side knows of the context

converse() carries the tokens of two ends to and fro. Every wait has an end.
"""
import base64
import json
import os
import selectors
import struct
import subprocess
import time

from conftest import ACCOUNTS, program

PATIENCE = 60  # seconds for one answer
ALL_FLAGS = "integrity,confidentiality,replay,sequence"
USER, PASSWORD, DOMAIN = "alice", ACCOUNTS["alice"], "WORKGROUP"
SPN, HOSTBASED = "HTTP/web1.example.test", "HTTP@web1.example.test"
# What refuses a logon: wrong password, unknown user, nothing for a password.
WRONG = [("alice", "wrong"), ("nobody", PASSWORD), ("alice", "")]


class Refused(Exception):
    """One side says no."""

    def __init__(self, status, reason="", token=None):
        super().__init__(f"{status}: {reason}")
        self.status, self.reason, self.token = status, reason, token


def encode(data):
    return base64.b64encode(data).decode() if data else "-"


def decode(word):
    return base64.b64decode(word, validate=True) if word not in ("-", "*", "") else None


class Lines:
    """A program that answers each line with a line."""

    def __init__(self, command, env=None):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                                        env={**os.environ, **(env or {})})
        self.pending = b""

    def ask(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            raise AssertionError(self.last_words("ended early")) from None
        end = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if not selector.select(max(0, end - time.monotonic())):
                    raise AssertionError(self.last_words(f"no answer within {PATIENCE} s"))
                more = os.read(self.process.stdout.fileno(), 1 << 16)
                if not more:
                    raise AssertionError(self.last_words("ended early"))
                self.pending += more
        answer, self.pending = self.pending.split(b"\n", 1)
        return answer.decode()

    def last_words(self, what):
        self.process.kill()
        return f"{self.command}: {what}: {self.process.communicate()[1].decode(errors='replace')[-2000:]}"

    def close(self):
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        assert self.process.returncode == 0, f"{self.command} ended with {self.process.returncode}"


class End:
    """What all ends have; what a peer cannot do is not overridden."""

    done = False

    def step(self, token):
        raise NotImplementedError

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        self.close()


class Program(End):
    """sspi_peer, winpr_peer, gss_peer and heimdal_peer: tests/peers/talk.h has what they speak."""

    def __init__(self, name, *arguments, env=None, inside=list):
        """inside: what makes of a command one that runs elsewhere; its environment goes with it."""
        words = [f"{key}={value}" for key, value in (env or {}).items()] if inside is not list else []
        self.lines = Lines(inside([*(["env"] if words else []), *words, program(name), *arguments]), env)

    def ask(self, *words):
        answer = self.lines.ask(" ".join(words))
        word, _, rest = answer.partition(" ")
        if word == "failed":
            status, token, reason = (rest.split(" ", 2) + ["", ""])[:3]
            raise Refused(status, reason, decode(token))
        return word, rest

    def step(self, token):
        word, rest = self.ask("step", encode(token))
        self.done = word == "done"
        return decode(rest)

    def message(self, *words):
        return decode(self.ask(*words)[1]) or b""

    def seal(self, message, *seq):
        return self.message("seal", encode(message), *map(str, seq))

    def unseal(self, sealed, *seq):
        return self.message("unseal", encode(sealed), *map(str, seq))

    def wrap(self, message):
        return self.message("wrap", encode(message))

    def seal_rpc(self, head, message):
        return self.message("seal-rpc", encode(head), encode(message))

    def unseal_rpc(self, head, sealed, n):
        return self.message("unseal-rpc", encode(head), encode(sealed), str(n))

    def sign(self, message, *seq):
        return self.message("sign", encode(message), *map(str, seq))

    def verify(self, message, signature, *seq):
        self.ask("verify", encode(message), encode(signature), *map(str, seq))

    def describe(self):
        return json.loads(self.ask("describe")[1])

    def close(self):
        self.lines.close()


def options_of(pairs):
    return [word for key, value in pairs.items() if value is not None for word in (f"--{key}", value)]


def ours(role, package, flags=ALL_FLAGS, options=(), env=None, inside=list, **arguments):
    """This library: arguments are those of sspi_peer, options are keys of [policy]."""
    words = options_of({"package": package, "flags": flags, **arguments})
    return Program("sspi_peer", role, *words, *(f"--option={key}={value}" for key, value in dict(options).items()), env=env, inside=inside)


def our_client(package, library, user=USER, password=PASSWORD, domain=DOMAIN, spn=SPN, **more):
    return ours("client", package, env=library, user=user, password=password, domain=domain, spn=spn, **more)


def our_server(package, library, **more):
    return ours("server", package, env=library, **more)


def gss(role, mech, name="gss_peer", flags=ALL_FLAGS, env=None, inside=list, **arguments):
    """MIT's GSSAPI, with gss-ntlmssp below it, or Heimdal's."""
    return Program(name, role, *options_of({"mech": mech, "flags": flags, **arguments}), env=env, inside=inside)


def winpr(role, package="NTLM", flags=ALL_FLAGS, **arguments):
    return Program("winpr_peer", role, *options_of({"package": package, "flags": flags, **arguments}))


def gss_environment(folder, domain=DOMAIN, user=USER, password=PASSWORD, level=None):
    """For gss-ntlmssp: one account in its own file, nothing of Kerberos, a level of LM compatibility."""
    file = folder / "ntlm-users"
    file.write_text(f"{domain}:{user}:{password}\n", encoding="utf-8")
    file.chmod(0o600)
    return {"NTLM_USER_FILE": str(file), "KRB5_CONFIG": "/dev/null", "KRB5CCNAME": f"FILE:{folder}/none",
            **({"LM_COMPAT_LEVEL": str(level)} if level is not None else {})}


class NtlmAuth(End):
    """Samba's ntlm_auth in one of its helper protocols; command is how it is called, with its configuration."""

    def __init__(self, command, protocol, *options):
        self.lines = Lines([*command, f"--helper-protocol={protocol}", *options])
        self.protocol, self.user = protocol, None

    def ask(self, line):
        code, *words = self.lines.ask(line).split(" ")
        if code in ("NA", "BH", "ERR"):
            raise Refused(code, " ".join(words))
        return code, words

    def describe(self):
        key, flags = self.lines.ask("GK").split(" "), self.lines.ask("GF").split(" ")
        return {"user": self.user, "session_key": decode(key[1]).hex() if key[0] == "GK" else None,
                "ntlmssp_flags": int(flags[1], 16) if flags[0] == "GF" else None}

    def close(self):
        self.lines.close()


def samba_config(folder, domain=DOMAIN, more=""):
    """A smb.conf of a Samba that writes nothing outside its folder."""
    file = folder / "smb.conf"
    file.write_text(f"[global]\nworkgroup = {domain}\n{more}log file = {folder}/log\nprivate dir = {folder}\n", encoding="ascii")
    return file


def samba_account(user=USER, password=PASSWORD, domain=DOMAIN):
    return f"--username={user}", f"--password={password}", f"--domain={domain}"


class SambaClient(NtlmAuth):
    """ntlmssp-client-1, or gss-spnego-client."""

    def step(self, token):
        code, words = self.ask("YR" if token is None else f"TT {encode(token)}")
        self.done = code == "AF"
        return decode(words[0]) if words else None


class SambaServer(NtlmAuth):
    """squid-2.5-ntlmssp or gss-spnego: for winbindd's domain, or the one account that it is started with."""

    first = True

    def step(self, token):
        code, words = self.ask(f"{'YR' if self.first else 'KK'} {encode(token)}")
        self.first = False
        if code == "AF":
            self.done, self.user = True, words[-1]
            return decode(words[0]) if self.protocol == "gss-spnego" else None
        return decode(words[0])


class Gensec(End):
    """Samba's own library as a client, whose messages ntlm_auth does not reach. With a cache, tickets and no NTLM."""

    def __init__(self, config, mech, user=USER, password=PASSWORD, domain=DOMAIN, sealed=True, signed=True, cache=None, host="web1.example.test",
                 dce_style=False):
        from samba import credentials, gensec, param
        loaded, who = param.LoadParm(), credentials.Credentials()
        loaded.load(str(config))
        if cache is not None:
            who.guess(loaded)
            who.set_named_ccache(f"FILE:{cache}", credentials.SPECIFIED, loaded)
        elif user is None:
            who.set_anonymous()
        else:
            who.set_username(user)
            who.set_password(password)
            who.set_domain(domain)
        who.set_workstation("SAMBAWS")
        who.set_kerberos_state(credentials.MUST_USE_KERBEROS if cache is not None else credentials.DONT_USE_KERBEROS)
        self.security = gensec.Security.start_client({"lp_ctx": loaded, "target_hostname": host})
        self.security.set_credentials(who)
        self.security.set_target_service("HTTP")
        self.security.set_target_hostname(host)
        for feature in [gensec.FEATURE_SEAL] * sealed + [gensec.FEATURE_SIGN] * signed + [gensec.FEATURE_DCE_STYLE] * dce_style:
            self.security.want_feature(feature)
        self.security.start_mech_by_sasl_name({"ntlm": "NTLM", "spnego": "GSS-SPNEGO", "gssapi": "GSSAPI"}[mech])

    def step(self, token):
        try:
            self.done, answer = self.security.update(token or b"")
        except RuntimeError as error:
            raise Refused("samba", str(error)) from error
        return answer or None

    def seal(self, message):
        return self.security.wrap(message)

    def unseal(self, sealed):
        return self.security.unwrap(sealed)

    def sign(self, message):
        return self.security.sign_packet(message, message)

    def verify(self, message, signature):
        self.security.check_packet(message, message, signature)

    def describe(self):
        return {"session_key": self.security.session_key().hex()}


class ImpacketMessages(End):
    """impacket's functions for messages; mine and theirs are "Client" and "Server", or the other way round."""

    mine, theirs = "Client", "Server"

    def begin(self, flags, key):
        from Cryptodome.Cipher import ARC4
        self.flags, self.key = flags, key
        self.sign_keys = {way: self.ntlm.SIGNKEY(flags, key, way) for way in ("Client", "Server")}
        self.ciphers = {way: ARC4.new(self.ntlm.SEALKEY(flags, key, way)).encrypt for way in ("Client", "Server")}
        self.seq = {"Client": 0, "Server": 0}

    def next_seq(self, way):
        self.seq[way] += 1
        return self.seq[way] - 1

    def seal(self, message):
        sealed, signature = self.ntlm.SEAL(self.flags, self.sign_keys[self.mine], None, message, message, self.next_seq(self.mine),
                                           self.ciphers[self.mine])
        return signature.getData() + sealed

    def unseal(self, sealed):
        message = self.ciphers[self.theirs](sealed[16:])
        self.verify(message, sealed[:16])
        return message

    def sign(self, message):
        return self.ntlm.SIGN(self.flags, self.sign_keys[self.mine], message, self.next_seq(self.mine), self.ciphers[self.mine]).getData()

    def verify(self, message, signature):
        good = self.ntlm.MAC(self.flags, self.ciphers[self.theirs], self.sign_keys[self.theirs], self.next_seq(self.theirs), message)
        if good.getData() != signature:
            raise Refused("impacket", "signature differs")

    def describe(self):
        return {"session_key": self.key.hex()}


class Impacket(ImpacketMessages):
    """A client made of impacket's functions, which make no MIC."""

    def __init__(self, user, password, domain, signing=True, v2=True):
        import impacket.ntlm
        self.ntlm, self.who, self.v2 = impacket.ntlm, (user, password, domain), v2
        self.first = impacket.ntlm.getNTLMSSPType1("IMPACKET", domain, signingRequired=signing, use_ntlmv2=v2)

    def step(self, token):
        if token is None:
            return self.first.getData()
        answer, key = self.ntlm.getNTLMSSPType3(self.first, token, *self.who, use_ntlmv2=self.v2)
        self.done = True
        self.begin(answer["flags"], key)
        return answer.getData()


class ImpacketServer(ImpacketMessages):
    """What impacket's file server does with NTLM: its challenge says 0xff for a version."""

    mine, theirs = "Server", "Client"

    def __init__(self, user, password, domain):
        import impacket.ntlm
        self.ntlm, self.user, self.domain = impacket.ntlm, user, domain
        self.nt_hash = impacket.ntlm.compute_nthash(password)
        self.first = self.challenge = None

    def step(self, token):
        if self.first is None:
            self.first = self.ntlm.NTLMAuthNegotiate()
            self.first.fromString(token)
            return self.answer_negotiate()
        from impacket.smbserver import computeNTLMv2
        said = self.ntlm.NTLMAuthChallengeResponse()
        said.fromString(token)
        failed, key = computeNTLMv2(self.user, b"", self.nt_hash, self.challenge["challenge"], said, self.challenge, self.first)
        if failed:
            raise Refused("impacket", hex(failed))
        self.done = True
        self.begin(said["flags"], key)
        return None

    def answer_negotiate(self):
        pairs, name = self.ntlm.AV_PAIRS(), self.domain.encode("utf-16le")
        for kind in (self.ntlm.NTLMSSP_AV_HOSTNAME, self.ntlm.NTLMSSP_AV_DOMAINNAME, self.ntlm.NTLMSSP_AV_DNS_HOSTNAME):
            pairs[kind] = name
        pairs[self.ntlm.NTLMSSP_AV_TIME] = struct.pack("<q", 116444736000000000 + int(time.time()) * 10000000)
        answer = self.challenge = self.ntlm.NTLMAuthChallenge()
        answer["flags"] = self.first["flags"] | self.ntlm.NTLMSSP_NEGOTIATE_TARGET_INFO
        answer["domain_len"] = answer["domain_max_len"] = len(name)
        answer["domain_offset"], answer["domain_name"] = 40 + 16, name
        answer["challenge"] = os.urandom(8)
        answer["TargetInfoFields_len"] = answer["TargetInfoFields_max_len"] = len(pairs)
        answer["TargetInfoFields"], answer["TargetInfoFields_offset"] = pairs, 40 + 16 + len(name)
        answer["Version"], answer["VersionLen"] = b"\xff" * 8, 8
        return answer.getData()


class NtlmAuthLibrary(End):
    """The library below python3-requests-ntlm; its sessions always sign and seal."""

    def __init__(self, user, password, domain, level=3, bindings=None):
        # Its MD4 is OpenSSL's, in a provider that this module turns on for the whole process.
        import cryptography.hazmat.backends.openssl.backend  # noqa: F401
        from ntlm_auth.gss_channel_bindings import GssChannelBindingsStruct
        from ntlm_auth.ntlm import NtlmContext
        cbt = None
        if bindings is not None:
            cbt = GssChannelBindingsStruct()
            cbt[cbt.APPLICATION_DATA] = bytes.fromhex(bindings)
        self.context = NtlmContext(user, password, domain, "PYWS", cbt_data=cbt, ntlm_compatibility=level)

    def step(self, token):
        token = self.context.step(token)
        self.done = self.context.complete
        return token

    def seal(self, message):
        return self.context.wrap(message)

    def unseal(self, sealed):
        return self.context.unwrap(sealed)

    def describe(self):
        return {"session_key": self.context.session_key.hex() if self.context.session_key else None}


def converse(client, server, legs=12):
    """Tokens to and fro until both sides are done; gives back the tokens, the client's first."""
    tokens = []
    token = client.step(None)
    for turn in range(legs):
        if token is None:
            break
        tokens.append(token)
        end = (server, client)[turn % 2]
        if end.done:
            raise Refused("converse", f"a token of {len(token)} bytes for a side that was done")
        token = end.step(token)
    assert client.done and server.done, f"client {client.done}, server {server.done} after {len(tokens)} tokens"
    return tokens


MESSAGES = [b"x", b"Plaintext", bytes(range(256)) * 64]


def exchange_messages(one, other, sealed=True, signed=True):
    """Sealed and signed messages both ways, in turn, so that every counter and key stream is used more than once."""
    for message in MESSAGES:
        for sender, receiver in ((one, other), (other, one)):
            if sealed:
                assert receiver.unseal(sender.seal(message)) == message
            if signed:
                receiver.verify(message, sender.sign(message))


def assert_forgeries_are_refused(receiver, sender):
    """receiver is ours: neither signature nor cipher text may change by a bit, and the stream survives the attempt."""
    sealed = sender.seal(b"a message to forge")
    for at in (4, 11, 16, len(sealed) - 1):
        forged = bytearray(sealed)
        forged[at] ^= 1
        expect_refusal("SEC_E_MESSAGE_ALTERED", receiver.unseal, bytes(forged))
    assert receiver.unseal(sealed) == b"a message to forge"
    expect_refusal("SEC_E_OUT_OF_SEQUENCE", receiver.unseal, sealed)


def expect_refusal(status, call, *arguments):
    try:
        call(*arguments)
    except Refused as refusal:
        assert refusal.status == status, refusal
        return refusal
    raise AssertionError(f"not refused, where {status} is due")
