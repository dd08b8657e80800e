"""Each kind of model that `neso serve` takes answers the calls that are printed for it, survives a broken save, is loaded anew when
it changes, and ends at once. All are served side by side: most of what takes time is waiting for looks at the files.
"""
import json

import numpy as np
import pytest
from support.model_kinds import KINDS
from support.optional_backends import is_built, needs_backends
from support.server import PATIENCE
from support.serving import Served, arrays
from support.wait import wait_until

BUILT = [name for name, kind in KINDS.items() if not kind.backend or is_built(kind.backend)]
ALL = [pytest.param(name, marks=needs_backends(kind.backend) if kind.backend else ()) for name, kind in KINDS.items()]


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Serves the model of a kind, once: the server, and what was laid out for it."""
    running = {}

    def start(kind):
        if kind not in running:
            laid = KINDS[kind].lay_out(tmp_path_factory.mktemp(kind))
            running[kind] = Served(laid.what, *laid.options, env=laid.env), laid
            running[kind][0].until_ready()
        return running[kind]

    yield start
    seconds = {kind: served.stop() for kind, (served, _) in running.items()}
    assert max(seconds.values()) < 5 * PATIENCE, seconds  # it may take 30 s where requests run


def check_answer(served, laid):
    answer = served.ask(laid.name, **laid.question)
    assert isinstance(answer, dict), answer
    for values, expected in zip(answer.values(), laid.answer, strict=True):
        np.testing.assert_allclose(values.reshape(expected.shape), expected, rtol=1e-4, atol=laid.tolerance)


@pytest.mark.parametrize("kind", ALL)
def test_the_printed_calls_are_answered(serve, kind):
    served, laid = serve(kind)
    assert f"model '{laid.name}' is ready" in served.output
    answer = json.loads(served.run_line())
    assert answer.get("model_name") == laid.name and len(answer["outputs"]) == len(laid.answer), answer
    # The program asks the same, and prints the arrays as they come.
    assert served.run_program() == "".join(f"{name} {values}\n" for name, values in arrays(answer).items())
    check_answer(served, laid)


def errors(served):
    return [line for line in served.output.splitlines() if line.startswith("E") and "failed to load '" in line]


def wait_for_all(everything, condition):
    open = dict(everything)

    def is_so():
        for kind in [kind for kind, (served, _) in open.items() if condition(served)]:
            del open[kind]
        return not open
    try:
        wait_until(is_so, timeout=30)
    except AssertionError as error:
        raise AssertionError("\n".join(f"{kind}: {served.output[-1000:]}" for kind, (served, _) in open.items())) from error


def test_a_broken_save_keeps_the_old_model_and_is_told_once_and_a_whole_one_is_loaded(serve):
    everything = {kind: serve(kind) for kind in BUILT}
    whole = {kind: laid.file.read_bytes() for kind, (_, laid) in everything.items()}
    for kind, (_, laid) in everything.items():
        laid.file.write_bytes(whole[kind][:len(whole[kind]) // 2])
    wait_for_all(everything, errors)
    for served, laid in everything.values():
        check_answer(served, laid)
    for kind, (_, laid) in everything.items():
        laid.file.write_bytes(whole[kind])
    wait_for_all(everything, lambda served: "successfully loaded" in served.output)
    for served, laid in everything.values():
        check_answer(served, laid)
        assert len(errors(served)) == 1, served.output
