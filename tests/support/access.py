"""Keys of a server under test, kept by `neso key` as an operator keeps them."""
import json
import subprocess

from support.server import TREE


class KeyFile:
    def __init__(self, path):
        self.path = path
        self.tokens = {}

    def run(self, command, *arguments, status=0):
        result = subprocess.run([TREE / "bin" / "neso", "key", command, f"--file={self.path}", *arguments],
                                capture_output=True, text=True)
        assert result.returncode == status, result.stdout + result.stderr
        return result.stdout if status == 0 else result.stderr

    def create(self, name, **limits):
        """The new key's token. `limits`: options of `neso key create`, with underscores."""
        arguments = [f"--{option.replace('_', '-')}={value}" for option, value in limits.items()]
        self.tokens[name] = self.run("create", f"--name={name}", *arguments).strip()
        return self.tokens[name]

    def revoke(self, name):
        self.run("revoke", f"--name={name}")

    def headers(self, name):
        return bearer(self.tokens[name])

    def json(self):
        return json.loads(self.path.read_text())


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def audit_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
