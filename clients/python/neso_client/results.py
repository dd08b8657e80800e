"""What a model answered."""
import struct
from typing import TYPE_CHECKING, Any, Dict

import numpy as np

from .errors import ServerError
from .frames import from_outputs
from .tensors import Tensor, to_value
from .transport import Response

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped,unused-ignore]


class Result(Dict[str, np.ndarray]):
    """The outputs by name. `array` is the only one of a model that has one."""

    def __init__(self, response: Response, model: str) -> None:
        super().__init__({tensor.name: _value(tensor) for tensor in response.outputs})
        self.model = model
        self.model_version = response.model_version
        self.id = response.id
        self.parameters = response.parameters

    @property
    def array(self) -> np.ndarray:
        if len(self) != 1:
            raise KeyError(f"expected one output of model '{self.model}', it has {len(self)}: {', '.join(self)}")
        return next(iter(self.values()))

    def to_frame(self, index: Any = None) -> "pandas.DataFrame":
        """A frame of pandas with a row for each item. An output with several values for an item becomes columns name_0, name_1, ...;
        strings become str. index: of the rows, that of the frame which was sent, say."""
        return from_outputs(self, index)


def _value(tensor: Tensor) -> np.ndarray:
    try:
        return to_value(tensor.datatype, tensor.shape, tensor.data)
    except (ValueError, LookupError, TypeError, struct.error):
        told = f"expected {tensor.datatype} of the shape {list(tensor.shape)}, got {len(tensor.data)} bytes of something else"
        raise ServerError("INTERNAL", f"output '{tensor.name}': {told}") from None
