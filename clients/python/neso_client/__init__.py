"""A client of Neso and of every server that speaks the Open Inference Protocol.

    from neso_client import Client

    with Client("localhost:8001") as client:
        scores = client.infer("digits", pixels=images)["scores"]
"""
from .aio import AsyncClient
from .client import Client
from .errors import DeadlineExceeded, InvalidInput, NesoError, ServerError, Unavailable
from .results import Result
from .tensors import TensorSpec
from .transport import Model

__all__ = ["AsyncClient", "Client", "Model", "Result", "TensorSpec", "NesoError", "InvalidInput", "ServerError", "Unavailable",
           "DeadlineExceeded", "__version__"]
__version__ = "0.1.0"
