"""`make up`: the local Rooms API, a real `pulumi up` of the project at the root, and a look at what is live.

With RELAY_API_KEY set, the rooms are made behind that key instead and no local API is started. Without
PULUMI_BACKEND_URL, the state lives in .relay/, whoever is logged in where.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from toolchain import local
from toolchain.say import SetupError, line

STACK = "dev"


def main() -> int:
    try:
        known = local.noted()
        api = None if os.environ.get("RELAY_API_KEY") else local.running()
        env = dict(os.environ)
        if api:
            env |= {"RELAY_API_KEY": api.key, "RELAY_BASE_URL": api.url, "RELAY_BACKEND": "relay"}
            _say(api)
        if "PULUMI_BACKEND_URL" not in env:
            state = local.RELAY / ("local" if api else "state")
            if api and api != known:  # the rooms in it ended with the API that had them
                shutil.rmtree(state, ignore_errors=True)
            state.mkdir(parents=True, exist_ok=True)
            # Without the attribute files that a killed engine leaves half-written.
            env["PULUMI_BACKEND_URL"] = f"file://{quote(str(state))}?metadata=skip"
            env.setdefault("PULUMI_CONFIG_PASSPHRASE", "")  # nothing secret is in the state
        _run(["pulumi", "stack", "select", "--create", STACK, "--non-interactive"], env, quiet=True)
        _run(["pulumi", "up", "--yes", "--skip-preview", "--stack", STACK], env)
        _run([str(local.PROGRAM), "list"], env)
        _run([str(local.PROGRAM), "drift", "rooms.yaml"], env)
        if api:
            line("")
            _say(api)
            line("It keeps running; `make down` ends it. To talk to it from this shell:")
            line(f"  export RELAY_API_KEY={api.key} RELAY_BASE_URL={api.url}")
    except SetupError as error:
        line(f"Error: {error}")
        return 1
    return 0


def _say(api: local.Api) -> None:
    line(f"Rooms API on {api.url}")
    line(f"Key: {api.key}")


def _run(command: list[str], env: dict[str, str], *, quiet: bool = False) -> None:
    done = subprocess.run(
        command, cwd=local.ROOT, env=env, check=False, capture_output=quiet, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = f": {(done.stderr or done.stdout).strip()}" if quiet else "; see above."
        raise SetupError(f"`{' '.join([Path(command[0]).name, *command[1:]])}` failed{said}")


if __name__ == "__main__":
    sys.exit(main())
