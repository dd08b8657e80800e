"""Errors that models send and raise, and the texts that exceptions become."""


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


def describe(exception):
    """Type, text and where it came from, the innermost call first."""
    if isinstance(exception, ModelFault):
        return str(exception)
    text = f"{type(exception).__name__}: {exception}"
    frames = []
    traceback = exception.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_OWN_FOLDER) and "importlib" not in code.co_filename:
            frames.append(f"  {code.co_filename}({traceback.tb_lineno}): {code.co_name}")
        traceback = traceback.tb_next
    if not frames:
        return text
    return text + "\n\nAt:\n" + "\n".join(reversed(frames)) + "\n"
