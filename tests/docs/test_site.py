"""The site: it builds, loads nothing from other machines, and what people look for is two clicks away."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from relay_provider.keep import metrics
from tests.conftest import ROOT

pytest.importorskip("material", reason="the site is made with what `make docs` installs")
pytestmark = pytest.mark.unit

PAGES = [*sorted((ROOT / "docs").glob("**/*.md")), ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Seen(HTMLParser):
    """Where links lead, what is loaded, and how many there are of each element in the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.elements: Counter[str] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        values = dict(attrs)
        if tag == "a":
            self.links.append(values.get("href") or "")
        if wanted := LOADED.get(tag):
            self.loaded.append(values.get(wanted) or "")


def reached(site: Path, clicks: int) -> set[Path]:
    """The pages that so many clicks lead to, by links in the text."""
    pages = {site / "index.html"}
    for _ in range(clicks):
        for page in list(pages):
            text = page.read_text().partition("<article")[2].partition("</article>")[0]
            links = (link.partition("#")[0] for link in Seen(text).links)
            pages |= {(page.parent / link).resolve() for link in links if link and ":" not in link}
    return pages


def test_a_page_loads_nothing_from_other_machines(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert [one for one in Seen(page.read_text()).loaded if re.match(r"(\w+:)?//", one)] == [], page
    for sheet in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", sheet.read_text()), sheet


def test_what_people_look_for_is_two_clicks_away(site: Path) -> None:
    pages = {str(page.relative_to(site)): page.read_text() for page in reached(site, 2) if page.suffix == ".html"}
    languages = ("manifest", "python", "typescript", "go", "yaml", "python-sdk", "csharp", "java")
    assert {f"reference/{name}.html" for name in languages} < pages.keys()
    assert "relay_room" in pages["terraform.html"]
    assert "who is disconnected" in pages["changes.html"]
    codes = pages["cli.html"].partition('id="exit-codes"')[2].partition("</table>")[0]
    assert re.findall(r"<td>(\d+)</td>", codes) == ["0", "1", "2", "130"]
    assert all(
        name in pages["keep.html"] for name in re.findall(r'"(relay_rooms_\w+)"', Path(metrics.__file__).read_text())
    )


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_page_reads_the_same_on_a_forge_and_on_the_site(file: Path) -> None:
    """As CommonMark has it, and as the site's renderer does: the two differ in lists, above all."""
    from markdown import Markdown
    from markdown_it import MarkdownIt

    text = re.sub(r"\A---\n.*?\n---\n", "", file.read_text(), flags=re.DOTALL)
    options = yaml.load((ROOT / "mkdocs.yml").read_text(), yaml.UnsafeLoader)["markdown_extensions"]
    names = [one if isinstance(one, str) else next(iter(one)) for one in options]
    there = Seen(MarkdownIt("commonmark").enable("table").render(text)).elements
    here = Seen(Markdown(extensions=[name for name in names if name != "toc"]).convert(text)).elements
    elements = ("h1", "h2", "h3", "ul", "ol", "li", "table", "tr", "td", "pre", "strong", "img", "a")
    assert {one: here[one] for one in elements} == {one: there[one] for one in elements}
