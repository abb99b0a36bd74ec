"""The status page in a real browser: many rooms, what happens to them, text like markup, phones, and the dark."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.keep.browser import Browser, chromium
from tests.keep.keeping import declare, keeping
from tests.proxy import Answer, Proxy, proxying
from tests.served import KEY, OTHER_KEY, Served, serving

pytestmark = pytest.mark.e2e

PICTURES = os.environ.get("STATUS_PAGE_PICTURES")
"""A folder for what the browser saw, for whoever changes the page."""
HOSTILE = '<img src=x onerror="window.hit=1"><b>bold</b>'
LABEL = "<i>label"
ROWS = "[...document.querySelectorAll('#rooms tr')].map(row => row.querySelector('b').textContent)"


@dataclass
class Page:
    """An open status page of a thousand rooms, and how they come to what it shows."""

    browser: Browser
    served: Served
    proxy: Proxy
    url: str

    def rows(self) -> list[str]:
        names: list[str] = self.browser.run(f"return {ROWS}")
        return names

    def refuse_creates(self) -> None:
        refused = {"error": {"type": "validation_error", "code": "validation_error", "message": HOSTILE}}
        self.proxy.rule = lambda method, path: Answer(422, json.dumps(refused)) if method == "POST" else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("site")
    rooms: dict[str, object] = {f"class-{number:03}": {"maxParticipants": number + 1} for number in range(998)}
    rooms["markup"] = {"metadata": HOSTILE}
    with serving() as served, proxying(served.url) as proxy:
        keys = (("ACME_KEY", "acme", rooms), ("OTHER_KEY", LABEL, {"desk": None}))
        projects = {label: {"apiKey": {"env": key}, "baseUrl": proxy.url, "rooms": own} for key, label, own in keys}
        (folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
        served.create("markup", metadata=f"{HOSTILE}!")
        served.join("markup", HOSTILE)
        options = ("--listen", "127.0.0.1:0", "--log", "json")
        with keeping(folder, *options, interval="1", ACME_KEY=KEY, OTHER_KEY=OTHER_KEY) as keep:
            yield Page(browser, served, proxy, keep.event("listening")["url"])


@pytest.fixture
def page(site: Page) -> Iterator[Page]:
    site.proxy.rule = None
    site.browser.look(1400, 900)
    site.browser.open(site.url)
    site.browser.until("return document.querySelector('#summary').textContent.startsWith('999 of 1,000 as declared')")
    yield site
    assert site.browser.complaints() == []


def test_a_thousand_rooms_are_filtered_and_sorted(page: Page) -> None:
    assert len(page.rows()) == 1000
    assert page.rows()[0] == "markup", "what is wrong comes first"
    page.browser.type("#search", "CLASS-09")
    page.browser.until(f"return {ROWS}.length === 10")
    assert page.rows() == [f"class-{number:03}" for number in range(90, 100)]
    page.browser.click("#heads th:nth-child(1) button")
    page.browser.click("#heads th:nth-child(1) button")
    assert page.rows() == [f"class-{number:03}" for number in range(99, 89, -1)]
    page.browser.type("#search", "no such room")
    page.browser.until("return !document.querySelector('#none').hidden")
    page.browser.type("#search", " ")
    page.browser.click("#states button[data-state=changed]")
    assert page.rows() == ["markup"]


def test_what_happens_to_a_room_is_seen(page: Page) -> None:
    page.served.join("class-007", "ana", "bob")
    page.browser.until("return [...document.querySelectorAll('.people')].some(one => one.textContent === '2 ana, bob')")
    page.refuse_creates()
    page.served.end("class-500")
    page.browser.until("return document.querySelector('tr.missing b')?.textContent === 'class-500'")
    assert page.browser.run("return document.title") == "(2) Rooms"
    page.proxy.rule = None
    page.browser.until("return !document.querySelector('tr.missing')")
    happened = "[...document.querySelectorAll('#events li')].map(one => one.textContent)"
    page.browser.until(f"return {happened}.some(text => text.endsWith('created acme/class-500'))")
    page.proxy.rule = lambda method, path: Answer(503)
    page.browser.until("return document.querySelector('.banner')?.textContent.includes('cannot be looked at')")


def test_text_that_looks_like_markup_is_text(page: Page) -> None:
    page.refuse_creates()
    page.served.end("class-001")
    page.browser.until("return document.querySelector('#events li.error')")
    page.browser.until("return document.querySelector('tr.changed .people').textContent.includes('bold')")
    shown = page.browser.run("return document.querySelector('main').textContent")
    assert shown.count(HOSTILE) >= 4, "declared, live, the person, the server's error"
    assert page.browser.run("return window.hit === undefined")
    assert page.browser.run("return document.querySelectorAll('img, i, dd b, .people b').length") == 0
    labels = page.browser.run("return [...document.querySelector('#project').options].map(one => one.text)")
    assert labels == ["All projects", LABEL, "acme"]


@pytest.mark.parametrize("width", [320, 390, 800, 1400])
def test_it_fits_the_screen(page: Page, width: int) -> None:
    page.served.join("class-042", *(f"person-{number}" for number in range(12)))
    for dark in (False, True):
        page.browser.look(width, 844, dark=dark, phone=width < 700)
        assert page.browser.run("return document.documentElement.scrollWidth <= innerWidth")
        if PICTURES:
            page.browser.picture(Path(PICTURES, f"{width}{'-dark' if dark else ''}.png"))


def test_it_says_when_nobody_answers_any_more(browser: Browser, served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    with keeping(tmp_path, "--listen", "127.0.0.1:0", "--log", "json", interval="1") as keep:
        browser.look(1400, 900)
        browser.open(keep.event("listening")["url"])
        browser.until(f"return {ROWS}.length === 2")
    browser.until("return document.querySelector('.banner')?.textContent.startsWith('This page gets no answer')")
    assert browser.run(f"return {ROWS}") == ["lobby", "standup"]
    assert all("ERR_CONNECTION_REFUSED" in said for said in browser.complaints())


def test_who_has_the_token_sees_it(browser: Browser, served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    options = ("--listen", "127.0.0.1:0", "--log", "json")
    with keeping(tmp_path, *options, interval="1", RELAY_KEEP_TOKEN="a-token-of-22-characters") as keep:
        url = keep.event("listening")["url"]
        browser.open(url.replace("//", "//anybody:a-token-of-22-characters@"))
        browser.until(f"return {ROWS}.length === 2")
