"""What can go wrong with a call."""
from typing import Tuple, Type

__all__ = ["NesoError", "InvalidInput", "ServerError", "Unavailable", "DeadlineExceeded"]


class NesoError(Exception):
    """All errors of this package."""


class InvalidInput(NesoError, ValueError):
    """The arguments do not fit the model; nothing was sent. The text says which one, what was expected and what came."""


class ServerError(NesoError):
    """The server's answer to a request that it could not serve.

    status: a name of gRPC's codes ("NOT_FOUND", "INVALID_ARGUMENT", ...), over either protocol.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status
        self.message = message

    def __reduce__(self) -> Tuple[Type["ServerError"], Tuple[str, str]]:  # so that it comes out of other processes, too
        return type(self), (self.status, self.message)


class Unavailable(NesoError, ConnectionError):
    """The server could not be reached, or the connection ended before its answer was complete."""


class DeadlineExceeded(NesoError, TimeoutError):
    """The answer did not come within the call's timeout."""
