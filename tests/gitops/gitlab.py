"""GitLab, as much of it as the jobs see: merge requests, notes, issues, pipelines and their jobs' artifacts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.gitops.forge import Forge, page
from tests.gitops.github import runner_environment

EXAMPLE = ROOT / "examples" / "gitops" / "gitlab"
ME = {"id": 1}
PREDEFINED = {"CI_PROJECT_ID": "5", "CI_DEFAULT_BRANCH": "main", "CI": "true"}
ON_MAIN = {"CI_COMMIT_BRANCH": "main"}
REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}


class GitLab:
    """A project with the example in it. A pipeline runs the jobs whose rules say so."""

    def __init__(self, folder: Path, forge: Forge, env: dict[str, str], variables: dict[str, str]) -> None:
        self.folder, self.forge, self.env = folder, forge, env
        forge.header = ("PRIVATE-TOKEN", forge.token)
        own = {"ROOMS_TOKEN": forge.token, "PULUMI_BACKEND_URL": env["STATE"], "RELAY_ALLOWED_HOSTS": "127.0.0.1"}
        self.variables = {**variables, **own, **PREDEFINED, "CI_API_V4_URL": forge.url}
        self.notes: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.merged: list[str] = []
        notes, issues = "/projects/5/merge_requests/7/notes", "/projects/5/issues"
        forge.routes += [
            ("GET", "/user", lambda query, body: ME),
            ("GET", notes, lambda query, body: page(self.notes, query)),
            ("POST", notes, lambda query, body: self._add(self.notes, body)),
            ("PUT", rf"{notes}/(\d+)", lambda id, query, body: self._edit(self.notes, id, body)),
            ("GET", issues, self._opened),
            ("POST", issues, lambda query, body: self._add(self.issues, {"state": "opened", **body})),
            ("PUT", rf"{issues}/(\d+)", lambda id, query, body: self._edit(self.issues, id, body)),
            ("GET", r"/projects/5/repository/commits/(\w+)/merge_requests", self._requests),
            ("GET", "/projects/5/merge_requests/7/pipelines", self._pipelines),
            ("GET", r"/projects/5/pipelines/(\d+)/jobs", lambda id, query, body: self._jobs("pipeline", id)),
            ("GET", r"/projects/5/jobs/(\d+)/artifacts/(.+)", self._artifact),
        ]

    def pipeline(self, manifest: str, sha: str, **variables: str) -> tuple[int, str]:
        """The exit code of its one job, and what that said."""
        file = yaml.safe_load((EXAMPLE / ".gitlab-ci.yml").read_text())
        known = {**self.variables, **file["variables"], **variables, "CI_COMMIT_SHA": sha}
        jobs = {name: one for name, one in file.items() if "script" in one}
        [name] = [name for name, one in jobs.items() if any(applies(rule["if"], known) for rule in one["rules"])]
        job = {**file.get(jobs[name].get("extends"), {}), **jobs[name]}
        number = len(self.jobs)
        work = self.folder / f"job-{number}" / "work"
        work.mkdir(parents=True)
        (work / "rooms.yaml").write_text(manifest)
        script = work.parent / "script.sh"
        script.write_text("\n".join(["set -eo pipefail", *job.get("before_script", []), *job["script"]]))
        done = subprocess.run(
            ["bash", script],
            cwd=work,
            env={**runner_environment(self.env), **known},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        kept = self.folder / "artifacts" / str(number)
        kept.mkdir(parents=True)
        if not done.returncode:
            for path in job.get("artifacts", {}).get("paths", []):
                shutil.copy(work / path, kept)
        status = "failed" if done.returncode else "success"
        source = known["CI_PIPELINE_SOURCE"]
        self.jobs.append({"id": number, "name": name, "status": status, "pipeline": 1000 + number, "source": source})
        return done.returncode, done.stdout

    def _add(self, to: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
        number = 100 + len(to)
        to.append({"id": number, "iid": number, "author": ME, **body})
        return to[-1]

    def _edit(self, among: list[dict[str, Any]], id: str, body: dict[str, Any]) -> dict[str, Any]:
        [one] = [one for one in among if str(one["id"]) == id]
        closed = {"state": "closed"} if body.pop("state_event", "") == "close" else {}
        one |= {**body, **closed}
        return one

    def _opened(self, query: dict[str, str], body: Any) -> list[Any]:
        assert query["state"] == "opened"
        return page([one for one in self.issues if (one["state"], one["labels"]) == ("opened", query["labels"])], query)

    def _requests(self, sha: str, query: dict[str, str], body: Any) -> list[Any]:
        return [{"iid": 7, "state": "merged"}] if sha in self.merged else []

    def _pipelines(self, query: dict[str, str], body: Any) -> list[Any]:
        return [{"id": one["pipeline"], "source": one["source"]} for one in reversed(self.jobs)]

    def _jobs(self, key: str, id: str) -> list[Any]:
        return [one for one in self.jobs if str(one[key]) == id]

    def _artifact(self, id: str, path: str, query: dict[str, str], body: Any) -> bytes:
        return (self.folder / "artifacts" / id / path).read_bytes()


def applies(rule: str, variables: dict[str, str]) -> bool:
    """A rule's `if`, of which `==` and `&&` are known."""

    def value(text: str) -> str:
        return variables.get(text[1:], "") if text.startswith("$") else text.strip('"')

    sides = [[value(side.strip()) for side in part.split("==")] for part in rule.split("&&")]
    return all(left == right for left, right in sides)
