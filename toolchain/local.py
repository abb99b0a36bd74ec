"""`make up`: the local Rooms API, a real `pulumi up` of the project at the root, what is live. `make down`: its end.

With RELAY_API_KEY set, the rooms are made behind that key, and there is no local API. The local one keeps its key and
its port from one `make up` to the next, so that a shell which was told them may keep them. Without PULUMI_BACKEND_URL,
the state lives in .relay/, whoever is logged in where."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from toolchain.programs import ROOT, SetupError, noting_signals

RELAY = ROOT / ".relay"
NOTE, LOG = RELAY / "api.json", RELAY / "api.log"
PROGRAM = str(Path(sys.executable).parent / "relay-rooms")


def last() -> dict:
    """The API that was started last, whether or not it still runs."""
    with contextlib.suppress(OSError, ValueError):
        api = json.loads(NOTE.read_text())
        return api if isinstance(api, dict) else {}
    return {}


def noted() -> dict:
    """That API, if it still runs and no other process got its number."""
    if pid := (api := last()).get("pid"):
        shown = subprocess.run(["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, check=False)
        return api if b"relay" in shown.stdout and b"serve" in shown.stdout else {}
    return {}


def start() -> dict:
    RELAY.mkdir(exist_ok=True)
    before = last()
    ports = [port for port in (urlsplit(before.get("url", "")).port, 0) if port is not None]  # the old one may be taken
    key = before.get("key") or f"sk_live_dev_{secrets.token_urlsafe(24)}"
    for port in ports:
        for file in (NOTE, LOG):  # nobody else may read the key
            file.unlink(missing_ok=True)
            file.touch(0o600, exist_ok=False)
        with noting_signals(), LOG.open("a") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True}
            env = {**os.environ, "RELAY_GATEWAY_KEYS": f"{key}=development"}
            process = subprocess.Popen([PROGRAM, "serve", "--port", str(port)], cwd=ROOT, env=env, **options)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and process.poll() is None:
                if said := re.search(r"^Rooms API on (\S+)$", LOG.read_text(), re.MULTILINE):
                    NOTE.write_text(json.dumps({"pid": process.pid, "url": said[1], "key": key}))
                    return last()
                time.sleep(0.05)
            process.kill()
    raise SetupError(f"The local Rooms API did not start; it said:\n{LOG.read_text().strip() or '(nothing)'}")


def down() -> None:
    if api := noted():
        os.kill(api["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 30
        while noted():
            if time.monotonic() > deadline:
                raise SetupError(f"The Rooms API (process {api['pid']}) does not stop: kill -9 {api['pid']} ends it")
            time.sleep(0.05)
    print("The local Rooms API was stopped." if api else "No local Rooms API is running.")


def answers(api: dict) -> bool:
    try:
        request = Request(api["url"] + "/rooms", headers={"Authorization": "Bearer " + api["key"]})
        with build_opener(ProxyHandler({})).open(request, timeout=5):
            return True
    except (OSError, HTTPException, KeyError):
        return False


def up() -> None:
    env, said, state = dict(os.environ), "", RELAY / "state"
    if env.get("RELAY_API_KEY", "") in ("", last().get("key")):  # a shell that was told the local one means that
        api, state = noted(), RELAY / "local"
        if not answers(api):
            if "PULUMI_BACKEND_URL" not in env:
                shutil.rmtree(state, ignore_errors=True)  # the rooms in it ended with the API that had them
            api = start()
        env |= {"RELAY_API_KEY": api["key"], "RELAY_BASE_URL": api["url"], "RELAY_BACKEND": "relay"}
        print(said := f"Rooms API on {api['url']}\nKey: {api['key']}")
    if "PULUMI_BACKEND_URL" not in env:
        state.mkdir(parents=True, exist_ok=True)
        # Without the attribute files that a killed engine leaves half-written.
        env["PULUMI_BACKEND_URL"] = f"file://{quote(str(state))}?metadata=skip"
        env.setdefault("PULUMI_CONFIG_PASSPHRASE", "")  # nothing secret is in the state
    run(env, "pulumi", "stack", "select", "--create", "dev", "--non-interactive", quiet=True)
    run(env, "pulumi", "up", "--yes", "--skip-preview", "--stack", "dev")
    run(env, PROGRAM, "list")
    run(env, PROGRAM, "drift", "rooms.yaml")
    if said:
        print(f"\n{said}\nIt keeps running; `make down` ends it. To talk to it from this shell:")
        print(f"  export RELAY_API_KEY={env['RELAY_API_KEY']} RELAY_BASE_URL={env['RELAY_BASE_URL']}")
        print("This Pulumi project has the rooms in its state: change them by `make up`, not by `relay-rooms up`.")


def run(env: dict[str, str], *command: str, quiet: bool = False) -> None:
    with noting_signals():  # Ctrl-C reaches the command, too, which ends when it has finished what it began
        done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=quiet, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = f": {(done.stderr or done.stdout).decode().strip()}" if quiet else "; see above."
        raise SetupError(f"`{' '.join([Path(command[0]).name, *command[1:]])}` failed{said}")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # before what the programs say, also into a pipe
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except SetupError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: `make up` goes on from here, `make down` ends the local Rooms API.\n")
        sys.exit(130)
