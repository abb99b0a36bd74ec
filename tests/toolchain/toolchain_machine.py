"""A Go that builds nothing, and a home for it: these tests take no network and no compiler."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FAKE_GO = """#!/bin/sh
# A go that notes its calls. GO_FAILS: a build fails; GO_SECONDS: it takes this long.
echo "$*" >> "$GO_CALLS"
if [ "$1" = mod ]; then
  printf '{"Dir": "%s"}' "$GO_SDK"
  exit 0
fi
while [ "$1" != -o ]; do shift; done
printf half > "$2"
sleep "${GO_SECONDS:-0}"
if [ -n "$GO_FAILS" ]; then
  echo "a.go:1: undefined: everything"
  exit 1
fi
printf '#!/bin/sh\\necho built\\n' > "$2"
chmod +x "$2"
"""


@dataclass
class Machine:
    """A checkout, a cache and a PATH, all in a temporary folder."""

    folder: Path
    tools: Path
    cache: Path
    calls: Path
    checkout: Path

    @property
    def bin(self) -> Path:
        return self.checkout / ".toolchain" / "bin"

    def script(self, name: str, body: str, folder: Path | None = None) -> Path:
        file = (folder or self.tools) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)
        return file

    def go(self) -> None:
        self.script("go", "").write_text(FAKE_GO)

    def builds(self) -> list[str]:
        """The packages that were built, in order."""
        if not self.calls.exists():
            return []
        lines = self.calls.read_text().splitlines()
        return [line.split()[-1] for line in lines if line.startswith("build")]
