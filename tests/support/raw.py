"""HTTP on a bare socket, for what no client library does: pipelining, going away, reading late."""
import json
import socket

from support.server import PATIENCE


def request(model, body, kind="infer", **headers):
    """The bytes of an inference request."""
    content = json.dumps(body).encode()
    lines = [f"POST /v2/models/{model}/{kind} HTTP/1.1", "Host: x", f"Content-Length: {len(content)}",
             *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class RawConnection:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.http_port), timeout=20 * PATIENCE)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def send(self, *requests):
        self.socket.sendall(b"".join(requests))
        return self

    def answer(self):
        """The next answer: its status and its JSON, or None for an end without one."""
        status_line = self.reader.readline()
        if not status_line:
            return None
        length = 0
        while (line := self.reader.readline().strip()):
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        content = self.reader.read(length)
        return int(status_line.split()[1]), json.loads(content) if content else None

    def close(self):
        self.reader.close()
        self.socket.close()
