"""The site in a real browser: on a phone, in the dark, and searched."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keep.browser import Browser, chromium

pytest.importorskip("material", reason="the site is made with what `make docs` installs")
pytestmark = pytest.mark.e2e

PICTURES = os.environ.get("SITE_PICTURES")
"""A folder for what the browser saw, for whoever changes the pages."""
PAGES = ("index", "start", "changes", "cli", "keep", "plugin", "terraform", "troubleshooting", "reference/manifest")


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_complaints(browser: Browser) -> Iterator[None]:
    yield
    assert browser.complaints() == []


def opened(browser: Browser, url: str) -> None:
    browser.open(url)
    browser.until("return document.readyState === 'complete' && [...document.images].every(one => one.naturalWidth)")


@pytest.mark.parametrize("page", PAGES)
def test_it_fits_a_phone(browser: Browser, url: str, page: str) -> None:
    browser.look(390, 844, phone=True)
    opened(browser, f"{url}/{page}.html")
    # Against the phone's width: a page that is wider makes innerWidth wider, too.
    assert browser.run("return document.documentElement.scrollWidth") <= 390
    if PICTURES:
        browser.picture(Path(PICTURES, f"{page.replace('/', '-')}.png"))


def test_it_is_dark_for_whoever_wants_it_so(browser: Browser, url: str) -> None:
    for dark, scheme in ((False, "default"), (True, "slate")):
        browser.look(1400, 900, dark=dark)
        browser.open(f"{url}/changes.html")
        browser.run("localStorage.clear()")
        opened(browser, f"{url}/changes.html")
        browser.until(f"return document.body.dataset.mdColorScheme === '{scheme}'")
        if PICTURES:
            browser.picture(Path(PICTURES, f"changes-{scheme}.png"))


def test_a_search_for_exit_code_finds_the_table(browser: Browser, url: str) -> None:
    browser.look(1400, 900)
    opened(browser, f"{url}/index.html")
    browser.click("label.md-search__icon[for=__search], .md-search__input")
    browser.type(".md-search__input", "exit code")
    links = "[...document.querySelectorAll('.md-search-result__link')].map(one => one.href)"
    browser.until(f"return {links}.some(href => /cli\\.html.*#exit-codes/.test(href))")
    if PICTURES:
        browser.picture(Path(PICTURES, "search.png"))
