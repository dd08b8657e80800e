"""The server's log, and what brings print, warnings and the logging module there."""
import enum
import functools
import logging
import os
import sys
import threading
import warnings

from . import bls, wire

# TRITONSERVER_LogLevel.
INFO, WARN, ERROR, VERBOSE = range(4)

_STDERR = 2


class LogLevel(enum.Enum):
    INFO = INFO
    WARNING = WARN
    ERROR = ERROR
    VERBOSE = VERBOSE


def write(level, message, file, line):
    name = os.path.basename(file).encode(errors="replace")
    if not bls.is_connected():
        os.write(_STDERR, b"%s:%d: %s\n" % (name, line, message.encode(errors="backslashreplace")))
        return
    body = b"".join([wire.U32.pack(line), wire.U32.pack(len(name)), name,
                     message.encode(errors="backslashreplace").replace(b"\0", b"\\0")])
    bls.caller().channel.send(wire.LOG, level, 0, body)


def _write_from(level, message, depth=2):
    if not isinstance(message, str):
        raise TypeError(f"expected a str as message, got {type(message).__name__}")
    frame = sys._getframe(depth)
    write(level, message, frame.f_code.co_filename, frame.f_lineno)


class Logger:
    """The file and the line in the log are the caller's."""

    INFO, WARNING, ERROR, VERBOSE = LogLevel

    @staticmethod
    def log(message, level=LogLevel.INFO):
        _write_from(level.value, message)

    @staticmethod
    def log_info(message):
        _write_from(INFO, message)

    @staticmethod
    def log_warn(message):
        _write_from(WARN, message)

    @staticmethod
    def log_error(message):
        _write_from(ERROR, message)

    @staticmethod
    def log_verbose(message):
        _write_from(VERBOSE, message)


class LogStream:
    """A standard stream whose lines go to the log; everything but text is the process's own stream."""

    def __init__(self, stream, level):
        self._stream = stream
        self._level = level
        self._begun = threading.local()  # what each thread has written of a line

    def write(self, text):
        *lines, self._begun.line = (getattr(self._begun, "line", "") + text).split("\n")
        for line in lines:
            if line:
                self._write(line)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        line, self._begun.line = getattr(self._begun, "line", ""), ""
        if line:
            self._write(line)

    def _write(self, line):
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        if frame.f_code is _EMIT:  # a handler that the model has set up: its text, and what its record says
            record = frame.f_locals["record"]
            if _is_first(record, self):
                write(_level_of(record), line, record.pathname, record.lineno)
        else:
            write(self._level, line, frame.f_code.co_filename, frame.f_lineno)

    def __getattr__(self, name):
        return getattr(self._stream, name)


_EMIT = logging.StreamHandler.emit.__code__


def _level_of(record):
    return (ERROR if record.levelno >= logging.ERROR else WARN if record.levelno >= logging.WARNING else
            INFO if record.levelno >= logging.INFO else VERBOSE)


def _is_first(record, writer):
    """A record stands in the log once, whichever of its handlers brings it there."""
    return record.__dict__.setdefault("_in_log_by", writer) is writer


class _LogHandler(logging.Handler):
    def emit(self, record):
        try:
            if _is_first(record, self):
                write(_level_of(record), self.format(record), record.pathname, record.lineno)
        except Exception:
            self.handleError(record)


def redirect():
    """From now on what Python code writes stands in the server's log."""
    sys.stdout = LogStream(sys.__stdout__, INFO)
    sys.stderr = LogStream(sys.__stderr__, WARN)
    warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: write(
        WARN, f"{category.__name__}: {message}", filename, lineno)
    _redirect_logging()


def _redirect_logging():
    handler = _LogHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    root, basic_config = logging.getLogger(), logging.basicConfig
    root.addHandler(handler)
    root.setLevel(logging.INFO)  # the server decides what of it is shown; what it seldom wants is not sent

    @functools.wraps(basic_config)
    def configure(**options):
        root.removeHandler(handler)  # beside which it would do nothing
        basic_config(**options)

    logging.basicConfig = configure
