"""A debugger that attaches, as editors do: the Debug Adapter Protocol over a socket.

    with Debugger("127.0.0.1:5678") as debugger:
        debugger.attach({path: [line]})
        stopped = debugger.event("stopped")
        assert debugger.evaluate("x", stopped["threadId"]) == "3"
        debugger.request("continue", threadId=stopped["threadId"])
"""
import json
import socket

from .server import PATIENCE


class Debugger:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20 * PATIENCE)
        self.stream = self.socket.makefile("rb")
        self.sent = 0
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, command, **arguments):
        self.sent += 1
        body = json.dumps({"seq": self.sent, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def receive(self):
        length = None
        while (line := self.stream.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length is not None, "the debugger's connection has ended"
        return json.loads(self.stream.read(length))

    def response(self, number):
        while True:
            message = self.receive()
            if message["type"] == "event":
                self.events.append(message)
            elif message["type"] == "response" and message["request_seq"] == number:
                assert message["success"], message
                return message.get("body", {})

    def request(self, command, **arguments):
        return self.response(self.send(command, **arguments))

    def event(self, name):
        while True:
            for i, message in enumerate(self.events):
                if message["event"] == name:
                    return self.events.pop(i).get("body", {})
            message = self.receive()
            if message["type"] == "event":
                self.events.append(message)

    def attach(self, breakpoints):
        """`breakpoints`: path -> lines."""
        capabilities = self.request("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        attached = self.send("attach", justMyCode=False)
        self.event("initialized")
        for path, lines in breakpoints.items():
            self.request("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line} for line in lines])
        self.request("configurationDone")
        self.response(attached)
        return capabilities

    def frame(self, thread):
        return self.request("stackTrace", threadId=thread)["stackFrames"][0]["id"]

    def evaluate(self, expression, thread):
        return self.request("evaluate", expression=expression, frameId=self.frame(thread))["result"]

    def assign(self, name, value, thread):
        self.request("setExpression", expression=name, value=value, frameId=self.frame(thread))
