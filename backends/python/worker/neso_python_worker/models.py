"""Models that are loaded, unloaded and asked for from Python."""
from . import bls, wire
from .errors import TritonModelException

_allowed = False


def allow(allowed):
    """Between the start of `initialize` and `finalize`."""
    global _allowed
    _allowed = allowed


def _ask(what, call, question, files=()):
    if not _allowed:
        raise TritonModelException(f"Failed to {what} model: models can only be loaded and unloaded while the model runs, "
                                   "not in 'auto_complete_config' or 'finalize'.")
    try:
        return bls.ask_json(call, question, files)
    except TritonModelException as error:
        raise TritonModelException(f"Failed to {what} model: {error}") from None


def load_model(model_name, config="", files=None):
    files = files or {}
    for name, content in files.items():
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError(f"load_model: expected bytes as content of '{name}', got {type(content).__name__}")
    _ask("load", wire.LOAD_MODEL, {"model": model_name, "config": config,
                                   "files": [[name, len(content)] for name, content in files.items()]},
         files.values())


def unload_model(model_name, unload_dependents=False):
    _ask("unload", wire.UNLOAD_MODEL, {"model": model_name, "with_dependents": bool(unload_dependents)})


def is_model_ready(model_name, model_version=""):
    version = int(model_version) if model_version else -1
    flags, _ = bls.ask_json(wire.MODEL_READY, {"model": model_name, "version": version})
    return bool(flags & wire.YES)
