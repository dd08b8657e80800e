"""The Redis cache with TLS against a real redis-server that speaks nothing else: what is verified, and what is told."""
import contextlib
import re
import shlex
import shutil
import socket
import threading
import time
import types

import numpy as np
import pytest
from support.caching import ENABLED, counts, wait_for_hits
from support.certificates import Authority, openssl
from support.clients import infer_at_once
from support.inference import ask
from support.redis import Redis, needs_redis
from support.server import PATIENCE, ROOT, free_port, run_neso
from support.wait import wait_until

pytestmark = needs_redis

NO_CLIENT_CERTIFICATES = ("--tls-auth-clients", "no")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    roots = folder / "roots"
    roots.mkdir()
    shutil.copy(ours.certificate, roots / "ours.pem")
    openssl("rehash", roots)
    locked = folder / "locked.key"
    client = ours.issue("client")
    openssl("ec", "-in", client.key, "-aes128", "-passout", "pass:secret", "-out", locked)
    (folder / "empty").mkdir()
    return types.SimpleNamespace(
        ours=ours.certificate, theirs=theirs.certificate, roots=roots, empty=folder / "empty", server=ours.issue("server"),
        client=client, locked=locked, stranger=theirs.issue("stranger"), expired=ours.issue("expired", days=-1),
        elsewhere=ours.issue("elsewhere", hosts="DNS:redis.example"))


@pytest.fixture
def start_redis(tmp_path, pki):
    started = []

    def start_redis(*args, tls=pki.server, roots=pki.ours):
        started.append(Redis(tmp_path, *args, tls=tls, roots=roots).start())
        return started[-1]
    yield start_redis
    for redis in started:
        redis.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory, pki):
    """Servers for those that only fail to use them."""
    def secure(pair, *args):
        return Redis(tmp_path_factory.mktemp("redis"), *args, tls=pair, roots=pki.ours)
    servers = {
        "secure": secure(pki.server, *NO_CLIENT_CERTIFICATES), "demanding": secure(pki.server),
        "demanding_1_2": secure(pki.server, "--tls-protocols", "TLSv1.2"),
        "elsewhere": secure(pki.elsewhere, *NO_CLIENT_CERTIFICATES),
        "expired": secure(pki.expired, *NO_CLIENT_CERTIFICATES), "plain": Redis(tmp_path_factory.mktemp("redis"))}
    for server in servers.values():
        server.start()
    yield {name: server.port for name, server in servers.items()}
    for server in servers.values():
        server.stop()


@pytest.fixture
def start(repository, start_server):
    repository.add_identity("m", extra=ENABLED)

    def start(redis, *settings, env=None):
        return start_server(repository.path, *redis.config, *(f"--cache-config=redis,{s}" for s in settings), env=env)
    return start


def is_used(server):
    for _ in range(2):
        assert ask(server, "m", [1.0, 2.0]).status_code == 200
    return counts(server, "m")[:2] == (1, 1)


@pytest.mark.parametrize("args", [(), ("--tls-protocols", "TLSv1.2")])
def test_a_hit_over_tls(start, start_redis, pki, args):
    redis = start_redis(*NO_CLIENT_CERTIFICATES, *args)
    assert is_used(start(redis, "tls_enabled=true", f"cacert={pki.ours}"))
    (key,) = redis.keys()
    assert redis.ask("TYPE", key) == "hash"


def test_a_client_with_a_certificate_and_a_password_that_trusts_a_folder(start, start_redis, pki):
    redis = start_redis("--requirepass", "secret")
    server = start(redis, "tls_enabled=true", f"cert={pki.client.certificate}", f"key={pki.client.key}",
                   f"cacert_dir={pki.roots}", "password=secret", "db=2")
    assert is_used(server)
    assert redis.ask("--no-auth-warning", "-a", "secret", "-n", "2", "DBSIZE") == "1"


def test_what_the_guide_shows(repository, start_server, start_redis, pki):
    shown = re.search(r"<!-- test: redis-tls -->\n```sh\n(.*?)```", (ROOT / "docs" / "caching.md").read_text(), re.S)[1]
    redis = start_redis(*NO_CLIENT_CERTIFICATES)
    words = shlex.split(shown.replace("\\\n", "").replace("6380", str(redis.port)).replace("root.crt", str(pki.ours)))
    assert words[:2] == ["neso", "--model-repository=models"]
    repository.add_identity("m", extra=ENABLED)
    assert is_used(start_server(repository.path, *words[2:]))


def test_the_system_is_trusted_where_nobody_is_named(start, start_redis, pki):
    assert is_used(start(start_redis(*NO_CLIENT_CERTIFICATES), "tls_enabled=true", env={"SSL_CERT_FILE": str(pki.ours)}))


def test_a_name_that_is_not_the_address(start, start_redis, pki):
    redis = start_redis(*NO_CLIENT_CERTIFICATES, tls=pki.elsewhere)
    assert is_used(start(redis, "tls_enabled=true", f"cacert={pki.ours}", "sni=redis.example"))


def test_a_crowd_and_large_answers(start, start_redis, pki):
    redis = start_redis(*NO_CLIENT_CERTIFICATES)
    server = start(redis, "tls_enabled=true", f"cacert={pki.ours}", "pool_size=3")
    sizes = [1, 17, 5_000, 300_000]
    rows = [{"INPUT0": np.full((1, sizes[i % 4]), i % 11, dtype=np.float32)} for i in range(160)]
    for asked, answered in zip(rows, infer_at_once(server.http, "m", rows, threads=8), strict=True):
        np.testing.assert_array_equal(asked["INPUT0"], answered["OUTPUT0"])
    # Who asks the same as another one, while that is being computed, is neither hit nor miss; and the last answers may come a
    # moment before they are counted.
    wait_until(lambda: counts(server, "m")[1] == 44)
    assert 0 < counts(server, "m")[0] <= 160 - 44
    assert len(redis.keys()) == 44
    assert "Failed to" not in server.log


def test_new_certificates_hold_from_the_next_connection(start, start_redis, pki, tmp_path):
    trusted, pair = tmp_path / "trusted.crt", types.SimpleNamespace(certificate=tmp_path / "redis.crt", key=tmp_path / "redis.key")

    def bring(roots, files):
        shutil.copy(roots, trusted)
        shutil.copy(files.certificate, pair.certificate)
        shutil.copy(files.key, pair.key)
    bring(pki.ours, pki.server)
    redis = start_redis(*NO_CLIENT_CERTIFICATES, tls=pair, roots=trusted)
    server = start(redis, "tls_enabled=true", f"cacert={trusted}")
    assert is_used(server)
    redis.stop()
    bring(pki.theirs, pki.stranger)
    redis.start()
    wait_for_hits(server, [1.0, 2.0], more_than=1)


def test_a_redis_that_hangs_holds_up_nobody_for_long(start, start_redis, pki):
    redis = start_redis(*NO_CLIENT_CERTIFICATES)
    server = start(redis, "tls_enabled=true", f"cacert={pki.ours}", "socket_timeout=100", "connect_timeout=100")
    ask(server, "m", [1.0])
    redis.hang()
    began = time.monotonic()
    for value in range(20):
        assert ask(server, "m", [float(value)]).status_code == 200
    assert time.monotonic() - began < 5 * PATIENCE
    assert "Timeout retrieving key: " in server.log
    redis.go_on()
    wait_for_hits(server, [1.0])


def refusal(repository, *settings):
    result = run_neso(f"--model-repository={repository.path}", *(f"--cache-config=redis,{s}" for s in settings))
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if "error: creating server: " in line]
    return line.split("error: creating server: ")[1]


@pytest.mark.parametrize("begins, got", [
    (b"", "expected TLS, got no answer in time: is it the port without TLS?"),
    (b"-ERR\r\n", "expected TLS, got something else: is it the port without TLS?"),
    (b"\x16\x03", "no answer in time"),
])
def test_a_server_that_does_not_shake_hands(repository, begins, got):
    def serve(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ConnectionError):
            connection.sendall(begins)
            while connection.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        began = time.monotonic()
        told = refusal(repository, "host=127.0.0.1", f"port={listener.getsockname()[1]}", "tls_enabled=true",
                       "connect_timeout=200")
        server.join()
    assert told.endswith(": TLS: " + got)
    assert time.monotonic() - began < 3 * PATIENCE


@pytest.mark.parametrize("redis, settings, message", [
    ("secure", ["tls_enabled=true"],
     ": expected a certificate for '127.0.0.1' that leads to one of the system's roots, got one for DNS:localhost, "
     "IP Address:127.0.0.1, issued by CN = ours"),
    ("secure", ["tls_enabled=true", "cacert={theirs}"],
     ": expected a certificate for '127.0.0.1' that leads to a root of '{theirs}', got"),
    ("secure", ["tls_enabled=true", "cacert={theirs}", "cacert_dir={empty}"], "a root of '{theirs}' or '{empty}', got"),
    ("secure", ["tls_enabled=true", "cacert={ours}", "sni=other.example"],
     "hostname mismatch: expected a certificate for 'other.example' that leads to a root of '{ours}', got one for "
     "DNS:localhost, IP Address:127.0.0.1, issued by CN = ours"),
    ("elsewhere", ["tls_enabled=true", "cacert={ours}"],
     "IP address mismatch: expected a certificate for '127.0.0.1' that leads to a root of '{ours}', got one for "
     "DNS:redis.example, issued by CN = ours"),
    ("expired", ["tls_enabled=true", "cacert={ours}"], "certificate has expired: expected"),
    ("plain", ["tls_enabled=true", "cacert={ours}", "connect_timeout=200"], "expected TLS, got no answer in time: is it the port without TLS?"),
])
def test_a_server_that_is_not_the_one(repository, pki, running, redis, settings, message):
    settings = [setting.format(**vars(pki)) for setting in settings]
    told = refusal(repository, "host=127.0.0.1", f"port={running[redis]}", *settings)
    assert told.startswith(f"Internal - Failed to initialize RedisCache: cannot connect to Redis at 127.0.0.1:{running[redis]}: "
                           f"TLS: ")
    assert message.format(**vars(pki)) in told


@pytest.mark.parametrize("redis", ["demanding", "demanding_1_2"])
def test_a_client_that_is_not_welcome(repository, pki, running, redis):
    settings = ["host=127.0.0.1", f"port={running[redis]}", "tls_enabled=true", f"cacert={pki.ours}"]
    assert refusal(repository, *settings).endswith(
        "; it asks for a client's certificate: expected the settings 'cert' and 'key', got none")
    stranger = pki.stranger
    assert refusal(repository, *settings, f"cert={stranger.certificate}", f"key={stranger.key}").endswith(
        f"; it asked for a client's certificate and was shown '{stranger.certificate}'")


def test_a_server_with_tls_that_is_spoken_to_without(repository, running):
    told = refusal(repository, "host=127.0.0.1", f"port={running['secure']}")
    assert told.endswith("; if it speaks TLS there, set 'tls_enabled=true'")


@pytest.mark.parametrize("settings, message", [
    (["cacert=/none"], "'cacert': cannot use '/none' as root certificates: No such file or directory"),
    (["cacert={client.key}"], "'cacert': cannot use '{client.key}' as root certificates: no certificate or crl found"),
    (["cacert_dir=/none"], "'cacert_dir': cannot use '/none' as a folder of root certificates: No such file or directory"),
    (["cacert_dir={ours}"],
     "'cacert_dir': cannot use '{ours}' as a folder of root certificates: expected a folder, got a file"),
    (["cert=/none", "key={client.key}"],
     "'cert': cannot use '/none' as the client's certificate: No such file or directory"),
    (["cert={client.certificate}", "key=/none"],
     "'key': cannot use '/none' as the key of the certificate '{client.certificate}': No such file or directory"),
    (["cert={client.certificate}", "key={server.key}"],
     "'key': cannot use '{server.key}' as the key of the certificate '{client.certificate}': key values mismatch"),
    (["cert={client.certificate}", "key={locked}"], "'key': cannot use '{locked}' as the key of the certificate"),
    (["cert={client.certificate}"], "expected 'cert' and 'key' together, got only 'cert'"),
])
def test_files_that_cannot_be_used(repository, pki, settings, message):
    settings = [setting.format(**vars(pki)) for setting in settings]
    told = refusal(repository, "host=127.0.0.1", f"port={free_port()}", "tls_enabled=true", *settings)
    assert told.startswith("Invalid argument - Failed to initialize RedisCache: " + message.format(**vars(pki)))
