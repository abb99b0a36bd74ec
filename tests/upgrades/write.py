"""Keeps the stacks of this version, for the tests of all later ones: `python -m tests.upgrades.write`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from relay_provider.version import __version__
from tests.plugin.doors import PLUGIN_FOLDER
from tests.served import KEY, OTHER_KEY, serving
from tests.upgrades.kept import HERE, Stack, with_facts
from tests.upgrades.programs import CONFIG, MANIFEST, PYTHON, YAML

HARNESS = HERE.parent / "plugin" / "providertest"
NOWHERE = "http://127.0.0.1:1/v1"
"""A preview of that harness asks nothing of an API."""


def made(stack: Stack) -> None:
    """With the real engine, and keys as config secrets."""
    project, shop = stack.project, stack.shop
    if stack.door == "manifest":
        # With a key from the environment first: there is no stack yet that could have config.
        for key in CONFIG[::-1]:
            project.write("rooms.yaml", stack.replaced(MANIFEST.replace("KEY\n", f"{key}\n"), kept=False))
            done = shop.run("up", "--yes", ACME_KEY=KEY)
            assert done.returncode == 0, done.stderr
            if key == CONFIG[1]:
                env = {"PULUMI_BACKEND_URL": f"file://{stack.folder}/.relay"}
                options = ("-C", str(stack.folder / ".relay/rooms"), "--stack", "dev")
                project.pulumi("config", "set", "--secret", "acmeKey", KEY, *options, env=env)
        return
    for name, text in {"python": PYTHON, "yaml": YAML}[stack.door].items():
        project.write(name, stack.replaced(text, kept=False).lstrip("\n"))
    project.init()
    for name, value in {"relay:apiKey": KEY, "otherKey": OTHER_KEY, "agenda": "hiring"}.items():
        project.pulumi("config", "set", "--secret", name, value)
    project.up()


def recorded(stack: Stack) -> None:
    """The program of Pulumi's own harness, where that looks for it."""
    shutil.copytree(HARNESS / "program", stack.folder, dirs_exist_ok=True)
    text = (stack.folder / "Pulumi.yaml").read_text()
    stack.project.write("Pulumi.yaml", f"{text}plugins: {{providers: [{{name: relay, path: {PLUGIN_FOLDER}}}]}}\n")
    stack.project.env["RELAY_API_KEY"] = KEY
    stack.project.init()
    stack.project.up()
    state = json.loads(stack.project.pulumi("stack", "export").out)
    with_facts(state, {})
    file = HARNESS / "testdata/recorded/TestProviderUpgrade/program" / __version__ / "stack.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(state, indent=2).replace(stack.api.url, NOWHERE) + "\n")


if __name__ == "__main__":
    for door in ("python", "yaml", "manifest"):
        with serving() as api, tempfile.TemporaryDirectory() as folder:
            stack = Stack(door, Path(folder), api)
            made(stack)
            stack.keep(HERE / __version__ / door)
    with serving() as api, tempfile.TemporaryDirectory() as folder:
        recorded(Stack("yaml", Path(folder), api))
