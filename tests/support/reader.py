r"""Who follows a page of the documentation, with a folder, a shell and, from some line on, a server: all that the page shows is done
in its order.

A block after a line that ends with a file's name and a colon is that file. Of a block `sh` each line is run, and a block without a
language after it is what that prints. A block `console` is what stands in a terminal: lines that begin with "$ " are run, the others
are what they print, alike but for numbers, blanks, lines of tables, and what is left out (...); what prints "error: " fails. A block `log` is what the server prints meanwhile; a block
`text` is for another machine.
`neso serve` and `neso --...` go on running while the rest of the page is done, or until the next of them; then they are ended by
Ctrl-C.
"""
import os
import re
import shlex
import signal
import subprocess

import requests

from .python_models import python_on_path
from .server import PATIENCE, TREE, free_port
from .wait import wait_until

BLOCK = re.compile(r"(?:`(?P<file>[\w./-]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?"
LINE = "-{3,}"  # of a table: as long as what stands in it
HOME = "/home/ada"  # the folder, in what pages show


def alike(shown, printed):
    """Whether what a page shows is what has been printed, but for numbers, blanks, lines of tables and `...`."""
    words = re.split(rf"({LINE}|{NUMBER}|\s+|\.\.\.)", shown.strip())
    pattern = "".join(LINE if re.fullmatch(LINE, word) else NUMBER if re.fullmatch(NUMBER, word) else
                      r"\s+" if word.isspace() else ".*" if word == "..." else re.escape(word) for word in words)
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


class Reader:
    """`modules`: folders of Python modules that the page says are installed."""

    def __init__(self, folder, modules=()):
        self.folder = folder
        self.ports = {port: free_port() for port in (8000, 8001, 8002)}
        self.server = None
        self.printed = ""
        self.env = {**os.environ, **python_on_path(), "PYTHONPATH": os.pathsep.join(map(str, modules)), "OMP_NUM_THREADS": "1"}
        self.env["PATH"] = f"{TREE / 'bin'}:{self.env['PATH']}"
        self.env["NESO_URL"], self.env["NESO_METRICS_URL"] = (f"localhost:{self.ports[port]}" for port in (8000, 8002))

    def follow(self, page):
        for block in BLOCK.finditer(page.read_text()):
            self.do(page.name, **block.groupdict())

    def do(self, page, file, language, text):
        if file:
            self.write(file, text)
        elif language == "sh":
            self.printed = "".join(self.run(line) for line in text.splitlines())
        elif language == "console":
            for command, shown in sessions(text):
                self.printed = self.run(command, fails=shown.startswith("error: "))
                assert alike(shown, self.printed), f"{page}: $ {command}\nshown:\n{shown}\nprinted:\n{self.printed}"
        elif language == "log":
            wait_until(lambda: alike(f"...{text.strip()}...", self.log()), timeout=20)
        elif language != "text":
            assert language == "", f"{page}: a block of {language} that is no file"
            assert self.printed == text

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.with_ports(text))

    def with_ports(self, text):
        return re.sub(r"localhost:(800[012])", lambda found: f"localhost:{self.ports[int(found[1])]}", text)

    def run(self, line, fails=False):
        """What it prints, or complains of if it is to fail."""
        if re.match(r"neso (serve|--)", line):
            return self.serve(shlex.split(line))
        line = re.sub(r"^neso perf\b", "neso perf -u localhost:8000", line)  # other commands read NESO_URL
        done = subprocess.run(["bash", "-ec", self.with_ports(line)], cwd=self.folder, env=self.env, capture_output=True, text=True,
                              timeout=200 * PATIENCE)
        assert (done.returncode != 0) == fails, f"{line}:\n{done.stdout}\n{done.stderr}"
        printed = (done.stderr if fails else done.stdout).replace(str(self.folder), HOME)
        return re.sub(r"localhost:\d+", "localhost:8000", printed)

    def serve(self, command):
        self.stop()
        options = [f"--{name}-port={port}" for name, port in zip(("http", "grpc", "metrics"), self.ports.values())]
        with (self.folder / "server.log").open("w") as output:
            self.server = subprocess.Popen([*command, *options], cwd=self.folder, env=self.env, stdout=output, stderr=output)
        wait_until(lambda: self.is_ready() or self.server.poll() is not None, timeout=60)
        assert self.server.poll() is None, self.log()
        if command[1] == "serve":
            wait_until(lambda: "Ctrl-C ends" in self.log())
        return self.log()

    def log(self):
        return (self.folder / "server.log").read_text()

    def is_ready(self):
        try:
            return requests.get(f"http://localhost:{self.ports[8000]}/v2/health/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGINT)
            print(self.log())  # shown if the test fails
            assert self.server.wait(40 * PATIENCE) == 0, self.log()
            self.server = None


def sessions(text):
    """The commands of a block, and what they print: lines that end with a backslash go on."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = re.sub(r"\\\n> ", "", part).partition("\n")
        yield command, shown
