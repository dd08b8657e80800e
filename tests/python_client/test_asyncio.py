"""The client for asyncio: the same calls, many at once, and cancelled."""
import asyncio
import time

import numpy as np
import pytest
from neso_client import AsyncClient, InvalidInput
from support.server import PATIENCE


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
