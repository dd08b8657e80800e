"""Errors that models send and raise, and the texts that exceptions become."""
import os
import traceback


class TritonError:
    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)

    __slots__ = ("_message", "_code")

    def __init__(self, message, code=INTERNAL):
        if not isinstance(message, str):
            raise TypeError(f"TritonError: expected a str as message, got {type(message).__name__}")
        self._message = message
        self._code = code if code in range(8) else TritonError.INTERNAL

    def message(self):
        return self._message

    def code(self):
        return self._code

    def __str__(self):
        return self._message


class TritonModelException(Exception):
    """May be raised by every method of a model; everything that this module raises is one, too."""


class ModelFault(Exception):
    """What a model did is not allowed; its text is all that is said."""


_OWN_FOLDER = __file__.rpartition("/")[0]
_OWN_MODULE = os.path.join(os.path.dirname(_OWN_FOLDER), "triton_python_backend_utils.py")
_MOST_CALLS = 16  # a recursion without end is told in the log


def is_own(file):
    """Whether a call happens in this package rather than in a model."""
    return file.startswith(_OWN_FOLDER) or file == _OWN_MODULE or "importlib" in file


def text_of(exception):
    """What an exception says, also when it fails at that."""
    try:
        return str(exception)
    except Exception as error:
        return f"<its text cannot be made: {type(error).__name__}>"


def describe(exception):
    """Type, text and where it came from, the innermost call first."""
    if isinstance(exception, ModelFault):
        return str(exception)
    text = f"{type(exception).__name__}: {text_of(exception)}"
    calls = [f"  {frame.f_code.co_filename}({line}): {frame.f_code.co_name}"
             for frame, line in traceback.walk_tb(exception.__traceback__) if not is_own(frame.f_code.co_filename)]
    if not calls:
        return text
    left_out = [f"  ... and {len(calls) - _MOST_CALLS} more"] if len(calls) > _MOST_CALLS else []
    return text + "\n\nAt:\n" + "\n".join(calls[:-_MOST_CALLS - 1:-1] + left_out) + "\n"
