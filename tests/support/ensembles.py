"""Ensembles that ModelRepository.add_ensemble makes, and requests to them."""
import functools

from support import inference


def add_graphs(models):
    """Identity models and the graphs of them that Triton and Neso are to answer alike."""
    models.add_identity("a")
    models.add_identity("b")
    models.add_identity("two", tensors=2)
    models.add_identity("one_row", max_batch_size=0, dims=(3,))
    models.add_identity("rows", dims=(3,))
    models.add_identity("failing", parameters={"execute_error": "no luck"})
    models.add_chain("chain", ["a", "b"])
    models.add_chain("fails", ["a", "failing", "b"])
    models.add_ensemble("outer", [("chain", {"IN": "IN"}, {"OUT": "x"}), ("b", {"INPUT0": "x"}, {"OUTPUT0": "OUT"})])
    models.add_ensemble("outer_fails", [("fails", {"IN": "IN"}, {"OUT": "x"}), ("b", {"INPUT0": "x"}, {"OUTPUT0": "OUT"})])
    models.add_ensemble("fork", [("a", {"INPUT0": "IN"}, {"OUTPUT0": "x"}), ("b", {"INPUT0": "IN"}, {"OUTPUT0": "y"}),
                                 ("two", {"INPUT0": "x", "INPUT1": "y"}, {"OUTPUT0": "OUT", "OUTPUT1": "OUT1"})],
                        outputs=("OUT", "OUT1"))
    models.add_chain("through_one_row", ["a", "one_row"], dims=(3,))
    models.add_chain("through_rows", ["one_row", "rows"], max_batch_size=0, dims=(3,))


body = functools.partial(inference.body, inputs=("IN",))


def ask(server, model, *rows, **kwargs):
    return server.infer(model, body(*(rows or ([1.0, 2.0],)), **kwargs))


def results(response):
    """{output: (shape, data)}"""
    assert response.status_code == 200, response.text
    return {output["name"]: (output["shape"], output["data"]) for output in response.json()["outputs"]}


def error(response):
    return response.status_code, response.json()["error"]
