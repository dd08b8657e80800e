"""Metrics of a model's own, which stand among the server's."""
import weakref

from . import bls, wire
from .errors import TritonModelException

COUNTER, GAUGE, HISTOGRAM = range(3)  # TRITONSERVER_MetricKind


def _ask(prefix, **question):
    try:
        return bls.ask_json(wire.METRIC, question)[1].decode()
    except TritonModelException as error:
        raise TritonModelException(prefix + str(error)) from None


def _double(value):
    """Of what is a number, NumPy's and others with __float__ too."""
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return float(value)


class MetricFamily:
    COUNTER, GAUGE, HISTOGRAM = COUNTER, GAUGE, HISTOGRAM

    def __init__(self, name, description, kind):
        self._kind = kind
        self._number = int(_ask("Error when creating MetricFamily: ", do="family", name=name, description=description,
                                kind=kind))
        self._metrics = weakref.WeakSet()

    def Metric(self, labels=None, buckets=None):
        if labels is not None and not isinstance(labels, dict):
            raise TritonModelException("Failed to create metric. Labels must be a dictionary.")
        if buckets is not None and not isinstance(buckets, list):
            raise TritonModelException("Failed to create metric. Buckets must be a list.")
        if self._kind == HISTOGRAM and buckets is None:
            raise TritonModelException("Failed to create metric. Missing required buckets.")
        if self._kind != HISTOGRAM and buckets is not None:
            raise TritonModelException("Failed to create metric. Unexpected buckets found.")
        metric = Metric(self, labels or {}, buckets)
        self._metrics.add(metric)
        return metric

    def __del__(self):
        for metric in list(getattr(self, "_metrics", ())):
            metric._forget()
        if hasattr(self, "_number"):
            _delete(do="delete_family", family=self._number)


class Metric:
    """Made by MetricFamily.Metric()."""

    def __init__(self, family, labels, buckets):
        question = {"labels": {str(name): str(value) for name, value in labels.items()}}
        if buckets is not None:
            question["buckets"] = [_double(bucket) for bucket in buckets]
        self._number = int(_ask("Error when creating Metric: ", do="metric", family=family._number, **question))

    def increment(self, value):
        self._use("Failed to increment metric value: ", "increment", _double(value))

    def set(self, value):
        self._use("Failed to set metric value: ", "set", _double(value))

    def observe(self, value):
        self._use("Failed to observe metric value: ", "observe", _double(value))

    def value(self):
        return float(self._use("Failed to get metric value: ", "value", 0))

    def _use(self, prefix, what, value):
        if self._number is None:
            raise TritonModelException("Invalid metric operation as the corresponding 'MetricFamily' has been deleted. "
                                       "The 'MetricFamily' object should be deleted AFTER its corresponding 'Metric' "
                                       "objects have been deleted.")
        return _ask(prefix, do=what, metric=self._number, value=value)

    def _forget(self):
        number, self._number = self._number, None
        if number is not None:
            _delete(do="delete_metric", metric=number)

    def __del__(self):
        if getattr(self, "_number", None) is not None:
            self._forget()


def _delete(**question):
    """From finalizers, at the end of the interpreter too; the server deletes with the worker what is left."""
    bls.tell_json_soon(wire.METRIC, question)
