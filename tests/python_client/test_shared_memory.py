"""Large tensors go through shared memory by themselves, and through the socket where that cannot be."""
import asyncio
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from neso_client import AsyncClient, Client, DeadlineExceeded
from support.fault_proxy import FaultProxy
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, Server
from support.wait import wait_until

ELEMENTS = 150528  # 602 KB
SHM = "--allow-client-shm=true"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("shared") / "models")
    repository.add_identity("image", dims=(ELEMENTS,))
    repository.add_identity("any")
    repository.add_identity("bf16", "TYPE_BF16", dims=(ELEMENTS,))
    repository.add_identity("text", "TYPE_STRING", max_batch_size=0, dims=(-1,))
    models = PythonModels(repository)
    models.add("slow", """
        def execute(self, requests):
            time.sleep(1)
            return [answer(OUT=values(request)) for request in requests]
    """)
    return repository.path


@pytest.fixture(scope="module")
def sharing_server(models):
    server = Server(models, SHM, env=python_on_path()).start()
    yield server
    server.stop()


@pytest.fixture(params=["http", "grpc"])
def shared_url(request, sharing_server):
    return f"{request.param}://{getattr(sharing_server, request.param)}"


@pytest.fixture
def sharing(shared_url):
    with Client(shared_url, timeout=30) as client:
        yield client


def registered(server):
    return {region["name"] for region in server.get("/v2/systemsharedmemory/status").json()}


def objects(url):
    return {path.name for path in pathlib.Path("/dev/shm").glob(f"neso-client-*-{url.rpartition(':')[2]}-*")}


def image(value=None, batch=1):
    array = np.random.default_rng(0).random((batch, ELEMENTS), dtype=np.float32)
    return array if value is None else np.full_like(array, value)


def test_large_tensors_go_through_it(sharing_server, shared_url):
    with Client(shared_url) as client:
        client.infer("any", INPUT0=[[1]])
        assert not objects(shared_url)
        for array in (image(), image(7), image(batch=3)[:, ::-1]):
            np.testing.assert_array_equal(client.infer("image", INPUT0=array).array, array)
        assert len(objects(shared_url)) == 4 and objects(shared_url) == registered(sharing_server)  # two of each of two sizes
    assert not objects(shared_url) and not registered(sharing_server)


def test_outputs_whose_size_is_not_known_before_come_by_the_socket(sharing, sharing_server, shared_url):
    np.testing.assert_array_equal(sharing.infer("any", INPUT0=image()).array, image())
    strings = ["x" * 300_000, "grüße"]
    assert sharing.infer("text", INPUT0=strings).array.tolist() == [string.encode() for string in strings]
    assert len(objects(shared_url)) == 2  # one for each input


def test_bf16(sharing):
    np.testing.assert_array_equal(sharing.infer("bf16", INPUT0=image(1.5)).array, image(1.5))  # 301 KB


def test_results_that_are_kept_keep_their_contents(sharing):
    kept = [sharing.infer("image", INPUT0=image(i)).array for i in range(150)]
    for i, array in enumerate(kept):
        assert (array == i).all() and array.flags.writeable
    part = kept[9][0, 5:7]
    del kept, array
    for i in range(150):
        sharing.infer("image", INPUT0=image(i))
    assert part.tolist() == [9, 9]


def test_results_outlive_the_client(shared_url):
    with Client(shared_url) as client:
        array = client.infer("image", INPUT0=image(3)).array
    assert (array == 3).all()


def test_many_threads(sharing):
    def one_thread(number):
        for i in range(10):
            array = sharing.infer("image", INPUT0=image(number * 100 + i)).array
            assert (array == number * 100 + i).all()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one_thread, range(8)))


def test_a_call_that_was_given_up_writes_into_no_other_result(sharing):
    assert sharing.infer("slow", IN=image(1)[0]).array.shape == (ELEMENTS,)
    with pytest.raises(DeadlineExceeded):
        sharing.infer("slow", IN=image(2)[0], timeout=0.3)
    assert (sharing.infer("slow", IN=image(3)[0]).array == 3).all()


def test_cancelled_at_any_moment(sharing_server, shared_url):
    """Whatever a call was about to do when it was cancelled: no result is another's, and nothing is left behind."""
    async def run():
        async with AsyncClient(shared_url, timeout=30, concurrency=4) as client:
            for turns in range(120):
                call = asyncio.ensure_future(client.infer("image", INPUT0=image(-1)))
                for _ in range(turns % 30):
                    await asyncio.sleep(0)
                if turns >= 30:
                    await asyncio.sleep(turns / 60_000)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                if turns % 3 == 0:
                    assert ((await client.infer("image", INPUT0=image(turns))).array == turns).all()

    asyncio.run(run())
    assert not objects(shared_url)
    wait_until(lambda: not registered(sharing_server))


@pytest.mark.parametrize("how", ["cancelled", "too late"])
def test_a_registration_that_was_given_up_leaves_nothing(sharing_server, how):
    """The server hears of it only when it has been told that it is over, or says too late that it has it."""
    arrived, is_over, late = threading.Event(), threading.Event(), []

    def ask(what, **more):
        name = proxy.requests[-1][1].split("/")[-2]
        body = {"key": f"/{name}", **more} if more else None
        assert sharing_server.post(f"/v2/systemsharedmemory/region/{name}/{what}", body).status_code == 200

    def hold():
        late.append(threading.current_thread())
        if how == "too late":
            ask("register", offset=0, byte_size=1)
        arrived.set()
        is_over.wait(30 * PATIENCE)

    def overtake():
        ask("unregister")
        is_over.set()
        late[0].join(10 * PATIENCE)
        raise ConnectionAbortedError("it has been told")

    async def run():
        async with AsyncClient(f"http://127.0.0.1:{proxy.port}", timeout=1 if how == "too late" else None) as client:
            call = asyncio.ensure_future(client.infer("image", INPUT0=image(1)))
            await asyncio.get_running_loop().run_in_executor(None, arrived.wait)
            if how == "cancelled":
                call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    proxy = FaultProxy(sharing_server.http_port).start()
    try:
        proxy.fail(hold, "/register")
        if how == "cancelled":
            proxy.fail(overtake, "/unregister")
        asyncio.run(run())
        is_over.set()
        late[0].join(10 * PATIENCE)
        assert not late[0].is_alive() and not registered(sharing_server) and not objects(f"http://127.0.0.1:{proxy.port}")
    finally:
        proxy.stop()


def has_stopped(pid):
    """With all of its threads."""
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"))


def test_a_close_that_is_cancelled(sharing_server, shared_url, sockets):
    async def run():
        before = sockets()
        client = AsyncClient(shared_url)
        await client.infer("image", INPUT0=image())
        os.kill(sharing_server.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: has_stopped(sharing_server.pid))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.close(), 0.3)
            await asyncio.sleep(0.1)
            assert sockets() == before and not objects(shared_url)
        finally:
            os.kill(sharing_server.pid, signal.SIGCONT)

    asyncio.run(run())
    sharing_server.post("/v2/systemsharedmemory/unregister")  # it was not told


def test_the_off_switch(shared_url):
    with Client(shared_url, shared_memory=False) as client:
        np.testing.assert_array_equal(client.infer("image", INPUT0=image()).array, image())
        assert not objects(shared_url)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_servers_that_do_not_allow_it_and_such_that_start_anew(models, protocol):
    server = Server(models, env=python_on_path()).start()
    url = f"{protocol}://{getattr(server, protocol)}"
    with Client(url) as client:
        for _ in range(3):
            np.testing.assert_array_equal(client.infer("image", INPUT0=image()).array, image())
        assert not objects(url)
    server.stop()
    server.command.append(SHM)
    with Client(url) as client:
        for _ in range(2):
            server.start()
            np.testing.assert_array_equal(client.infer("image", INPUT0=image()).array, image())
            server.stop()
        server.start()
        wait_until(lambda: (client.infer("image", INPUT0=image()), registered(server))[1])  # it is tried again
    assert not objects(url) and not registered(server)
    server.stop()


LEFT = """
import os, signal, sys
import numpy as np
from neso_client import Client
client = Client(sys.argv[1])
client.infer("image", INPUT0=np.ones((1, 150528), np.float32))
if sys.argv[2] == "fork":
    if os.fork() == 0:
        sys.exit()
    os.wait()
    assert client.infer("image", INPUT0=np.ones((1, 150528), np.float32)).array.all()
if sys.argv[2] == "orphan":
    child = os.fork()
    if child == 0:
        os.close(1), os.close(2)
        signal.pause()
    print(child, flush=True)
if sys.argv[2] in ("kill", "orphan"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how, status, left", [("exit", 0, 0), ("fork", 0, 0), ("kill", -signal.SIGKILL, 2),
                                               ("orphan", -signal.SIGKILL, 2)])
def test_what_processes_leave_behind(sharing_server, shared_url, how, status, left):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    ended = subprocess.run([sys.executable, "-c", LEFT, shared_url, how], capture_output=True, text=True, env=env, timeout=60 * PATIENCE)
    assert (ended.returncode, ended.stderr) == (status, "")
    remains = objects(shared_url)
    try:
        assert len(remains) == left and remains == registered(sharing_server)
        with Client(shared_url) as client:
            client.infer("image", INPUT0=image())
            assert not remains & (objects(shared_url) | registered(sharing_server)) and len(objects(shared_url)) == 2
    finally:
        for child in ended.stdout.split():
            os.kill(int(child), signal.SIGKILL)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_time_limits_hold_where_a_server_that_stands_still_is_asked_about_memory(models, protocol):
    server = Server(models, SHM, env=python_on_path()).start()
    try:
        with Client(f"{protocol}://{getattr(server, protocol)}") as client:
            client.infer("image", INPUT0=image())
            server.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: has_stopped(server.pid))
            began = time.monotonic()
            for _ in range(3):
                with pytest.raises(DeadlineExceeded):
                    client.infer("image", INPUT0=image(), timeout=0.2)
            assert time.monotonic() - began < 0.6 + PATIENCE
            server.process.send_signal(signal.SIGCONT)
            assert client.infer("image", INPUT0=image(3)).array[0, 0] == 3
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()
