"""What the identity backend adds to its answers, as Triton's does: tests of clients look for it."""
import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

PARAMETERS = {"param0": "an example string parameter", "param1": 42, "param2": False, "param3": 123.123}
CONFIG = """
    backend: "identity"
    input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 1 ] } ]
    output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 1 ] } ]
    """


def response(module, url):
    tensor = module.InferInput("INPUT0", [1], "FP32")
    tensor.set_data_from_numpy(np.ones(1, np.float32))
    with module.InferenceServerClient(url) as client:
        return client.infer("m", [tensor]).get_response()


def test_a_response_has_one_parameter_of_each_type(repository, start_server):
    repository.add("m", CONFIG)
    server = start_server(repository.path)
    assert response(httpclient, server.http)["parameters"] == PARAMETERS
    over_grpc = response(grpcclient, server.grpc).parameters
    assert {name: getattr(value, value.WhichOneof("parameter_choice")) for name, value in over_grpc.items()} == PARAMETERS


def test_a_model_may_leave_them_out(repository, start_server):
    repository.add("m", CONFIG + 'parameters { key: "response_parameters" value: { string_value: "false" } }')
    server = start_server(repository.path)
    assert "parameters" not in response(httpclient, server.http)
