# SPDX-License-Identifier: Apache-2.0
"""What takes a KDC and an initiator of ours: user-to-user, a service whose key has changed since the ticket was made."""
import pytest

from ends import Refused, converse, our_client, our_server
from mit_realm import MitRealm

SERVICE = "HTTP/localhost"
FLAGS = "mutual,integrity,confidentiality,replay,sequence"
PACKAGES = pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = MitRealm(tmp_path_factory.mktemp("realm"))
    try:
        realm.start()
        for user in ("alice", "bob"):
            realm.add_user(user, "Secret123!x")
        realm.add_service(SERVICE)
        yield realm
    finally:
        realm.stop()


@pytest.fixture
def env(realm, tmp_path):
    """Of a user, by name: a ticket-granting ticket that is fresh, so that no service's is beside it."""
    tmp_path.chmod(0o700)
    config = tmp_path / "opensspi.conf"
    config.write_text("[kerberos]\nreplay_cache = off\n", encoding="ascii")
    return lambda user: {**realm.environment(realm.ticket(user)), "OPENSSPI_CONFIG": str(config)}


def client_of(package, env, target, flags=FLAGS):
    return our_client(package, env, user=None, password=None, domain=None, spn=target, flags=flags)


@PACKAGES
def test_user_to_user__two_users(env, package):
    """Neither has a key that the other's ticket could be under: the server's TGT lends its own."""
    with (client_of(package, env("alice"), "bob@EXAMPLE.ORG", f"{FLAGS},user-to-user") as client,
          our_server(package, env("bob"), flags="user-to-user") as server):
        converse(client, server)
        assert "user-to-user" in client.describe()["flags"] and "user-to-user" in server.describe()["flags"]
        assert server.describe()["client_principal"] == "alice@EXAMPLE.ORG"
        assert server.unseal(client.seal(b"to a user")) == b"to a user"
        assert client.unseal(server.seal(b"from a user")) == b"from a user"


@PACKAGES
def test_user_to_user__somebody_elses_tgt(env, package):
    """The KDC gives nobody a ticket for one user under the TGT of another."""
    with (client_of(package, env("alice"), "bob@EXAMPLE.ORG", f"{FLAGS},user-to-user") as client,
          our_server(package, env("alice"), flags="user-to-user") as server):
        with pytest.raises(Refused) as refusal:
            converse(client, server)
        assert refusal.value.status.startswith("SEC_E_") and not client.done and not server.done


def test_new_key__a_second_token_has_it(realm, env):
    """The server tells of a version that it has no key for; the client's next token is for the key that it has. Whoever accepts each token by
    itself, as over HTTP, takes it; and the cache has the new ticket from then on."""
    environment = env("alice")
    with client_of("Kerberos", environment, SERVICE) as client, our_server("Kerberos", environment) as server:
        converse(client, server)
    realm.keytab.unlink()
    realm.admin(f"cpw -randkey {SERVICE}")
    realm.admin(f"ktadd -norandkey -k {realm.keytab} {SERVICE}")
    with client_of("Kerberos", environment, SERVICE) as client:
        with our_server("Kerberos", environment, flags="extended-error") as server:
            with pytest.raises(Refused) as refusal:
                server.step(client.step(None))
        token = client.step(refusal.value.token)
        assert token and not client.done
        with our_server("Kerberos", environment) as server:
            client.step(server.step(token))
            assert client.done and server.done
    with client_of("Kerberos", environment, SERVICE) as client, our_server("Kerberos", environment) as server:
        assert len(converse(client, server)) == 2


def test_wrong_key__is_no_reason_to_try_again(realm, env, tmp_path):
    """The same version and another key: the name is registered for somebody else, and that is said at once."""
    environment = env("alice")
    environment["KRB5_KTNAME"] = f"FILE:{tmp_path}/other.keytab"
    realm.run("/usr/bin/python3", "-c", FORGE, realm.keytab, f"{tmp_path}/other.keytab")
    with client_of("Kerberos", environment, SERVICE) as client, our_server("Kerberos", environment, flags="extended-error") as server:
        with pytest.raises(Refused) as refusal:
            server.step(client.step(None))
        with pytest.raises(Refused) as told:
            client.step(refusal.value.token)
        assert told.value.status == "SEC_E_WRONG_PRINCIPAL" and "KRB_AP_ERR_MODIFIED" in told.value.reason


# A keytab with the last byte of each key changed.
FORGE = """
import struct, sys
old, new, at = open(sys.argv[1], "rb").read(), bytearray(), 2
new += old[:2]
while at < len(old):
    (size,) = struct.unpack_from(">i", old, at)
    entry = bytearray(old[at + 4:at + 4 + abs(size)])
    if size > 0:
        entry[-5] ^= 1
    new += old[at:at + 4] + entry
    at += 4 + abs(size)
open(sys.argv[2], "wb").write(new)
"""
