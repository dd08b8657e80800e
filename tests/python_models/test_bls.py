"""Models that call other models, manage them and keep metrics."""
import json
import threading

import numpy as np
import pytest
from support.clients import arrays_of, infer_at_once, inputs_of
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

CALL = """
def call(model, array, decoupled=False, name="INPUT0", out="OUTPUT0", **kwargs):
    request = pb_utils.InferenceRequest(model_name=model, inputs=[pb_utils.Tensor(name, array)],
                                        requested_output_names=[out], **kwargs)
    return request.exec(decoupled=decoupled) if decoupled else request.exec()

def result(response, out="OUTPUT0"):
    if response.has_error():
        raise pb_utils.TritonModelException(response.error().message())
    return pb_utils.get_output_tensor_by_name(response, out).as_numpy()

"""

CALLER = """
def initialize(self, args):
    try:
        call("plain", np.float32([[1]]))
    except pb_utils.TritonModelException as e:
        self.refused = str(e)

def execute(self, requests):
    responses = []
    for request in requests:
        array = values(request)
        kind = int(array[0][0])
        if kind == -1: array = result(call("no_such_model", array))
        elif kind == -2: array = result(call("failing", array))
        elif kind == -3: array = result(call("repeat", array, name="IN", out="OUT"))
        elif kind == -4: array = result(call("plain", array[0]))
        elif kind == -5: raise ValueError(self.refused)
        elif kind == -6:
            threads = [threading.Thread(target=self.many, args=[i]) for i in range(16)]
            self.wrong = []
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            array = np.float32([[len(self.wrong)]])
        else:
            first = call("plain", array)
            array = result(call("plain", 2 * result(first), request_id="inner", correlation_id=3, timeout=10_000_000,
                                parameters={"a": 1, "b": "x", "c": True}, trace=request.trace()))
        responses.append(answer(OUT=array))
    return responses

def many(self, number):
    for i in range(50):
        array = np.full((1, 1 + i), number * 1000 + i, np.float32)
        try:
            if not np.array_equal(result(call("plain", array)), array): self.wrong.append((number, i))
        except Exception as e:
            self.wrong.append(str(e))
"""

ASYNC_CALLER = """
async def execute(self, requests):
    async def one(request):
        calls = [pb_utils.InferenceRequest(model_name="plain", inputs=[pb_utils.Tensor("INPUT0", values(request) * i)],
                                           requested_output_names=["OUTPUT0"]).async_exec() for i in range(4)]
        return answer(OUT=sum(result(response) for response in await asyncio.gather(*calls)))
    return list(await asyncio.gather(*map(one, requests)))
"""

STREAM_CALLER = """
def execute(self, requests):
    responses = []
    for request in requests:
        count = int(values(request)[0])
        got = []
        stream = call("repeat", np.float32([abs(count)]), decoupled=True, name="IN", out="OUT")
        for response in stream:
            if response.output_tensors():
                got.append(float(result(response, "OUT")[0]))
                if count < 0 and len(got) == 3:
                    stream.cancel()
                    break
        responses.append(answer(OUT=np.float32([len(got), sum(got)])))
    return responses
"""


@pytest.fixture(scope="module")
def server(models, module_repository, serve):
    module_repository.add_identity("plain", extra="instance_group { count: 2 kind: KIND_CPU }")
    module_repository.add_identity("failing", parameters={"execute_error": "failing on purpose"})
    models.add("repeat", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                for i in range(int(values(request).flat[0])):
                    sender.send(answer(OUT=np.float32([i])))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """, extra="model_transaction_policy { decoupled: true }", inputs={"IN": ("TYPE_FP32", (-1,))})
    models.add("caller", CALLER, before=CALL, max_batch_size=8)
    models.add("async_caller", ASYNC_CALLER, before=CALL, max_batch_size=8, extra="dynamic_batching {}")
    models.add("stream_caller", STREAM_CALLER, before=CALL)
    models.add("changes_what_it_got", """
        def execute(self, requests):
            got = [result(call("plain", values(request))) for request in requests]
            for array in got: array += 1
            return [answer(OUT=array) for array in got]
        """, before=CALL, max_batch_size=8)
    models.add("requests", """
        def execute(self, requests):
            told = []
            for make in (lambda: pb_utils.InferenceRequest(correlation_id=1.5, inputs=[], requested_output_names=[]),
                         lambda: pb_utils.InferenceRequest(request_id="i", model_name="m", inputs=[None],
                                                           requested_output_names=[]),
                         lambda: pb_utils.InferenceRequest(request_id="i", model_name="m", inputs=[],
                                                           requested_output_names=[""]),
                         lambda: pb_utils.InferenceResponse(parameters={"a": 1.5}),
                         lambda: pb_utils.InferenceResponse(parameters={1: 1}),
                         lambda: pb_utils.InferenceResponse(parameters={"a": 1 << 63}),
                         lambda: pb_utils.InferenceResponse(parameters={"a": "\\ud800"}),
                         lambda: pb_utils.InferenceRequest(request_id=5, model_name="m", inputs=[],
                                                           requested_output_names=[]),
                         lambda: pb_utils.InferenceRequest(model_name="m", inputs=[], requested_output_names=[5]),
                         lambda: pb_utils.Tensor("", np.zeros(1)),
                         lambda: pb_utils.Tensor("a", np.array(["text"]))):
                try: make()
                except (pb_utils.TritonModelException, TypeError) as e: told.append(str(e))
            return [answer(OUT=np.array(told, dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("manager", """
        def execute(self, requests):
            told = [pb_utils.is_model_ready("managed")]
            config = {"max_batch_size": 4, "parameters": {"color": {"string_value": "red"}}}
            pb_utils.load_model("managed")
            told.append(pb_utils.is_model_ready("managed"))
            told.append(pb_utils.is_model_ready("managed", "1"))
            told.append(pb_utils.is_model_ready("managed", "7"))
            pb_utils.unload_model("managed")
            while pb_utils.is_model_ready("managed"): time.sleep(0.01)
            try: pb_utils.load_model("no_such_model")
            except pb_utils.TritonModelException as e: told.append(str(e))
            files = {"file:1/model.py": open(__file__, "rb").read()}
            made = json.dumps({"backend": "python", "input": [{"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]}],
                               "output": [{"name": "OUT", "data_type": "TYPE_STRING", "dims": [-1]}]})
            pb_utils.load_model("made", made, files)
            told.append(pb_utils.is_model_ready("made"))
            pb_utils.unload_model("made", unload_dependents=True)
            return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("tells", """
        def execute(self, requests):
            return [answer(OUT=np.array([json.dumps({
                "parameters": json.loads(request.parameters()), "id": request.request_id(), "version": __name__,
                "correlation": request.correlation_id(), "timeout": request.timeout()})], dtype=object)) for request in requests]
        """, outputs={"OUT": "TYPE_STRING"}, extra='version_policy { all { } }')
    module_repository.add("tells", None, versions=(2,), files={"model.py": (
        module_repository.path / "tells" / "1" / "model.py").read_text()})
    models.add("asks", """
        def execute(self, requests):
            def ask(**kwargs):
                response = pb_utils.InferenceRequest(**{"model_name": "tells", "inputs": [pb_utils.Tensor("IN", np.float32([1]))],
                                                        "requested_output_names": ["OUT"], **kwargs}).exec()
                return response.error().message() if response.has_error() else json.loads(
                    response.output_tensors()[0].as_numpy()[0])
            memory = pb_utils.PreferredMemory(pb_utils.TRITONSERVER_MEMORY_CPU, 0)
            told = [ask(parameters={"a": 1, "b": "x", "c": True}, request_id="inner", correlation_id="three", timeout=5_000_000),
                    ask(model_version=1, preferred_memory=memory), ask(model_version=3), ask(model_name="unloaded")]
            return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("unloaded", "def execute(self, requests): return []")
    models.add("async_stream_caller", """
        async def execute(self, requests):
            async def numbers(request):
                call = pb_utils.InferenceRequest(model_name="repeat", inputs=[pb_utils.Tensor("IN", values(request))],
                                                 requested_output_names=["OUT"])
                stream = await call.async_exec(decoupled=True)
                found = [response.output_tensors()[0].as_numpy()[0] for response in stream if response.output_tensors()]
                return answer(OUT=np.float32(found))
            return await asyncio.gather(*map(numbers, requests))
        """)
    models.add("manages_wrongly", """
        def execute(self, requests):
            told = []
            for wrong in (lambda: pb_utils.load_model("made", files={"file:1/model.py": b""}),
                          lambda: pb_utils.load_model("managed", config="no JSON")):
                try: wrong()
                except pb_utils.TritonModelException as e: told.append(str(e))
                else: told.append("")
            return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
        def finalize(self):
            try: pb_utils.load_model("managed")
            except pb_utils.TritonModelException as e: pb_utils.Logger.log_info("finalize: " + str(e))
            self.family = pb_utils.MetricFamily(name="py_late", description="l", kind=pb_utils.MetricFamily.GAUGE)
            self.metric = self.family.Metric()
            self.metric.set(3)
            pb_utils.Logger.log_info(f"finalize: {self.metric.value()}")
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("managed", "def execute(self, requests): return []")
    models.add("metrics", """
        def initialize(self, args):
            Family = pb_utils.MetricFamily
            self.counters = Family(name="py_counter", description="c", kind=Family.COUNTER)
            self.counter = self.counters.Metric(labels={"model": "metrics"})
            self.gauges = Family(name="py_gauge", description="g", kind=Family.GAUGE)
            self.gauge = self.gauges.Metric()
            self.histograms = Family(name="py_histogram", description="h", kind=Family.HISTOGRAM)
            self.histogram = self.histograms.Metric(labels={"a": "b"}, buckets=[1.0, 10.0])

        def execute(self, requests):
            self.counter.increment(2)
            self.gauge.set(5.5)
            self.gauge.increment(-1)
            self.histogram.observe(3)
            told = [self.counter.value(), self.gauge.value()]
            for wrong in (lambda: self.counter.increment(-1), lambda: self.counter.set(1), lambda: self.histogram.value(),
                          lambda: self.gauge.observe(1), lambda: self.counters.Metric(labels=3),
                          lambda: self.counters.Metric(buckets=[1.0]), lambda: self.histograms.Metric(),
                          lambda: self.histograms.Metric(buckets=3)):
                try: wrong()
                except pb_utils.TritonModelException as e: told.append(str(e))
            family = pb_utils.MetricFamily(name="py_short", description="s", kind=pb_utils.MetricFamily.COUNTER)
            metric = family.Metric()
            del family
            try: metric.increment(1)
            except pb_utils.TritonModelException as e: told.append(str(e))
            for wrong in (lambda: pb_utils.MetricFamily(name="py_gauge", description="g", kind=pb_utils.MetricFamily.COUNTER),
                          lambda: self.gauges.Metric(labels={"not a label": "x"})):
                try: wrong()
                except pb_utils.TritonModelException as e: told.append(str(e))
                else: told.append("")
            return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    models.add("numbers", """
        def execute(self, requests):
            Family = pb_utils.MetricFamily
            gauges = Family(name="py_number", description="n", kind=Family.GAUGE)
            gauge = gauges.Metric()
            told = []
            for number in (np.float32(1.5), np.int64(3), np.array(0.25), True, 0.1, 1e300, float("inf")):
                gauge.set(number)
                told.append(gauge.value())
            gauge.set(np.nan)
            told.append(str(gauge.value()))
            for wrong in ("1", b"1", None, [1]):
                try: gauge.set(wrong)
                except TypeError: told.append("refused")
            counters = Family(name="py_count", description="c", kind=Family.COUNTER)
            counter = counters.Metric()
            counter.increment(np.int64(2))
            try: counter.increment(float("nan"))
            except pb_utils.TritonModelException as e: told.append(str(e))
            told.append(counter.value())
            self.histograms = Family(name="py_open", description="h", kind=Family.HISTOGRAM)
            self.histogram = self.histograms.Metric(buckets=[np.float32(1), float("inf")])
            self.histogram.observe(np.array([1, 2, 6]).mean())
            return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"})
    return serve("--model-control-mode=explicit",
                 *(f"--load-model={name}" for name in ("plain", "failing", "repeat", "caller", "async_caller", "stream_caller",
                                                       "tells", "asks", "async_stream_caller", "manages_wrongly",
                                                        "changes_what_it_got", "requests", "manager", "metrics",
                                                       "numbers")))


def ask(client, model, array):
    return arrays_of(client.infer(model, inputs_of({"IN": array})))["OUT"]


def test_a_model_calls_another_one(server):
    rows = [{"IN": np.full((1, 3), i, np.float32)} for i in range(100)]
    for row, got in zip(rows, infer_at_once(server.http, "caller", rows, threads=4), strict=True):
        np.testing.assert_array_equal(got["OUT"], 2 * row["IN"])
    assert server.get("/v2/models/plain/stats").json()["model_stats"][0]["inference_stats"]["success"]["count"] == 200


def test_large_tensors_pass_through_calls(client):
    array = np.arange(1 << 20, dtype=np.float32)[None]
    np.testing.assert_array_equal(ask(client, "caller", array), 2 * array)


@pytest.mark.parametrize("elements", [0, 1, 1023, 1024, 1025, 100_000])
def test_what_a_call_gives_is_the_callers_own(client, elements):
    array = np.arange(elements, dtype=np.float32)[None]
    np.testing.assert_array_equal(ask(client, "changes_what_it_got", array), array + 1)


@pytest.mark.parametrize("kind, text", [
    (-1, "Model no_such_model - Error when running inference: Request for unknown model: 'no_such_model' is not found"),
    (-2, "Model failing - Error when running inference: failing on purpose"),
    (-3, "decoupled=True"),
    (-4, "Model plain - Error when running inference: "),
    (-5, "BLS is only supported during the 'execute' function."),
])
def test_calls_that_fail_say_why(client, kind, text):
    with pytest.raises(InferenceServerException) as caught:
        ask(client, "caller", np.float32([[kind]]))
    assert text in caught.value.message()


def test_many_threads_call_at_once(client):
    assert ask(client, "caller", np.float32([[-6]])) == [[0]]


def test_asynchronous_calls(client):
    assert ask(client, "async_caller", np.float32([[2]])) == [[12]]


def test_answers_of_a_decoupled_model_are_iterated(client):
    for count in (0, 1, 1000):
        assert ask(client, "stream_caller", np.float32([count])).tolist() == [count, sum(range(count))]
    assert ask(client, "stream_caller", np.float32([-100_000]))[0] == 3
    assert ask(client, "stream_caller", np.float32([5]))[0] == 5


def test_what_is_refused(client):
    assert [text.decode() for text in ask(client, "requests", np.float32([0]))] == [
        "Correlation ID must be integer or string",
        "Input tensor for request with id 'i' and model name 'm' should not be empty.",
        "Requested output name for request with id 'i' and model name 'm' should not be empty.",
        "Expect parameters values to have type bool/int/str, found type <class 'float'>",
        "Expect parameters keys to have type str, found type <class 'int'>",
        "parameter 'a': expected an integer of 64 bits, got 9223372036854775808",
        "parameter 'a': expected Unicode text, got '\\ud800'",
        "InferenceRequest: expected a str as request_id, got int",
        "InferenceRequest: expected str objects as requested_output_names, got int",
        "Tensor name cannot be an empty string.",
        "NumPy dtype is not supported."]


def test_what_a_call_says_arrives(client):
    client.load_model("unloaded")
    client.unload_model("unloaded")
    wait_until(lambda: not client.is_model_ready("unloaded"))
    first, second, *errors = json.loads(ask(client, "asks", np.float32([0]))[0])
    assert first == {"parameters": {"a": 1, "b": "x", "c": True}, "id": "inner", "version": "2.model", "correlation": "three",
                     "timeout": 5_000_000}
    assert second["version"] == "1.model"
    assert errors == [
        "Model tells - Error when running inference: Request for unknown model: 'tells' version 3 is not found",
        "Model unloaded - Error when running inference: Request for unknown model: 'unloaded' has no available versions"]


def test_asynchronous_calls_of_a_decoupled_model(client):
    assert ask(client, "async_stream_caller", np.float32([4])).tolist() == [0, 1, 2, 3]


def test_management_that_fails_says_why(client, server):
    told = json.loads(ask(client, "manages_wrongly", np.float32([0]))[0])
    assert [text.partition(":")[0] for text in told] == ["Failed to load model", "Failed to load model"]
    client.unload_model("manages_wrongly")
    wait_until(lambda: '"finalize: Failed to load model: ' in server.log)
    wait_until(lambda: '"finalize: 3.0"' in server.log)
    assert not client.is_model_ready("managed")


def test_models_are_managed_from_python(client):
    *told, refused, made = json.loads(ask(client, "manager", np.float32([0]))[0])
    assert told == [False, True, True, False] and made
    assert refused.startswith("Failed to load model: ") and "no_such_model" in refused


def test_metrics_of_a_model(client, server):
    told = json.loads(ask(client, "metrics", np.float32([0]))[0])
    assert told[:2] == [2, 4.5]
    prefixes = ["Failed to increment metric value: ", "Failed to set metric value: ", "Failed to get metric value: ",
                "Failed to observe metric value: ", "Failed to create metric. Labels must be a dictionary.",
                "Failed to create metric. Unexpected buckets found.", "Failed to create metric. Missing required buckets.",
                "Failed to create metric. Buckets must be a list.",
                "Invalid metric operation as the corresponding 'MetricFamily' has been deleted.",
                "Error when creating MetricFamily: ", "Error when creating Metric: "]
    for text, prefix in zip(told[2:], prefixes, strict=True):
        assert text.startswith(prefix)
    assert server.metric("py_counter", model="metrics") == 2
    assert server.metric("py_gauge") == 4.5
    assert server.metric("py_histogram_bucket", le="10") == 1
    client.unload_model("metrics")
    wait_until(lambda: "py_counter" not in server.metrics())


def test_a_metric_takes_every_number(client, server):
    *told, refused, count = json.loads(ask(client, "numbers", np.float32([0]))[0])
    assert told == [1.5, 3, 0.25, 1, 0.1, 1e300, float("inf"), "nan", *4 * ["refused"]]
    assert refused == ("Failed to increment metric value: TRITONSERVER_METRIC_KIND_COUNTER can only be incremented monotonically "
                       "by non-negative values.") and count == 2
    lines = [line for line in server.metrics().splitlines() if line.startswith("py_open")]
    assert lines == ["py_open_count 1", "py_open_sum 3", 'py_open_bucket{le="1"} 0', 'py_open_bucket{le="+Inf"} 1']
