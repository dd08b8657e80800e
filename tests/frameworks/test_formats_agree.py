"""One trained network, saved in six formats, says the same through each."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.frameworks import FORMATS, MOST_ROWS, add_network, tensor_names


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, formats):
    for name in FORMATS:
        add_network(module_repository, name, formats[name])
    return start_module_server(module_repository.path)


def scores(client_module, url, name, images):
    image, result = tensor_names(name)
    with client_module.InferenceServerClient(url) as client:
        tensor = client_module.InferInput(image, images.shape, "FP32")
        tensor.set_data_from_numpy(images)
        return client.infer(name, [tensor]).as_numpy(result)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", [1, 2, MOST_ROWS])
def test_scores_are_those_of_the_network_over_http_and_grpc(server, trained, name, rows):
    for first in range(0, len(trained["images"]) if rows == MOST_ROWS else 10, rows):
        images, expected = (trained[array][first:first + rows] for array in ("images", "scores"))
        np.testing.assert_allclose(scores(httpclient, server.http, name, images), expected, atol=1e-4)
        np.testing.assert_allclose(scores(grpcclient, server.grpc, name, images), expected, atol=1e-4)


def test_the_network_knows_digits(trained):
    assert (trained["scores"].argmax(axis=1) == trained["labels"]).mean() > 0.85
