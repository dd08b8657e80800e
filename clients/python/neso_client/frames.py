"""Frames of pandas: columns to tensors, and outputs to columns. pandas itself is not needed to take one."""
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence

import numpy as np

from .errors import InvalidInput
from .tensors import DTYPES, TensorSpec

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped,unused-ignore]


def is_frame(value: Any) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "columns")


def is_column(value: Any) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "isna") and not hasattr(value, "columns")


def to_inputs(frame: Any, inputs: Sequence[TensorSpec], model: str) -> Dict[str, Any]:
    """Each column to the input of its name; all of them to a model's only input, where none is called like that."""
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"model '{model}': expected columns of different names, got '{twice}' more than once")
    if len(inputs) == 1 and inputs[0].name not in names:
        return {inputs[0].name: frame}
    dims = {spec.name: len(spec.shape) for spec in inputs}
    columns = {name: frame.iloc[:, i] for i, name in enumerate(names)}
    return {name: column.to_frame() if dims.get(name) == 2 else column for name, column in columns.items()}


def to_array(value: Any, spec: TensorSpec, where: str) -> np.ndarray:
    """Of a frame, a row for each row; of a column, one dimension. Missing values become NaN where there is one."""
    columns = [(f", column '{name}'", value.iloc[:, i]) for i, name in enumerate(value.columns)] if is_frame(value) else [("", value)]
    wants_numbers = spec.datatype in DTYPES or spec.datatype == "BF16"
    takes_nan = spec.datatype in ("FP16", "FP32", "FP64", "BF16")
    for name, column in columns:
        if wants_numbers and column.dtype.kind not in "biuf":
            raise InvalidInput(f"{where}{name}: expected numbers for {spec.datatype}, got {column.dtype}; encode them as the model was "
                               f"trained with, or leave the column out")
        if not takes_nan and column.isna().any():
            raise InvalidInput(f"{where}{name}: expected {spec.datatype}, which has no missing values, got {column.isna().sum()} of them; "
                               f"fill them")
    if takes_nan:  # what does not fit into fewer digits is found out where all arrays are
        is_single = all(column.dtype.kind == "f" and column.dtype.itemsize <= 4 for _, column in columns)
        is_narrow = is_single and spec.datatype != "FP64"
        return np.asarray(value.to_numpy(dtype="float32" if is_narrow else "float64", na_value=np.nan))
    return np.asarray(value.to_numpy(dtype=None if wants_numbers else object))


def from_outputs(outputs: Mapping[str, np.ndarray], index: Any) -> "pandas.DataFrame":
    try:
        import pandas
    except ImportError:
        raise ImportError('to_frame() needs pandas: pip install "neso-client[pandas]"') from None
    columns: Dict[str, np.ndarray] = {}
    for name, array in outputs.items():
        if array.ndim not in (1, 2):
            raise ValueError(f"output '{name}': expected one dimension or two for columns of a frame, got the shape {list(array.shape)}")
        if array.dtype == object:
            array = np.array([_text(name, item) for item in array.flat], dtype=object).reshape(array.shape)
        parts = [array] if array.ndim == 1 else list(array.T)
        columns.update((name if len(parts) == 1 else f"{name}_{i}", part) for i, part in enumerate(parts))
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        told = ", ".join(f"{name}: {count}" for name, count in rows.items())
        raise ValueError(f"expected outputs with as many rows for a frame, got {told}")
    return pandas.DataFrame(columns, index=index)


def _text(output: str, item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError:
        raise ValueError(f"output '{output}': expected texts of UTF-8 for columns of a frame, got {item[:50]!r}") from None
