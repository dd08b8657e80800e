"""Requests to ensembles that ModelRepository.add_ensemble made."""


def body(*rows, inputs=("IN",), outputs=None, id=None, **parameters):
    """FP32 inputs with these rows each; `outputs`: names, or None for all."""
    request = {"inputs": [{"name": name, "datatype": "FP32", "shape": [len(rows), len(rows[0])],
                           "data": [value for row in rows for value in row]} for name in inputs]}
    if outputs is not None:
        request["outputs"] = [{"name": name} for name in outputs]
    if id is not None:
        request["id"] = id
    if parameters:
        request["parameters"] = parameters
    return request


def ask(server, model, *rows, **kwargs):
    return server.infer(model, body(*(rows or ([1.0, 2.0],)), **kwargs))


def results(response):
    """{output: (shape, data)}"""
    assert response.status_code == 200, response.text
    return {output["name"]: (output["shape"], output["data"]) for output in response.json()["outputs"]}


def error(response):
    return response.status_code, response.json()["error"]
