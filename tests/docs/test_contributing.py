"""What contributors are told is so."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", PAGE))))
def test_make_has_the_target(target: str) -> None:
    subprocess.run(["make", "-n", "-C", ROOT, target], check=True, capture_output=True)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)*\w+(?:/|\.(?:py|md|toml)))`", PAGE))))
def test_what_the_page_names_is_there(path: str) -> None:
    assert any((root / path).exists() for root in (ROOT, ROOT / "relay_provider"))


def test_pre_commit_runs_what_make_lint_runs() -> None:
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [(hook["entry"], hook["always_run"], hook["pass_filenames"]) for hook in repo["hooks"]] == [
        ("make lint", True, False)
    ]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_an_issue_template_is_one(form: object) -> None:
    """As the forge reads forms: known kinds of fields, IDs once, a label for each that is filled in."""
    data = yaml.safe_load(form.read_text())  # type: ignore[attr-defined]
    if "body" not in data:
        assert data == {"blank_issues_enabled": True}
        return
    assert data["name"] and data["description"]
    fields = [one for one in data["body"] if one["type"] != "markdown"]
    assert {one["type"] for one in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(one["attributes"]["label"] for one in fields)
    assert len({one["id"] for one in fields}) == len(fields)


def test_a_bug_report_asks_for_the_versions_and_for_what_doctor_says() -> None:
    [form] = [form.read_text() for form in FORMS if form.name == "bug.yml"]
    assert "`relay-rooms --version`" in form
    assert "`relay-rooms doctor`" in form
