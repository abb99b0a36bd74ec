"""Keeps the stacks of this version, for the tests of all later ones: `python -m tests.upgrades.write`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from relay_provider.version import __version__
from tests.served import KEY, OTHER_KEY, serving
from tests.upgrades.kept import HERE, Stack
from tests.upgrades.programs import CONFIG, MANIFEST, PYTHON, YAML


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


if __name__ == "__main__":
    for door in ("python", "yaml", "manifest"):
        with serving() as api, tempfile.TemporaryDirectory() as folder:
            stack = Stack(door, Path(folder), api)
            made(stack)
            stack.keep(HERE / __version__ / door)
