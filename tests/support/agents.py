"""Repository agents: the folder of them that a test's server has, and what the one called "recorder" has written."""
import pathlib

from support.server import BUILD, TREE

TEST_AGENTS = BUILD / "test_agents"


def agents_folder(path):
    """A folder with the server's own agents and those of the tests."""
    path.mkdir()
    for source in (TREE / "repoagents", TEST_AGENTS):
        for agent in source.iterdir():
            (path / agent.name).symlink_to(agent)
    return path


def agents(*wishes):
    """What a model's configuration says: each wish is an agent's name and a dict of its parameters."""
    def one(name, parameters):
        given = " ".join(f'parameters {{ key: "{key}" value: "{value}" }}' for key, value in parameters.items())
        return f'{{ name: "{name}" {given} }}'
    return f"model_repository_agents {{ agents [ {', '.join(one(*wish) for wish in wishes)} ] }}"


class Recording:
    """What recorders of a test are told; each has a name of its own in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def agent(self, name="a", **parameters):
        return "recorder", {"log": str(self.path), "as": name} | parameters

    def lines(self, *, without=("config",)):
        if not self.path.exists():
            return []
        return [line for line in self.path.read_text().splitlines() if line.split(" ")[1] not in without]

    def events(self, name=None):
        """"a LOAD" and so on, without what stands behind."""
        found = [" ".join(line.split(" ")[:2]) for line in self.lines()]
        return [event for event in found if name is None or event.split(" ")[0] == name]

    def locations(self, name="a"):
        return [line.split(" ", 2)[2] for line in self.lines() if line.startswith(f"{name} LOAD ")]

    def configs(self, name="a"):
        return [line.split(" ", 2)[2] for line in self.lines(without=()) if line.startswith(f"{name} config ")]
