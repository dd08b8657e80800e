"""A backend in Python, for all models of `backend: "letters"`: it goes on with a text, one letter after the other.

A model's version folder has model.json alone: which network says what comes next (a model that is served beside it), which letters it
knows, and how many of them it looks at. Requests have the tensors that other servers of language models use: `text_input`, and whether
to `stream`; sampling parameters are the request's parameters, or JSON in the tensor `sampling_parameters`.
"""
import asyncio
import json
import os

import numpy as np
import triton_python_backend_utils as pb_utils

INPUTS = [("text_input", "TYPE_STRING", False), ("stream", "TYPE_BOOL", True), ("sampling_parameters", "TYPE_STRING", True),
          ("exclude_input_in_output", "TYPE_BOOL", True), ("return_finish_reason", "TYPE_BOOL", True)]
OUTPUTS = ["text_output", "finish_reason"]
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class Sampling:
    """What `given`, a dict, says, and what is usual of the rest."""

    def __init__(self, given):
        given = dict(given)
        self.max_tokens = self.take(given, "max_tokens", 64, int)
        self.temperature = self.take(given, "temperature", 1.0, float)
        self.stop = given.pop("stop", None)
        seed = self.take(given, "seed", None, int)
        if self.max_tokens < 1 or self.temperature < 0:
            raise ValueError("expected max_tokens of 1 or more and a temperature of 0 or more")
        if self.stop is not None and not (isinstance(self.stop, str) and self.stop):
            raise ValueError(f"expected 'stop' to be a text, got {self.stop!r}")
        if given:
            raise ValueError(f"unknown sampling parameters: {', '.join(sorted(given))}")
        self.random = np.random.default_rng(seed)

    @staticmethod
    def take(given, name, usual, kind):
        value = given.pop(name, usual)
        try:
            return value if value is None else kind(value)
        except (TypeError, ValueError):
            raise ValueError(f"expected '{name}' to be a number, got {value!r}") from None

    def choose(self, scores):
        if self.temperature == 0:
            return int(scores.argmax())
        odds = np.exp((scores - scores.max()) / self.temperature)
        return int(self.random.choice(len(odds), p=odds / odds.sum()))


class Question:
    def __init__(self, request):
        self.sender = request.get_response_sender()
        self.text = self.value(request, "text_input").decode(errors="replace")
        self.streams = bool(self.value(request, "stream", False))
        self.echoes = not self.value(request, "exclude_input_in_output", self.streams)
        self.tells_reason = bool(self.value(request, "return_finish_reason", False))
        if self.streams and self.echoes:
            raise ValueError("When streaming, `exclude_input_in_output` = False is not allowed.")
        given = self.value(request, "sampling_parameters", request.parameters())
        self.sampling = Sampling(json.loads(given))

    @staticmethod
    def value(request, name, usual=None):
        tensor = pb_utils.get_input_tensor_by_name(request, name)
        return usual if tensor is None else tensor.as_numpy().reshape(-1)[0]

    def send(self, text, reason=None):
        """The answer, or a part of it; the last one has a reason."""
        tensors = [pb_utils.Tensor("text_output", np.array([text.encode()], dtype=object))]
        if self.tells_reason:
            tensors.append(pb_utils.Tensor("finish_reason", np.array([(reason or "").encode()], dtype=object)))
        self.sender.send(pb_utils.InferenceResponse(tensors), FINAL if reason else 0)


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.set_model_transaction_policy({"decoupled": True})
        config.set_max_batch_size(0)
        for name, datatype, optional in INPUTS:
            config.add_input({"name": name, "data_type": datatype, "dims": [1], **({"optional": True} if optional else {})})
        for name in OUTPUTS:
            config.add_output({"name": name, "data_type": "TYPE_STRING", "dims": [-1]})
        return config

    def initialize(self, args):
        with open(os.path.join(pb_utils.get_model_dir(), "model.json"), encoding="utf-8") as file:
            model = json.load(file)
        self.network, self.letters, self.context = model["network"], model["letters"], model["context"]
        self.numbers = {letter: number for number, letter in enumerate(self.letters)}

    async def execute(self, requests):
        await asyncio.gather(*(self.answer(request) for request in requests))

    async def answer(self, request):
        sender = request.get_response_sender()
        try:
            await self.go_on(Question(request), request)
        except pb_utils.TritonModelException as error:
            sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error))), FINAL)
        except ValueError as error:  # of JSON, too
            text = pb_utils.TritonError(f"Error generating stream: {error}", pb_utils.TritonError.INVALID_ARG)
            sender.send(pb_utils.InferenceResponse(error=text), FINAL)

    async def go_on(self, question, request):
        """Sends what comes after the question's text."""
        sampling, written, reason = question.sampling, "", "length"
        for left in range(sampling.max_tokens, 0, -1):
            if request.is_cancelled():
                error = pb_utils.TritonError("Request was cancelled", pb_utils.TritonError.CANCELLED)
                question.sender.send(pb_utils.InferenceResponse(error=error), FINAL)
                return
            letter = self.letters[sampling.choose(await self.next_scores(question.text + written))]
            written += letter
            if sampling.stop and written.endswith(sampling.stop):
                reason = "stop"
                break
            if question.streams and left > 1:
                question.send(letter)
        if question.streams:
            question.send(written[-1:], reason)
        else:
            question.send(question.text + written if question.echoes else written, reason)

    async def next_scores(self, text):
        last = [self.numbers.get(letter, 0) for letter in text.lower()[-self.context:]]
        last = [0] * (self.context - len(last)) + last
        call = pb_utils.InferenceRequest(model_name=self.network, requested_output_names=["scores"],
                                         inputs=[pb_utils.Tensor("letters", np.array([last], np.int64))])
        response = await call.async_exec()
        if response.has_error():
            raise pb_utils.TritonModelException(response.error().message())
        return pb_utils.get_output_tensor_by_name(response, "scores").as_numpy()[0]
