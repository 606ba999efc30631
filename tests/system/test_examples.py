# SPDX-License-Identifier: Apache-2.0
"""The programs in examples/, which are written for Windows, against each other: each pair, ANSI and UNICODE."""
import os
import re
import socket
import subprocess

import pytest

from conftest import ACCOUNTS, PATIENCE, let_others_pass, program

SPN = "HTTP/web1.example.test"


class Server:
    """One server program of the examples, on a port that the system picked."""

    def __init__(self, name, service, *args):
        self.process = subprocess.Popen([program(name), "0", *args], env=service.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"listening on 127\.0\.0\.1:(\d+)$", line)
        assert found, line
        self.port = found.group(1)

    def finish(self):
        """Its exit status, and what it printed."""
        output, _ = self.process.communicate(timeout=PATIENCE + 20)
        return self.process.returncode, output


@pytest.fixture
def serve():
    servers = []

    def start(name, service, *args):
        servers.append(Server(name, service, *args))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


@pytest.fixture
def accounts(make_service):
    """Accounts and a configuration, without a service."""
    return make_service(start=False)


def credentials(tmp_path, line):
    """The file of default credentials, as a library that is told nobody's name reads it."""
    path = tmp_path / "credentials"
    path.write_text(line + "\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def client(name, service, *args, stdin="", **env):
    return subprocess.run([program(name), *args], env=service.environment(**env), input=stdin, capture_output=True,
                          text=True, timeout=PATIENCE + 20)


def test_sspi__sends_an_encrypted_message(serve, accounts):
    server = serve("sspi-server", accounts)
    done = client("sspi-client", accounts, "127.0.0.1", server.port, SPN, "WORKGROUP", "alice",
                  stdin=ACCOUNTS["alice"] + "\n")
    status, output = server.finish()
    assert done.returncode == 0, done.stderr + output
    assert "package: NTLM\n" in done.stdout
    assert "message: This is your server speaking\n" in done.stdout
    assert status == 0
    assert re.search(r"^client: \w+\\alice$", output, re.M), output


def test_sspi__wrong_password_is_refused(serve, accounts):
    server = serve("sspi-server", accounts)
    done = client("sspi-client", accounts, "127.0.0.1", server.port, SPN, "WORKGROUP", "alice", stdin="wrong\n")
    status, output = server.finish()
    assert done.returncode == 1 and "message:" not in done.stdout
    assert status == 1 and "AcceptSecurityContext: 0x8009030C" in output


def test_sspi__long_length_is_refused(serve, accounts):
    """A peer that announces more than the buffer holds is dropped at once."""
    import socket
    server = serve("sspi-server", accounts)
    with socket.create_connection(("127.0.0.1", int(server.port)), PATIENCE) as s:
        s.sendall(b"\xff\xff\xff\x7f")
        assert s.recv(1) == b""
    status, output = server.finish()
    assert status == 1 and "client:" not in output


@pytest.mark.parametrize("client_text", ["", "-w"])
@pytest.mark.parametrize("server_text", ["", "-w"])
def test_sockauth__authenticates_and_signs(serve, accounts, tmp_path, client_text, server_text):
    server = serve("sockauth-server" + server_text, accounts)
    done = client("sockauth-client" + client_text, accounts, "127.0.0.1", server.port, "web1.example.test", "oneway",
                  OPENSSPI_CREDENTIALS=credentials(tmp_path, f"WORKGROUP:bob:{ACCOUNTS['bob']}"))
    status, output = server.finish()
    assert done.returncode == 0, done.stdout + output
    assert "authenticated to ADSockAuth/web1.example.test/CN=SockAuthAD,CN=WEB1," in done.stdout
    assert status == 0, output
    assert re.search(r"^client: \w+\\bob$", output, re.M), output
    assert "message: signed by the client\n" in output


def test_sockauth__wants_proof_of_the_server(serve, accounts, tmp_path):
    """NTLM proves the client alone: a client that asks for both sides does not go on."""
    server = serve("sockauth-server", accounts)
    done = client("sockauth-client", accounts, "127.0.0.1", server.port, "web1.example.test",
                  OPENSSPI_CREDENTIALS=credentials(tmp_path, f"WORKGROUP:bob:{ACCOUNTS['bob']}"))
    status, output = server.finish()
    assert done.returncode == 1
    assert "the server has not proven who it is" in done.stdout
    assert status == 1 and "message:" not in output


def test_event_server__serves_many_at_once(serve, accounts):
    """Two that say nothing, or half of something, hold nobody up; one does not know its password."""
    server = serve("event-server", accounts, "8")
    silent = [socket.create_connection(("127.0.0.1", int(server.port))) for _ in range(2)]
    silent[0].sendall(b"\x10\0\0\0half")
    clients = [subprocess.Popen([program("sspi-client"), "127.0.0.1", server.port, SPN, "WORKGROUP", "alice"], env=accounts.environment(),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(6)]
    said = [one.communicate((ACCOUNTS["alice"] if i else "wrong") + "\n", timeout=PATIENCE + 20)[0] for i, one in enumerate(clients)]
    for one in silent:
        one.close()
    status, output = server.finish()
    assert [one.returncode for one in clients] == [1, 0, 0, 0, 0, 0], said + [output]
    assert all("message: This is your server speaking\n" in text for text in said[1:]), said
    assert status == 0 and output.count("client authenticated\n") == 5, output


# --- a server that acts as its clients ---------------------------------------------------------

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]


def as_root(*command):
    subprocess.run([*AS_ROOT, *map(str, command)], check=True)


@pytest.fixture
def files(accounts, tmp_path):
    """alice is daemon and bob is bin here, each with a file; a third one is root's alone."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, user in {"alice": "daemon", "bob": "bin"}.items():
        accounts.ctl("account", "modify", name, "--unix-user", user)
    for name, user in {"of-alice": "daemon", "of-bob": "bin", "of-root": "root"}.items():
        (folder / name).write_text(f"what is {name}\n")
        as_root("chown", f"{user}:{user}", folder / name)
        as_root("chmod", "0600", folder / name)
    let_others_pass(folder)
    yield folder
    as_root("rm", "-r", folder)


@pytest.mark.parametrize("client_name, wanted, given", [
    ("alice", "of-alice", True), ("bob", "of-bob", True), ("alice", "of-bob", False), ("bob", "of-alice", False),
    ("alice", "of-root", False), ("bob", "nothing", False), ("alice", "../files/of-alice", False), ("jörg", "of-alice", False)])
def test_file_server__gives_what_the_client_may_have(accounts, files, client_name, wanted, given):
    server = subprocess.Popen([*AS_ROOT, program("file-server"), "0", files], env=accounts.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        port = re.match(r"listening on 127\.0\.0\.1:(\d+)$", server.stdout.readline()).group(1)
        password = files.parent / "password"
        password.write_text(ACCOUNTS[client_name] + "\n", encoding="utf-8")
        password.chmod(0o600)
        done = client("sspi-connect", accounts, "--user", client_name, "--password-file", password, f"127.0.0.1:{port}", stdin=wanted + "\n")
        output, _ = server.communicate(timeout=PATIENCE)
    finally:
        server.kill()
        server.communicate()
    assert done.stdout == (f"what is {wanted}\n" if given else ""), output
    assert server.returncode == (0 if given else 1), output
    if given:
        assert f"{client_name}: opened\n" in output
    elif client_name == "jörg":  # nobody here is called so
        assert "ImpersonateSecurityContext: 0x8009030B\n" in output
