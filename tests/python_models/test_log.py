"""What a model writes, and what goes wrong in it, stands in the server's log: level, file, line, model and version."""
import re

import numpy as np
import pytest
from support.clients import inputs_of
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

SAYS = """
def initialize(self, args):
    pb_utils.Logger.log_info("an info")
    pb_utils.Logger.log_warn("a warning")
    pb_utils.Logger.log_error("an error")
    pb_utils.Logger.log_verbose("a verbose line")
    pb_utils.Logger.log("an info by default")
    pb_utils.Logger.log("by level", pb_utils.Logger.WARNING)
    print("printed", 1, 2)
    print("to standard error", file=sys.stderr)
    print("flushed", end="", flush=True)
    print("two\\nlines")
    warnings.warn("through warnings")
    warnings.warn("another kind", RuntimeWarning)
    logger = logging.getLogger("some.logger")
    logger.debug("too little")
    logger.info("an info through logging")
    logger.warning("a warning through %s", "logging")
    logger.error("an error through logging")
    logger.critical("critical")
    logger.setLevel(logging.DEBUG)
    logger.debug("debugged")
    try: {}["a"]
    except KeyError: logger.exception("caught")
    threads = [threading.Thread(target=self.count, args=[i]) for i in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

def count(self, number):
    for i in range(50):
        print("thread", number, "says", i)

def execute(self, requests):
    return []
"""

CONFIGURES = """
def initialize(self, args):
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s <%(message)s>")
    logging.debug("a debug line")
    logging.error("of the model's format")
    other = logging.getLogger("other")
    other.addHandler(logging.StreamHandler())
    other.info("once only")

def execute(self, requests):
    return []
"""

ADDS_A_HANDLER = """
def initialize(self, args):
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("own").addHandler(logging.NullHandler())
    logging.getLogger("own").error("by two handlers")

def execute(self, requests):
    return []
"""

RAISES = """
def initialize(self, args):
    if args["model_version"] == "2": {}["no key"]

def execute(self, requests):
    kind = int(values(requests[0])[0])
    if kind == 0:
        try: self.inner(kind)
        except ZeroDivisionError as e: raise ValueError("outer") from e
    if kind == 1: self.execute(requests)
    if kind == 2: return "nothing"
    if kind == 3:
        thread = threading.Thread(target=self.inner, args=[0], name="worker of the model")
        thread.start()
        thread.join()
    return [answer(OUT=values(requests[0]))]

def inner(self, number):
    return 1 / number  # the line

def finalize(self):
    raise OSError("cannot finalize")
"""


@pytest.fixture(scope="module")
def server(models, serve):
    before = "import logging, warnings\n"
    models.add("says", SAYS, before=before)
    models.add("configures", CONFIGURES, before=before)
    models.add("adds_a_handler", ADDS_A_HANDLER, before=before)
    models.add("raises", RAISES)
    models.repository.add("raises", None, versions=(2,), files={"model.py": (
        models.repository.path / "raises" / "1" / "model.py").read_text()})
    return serve("--model-control-mode=explicit", "--log-verbose=1", *(
        f"--load-model={name}" for name in ("says", "configures", "adds_a_handler")))


def lines(server, message):
    """(level, file) of the log's lines with exactly that message."""
    return re.findall(rf'^(\w)\d{{4}} \S+ \d+ (\S+):[1-9]\d*\] "{message}"$', server.log, re.M)


@pytest.mark.parametrize("level, message", [
    ("I", "an info"), ("W", "a warning"), ("E", "an error"), ("I", "a verbose line"), ("I", "an info by default"),
    ("W", "by level"), ("I", "printed 1 2"), ("W", "to standard error"), ("I", "flushed"), ("I", "two"), ("I", "lines"),
    ("W", "UserWarning: through warnings"), ("W", "RuntimeWarning: another kind"),
    ("I", "some.logger: an info through logging"), ("W", "some.logger: a warning through logging"),
    ("E", "some.logger: an error through logging"), ("E", "some.logger: critical"), ("I", "some.logger: debugged"),
    ("I", "DEBUG <a debug line>"), ("E", "ERROR <of the model's format>"), ("I", "once only"), ("E", "own: by two handlers")])
def test_what_a_model_says(server, level, message):
    assert lines(server, re.escape(message)) == [(level, "model.py")]


def test_what_a_model_says_of_an_exception(server):
    assert re.search(r'^E.* model.py:\d+\] "some.logger: caught\\nTraceback .*\\nKeyError: \'a\'"$', server.log, re.M)
    assert "too little" not in server.log


def test_lines_of_threads_stay_whole(server):
    for number in range(8):
        for i in range(50):
            assert lines(server, f"thread {number} says {i}") == [("I", "model.py")]


@pytest.fixture(scope="module")
def raising(server):
    """With the first version loaded, after the second could not be."""
    import tritonclient.http as httpclient
    with httpclient.InferenceServerClient(server.http) as client:
        with pytest.raises(InferenceServerException) as caught:
            client.load_model("raises")
        config = '{"backend": "python", "version_policy": {"specific": {"versions": [1]}}, "input": [{"name": "IN", ' \
                 '"data_type": "TYPE_FP32", "dims": [-1]}], "output": [{"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]}]}'
        client.load_model("raises", config=config)
    return caught.value.message()


def whole(server, model, first):
    """The log's entries that begin with `first`, on several lines as they were written."""
    found = re.findall(rf'^E\d{{4}} \S+ \d+ model.py:(\d+)\] "({re.escape(first)}.*)"$', server.log, re.M)
    return [(int(line), text.replace("\\n", "\n")) for line, text in found if f"{model}, " in text]


FAILED = "Failed to process the request(s) for model 'raises_0', message: "


def ask(client, kind):
    with pytest.raises(InferenceServerException) as caught:
        client.infer("raises", inputs_of({"IN": np.float32([kind])}))
    return caught.value.message()


def test_an_exception_is_short_for_the_client_and_whole_in_the_log(server, client, raising, module_repository):
    file = module_repository.path / "raises" / "1" / "model.py"
    numbers = [number for number, text in enumerate(file.read_text().splitlines(), 1) if "outer" in text]
    told = ask(client, 0)
    assert told == f"{FAILED}ValueError: outer\n\nAt:\n  {file}({numbers[0]}): execute\n"
    (line, text), = whole(server, "model 'raises' version 1", FAILED + "ValueError: outer")
    assert line == numbers[0]
    assert text.startswith(f"{FAILED}ValueError: outer\n\nmodel 'raises' version 1, execute:\nTraceback (most recent call last):")
    assert "return 1 / number  # the line" in text and "ZeroDivisionError: division by zero" in text
    assert "The above exception was the direct cause" in text
    assert text.endswith("ValueError: outer\n") and "neso_python_worker" not in text


def test_a_recursion_without_end_is_short_too(server, client, raising):
    told = ask(client, 1)
    assert told.startswith(FAILED + "RecursionError: ") and told.endswith(" more\n") and len(told.splitlines()) < 25
    (_, text), = whole(server, "model 'raises' version 1", FAILED + "RecursionError")
    assert "[Previous line repeated" in text


def test_what_is_no_answer_has_no_traceback(server, client, raising):
    told = ask(client, 2)
    (_, text), = re.findall(r'^E\S+ \S+ \d+ (\S+)\] "(.*Expected a list.*)"$', server.log, re.M)
    assert text.replace("\\n", "\n") == told + "\n\nmodel 'raises' version 1, execute"


def test_an_exception_in_a_thread(server, client, raising):
    client.infer("raises", inputs_of({"IN": np.float32([3])}))
    (line, text), = wait_until(lambda: whole(server, "model 'raises' version 1", "ZeroDivisionError: division by zero"))
    assert "model 'raises' version 1, thread 'worker of the model':\nTraceback" in text


def test_an_exception_in_initialize_and_finalize(server, client, raising):
    assert "KeyError: 'no key'\n\nAt:\n" in raising
    (_, text), = whole(server, "model 'raises' version 2", "KeyError: 'no key'")
    assert "model 'raises' version 2, initialize:\nTraceback" in text
    client.unload_model("raises")
    (_, text), = wait_until(lambda: whole(server, "model 'raises' version 1", "OSError: cannot finalize"))
    assert "model 'raises' version 1, finalize:\nTraceback" in text
