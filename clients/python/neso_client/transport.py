"""What both protocols offer."""
from abc import ABC, abstractmethod
from typing import Any, AsyncGenerator, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .errors import ServerError
from .tensors import Place, Tensor, TensorSpec


class Request(NamedTuple):
    model: str
    version: str
    id: str
    inputs: List[Tensor]
    outputs: Sequence[str]  # none: all
    parameters: Mapping[str, Any]  # bool, int or str; float only over HTTP
    places: Mapping[str, Place] = {}  # of outputs that are wanted in shared memory; `outputs` names them, too


class Response(NamedTuple):
    model_version: str
    id: str
    parameters: Dict[str, Any]
    outputs: List[Tensor]


class Model(NamedTuple):
    """What the server tells about a model."""
    name: str
    versions: Tuple[str, ...]
    platform: str
    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[TensorSpec, ...]


def no_answer(got: bytes) -> ServerError:
    return ServerError("UNKNOWN", f"expected an answer of the Open Inference Protocol, got {got[:100]!r}")


class Transport(ABC):
    """As thread-safe as its network. All raise Unavailable, DeadlineExceeded (`timeout`: seconds, None waits for ever) and ServerError."""

    @abstractmethod
    async def infer(self, request: Request, timeout: Optional[float]) -> Response: ...

    @abstractmethod
    def stream(self, request: Request, timeout: Optional[float]) -> AsyncGenerator[Response, None]: ...

    @abstractmethod
    async def model(self, name: str, version: str, timeout: Optional[float]) -> Model: ...

    @abstractmethod
    async def is_ready(self, model: str, version: str, timeout: Optional[float]) -> bool: ...

    @abstractmethod
    async def load(self, model: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    async def unload(self, model: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    async def max_batch_size(self, name: str, version: str, timeout: Optional[float]) -> int: ...

    @abstractmethod
    async def register_region(self, name: str, key: str, size: int, timeout: Optional[float]) -> None: ...

    @abstractmethod
    async def unregister_region(self, name: str, timeout: Optional[float]) -> None: ...

    @abstractmethod
    def close(self) -> None: ...
