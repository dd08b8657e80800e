"""Each name that the package has, each method with each argument, as `mypy --strict` sees them."""
import asyncio
import pickle
import ssl

import neso_client
import numpy as np
from neso_client import (AsyncClient, Client, DeadlineExceeded, InvalidInput, Model, NesoError, Result, ServerError, TensorSpec,
                         Unavailable)


def scores(client: Client, images: np.ndarray) -> list[float]:
    try:
        result: Result = client.infer("digits", pixels=images, timeout=1.0, outputs=["scores"], parameters={"kind": "test"})
    except InvalidInput as error:
        raise SystemExit(str(error)) from None
    except ServerError as error:
        raise SystemExit(f"{error.status}: {error.message}") from None
    except (Unavailable, DeadlineExceeded, NesoError) as error:
        raise SystemExit(str(error)) from None
    first: float = float(result["scores"][0, 0])
    return [first, *map(float, result.array[0])]


def about(result: Result) -> str:
    rows: int = len(result.to_frame(index=None))
    names: list[str] = [name for name, array in result.items() if array.ndim == 2]
    return f"{result.model} {result.model_version} {result.id} {result.parameters.get('a')} {rows} {names}"


def names(model: Model) -> list[str]:
    specs: tuple[TensorSpec, ...] = model.inputs + model.outputs
    described = [f"{spec.name}: {spec.datatype} {spec.shape}" for spec in specs]
    return [model.name, model.platform, *model.versions, *described, neso_client.__version__]


def each_method(client: Client) -> list[str]:
    client.load("a")
    told = [about(result) for result in client.stream("llm", {"prompt": ["Once"]}, version="1", outputs=("text",), id="7",
                                                      timeout=None, parameters={"n": 5, "t": 0.5, "s": "x", "b": True})]
    told += names(client.model("a", "1"))
    if client.is_ready() and client.is_ready("a", version="1"):
        client.unload("a")
    other: Client = pickle.loads(pickle.dumps(client))
    other.close()
    return told


async def each_coroutine(client: AsyncClient) -> list[str]:
    await client.load("a")
    texts = [str(result.array) async for result in client.stream("llm", {"prompt": ["Once"]})]
    answers = await asyncio.gather(client.infer("a", x=[1], timeout=2), client.infer("b", x=[2], id="7"))
    if await client.is_ready() and await client.is_ready("a", "1"):
        await client.unload("a")
    texts += names(await client.model("a"))
    await client.close()
    return texts + [answer.model_version for answer in answers]


async def loop() -> None:
    async with AsyncClient("localhost:8001", timeout=5, headers={"a": "b"}, tls=None, shared_memory=True, concurrency=8) as client:
        print(await each_coroutine(client))


if __name__ == "__main__":
    with Client("localhost:8001", timeout=5, headers={"authorization": "Bearer x"}, tls=ssl.create_default_context(),
                shared_memory=False) as client:
        print(scores(client, np.zeros((2, 64))), each_method(client))
    asyncio.run(loop())
