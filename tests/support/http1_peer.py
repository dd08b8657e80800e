"""A server of HTTP/1.1 in the test's hands, and answers of the protocol for it."""
import contextlib
import json
import socket
import threading

import numpy as np

MODEL = json.dumps({"name": "m", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1]}],
                    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}]}).encode()
HEAD = b'{"outputs":[{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}'
TAIL = np.float32([1, 2]).tobytes()
SIZE = b"Inference-Header-Content-Length: %d\r\n" % len(HEAD)


def ok(body, headers=b"", first=b"HTTP/1.1 200 OK\r\n"):
    return first + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextlib.contextmanager
def answering(talk):
    """`talk`: called with each connection, in a thread."""
    def serve(connected):
        with contextlib.suppress(OSError), connected:
            talk(connected)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    yield "127.0.0.1:%d" % listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def request(connected):
    """The whole of the next one; empty at the end."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connected.recv(65536)
        if not more:
            return b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < size:
        body += connected.recv(65536)
    return head


def model(answer, ends=False):
    """Of a model that answers so."""
    def talk(connected):
        while head := request(connected):
            connected.sendall(answer if head.startswith(b"POST") else ok(MODEL))
            if ends and head.startswith(b"POST"):
                return
    return talk
