#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/vectors/peers.txt: what each peer said in an exchange with this library. Not a test; run it when a peer is new:

    unshare --uts sh -c 'hostname host1; OPENSSPI_BUILD=build tests/peers/capture.py >tests/vectors/peers.txt'
"""
import base64
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1])]
import conftest  # noqa: E402
from ends import (DOMAIN, HOSTBASED, PASSWORD, SPN, USER, Gensec, Impacket, ImpacketServer, NtlmAuthLibrary, SambaClient,  # noqa: E402
                  SambaServer, converse, gss, gss_environment, our_client, our_server, samba_account, winpr)
from test_http_clients import OPENSSL_CONF, REQUESTS  # noqa: E402

HEAD = """# SPDX-License-Identifier: Apache-2.0
# Tokens of peers that nobody here wrote, of one exchange each with this library, written by tests/peers/capture.py; the account is
# "{user}" of {domain} with the password "{password}", the server's computer WEB1. role is the peer's, package is ours; level is
# lm_compatibility_level of both, and 128 says whether such keys were required. The client's token is first, and they alternate.
"""


def version_of(package):
    return subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=True).stdout


def write(peer, package_of_debian, role, package, tokens, key, level=3, strong=True):
    print(f"\n[{peer} {version_of(package_of_debian)}]\nrole = {role}\npackage = {package}\nlevel = {level}\n128 = {int(strong)}")
    for token in tokens:
        print(f"token = {token.hex()}")
    print(f"session_key = {key}", flush=True)


class Taps:
    """Our server, with an eye on what passes."""

    def __init__(self, end):
        self.end, self.tokens = end, []

    def step(self, token):
        self.tokens.append(token)
        answer = self.end.step(token)
        if answer:
            self.tokens.append(answer)
        return answer


def of_http(library, command, package, env):
    """What an HTTP client says to our server, handed on by a little server of Python's."""
    found = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        tap = None

        def answer(self, status, header=None, body=b""):
            self.send_response(status)
            if header:
                self.send_header("WWW-Authenticate", header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            scheme, _, word = self.headers.get("Authorization", "").partition(" ")
            wanted = "NTLM" if package == "NTLM" else "Negotiate"
            if scheme != wanted:
                self.answer(401, wanted)
                return
            self.tap = self.tap or Taps(our_server(package, library))
            answer = self.tap.step(base64.b64decode(word))
            text = f"{wanted} {base64.b64encode(answer).decode()}" if answer else None
            done = self.tap.end.done
            if done:
                found["tokens"], found["key"] = self.tap.tokens, self.tap.end.describe()["session_key"]
                self.tap.end.close()
                self.tap = None
            self.answer(200 if done else 401, text, b"{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # who has what it wanted hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [word.replace("PORT", str(server.server_port)) for word in command]
    subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=False, timeout=60)
    server.shutdown()
    return found["tokens"], found["key"]


def clients(library, folder, samba):
    """(name, Debian's package, our package, level, 128-bit keys required, the client)"""
    def of_gss(mech, level=None, name="gss_peer", **more):
        return gss("client", mech, name=name, env=gss_environment(folder, level=level), target=HOSTBASED, **more)

    alice = {"user": f"{DOMAIN}\\{USER}", "password": PASSWORD}
    yield "gss-ntlmssp", "gss-ntlmssp", "NTLM", 3, True, of_gss("ntlm", **alice)
    yield "gss-ntlmssp with a MIC", "gss-ntlmssp", "NTLM", 3, True, of_gss("ntlm", mic="yes", **alice)
    yield "gss-ntlmssp within SPNEGO", "gss-ntlmssp", "Negotiate", 3, True, of_gss("spnego", **alice)
    yield "gss-ntlmssp, NTLMv1", "gss-ntlmssp", "NTLM", 0, True, of_gss("ntlm", level=0, **alice)
    yield "gss-ntlmssp, NTLMv1 with extended session security", "gss-ntlmssp", "NTLM", 1, True, of_gss("ntlm", level=1, **alice)
    yield "Heimdal", "heimdal-multidev", "NTLM", 2, False, of_gss("ntlm", name="heimdal_peer", user=f"{USER}@{DOMAIN}")
    yield "Samba", "python3-samba", "NTLM", 3, True, Gensec(samba, "ntlm")
    yield "Samba within SPNEGO", "python3-samba", "Negotiate", 3, True, Gensec(samba, "spnego")
    yield "Samba's ntlm_auth", "winbind", "NTLM", 3, True, SambaClient(("ntlm_auth", f"--configfile={samba}"), "ntlmssp-client-1",
                                                                       *samba_account())
    yield "WinPR", "libwinpr2-2", "NTLM", 3, True, winpr("client", user=USER, domain=DOMAIN, password=PASSWORD, spn=SPN)
    yield "impacket", "python3-impacket", "NTLM", 3, True, Impacket(USER, PASSWORD, DOMAIN)
    for level in (0, 1, 3):
        yield (f"ntlm_auth for Python, level {level}", "python3-ntlm-auth", "NTLM", level, True,
               NtlmAuthLibrary(USER, PASSWORD, DOMAIN, level=level))


def servers(folder, samba):
    env = gss_environment(folder)
    yield "gss-ntlmssp", "gss-ntlmssp", "NTLM", gss("server", "ntlm", env=env)
    yield "gss-ntlmssp within SPNEGO", "gss-ntlmssp", "Negotiate", gss("server", "spnego", env=env)
    for protocol, package in (("squid-2.5-ntlmssp", "NTLM"), ("gss-spnego", "Negotiate")):
        yield (f"Samba's ntlm_auth, {protocol}", "winbind", package,
               SambaServer(("ntlm_auth", f"--configfile={samba}"), protocol, *samba_account()))
    yield "impacket's file server", "python3-impacket", "NTLM", ImpacketServer(USER, PASSWORD, DOMAIN)
    yield "WinPR", "libwinpr2-2", "NTLM", winpr("server", user=USER, domain=DOMAIN, password=PASSWORD)


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    service = conftest.Service(folder, conftest.ACCOUNTS, {}, {}, {})
    library = {"OPENSSPI_CONFIG": str(service.config)}
    samba = folder / "smb.conf"
    samba.write_text(f"[global]\nworkgroup = {DOMAIN}\nnetbios name = SAMBASRV\nprivate dir = {folder}\n", encoding="ascii")
    print(HEAD.format(user=USER, domain=DOMAIN, password=PASSWORD), end="")
    for peer, debian, package, level, strong, client in clients(library, folder, samba):
        options = {"lm_compatibility_level": str(level), "require_128bit": "yes" if strong else "no"}
        with client, our_server(package, library, options=options) as server:
            write(peer, debian, "client", package, converse(client, server), server.describe()["session_key"], level, strong)
    for peer, debian, package, server in servers(folder, samba):
        with server, our_client(package, library) as client:
            write(peer, debian, "server", package, converse(client, server), client.describe()["session_key"])
    (folder / "openssl.cnf").write_text(OPENSSL_CONF, encoding="ascii")
    url, env = "http://127.0.0.1:PORT/", {**gss_environment(folder), "OPENSSL_CONF": str(folder / "openssl.cnf"), "HOME": str(folder)}
    for peer, debian, package, command in (
            ("curl --ntlm", "curl", "NTLM", ["curl", "--silent", "--ntlm", "-u", f"{DOMAIN}\\{USER}:{PASSWORD}", url]),
            ("curl --negotiate with gss-ntlmssp", "curl", "Negotiate", ["curl", "--silent", "--negotiate", "-u", ":", url]),
            ("requests_ntlm", "python3-requests-ntlm", "NTLM", ["/usr/bin/python3", "-c", REQUESTS, url, f"{DOMAIN}\\{USER}", PASSWORD]),
            ("Chromium", "chromium", "NTLM", ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                                              "--no-proxy-server", f"--user-data-dir={folder}/profile", "--timeout=120000", "--dump-dom",
                                              url.replace("//", f"//{USER}:{PASSWORD}@")])):
        tokens, key = of_http(library, command, package, env)
        write(peer, debian, "client", package, tokens, key)


main()
