"""What mkdocs.yml has done when the site is built: what lies outside docs/ and is linked to becomes pages of the site.

So one relative link leads to the file on a forge, and to a page on the site: README.md's is the start page, other
Markdown at the root is itself, and a folder of examples/ or schemas/ is a page with its files.
"""

import posixpath
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("examples", "schemas")
PAGES = ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
FILES = ("Containerfile",)
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
CODE = re.compile(r"^(`{3,}).*?^\1\s*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LANGUAGES = {
    ".py": "python",
    ".ts": "typescript",
    ".tf": "terraform",
    ".yml": "yaml",
    ".hcl": "terraform",
    ".mod": "text",
}
FROM: dict[str, str] = {}
"""The file in the repository that a page is from, where it is not in docs/."""


def on_files(files: Files, config: Any) -> Files:
    made = {name: (name, (ROOT / name).read_text()) for name in PAGES} | dict(folders(tracked()))
    made |= {f"{name}.md": (name, f"# {name}\n\n{fenced(ROOT / name)}\n") for name in FILES}
    for page, (source, text) in made.items():
        FROM[page] = source
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    here = page.file.src_uri
    source = FROM.get(here, f"docs/{here}")
    return outside_code(markdown, lambda text: LINK.sub(lambda found: moved(found, source, here), text))


def moved(link: re.Match[str], source: str, here: str) -> str:
    """The link to a file, as one to its page."""
    target, anchor = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1])), link[2] or ""
    return posixpath.relpath(page_of(target, anchor), posixpath.dirname(here) or ".")


def page_of(target: str, anchor: str) -> str:
    if target == "README.md":
        return f"index.md{anchor}"
    if target.startswith("docs/"):
        inside = target.removeprefix("docs/")
        return f"{inside}/index.md" if (ROOT / target).is_dir() else inside + anchor
    if (ROOT / target).is_dir():
        return f"{target}/index.md{anchor}"
    if target.partition("/")[0] in FOLDERS:
        folder, name = posixpath.split(target)
        return f"{folder}/index.md{'' if name == 'README.md' else '#' + slug(name)}{anchor}"
    return f"{target}.md" if target in FILES else target + anchor


def tracked() -> list[str]:
    """What git knows in these folders, or would take: no environments, no caches."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *FOLDERS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def folders(names: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """A page for each folder: its README, the folders in it, its files."""
    for folder in sorted({str(one) for name in names for one in Path(name).parents if str(one) != "."}):
        readme = f"{folder}/README.md"
        text = (ROOT / readme).read_text() if readme in names else f"# {folder}\n"
        inside = [name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")]
        below = sorted({name.partition("/")[0] for name in inside})
        within = [name for name in below if (ROOT / folder / name).is_dir()]
        listed = "\n".join(f"- [{name}]({name})" for name in within if f"({name})" not in text)
        shown = [file(ROOT / folder / name) for name in below if name not in within and name != "README.md"]
        yield f"{folder}/index.md", (readme, "\n\n".join([text.strip(), listed, *shown]) + "\n")


def file(path: Path) -> str:
    return "" if path.suffix == ".sum" else f"## {path.name}\n\n{fenced(path)}"


def fenced(path: Path) -> str:
    language = LANGUAGES.get(path.suffix, path.suffix.removeprefix("."))
    return f"````{language or 'text'}\n{path.read_text().rstrip()}\n````"


def slug(name: str) -> str:
    from pymdownx.slugs import slugify

    return str(slugify(case="lower")(name, "-"))


def outside_code(text: str, change: Any) -> str:
    done, last = "", 0
    for code in CODE.finditer(text):
        done += change(text[last : code.start()]) + code[0]
        last = code.end()
    return done + change(text[last:])
