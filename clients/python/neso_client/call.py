"""The arguments of a call."""
import re
from typing import Any, Collection, Dict, Mapping, NamedTuple, Optional, Sequence

from .clock import LONGEST
from .errors import InvalidInput

_HEADER = re.compile("[\t\x20-\x7e\xa0-\xff]*")


class Call(NamedTuple):
    """Of infer() and stream()."""
    model: str
    inputs: Optional[Mapping[str, Any]]
    tensors: Dict[str, Any]
    version: str
    outputs: Sequence[str]
    id: str
    timeout: Optional[float]
    parameters: Optional[Mapping[str, Any]]

    def check(self) -> None:
        """Raises InvalidInput for what no protocol could send."""
        for what, given in (("model", self.model), ("version", self.version), ("id", self.id)):
            check_text(what, given)
        check_timeout(self.timeout, of_call=True)
        if type(self.outputs) is not tuple:
            _check_outputs(self.outputs)
        if self.parameters:
            _check_parameters(self.parameters)


def _check_outputs(outputs: Any) -> None:
    if isinstance(outputs, str):
        raise InvalidInput(f"outputs: expected a sequence of names, got {outputs!r}; write [{outputs!r}]")
    # One that can be looked at more than once, which a generator cannot.
    if not isinstance(outputs, Collection) or not all(isinstance(name, str) for name in outputs):
        raise InvalidInput(f"outputs: expected a sequence of names, got {_short(outputs)}{_instead('outputs')}")


def _check_parameters(parameters: Any) -> None:
    if not isinstance(parameters, Mapping):
        raise InvalidInput(f"parameters: expected a dictionary, got {_short(parameters)}{_instead('parameters')}")
    for name, value in parameters.items():
        check_text("the name of a parameter", name)
        if name == "binary_data_output":
            raise InvalidInput("parameter 'binary_data_output': expected one of the model's; this one is the client's own")
        if not isinstance(value, (bool, int, float, str)):
            raise InvalidInput(f"parameter '{name}': expected a bool, int, float or str, got {value!r}")
        if isinstance(value, int) and not -1 << 63 <= value < 1 << 64:
            raise InvalidInput(f"parameter '{name}': expected an int of 64 bits, got {value}")
        if isinstance(value, str):
            check_text(f"parameter '{name}'", value)


def check_text(what: str, given: Any) -> None:
    if not isinstance(given, str):
        hint = f"; write '{given}'" if isinstance(given, (int, float)) else _instead(what)
        raise InvalidInput(f"{what}: expected a str, got {_short(given)}{hint}")
    if not given.isascii():
        try:
            given.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(f"{what}: expected characters of Unicode, got {given!r}: {error.reason}") from None


def check_timeout(timeout: Any, of_call: bool = False) -> None:
    if timeout is None or isinstance(timeout, (int, float)) and 0 < timeout <= LONGEST:
        return
    hint = _instead("timeout") if of_call and not isinstance(timeout, (int, float)) else ""
    raise InvalidInput(f"timeout: expected seconds, above 0 and up to {LONGEST}, or None to wait for ever, got "
                       f"{_short(timeout)}{hint}")


def is_header(name: str, value: object) -> bool:
    return bool(name) and _HEADER.fullmatch(f"{name}{value}") is not None


def check_headers(headers: Any) -> Dict[str, str]:
    """A copy. Raises InvalidInput for what could not be told from the next header."""
    if not isinstance(headers, Mapping):
        raise InvalidInput(f"headers: expected a dictionary, got {_short(headers)}")
    for name, value in headers.items():
        check_text("the name of a header", name)
        check_text(f"header '{name}'", value)
        if not is_header(name, value):
            raise InvalidInput(f"header '{name}': expected printable characters of Latin-1, got {value!r}")
    return dict(headers)


def _short(given: Any) -> str:
    return repr(given) if given is None or isinstance(given, (int, float, bytes)) else type(given).__name__


def _instead(what: str) -> str:
    """What to do with an input that is called like an argument."""
    return f"; an input of that name is given in a dictionary: {{'{what}': ...}}" if what in Call._fields[3:] else ""
