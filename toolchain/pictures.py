"""Pictures of terminals, from real runs: `make pictures` writes docs/pictures/.

Each is a command on a terminal of its own, against a Rooms API served for it, and the screen as it is in the end. A
test runs them again and compares what is to be read in them.
"""

import html
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from toolchain.programs import BIN, PYTHON, ROOT

PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 104
SILENCE = 60.0
"""Seconds without a word after which a command has hung."""
MANIFEST = """version: 1
name: rooms-of-acme
projects:
  webinars:
    rooms:
      all-hands: {maxParticipants: 500, metadata: {topic: All hands, host: ada}}
      lobby: {maxParticipants: 100}
"""
LESS = MANIFEST.replace("500", "600").partition("      lobby")[0]
PROJECT = "acme"
KEY = "sk_live_of_the_pictures_0123456789"
COLORS = ("181c24", "f07178", "82c878", "e6be64", "6ea0f0", "c68cdc", "5abec8", "d8dce4")
"""As terminals number them; the first is the ground, the last the text."""
PALETTE = [(int(one[:2], 16), int(one[2:4], 16), int(one[4:], 16)) for one in COLORS]
THEME = TerminalTheme(PALETTE[0], PALETTE[-1], PALETTE)
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own, without the font that it has readers fetch from another machine."""


class Api:
    """A served Rooms API, as another program sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: str = "") -> None:
        url = self.url.removesuffix("/v1") + path
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, body.encode() or None, headers, method=method)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()

    def join(self, room: str, *people: str) -> None:
        for one in people:
            self.ask("POST", f"/dev/rooms/{room}/participants", f'{{"identity": "{one}"}}')


def screens() -> dict[str, list[Text]]:
    """What is on the terminal after each command, by the picture's name."""
    with tempfile.TemporaryDirectory() as name, serving() as api:
        folder = Path(name)
        manifest = folder / "rooms.yaml"
        env = environment(folder, api.url)
        manifest.write_text(MANIFEST)
        shown = {"up": screen(["up"], folder, env, {"[y/N]": "y\n"})}
        api.join("all-hands", "ana", "bob")
        api.join("lobby", "cy")
        manifest.write_text(LESS)
        shown["plan"] = screen(["preview"], folder, env)
        manifest.write_text(MANIFEST)
        api.ask("DELETE", "/v1/rooms/lobby")
        api.ask("DELETE", "/v1/rooms/all-hands")
        metadata = '"{\\"host\\":\\"ada\\",\\"topic\\":\\"All hands\\"}"'
        api.ask("POST", "/v1/rooms", f'{{"name": "all-hands", "maxParticipants": 2, "metadata": {metadata}}}')
        shown["drift"] = screen(["drift"], folder, env)
    return shown


def environment(folder: Path, url: str) -> dict[str, str]:
    """That of a newcomer: logged in nowhere."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "RELAY_", "LIVEKIT_"))},
        "PATH": f"{PYTHON.parent}:{BIN}:{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "RELAY_API_KEY": KEY,
        "RELAY_BASE_URL": url,
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
    }


@contextmanager
def serving() -> Iterator[Api]:
    env = {**os.environ, "RELAY_GATEWAY_KEYS": f"{KEY}={PROJECT}"}
    command = [sys.executable, "-m", "relay_provider.gateway", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.match(r"Rooms API on (\S+)", line)
            assert found, f"the API did not start: {line!r}"
            yield Api(found[1])
        finally:
            process.terminate()


def screen(
    arguments: Sequence[str], folder: Path, env: dict[str, str], typed: dict[str, str] | None = None
) -> list[Text]:
    """Run `relay-rooms` on a terminal, type what it waits for, and read the screen."""
    left, waited = pyte.Screen(COLUMNS, 60), dict(typed or {})
    stream = pyte.ByteStream(left)
    master, slave = pty.openpty()
    command = ["relay-rooms", *arguments]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=env) as process:
        os.close(slave)
        while select.select([master], [], [], SILENCE)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            stream.feed(data)
            for question in [one for one in waited if one in "\n".join(left.display)]:
                os.write(master, waited.pop(question).encode())
        else:
            process.kill()
    with suppress(OSError):
        os.close(master)
    assert not waited, f"{' '.join(command)} did not ask {list(waited)}: {left.display}"
    lines = [line(left, number) for number in range(left.lines)]
    while lines and not lines[-1].plain:
        lines.pop()
    return [Text.assemble(("$ ", "cyan"), (" ".join(command), "bold")), *lines]


def line(screen: pyte.Screen, number: int) -> Text:
    row, text = screen.buffer[number], Text()
    for column in range(screen.columns):
        cell = row[column]
        color = None if cell.fg == "default" else f"#{cell.fg}" if re.fullmatch("[0-9a-f]{6}", cell.fg) else cell.fg
        color = {"brown": "yellow"}.get(color or "", color)
        text.append(cell.data, Style(color=color, bold=cell.bold, italic=cell.italics))
    text.rstrip()
    return text


def drawn(name: str, lines: Sequence[Text]) -> str:
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, color_system="truecolor", force_terminal=True)
        for one in lines:
            console.print(one, soft_wrap=True)
        return console.export_svg(title=" ", theme=THEME, code_format=SVG, unique_id=name)


def read(svg: str) -> list[str]:
    """The lines that are to be read in a picture."""
    lines: dict[float, str] = {}
    for x, y, text in re.findall(r'-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        before = lines.get(float(y), "")
        lines[float(y)] = before.ljust(round(float(x) / 12.2)) + html.unescape(text).replace("\xa0", " ").rstrip("\n")
    return [text.rstrip() for _, text in sorted(lines.items()) if text.strip()]


def write() -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, lines in screens().items():
        (PICTURES / f"{name}.svg").write_text(drawn(name, lines))


if __name__ == "__main__":
    write()
