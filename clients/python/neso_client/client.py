"""The client: named arrays in, named arrays out."""
import functools
import ssl
import weakref
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple, Union

from .call import Call
from .network import BLOCKING
from .results import Result
from .session import Session
from .streams import run
from .transport import Model

__all__ = ["Client"]


class Client:
    """Calls a server. Thread-safe; each call that runs has a connection to itself.

    url: "host:port", or with http://, https://, grpc:// or grpcs:// before it. Without, 8000 is HTTP's port and 8001 gRPC's; at another
    one, and at a socket in the file system ("unix:PATH" in place of host:port), the first call asks the server which of the two it
    speaks.
    timeout: seconds for each call; None waits for ever.
    headers: sent with each request, as HTTP headers or as metadata of gRPC ({"authorization": "Bearer ..."}).
    tls: for https and grpcs; the system's certificates where it is not given.
    shared_memory: large tensors go through memory shared with the server where it is on this machine and allows that; False: never.
    Raises ValueError for a URL that is none. A server that is not there is told by the first call (Unavailable).
    """

    def __init__(self, url: str = "localhost:8001", *, timeout: Optional[float] = None, headers: Optional[Mapping[str, str]] = None,
                 tls: Optional[ssl.SSLContext] = None, shared_memory: bool = True) -> None:
        self._session = Session(url, BLOCKING, timeout, headers, tls, shared_memory)
        self._end = weakref.finalize(self, self._session.end)
        self._anew = functools.partial(type(self), url, timeout=timeout, headers=headers, tls=tls, shared_memory=shared_memory)

    def __reduce__(self) -> Tuple[Callable[[], "Client"], Tuple[()]]:
        """Into a process that is started anew goes a client of the same server; one with tls= cannot go."""
        return self._anew, ()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections; calls afterwards raise Unavailable."""
        self._end()

    def infer(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
              id: str = "", timeout: Optional[float] = None, parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None,
              **tensors: Any) -> Result:
        """Runs a model on arrays, given by the names of its inputs: infer("digits", pixels=array), or {"input:0": array} for
        names that are no Python names or are those of this function's own arguments.

        Arrays, nested lists, tensors of PyTorch and others with DLPack on the host, columns and frames of pandas are taken; numbers are
        converted where none can get lost but digits of a float. A frame given as `inputs` is taken apart: each column goes to the input
        of its name, or all of them to the model's only input.
        outputs: the names of those that are wanted; all, where none is given.
        Raises InvalidInput before anything is sent, ServerError, Unavailable, DeadlineExceeded.
        """
        return run(self._session.infer(Call(model, inputs, tensors, version, outputs, id, timeout, parameters)))

    def stream(self, model: str, inputs: Optional[Mapping[str, Any]] = None, /, *, version: str = "", outputs: Sequence[str] = (),
               id: str = "", timeout: Optional[float] = None, parameters: Optional[Mapping[str, Union[bool, int, float, str]]] = None,
               **tensors: Any) -> Iterator[Result]:
        """As infer(), of a model that answers a request with any number of responses, as they come. Over gRPC only."""
        results = self._session.stream(Call(model, inputs, tensors, version, outputs, id, timeout, parameters), self)
        try:
            while True:
                try:
                    result = run(results.__anext__())
                except StopAsyncIteration:
                    return
                yield result
        finally:
            run(results.aclose())

    def model(self, name: str, version: str = "") -> Model:
        """Names, datatypes and shapes of the model's inputs and outputs, and its versions."""
        return run(self._session.model(name, version))

    def is_ready(self, model: str = "", version: str = "") -> bool:
        """Of the server, or of one model. False where the server cannot be reached, says nothing in time, or does not know the model."""
        return run(self._session.is_ready(model, version))

    def load(self, model: str) -> None:
        """Returns when the model is loaded."""
        run(self._session.load(model))

    def unload(self, model: str) -> None:
        run(self._session.unload(model))
