import asyncio

import numpy as np
from neso_client import AsyncClient, Client, InvalidInput, Model, Result, ServerError


def scores(client: Client, images: np.ndarray) -> list[float]:
    try:
        result: Result = client.infer("digits", pixels=images, timeout=1.0, outputs=["scores"], parameters={"kind": "test"})
    except InvalidInput as error:
        raise SystemExit(str(error)) from None
    except ServerError as error:
        raise SystemExit(f"{error.status}: {error.message}") from None
    first: float = float(result["scores"][0, 0])
    return [first, *map(float, result.array[0])]


def names(model: Model) -> list[str]:
    return [f"{spec.name}: {spec.datatype} {spec.shape}" for spec in model.inputs]


async def both(client: AsyncClient) -> list[str]:
    texts = [str(result.array) async for result in client.stream("llm", {"prompt": ["Once"]})]
    answers = await asyncio.gather(client.infer("a", x=[1]), client.infer("b", x=[2]))
    return texts + [answer.model_version for answer in answers]


if __name__ == "__main__":
    with Client("localhost:8001", headers={"authorization": "Bearer x"}, shared_memory=False) as client:
        print(scores(client, np.zeros((2, 64))), names(client.model("digits")), client.is_ready("digits"))
