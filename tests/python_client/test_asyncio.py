"""The client for asyncio: the same calls, many at once, cancelled, out of time, and in several loops."""
import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from neso_client import AsyncClient, DeadlineExceeded, InvalidInput, Unavailable
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server

ONE = np.float32([1])


def test_each_method(url):
    async def run():
        async with AsyncClient(url, timeout=30) as client:
            assert await client.is_ready() and await client.is_ready("identity") and not await client.is_ready("nobody")
            assert (await client.model("identity")).inputs[0].name == "INPUT0"
            assert (await client.infer("identity", INPUT0=[[1, 2]])).array.tolist() == [[1, 2]]
            await client.unload("copy_bool")
            await client.load("copy_bool")
            with pytest.raises(InvalidInput, match="has no input 'OTHER'"):
                await client.infer("identity", OTHER=[[1]])

    asyncio.run(run())


def test_many_at_once(url):
    async def run():
        async with AsyncClient(url, timeout=30) as client:
            arrays = [np.full((1, 10 ** (i % 5)), i, np.float32) for i in range(100)]
            results = await asyncio.gather(*(client.infer("identity", INPUT0=array) for array in arrays))
            for array, result in zip(arrays, results):
                np.testing.assert_array_equal(result.array, array)

    asyncio.run(run())


def test_a_cancelled_call_is_not_waited_for(url):
    async def run():
        async with AsyncClient(url, timeout=30) as client:
            await client.model("slow")
            began = time.monotonic()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.infer("slow", IN=np.float32([1])), 0.3)
            assert time.monotonic() - began < 1.2 * PATIENCE
            assert (await client.infer("identity", INPUT0=[[1]])).array.tolist() == [[1]]

    asyncio.run(run())


def test_streams(server):
    async def run():
        async with AsyncClient(f"grpc://{server.grpc}", timeout=30) as client:
            assert [result.array.tolist() async for result in client.stream("count", IN=[3])] == [[0], [1], [2]]
            with pytest.raises(Exception, match="cannot count to that"):
                async for _ in client.stream("count", IN=[-1]):
                    pass
            stream = client.stream("count", IN=[100000])
            assert (await stream.__anext__()).array.tolist() == [0]
            await stream.aclose()  # the rest is not waited for
            assert (await client.infer("identity", INPUT0=[[1]])).array.tolist() == [[1]]

    asyncio.run(run())


def test_a_stream_whose_client_nobody_else_has(server):
    def stream():
        return AsyncClient(f"grpc://{server.grpc}").stream("count", IN=[3])

    async def run():
        return [result.array.tolist() async for result in stream()]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        assert asyncio.run(run()) == [[0], [1], [2]]
    with pytest.raises(ValueError, match="concurrency: expected"):
        AsyncClient(concurrency=0)


def test_a_slow_reader_gets_all_of_a_stream(server):
    async def run():
        async with AsyncClient(f"grpc://{server.grpc}", timeout=60) as client:
            got = []
            async for result in client.stream("count", IN=[20000]):
                got.append(int(result.array[0]))
                if len(got) < 4:
                    await asyncio.sleep(0.2)  # meanwhile more comes than there is room for
            assert got == list(range(20000))

    asyncio.run(run())


def test_time_limits(url):
    async def run():
        async with AsyncClient(url, timeout=60) as client:
            await client.model("slow")
            for _ in range(2):  # after calls with a later limit, on the same connection
                await client.infer("identity", INPUT0=[[1]])
                began = time.monotonic()
                with pytest.raises(DeadlineExceeded):
                    await client.infer("slow", IN=ONE, timeout=0.3)
                assert 0.2 < time.monotonic() - began < 1.2 * PATIENCE
            assert (await client.infer("slow", IN=ONE)).array.tolist() == [1]

    asyncio.run(run())


def test_time_limits_hold_for_calls_that_wait_for_their_turn(url):
    async def run():
        async with AsyncClient(url, timeout=60, concurrency=1) as client:
            await client.model("slow")
            running = asyncio.ensure_future(client.infer("slow", IN=ONE))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            with pytest.raises(DeadlineExceeded, match="no turn within 0.3 s"):
                await client.infer("slow", IN=ONE, timeout=0.3)
            assert time.monotonic() - began < 1.2 * PATIENCE
            with pytest.raises(DeadlineExceeded):  # the turn comes, and what is left is too short
                await client.infer("slow", IN=ONE, timeout=1.8)
            assert time.monotonic() - began < 2.9 * PATIENCE
            assert (await running).array.tolist() == [1]

    asyncio.run(run())


def test_no_timer_outlives_its_connection(url):
    async def run():
        async with AsyncClient(url, timeout=1000) as client:
            await client.infer("identity", INPUT0=[[1]])
        await asyncio.sleep(0)
        assert not [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]

    asyncio.run(run())


def test_cancelled_at_any_moment(url):
    """Whatever a call was about to do when it was cancelled, those after it get their own answers."""
    async def run():
        async with AsyncClient(url, timeout=30, concurrency=4, shared_memory=False) as client:
            array = np.full((1, 300_000), 7, np.float32)
            for turns in range(60):
                call = asyncio.ensure_future(client.infer("identity", INPUT0=array))
                for _ in range(turns % 20):
                    await asyncio.sleep(0)
                if turns >= 20:
                    await asyncio.sleep(turns / 60_000)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                assert (await client.infer("identity", INPUT0=[[turns]])).array.tolist() == [[turns]]

    asyncio.run(run())


def test_no_thread_and_no_more_connections_than_calls_at_the_same_time(url, sockets):
    async def run():
        threads, before = threading.active_count(), sockets()
        async with AsyncClient(url, timeout=30, concurrency=3, shared_memory=False) as client:
            await asyncio.gather(*(client.infer("identity", INPUT0=[[i]]) for i in range(30)))
            assert sockets() == before + 3
            assert threading.active_count() == threads
        assert sockets() == before

    asyncio.run(run())


def test_a_client_that_is_closed_while_it_finds_the_protocol(server, sockets):
    async def run():
        before = sockets()
        client = AsyncClient(server.http, timeout=30)
        call = asyncio.ensure_future(client.infer("identity", INPUT0=[[1]]))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(Unavailable, match="the client is closed"):
            await call
        await asyncio.sleep(0)
        assert sockets() == before

    asyncio.run(run())


def test_one_client_in_several_loops_at_the_same_time(url):
    client, failed = AsyncClient(url, timeout=30), []

    async def ask(number):
        for i in range(20):
            array = np.full((1, 10 ** (i % 6)), number, np.float32)
            np.testing.assert_array_equal((await client.infer("identity", INPUT0=array)).array, array)

    def run(number):
        try:
            for _ in range(3):
                asyncio.run(ask(number))
        except BaseException as error:  # else the thread keeps it for itself
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    asyncio.run(client.close())
    with pytest.raises(Unavailable, match="the client is closed"):
        asyncio.run(client.infer("identity", INPUT0=[[1]]))


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")  # so asyncio tells of every loop that is closed like this
def test_a_loop_that_is_closed_with_calls_in_flight(url, monkeypatch, caplog):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    client = AsyncClient(url, timeout=30)
    loop = asyncio.new_event_loop()
    calls = [loop.create_task(client.infer("slow", IN=ONE)) for _ in range(3)]
    loop.run_until_complete(asyncio.sleep(0.3))
    loop.close()
    with caplog.at_level(logging.CRITICAL, "asyncio"):
        calls.clear()
        gc.collect()
    assert (asyncio.run(client.infer("identity", INPUT0=[[1]]))).array.tolist() == [[1]]
    asyncio.run(client.close())
    gc.collect()
    assert unraisable == []


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_that_starts_again(tmp_path, protocol):
    repository = ModelRepository(tmp_path / "models")
    repository.add_identity("identity")
    server = Server(repository.path).start()

    async def run():
        async with AsyncClient(f"{protocol}://{getattr(server, protocol)}") as client:
            assert (await client.infer("identity", INPUT0=[[1]])).array.tolist() == [[1]]
            server.stop()  # the loop does not turn meanwhile, and sees no connection end
            with pytest.raises(Unavailable):
                await client.infer("identity", INPUT0=[[1]])
            server.start()
            assert (await client.infer("identity", INPUT0=[[2]])).array.tolist() == [[2]]

    asyncio.run(run())
    server.stop()


PROCESSES = """
import asyncio, gc, os, sys
import numpy as np
from neso_client import AsyncClient, Client

def check(call):
    for i in range(50):
        array = np.full((1, 1000), os.getpid() + i, np.int64).astype(np.float32)
        assert (call(array).array == array).all()

def both():
    check(lambda array: client.infer("identity", INPUT0=array))
    async def ask():
        for i in range(50):
            array = np.full((1, 1000), os.getpid() + i, np.int64).astype(np.float32)
            assert ((await asynchronous.infer("identity", INPUT0=array)).array == array).all()
    asyncio.run(ask())

async def fork_in_a_loop():
    await asynchronous.infer("identity", INPUT0=[[1]])
    child = os.fork()
    if child == 0:  # whose collector of garbage finds what the parent still uses
        client.close()
        globals().pop("asynchronous")
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for _ in range(5):
        await asynchronous.infer("identity", INPUT0=[[1]])

client, asynchronous = Client(sys.argv[1], timeout=30), AsyncClient(sys.argv[1], timeout=30)
both()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        both()
        os._exit(0)
    children.append(child)
both()
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
both()
asyncio.run(fork_in_a_loop())
"""
TIDY = """
import asyncio, sys
from neso_client import AsyncClient

async def main():
    async with AsyncClient(sys.argv[1]) as client:
        await asyncio.gather(*(client.infer("identity", INPUT0=[[i]]) for i in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("program, flags", [(PROCESSES, []), (TIDY, ["-X", "dev"])], ids=["forks", "nothing is left open"])
def test_processes(url, program, flags):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    ended = subprocess.run([sys.executable, *flags, "-c", program, url], capture_output=True, text=True, env=env, timeout=100 * PATIENCE)
    assert (ended.returncode, ended.stderr) == (0, "")
