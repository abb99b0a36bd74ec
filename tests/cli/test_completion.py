"""What a Tab offers: by the real shells where they are, and by the program behind them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.unit

ROOMS = """
version: 1
projects:
  acme: {rooms: {standup: {}, "standup-notes": , lobby: }}
  other: {apiKey: broken, rooms: {standing: {}, "a:b": }}
  "$(touch pwned)": {rooms: {"st;x": }}
"""
BASH = """
eval "$(relay-rooms completion bash)"
complete -p relay-rooms >/dev/null || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_relay_rooms_completion relay-rooms
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "relay-rooms completion fish | source; complete -C (string join ' ' -- $argv)"
ZSH = """
autoload -U compinit; compinit -D; eval "$(relay-rooms completion zsh)"
compadd() { print -l -- ${(P)@[-1]} }
_describe() { print -l -- ${(P)@[-2]%%:*} }
compset() { : }
words=("$@"); CURRENT=$#
_relay_rooms_completion
"""


@pytest.fixture
def shell(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest, and `relay-rooms` on PATH."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    (folder / "rooms.yaml").write_text(ROOMS)
    return folder


def offered(shell: str, *words: str) -> list[str]:
    """What the shell offers for the last of these words."""
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not on this machine")
    script = {"bash": BASH, "fish": FISH, "zsh": ZSH}[shell]
    rest = [script, "x", *words] if shell != "fish" else [script, *words]
    done = subprocess.run([program, "-c", *rest], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return [line.partition("\t")[0] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("shell_name", ["bash", "fish", "zsh"])
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["s"], ["schema", "serve"]),
        (["up", "--pl"], ["--plan"]),
        (["get", "standup"], ["standup", "standup-notes"]),
    ],
)
def test_a_shell_offers(shell: Path, shell_name: str, words: list[str], found: list[str]) -> None:
    assert sorted(offered(shell_name, "relay-rooms", *words)) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("drift --project ", ["acme", "other"]),
        ("get --project other ", ["a:b", "standing"]),
        ("remove-participant l", ["lobby"]),
        ("get --file elsewhere.yaml ", ["far"]),
        ("get --file none.yaml ", []),
        ("completion z", ["zsh"]),
        ("--v", ["--version"]),
    ],
)
def test_a_tab_offers(run: Run, shell: Path, words: str, found: list[str]) -> None:
    """Also of a manifest that no other command takes, and never what a shell would read as more than a word."""
    (shell / "elsewhere.yaml").write_text("projects: {acme: {rooms: {far: }}}")
    line = f"relay-rooms {words}"
    env = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_RELAY_ROOMS_COMPLETE": "bash_complete"}
    assert run(env=env).stdout.split() == [f"plain,{one}" for one in found]


@pytest.mark.parametrize(
    "text", ["", "projects", "projects: {a: }", "projects: [", "projects: {a: {rooms: [b]}}", "\0"]
)
def test_a_file_that_is_no_manifest_offers_nothing(run: Run, shell: Path, text: str) -> None:
    (shell / "rooms.yaml").write_text(text)
    env = {"COMP_WORDS": "relay-rooms get ", "COMP_CWORD": "2", "_RELAY_ROOMS_COMPLETE": "bash_complete"}
    assert run(env=env).output.strip() == ""


def test_commands_are_offered_without_importing_them(shell: Path) -> None:
    program = (
        "import sys; from relay_provider.cli.app import app\n"
        "try: app(prog_name='relay-rooms')\n"
        "except SystemExit: print([name for name in ('pydantic', 'yaml') if name in sys.modules])"
    )
    env = {"COMP_WORDS": "relay-rooms ", "COMP_CWORD": "1", "_RELAY_ROOMS_COMPLETE": "bash_complete"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "plain,validate"
    assert done.stdout.endswith("[]\n")
