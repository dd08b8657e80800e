"""Runs the methods of a model."""
import importlib
import inspect
import sys
import threading
import weakref

from . import annotations, bls, debugger, faults, models, wire
from .errors import ModelFault
from .model_config import ModelConfig
from .request import RELEASE_RESCHEDULE, read_requests
from .response import InferenceResponse, marker

_LATER, _NONE, _RESCHEDULED = marker(wire.LATER), marker(wire.NONE), marker(wire.RESCHEDULED)

model_dir = ""  # what pb_utils.get_model_dir() gives


def load_class(what):
    """The class TritonPythonModel of the model's file."""
    global model_dir
    model_dir = what["version_folder"]
    faults.name_model(what["args"]["model_name"], what["args"]["model_version"])
    # After what is there, the folders of the model come first.
    for folder in dict.fromkeys((what["import_root"], what["model_folder"], what["version_folder"])):
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # a repository holds what its owner put there
    return importlib.import_module(what["module"]).TritonPythonModel


def auto_complete(what):
    """The configuration with what the class says: its auto_complete_config, or else its annotations."""
    kind = load_class(what)
    name = what["args"]["model_name"]
    config = ModelConfig(what["args"]["model_config"])
    if hasattr(kind, "auto_complete_config"):
        config = kind.auto_complete_config(config)
        if not isinstance(config, ModelConfig):
            raise ModelFault(f"auto_complete_config function in model '{name}' must return a valid pb.ModelConfig object.")
    elif not annotations.complete(kind, config) and what["is_lone"]:
        raise ModelFault(f"model configuration is not provided for model '{name}': {annotations.WANTED}")
    return config.as_dict()


class Runner:
    def __init__(self, channel, what):
        self._channel = channel
        self._what = what
        self._name = what["instance"]
        self._failed = f"Failed to process the request(s) for model '{self._name}', message: "
        self._decoupled = what["decoupled"]
        self._model = None
        self._execute = None
        self._is_async = False
        self._loop = None
        self._to_come = []  # answers that are given later, until the server has heard so
        self.has_is_ready = False

    def initialize(self):
        debugger.listen(self._what)
        model = self._model = load_class(self._what)()
        models.allow(True)
        if hasattr(model, "initialize"):
            model.initialize(dict(self._what["args"]))
        self._execute = getattr(model, "execute", None)
        self._is_async = inspect.iscoroutinefunction(self._execute)
        self.has_is_ready = hasattr(model, "is_ready")
        bls.caller().executing = True

    def finalize(self):
        caller = bls.caller()
        caller.executing = False
        models.allow(False)
        if not hasattr(self._model, "finalize"):
            return
        try:
            self._model.finalize()
        except BaseException as error:
            faults.report(error, "finalize")

    def execute(self, ident, offset, length):
        channel = self._channel
        requests, block = read_requests(channel, offset, length, self._decoupled)
        error = None
        try:
            records = self._records(requests)
        except BaseException as raised:
            error = faults.report(raised, "execute", self._failed)
            raised.__traceback__ = None
        if error is not None:
            for request in requests:
                if request._answer is not None:
                    request._answer.closed = True  # the server ends it, with the error
        # Usually nobody has kept a view of the inputs, and their memory is free again with the answer.
        request = None
        del requests
        # A count of references would not tell: what a name holds counts in one version of Python and not in the next.
        kept = weakref.ref(block)
        del block
        if (block := kept()) is None:
            flags = wire.BLOCK_RELEASED
        else:
            flags = 0
            channel.keep(offset, block)
            del block
        if error is not None:
            channel.send(wire.FAILED, flags, ident, error.encode(errors="replace"))
        else:
            channel.send_records(wire.EXECUTED, flags, ident, records)
        # One whose senders are gone ends here: the end of an answer that it does not expect means nothing to the server.
        self._to_come.clear()

    def _records(self, requests):
        """What the model answers, for Channel.send_records."""
        if self._execute is None:
            raise ModelFault(f"Python model {self._what['model_file']} does not implement `execute` method.")
        if self._decoupled:
            return self._run_decoupled(requests)
        responses = self._execute(list(requests))  # theirs to change
        if self._is_async:
            responses = self._event_loop().run_until_complete(responses)
        records = [wire.U32.pack(len(requests))]
        if responses is None:
            for request in requests:
                records.append(self._later(request))
            return records
        if type(responses) is not list and not isinstance(responses, list):
            raise ModelFault(f"Expected a list in the execute return, found type '{_type_name(responses)}'.")
        if len(responses) != len(requests):
            raise ModelFault("Number of InferenceResponse objects do not match the number of InferenceRequest objects. "
                            f"InferenceRequest(s) size is:{len(requests)}, and InferenceResponse(s) size is:"
                            f"{len(responses)}\n")
        channel = self._channel
        for request, response in zip(requests, responses):
            if request._release_flags == RELEASE_RESCHEDULE:
                if response is not None:
                    raise ModelFault("Expected a None object in the execute function return list for reschduled request, "
                                    f"found type '{_type_name(response)}'.")
                records.append(_RESCHEDULED)
            elif response is None:
                records.append(self._later(request))
            elif isinstance(response, InferenceResponse):
                records += response._records(channel, request._layout.outputs, True)
            else:
                raise ModelFault("Expected an 'InferenceResponse' object in the execute function return list, found type "
                                f"'{_type_name(response)}'.")
        return records

    def _later(self, request):
        if request._release_flags == RELEASE_RESCHEDULE:
            return _RESCHEDULED
        if request._answer is None:
            return _NONE
        self._to_come.append(request._answer)
        return _LATER

    def _run_decoupled(self, requests):
        # The answers of requests of which no sender is ever taken end when the requests are forgotten.
        for request in requests:
            request.get_response_sender()
        if self._is_async:
            import asyncio
            answers = [request._answer for request in requests]
            started = asyncio.run_coroutine_threadsafe(self._guard(self._execute(list(requests)), answers),
                                                       self._background_loop())
            del started, answers
        elif (returned := self._execute(list(requests))) is not None:
            raise ModelFault(f"Python model '{self._name}' is using the decoupled mode and the execute function must "
                            f"return None.")
        records = [wire.U32.pack(len(requests))]
        for request in requests:
            if request._release_flags == RELEASE_RESCHEDULE:
                request._answer.closed = True  # it goes on with the request's next round
                records.append(_RESCHEDULED)
            else:
                records.append(_LATER)
        return records

    async def _guard(self, coroutine, answers):
        """What a coroutine raises ends the answers of its requests."""
        from .errors import TritonError
        try:
            if await coroutine is not None:
                raise ModelFault(f"Python model '{self._name}' is using the decoupled mode and the execute function must "
                                f"return None.")
        except BaseException as error:
            text = self._failed + faults.report(error, "execute", self._failed)
            for answer in answers:
                if not answer.closed:
                    answer.send(InferenceResponse(error=TritonError(text)), wire.FINAL)

    def _event_loop(self):
        """For coroutines that are run to their end here."""
        if self._loop is None:
            self._loop = _new_event_loop()
        return self._loop

    def _background_loop(self):
        """For coroutines that go on while the next batch comes."""
        if self._loop is None:
            self._loop = _new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="event loop", daemon=True).start()
        return self._loop

    def answer_is_ready(self, ident):
        try:
            answer = self._model.is_ready()
            if inspect.iscoroutine(answer):
                import asyncio
                answer = asyncio.run(answer)
            flags = wire.READY_NOT_BOOL if not isinstance(answer, bool) else wire.READY_YES if answer else wire.READY_NO
        except BaseException as error:
            faults.report(error, "is_ready")
            flags = wire.READY_RAISED
        self._channel.send(wire.IS_READY, flags, ident)


def _new_event_loop():
    import asyncio  # a sixth of what a start takes, for models that are asynchronous
    return asyncio.new_event_loop()


def _type_name(value):
    return str(type(value))
