"""A call of another model is traced as the child of the request for which it is made."""
import numpy as np
import tritonclient.http as httpclient
from support.clients import inputs_of
from support.python_models import python_on_path
from support.traces import read_traces


def test_a_call_is_a_child_of_its_request(models, module_repository, start_server, tmp_path):
    module_repository.add_identity("inner")
    models.add("outer", """
        def execute(self, requests):
            responses = []
            for request in requests:
                with_trace = values(request)[0][0] > 0
                call = pb_utils.InferenceRequest(
                    model_name="inner", inputs=[pb_utils.Tensor("INPUT0", values(request))],
                    requested_output_names=["OUTPUT0"], request_id="inner id",
                    **({"trace": request.trace()} if with_trace else {}))
                responses.append(answer(OUT=call.exec().output_tensors()[0].as_numpy()))
            return responses
        """, max_batch_size=8)
    server = start_server(module_repository.path, f"--trace-config=triton,file={tmp_path}/trace",
                          "--trace-config=level=TIMESTAMPS", "--trace-config=rate=1", env=python_on_path())
    with httpclient.InferenceServerClient(server.http) as client:
        for first in (1, -1):
            client.infer("outer", inputs_of({"IN": np.float32([[first]])}), request_id=str(first))
    server.stop()
    traces = read_traces(tmp_path / "trace")
    outer = {trace.request_id: trace for trace in traces if trace.model == "outer"}
    inner, = [trace for trace in traces if trace.model == "inner"]
    assert set(outer) == {"1", "-1"}
    assert inner.request_id == "inner id" and inner.parent == outer["1"].id
