"""The pages for Pulumi's registry, in its markup, from those in docs/: `make docs` writes build/pulumi-registry/.

They are in no folder that people read: on a forge or on the site, the registry's shortcodes would be text.
"""

import re
from pathlib import Path

from toolchain.programs import ROOT

PAGES = ROOT / "build" / "pulumi-registry"
TITLES = {
    "_index.md": ("plugin.md", "Relay Rooms", "Declare real-time rooms (Relay, LiveKit) in any Pulumi language."),
    "installation-configuration.md": (
        "installation-configuration.md",
        "Relay Rooms Installation & Configuration",
        "How to install the Relay Rooms provider and how to configure it.",
    ),
}
EXAMPLE = re.compile(r"### [^\n]+\n\n(```(\w+)\n.*?\n```)\n\n?", re.DOTALL)


def pages() -> dict[str, str]:
    return {name: page(*source) for name, source in TITLES.items()}


def page(source: str, title: str, about: str) -> str:
    body = (ROOT / "docs" / source).read_text().partition("\n\n")[2]
    before, heading, rest = body.partition("## Example\n\n")
    if heading:
        end = max(found.end() for found in re.finditer(EXAMPLE, rest.partition("\n## ")[0]))
        body = before + heading + chooser(rest[:end]) + rest[end:]
    # The registry has no other page than these two.
    body = re.sub(r"\[([^\]]+)\]\((?!\w+:)[^)]*\)", r"\1", body)
    return f"---\ntitle: {title}\nmeta_desc: {about}\nlayout: package\n---\n\n{body}"


def chooser(text: str) -> str:
    found = EXAMPLE.findall(text)
    inner = "".join(
        f"{{{{% choosable language {name} %}}}}\n\n{code}\n\n{{{{% /choosable %}}}}\n" for code, name in found
    )
    names = ",".join(name for _, name in found)
    return f'{{{{< chooser language "{names}" >}}}}\n\n{inner}\n{{{{< /chooser >}}}}\n\n'


def write(folder: Path = PAGES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
