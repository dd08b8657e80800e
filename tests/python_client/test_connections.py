"""Time limits, threads, and servers that go away."""
import asyncio
import concurrent.futures
import os
import socket
import ssl
import subprocess
import sys
import time

import numpy as np
import pytest
from neso_client import AsyncClient, Client, DeadlineExceeded, InvalidInput, Unavailable
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server
from support.wait import wait_until


def test_the_protocol_is_found(server):
    for address in (server.http, server.grpc):
        with Client(address) as client:
            assert client.is_ready()


@pytest.mark.parametrize("url", ["ftp://localhost:1", "grpc://", "localhost:port", "unix:", "unix://relative", "ftp://unix:/s",
                                 "localhost:0", "localhost:99999", "my..host:80", 64 * "x" + ":80", "[::1:80", None, 8001])
def test_urls_that_are_none(url):
    with pytest.raises(ValueError, match="^expected ") as told:
        Client(url)
    assert repr(url) in str(told.value)


@pytest.mark.parametrize("arguments, told", [({"tls": True}, "tls: expected an ssl.SSLContext, got True"),
                                             ({"headers": ["a"]}, "headers: expected a dictionary, got list"),
                                             ({"timeout": "5"}, "timeout: expected seconds, .* got str$")])
def test_what_a_client_is_not_made_of(arguments, told):
    for kind in (Client, AsyncClient):
        with pytest.raises(InvalidInput, match=told):
            kind("localhost", **arguments)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_tls_is_not_left_out_silently(server, kind, scheme):
    with pytest.raises(ValueError, match=f"write {scheme}s://"):
        kind(f"{scheme}://{getattr(server, scheme)}", tls=ssl.create_default_context())


def test_no_server(server):
    for scheme in ("http", "grpc"):
        client = Client(f"{scheme}://127.0.0.1:1")
        assert not client.is_ready()
        with pytest.raises(Unavailable, match="no connection to 127.0.0.1:1"):
            client.infer("identity", INPUT0=[[1]])


@pytest.mark.parametrize("scheme", ["", "http://", "grpc://"])
def test_waiting_for_a_server(scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent, Client(f"{scheme}127.0.0.1:{silent.getsockname()[1]}", timeout=0.2) as client:
        assert not client.is_ready()
    with Client(f"{scheme}127.0.0.1:1") as client:
        assert not client.is_ready()
        with pytest.raises(Unavailable, match="no connection to 127.0.0.1:1"):
            client.model("identity")


def test_sockets_in_the_file_system(tmp_path):
    repository = ModelRepository(tmp_path / "models")
    repository.add_identity("identity")
    addresses = [f"unix:{tmp_path}/http", f"unix:{tmp_path}/grpc", f"unix://{tmp_path}/grpc"]
    said = [f"http://{addresses[0]}", f"grpc://{addresses[1]}"]
    server = Server(repository.path, f"--http-address={addresses[0]}", f"--grpc-address={addresses[1]}", "--allow-client-shm=true",
                    ready=False).start()
    small, large = np.float32([[1]]), np.zeros((1, 100_000), np.float32)

    async def ask(address):
        async with AsyncClient(address, timeout=30) as client:
            return (await client.infer("identity", INPUT0=large)).array

    try:
        for address in addresses + said:
            with Client(address, timeout=30) as client:
                wait_until(client.is_ready, timeout=20)
                for array in (small, large):
                    np.testing.assert_array_equal(client.infer("identity", INPUT0=array).array, array)
            np.testing.assert_array_equal(asyncio.run(ask(address)), large)
    finally:
        server.stop()
    with Client(addresses[0]) as client, pytest.raises(Unavailable, match=f"no connection to {addresses[0]}: "):
        client.model("identity")


def test_a_time_limit(client):
    array = np.float32([1])
    with pytest.raises(DeadlineExceeded):
        client.infer("slow", IN=array, timeout=0.3)
    assert client.infer("slow", IN=array).array.tolist() == [1]


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
from neso_client import Client

client = Client(sys.argv[1], timeout=60)
client.infer("slow", IN=[0])
for i in range(25):
    large = np.full((1, 400_000), i, np.float32)
    try:
        threading.Timer(0.002 * i, os.kill, (os.getpid(), signal.SIGINT)).start()
        client.infer("identity", INPUT0=large)
        client.infer("slow", IN=[-i])
        raise SystemExit("no interrupt")
    except KeyboardInterrupt:
        pass
    assert client.infer("identity", INPUT0=[[i]]).array.tolist() == [[i]], i
    assert (client.infer("identity", INPUT0=large).array == large).all(), i
"""


def test_a_call_that_is_interrupted_leaves_the_next_one_alone(url):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, url], capture_output=True, text=True, env=env, timeout=60 * PATIENCE)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_many_threads(client):
    def one_thread(number):
        for i in range(20):
            array = np.full((1, 10 ** (i % 6)), number, np.float32)
            np.testing.assert_array_equal(client.infer("identity", INPUT0=array).array, array)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one_thread, range(8)))


def test_a_closed_client(url):
    client = Client(url)
    client.infer("identity", INPUT0=[[1]])
    client.close()
    with pytest.raises(Unavailable, match="the client is closed"):
        client.infer("identity", INPUT0=[[1]])


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_that_starts_again(tmp_path, protocol):
    repository = ModelRepository(tmp_path / "models")
    repository.add_identity("identity")
    server = Server(repository.path).start()
    with Client(f"{protocol}://{getattr(server, protocol)}") as client:
        assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]
        server.stop()
        with pytest.raises(Unavailable):
            client.infer("identity", INPUT0=[[1]])
        server.start()
        assert client.infer("identity", INPUT0=[[2]]).array.tolist() == [[2]]
    server.stop()


def test_streams(server):
    with Client(f"grpc://{server.grpc}") as client:
        assert [result.array.tolist() for result in client.stream("count", IN=[3])] == [[0], [1], [2]]
        assert list(client.stream("count", IN=[0])) == []
        with pytest.raises(Exception, match="cannot count to that"):
            list(client.stream("count", IN=[-1]))
        stream = client.stream("count", IN=[100000])
        assert next(stream).array.tolist() == [0]
        stream.close()  # the rest is not waited for
        began = time.monotonic()
        assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]
        assert time.monotonic() - began < 20 * PATIENCE


def test_streams_need_grpc(server):
    with Client(f"http://{server.http}") as client, pytest.raises(Exception, match="over gRPC, by default at port 8001"):
        list(client.stream("count", IN=[3]))


def test_tls(secured):
    server, authority = secured
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    with Client(f"grpcs://{server.grpc}", tls=trusted) as client:
        for size in (1, 1_000_000):
            array = np.ones((1, size), np.float32)
            np.testing.assert_array_equal(client.infer("identity", INPUT0=array).array, array)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        Client(f"grpcs://{server.grpc}").infer("identity", INPUT0=[[1]])


def test_tls_in_a_loop(secured):
    server, authority = secured

    async def run():
        trusted = ssl.create_default_context(cafile=str(authority.certificate))
        async with AsyncClient(f"grpcs://{server.grpc}", tls=trusted) as client:
            arrays = [np.full((1, size), size, np.float32) for size in (1, 1_000_000, 20, 300_000)]
            results = await asyncio.gather(*(client.infer("identity", INPUT0=array) for array in arrays))
            for array, result in zip(arrays, results):
                np.testing.assert_array_equal(result.array, array)
        with pytest.raises(Unavailable, match="certificate verify failed"):
            await AsyncClient(f"grpcs://{server.grpc}").infer("identity", INPUT0=[[1]])

    asyncio.run(run())


def test_the_protocol_is_found_over_tls(secured):
    server, authority = secured
    trusted = ssl.create_default_context(cafile=str(authority.certificate))

    async def run(address):
        async with AsyncClient(address, tls=trusted) as client:
            assert (await client.infer("identity", INPUT0=[[1]])).array.tolist() == [[1]]

    for address in (server.http, server.grpc):
        with Client(address, tls=trusted) as client:
            assert client.infer("identity", INPUT0=[[1]]).array.tolist() == [[1]]
        asyncio.run(run(address))


def test_one_context_for_both_protocols_at_the_same_time(secured):
    server, authority = secured
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    urls = [f"https://{server.http}", f"grpcs://{server.grpc}"]

    async def run():
        clients = [AsyncClient(url, tls=trusted, timeout=20) for url in 3 * urls]
        calls = [client.infer("identity", INPUT0=[[i]]) for i, client in enumerate(clients)]
        assert [result.array.tolist() for result in await asyncio.gather(*calls)] == [[[i]] for i in range(6)]
        await asyncio.gather(*(client.close() for client in clients))

    def ask(url):
        with Client(url, tls=trusted, timeout=20) as client:
            return client.infer("identity", INPUT0=[[7]]).array.tolist()

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        loops = [pool.submit(asyncio.run, run()) for _ in range(4)]
        assert list(pool.map(ask, 4 * urls)) == 8 * [[[7]]]
        for loop in loops:
            loop.result()


def test_an_input_that_does_not_fit_is_told(client):
    client.infer("identity", INPUT0=[[1]])
    with pytest.raises(InvalidInput):
        client.infer("identity", INPUT1=[[1]])
