"""What goes wrong in a model: short for whoever asked, and whole in the log, with model, version and line."""
import threading
import traceback

from . import logger
from .errors import ModelFault, describe, is_own, text_of

_model = ""


def name_model(name, version):
    """The model that runs here, for the log."""
    global _model
    _model = f"model '{name}' version {version}"
    threading.excepthook = _report_thread


def report(exception, method, head=""):
    """Puts the whole exception into the log, with what led to it; gives what there is to tell to others.

    `head`: what the log says before it."""
    told = describe(exception)
    file, line = _place(exception)
    if isinstance(exception, ModelFault):
        text = f"{told}\n\n{_model}, {method}"
    else:
        text = f"{type(exception).__name__}: {text_of(exception)}\n\n{_model}, {method}:\n{_whole(exception)}"
    logger.write(logger.ERROR, head + text, file, line)
    return told


def _report_thread(hook):
    if hook.exc_type is not SystemExit:
        report(hook.exc_value or hook.exc_type(), f"thread '{hook.thread.name if hook.thread else '?'}'")


def _whole(exception):
    """As Python prints it, with what it came from, from where the model's own code begins."""
    calls = exception.__traceback__
    while calls is not None and is_own(calls.tb_frame.f_code.co_filename):
        calls = calls.tb_next
    return "".join(traceback.format_exception(type(exception), exception, calls))


def _place(exception):
    """The file and the line of the model, or of what it calls, that raised it."""
    file, line = "model.py", 0
    for frame, number in traceback.walk_tb(exception.__traceback__):
        if not is_own(frame.f_code.co_filename):
            file, line = frame.f_code.co_filename, number
    return file, line
