"""The server's log, and what brings print, warnings and the logging module there."""
import enum
import logging
import os
import sys
import warnings

from . import bls, wire

# TRITONSERVER_LogLevel.
_INFO, _WARN, _ERROR, _VERBOSE = range(4)


class LogLevel(enum.Enum):
    INFO = _INFO
    WARNING = _WARN
    ERROR = _ERROR
    VERBOSE = _VERBOSE


def write(level, message, file, line):
    name = os.path.basename(file).encode(errors="replace")
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
        _write_from(_INFO, message)

    @staticmethod
    def log_warn(message):
        _write_from(_WARN, message)

    @staticmethod
    def log_error(message):
        _write_from(_ERROR, message)

    @staticmethod
    def log_verbose(message):
        _write_from(_VERBOSE, message)


class LogStream:
    """A standard stream whose lines go to the log; everything but text is the process's own stream."""

    def __init__(self, stream, level):
        self._stream = stream
        self._level = level
        self._line = ""

    def write(self, text):
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if line:
                self._write(line)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        line, self._line = self._line, ""
        if line:
            self._write(line)

    def _write(self, line):
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        write(self._level, line, frame.f_code.co_filename, frame.f_lineno)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _LogHandler(logging.Handler):
    def emit(self, record):
        try:
            level = (_ERROR if record.levelno >= logging.ERROR else _WARN if record.levelno >= logging.WARNING else
                     _INFO if record.levelno >= logging.INFO else _VERBOSE)
            write(level, self.format(record), record.pathname, record.lineno)
        except Exception:
            self.handleError(record)


def redirect():
    """From now on what Python code writes stands in the server's log."""
    sys.stdout = LogStream(sys.__stdout__, _INFO)
    sys.stderr = LogStream(sys.__stderr__, _WARN)
    handler = _LogHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: write(
        _WARN, f"{category.__name__}: {message}", filename, lineno)
