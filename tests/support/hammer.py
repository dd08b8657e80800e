"""Requests without a pause from a few threads, while a test changes the server under them."""
import time

import requests
from support.inference import body
from support.server import PATIENCE
from support.workers import Workers


class Hammer(Workers):
    """`with Hammer(server, "m") as hammer: ...`; afterwards hammer.failures lists what was not a right answer."""

    def __init__(self, server, model, threads=2):
        self.url = f"{server.url}/v2/models/{model}/infer"
        self.failures = []
        self.answers = 0
        super().__init__([self._run] * threads)

    def until_more(self, count=10):
        """Waits for that many more answers."""
        wanted = self.answers + count
        deadline = time.monotonic() + 20 * PATIENCE
        while self.answers < wanted and not self.failures:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.001)

    def _run(self):
        request = body([1.0, 2.0])
        with requests.Session() as session:
            while not self.stopped() and not self.failures:
                try:
                    response = session.post(self.url, json=request, timeout=20 * PATIENCE)
                    if response.status_code != 200 or response.json()["outputs"][0]["data"] != [1, 2]:
                        self.failures.append(f"{response.status_code}: {response.text}")
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                self.answers += 1
