"""GitHub, as much of it as the workflows see: commits, pull requests, comments, issues, runs and their artifacts."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT, TOOLS
from tests.gitops.forge import Forge, page
from tests.gitops.steps import Job, told

EXAMPLE = ROOT / "examples" / "gitops" / "github"
REPOSITORY = "acme/rooms"
BOT = {"login": "github-actions[bot]"}


class GitHub:
    """A repository with the example in it; each job has a fresh checkout and nothing of another's but artifacts."""

    def __init__(self, folder: Path, forge: Forge, env: dict[str, str], secrets: dict[str, str]) -> None:
        self.folder, self.forge, self.env, self.secrets = folder, forge, env, secrets
        self.variables = {"PULUMI_BACKEND_URL": env["STATE"], "RELAY_ALLOWED_HOSTS": "127.0.0.1"}
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.pulls: dict[str, str] = {}
        """The head of the pull request that became a commit."""
        self.runs: list[dict[str, Any]] = []
        repo = f"/repos/{REPOSITORY}"
        forge.routes += [
            ("GET", rf"{repo}/issues/7/comments", lambda query, body: page(self.comments, query)),
            ("POST", rf"{repo}/issues/7/comments", lambda query, body: _add(self.comments, body)),
            ("PATCH", rf"{repo}/issues/comments/(\d+)", lambda id, query, body: _edit(self.comments, id, body)),
            ("GET", rf"{repo}/issues", self._open),
            ("POST", rf"{repo}/issues", lambda query, body: _add(self.issues, {"state": "open", **body})),
            ("PATCH", rf"{repo}/issues/(\d+)", lambda id, query, body: _edit(self.issues, id, body)),
            ("GET", rf"{repo}/commits/(\w+)/pulls", self._pulls),
            ("GET", rf"{repo}/actions/workflows/(.+)/runs", self._runs),
        ]

    def commit(self, sha: str, manifest: str) -> None:
        folder = self.folder / "commits" / sha
        shutil.copytree(EXAMPLE, folder)
        (folder / "rooms.yaml").write_text(manifest)

    def run(self, workflow: str, sha: str, event: Mapping[str, Any] | None = None) -> tuple[int, str]:
        """A workflow's jobs, in order, until one fails: its exit code and what was said."""
        file = yaml.safe_load((EXAMPLE / ".github" / "workflows" / workflow).read_text())
        self.runs.append({"id": len(self.runs), "workflow": workflow, "head_sha": sha, "conclusion": "failure"})
        code, said = 0, ""
        for name, job in file["jobs"].items():
            github = {"token": self.forge.token, "repository": REPOSITORY, "event": event or {}}
            context = {"github": github, "secrets": self.secrets, "vars": self.variables}
            if told(job.get("if", "true"), context) == "true":
                work = self.folder / f"run-{len(self.runs)}-{name}" / "work"
                work.mkdir(parents=True)
                runner = Job(work, self._environment(sha), context, OTHERS | {"actions/checkout": self._checkout})
                runner.others |= {"actions/upload-artifact": self._upload, "actions/download-artifact": self._download}
                env = {key: told(value, context) for key, value in job.get("env", {}).items()}
                code, _ = runner.run(job["steps"], context, env)
                said += runner.said
            if code:
                return code, said
        self.runs[-1]["conclusion"] = "success"
        return code, said

    def _environment(self, sha: str) -> dict[str, str]:
        github = {"GITHUB_API_URL": self.forge.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_SHA": sha}
        return {**runner_environment(self.env), **github, "CI": "true"}

    def _checkout(self, job: Job, given: Mapping[str, str]) -> None:
        shutil.copytree(self.folder / "commits" / job.env["GITHUB_SHA"], job.folder, dirs_exist_ok=True)

    def _upload(self, job: Job, given: Mapping[str, str]) -> None:
        kept = self.folder / "artifacts" / str(self.runs[-1]["id"]) / given["name"]
        kept.mkdir(parents=True)
        shutil.copy(job.folder / given["path"], kept)

    def _download(self, job: Job, given: Mapping[str, str]) -> None:
        assert given["github-token"] == self.forge.token
        shutil.copytree(self.folder / "artifacts" / given["run-id"] / given["name"], job.folder, dirs_exist_ok=True)

    def _open(self, query: dict[str, str], body: Any) -> list[Any]:
        assert query["state"] == "open"
        return page([one for one in self.issues if one["state"] == "open" and query["labels"] in one["labels"]], query)

    def _pulls(self, sha: str, query: dict[str, str], body: Any) -> list[Any]:
        head = self.pulls.get(sha)
        return [{"number": 7, "merged_at": "2026-11-29T12:00:00Z", "head": {"sha": head}}] if head else []

    def _runs(self, workflow: str, query: dict[str, str], body: Any) -> dict[str, Any]:
        def fits(run: Mapping[str, Any]) -> bool:
            wanted = (workflow, query["head_sha"], query["status"])
            return (run["workflow"], run["head_sha"], run["conclusion"]) == wanted

        return {"workflow_runs": [run for run in reversed(self.runs) if fits(run)]}


def runner_environment(env: Mapping[str, str]) -> dict[str, str]:
    """A runner's own: what `make setup` installed is on PATH, nothing of the developer's is there."""
    path = os.pathsep.join([str(TOOLS), str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "GOGC") if name in os.environ}
    return {**kept, "PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true", **env}


def nothing(job: Job, given: Mapping[str, str]) -> None:
    """What it would install is there."""


OTHERS = {"actions/setup-python": nothing, "pulumi/actions": nothing}


def _add(to: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
    number = 100 + len(to)
    to.append({"id": number, "number": number, "user": BOT, **body})
    return to[-1]


def _edit(among: list[dict[str, Any]], id: str, body: dict[str, Any]) -> dict[str, Any]:
    [one] = [one for one in among if str(one["id"]) == id]
    one |= body
    return one
