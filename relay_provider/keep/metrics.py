"""What is known, as Prometheus reads it. No label is a room's: there are thousands of those, and they come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from relay_provider.keep.counted import OPERATIONS, OUTCOMES
from relay_provider.keep.state import ProjectState, State
from relay_provider.version import __version__

LOOK_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The metrics of one `keep`, all of them there from the start."""

    def __init__(self, state: State) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a series more for each counter
        self._registry = CollectorRegistry()
        self._registry.register(_Known(state))
        ProcessCollector(registry=self._registry)
        looks = Histogram(
            "relay_rooms_look_duration_seconds",
            "Seconds that a look at one project took, with what it put right.",
            buckets=LOOK_SECONDS,
            registry=self._registry,
        )
        state.on_look = looks.observe

    def written(self, accept: str) -> tuple[bytes, str]:
        """The metrics in a form that the scraper accepts, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _Known(Collector):
    """Read from the state at each scrape, so that a project that is gone leaves no series behind."""

    def __init__(self, state: State) -> None:
        self._state = state

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        state = self._state
        yield self._by_project("declared", "Rooms that the manifest declares.", lambda one: len(one.declared))
        yield self._by_project(
            "missing",
            "Declared rooms that were not live at the end of the last look.",
            lambda one: len(one.found.missing) if one.found else 0,
        )
        yield self._by_project(
            "changed",
            "Declared rooms that were live with other settings at the end of the last look.",
            lambda one: len(one.found.changed) if one.found else 0,
        )
        yield CounterMetricFamily("relay_rooms_recreated", "Missing rooms that were created.", state.recreated)
        requests = CounterMetricFamily(
            "relay_rooms_api_requests",
            "Requests to the API, each with its retries, by what came of them.",
            labels=("operation", "outcome"),
        )
        for operation in OPERATIONS:
            for outcome in OUTCOMES:
                requests.add_metric((operation, outcome), state.requests[operation, outcome])
        yield requests
        yield GaugeMetricFamily(
            "relay_rooms_last_success_timestamp_seconds",
            "When the project that was listed the longest ago was listed; 0 until each was.",
            state.last_success(),
        )
        yield GaugeMetricFamily(
            "relay_rooms_manifest_last_reload_successful",
            "Whether the manifest as it is on disk is in force.",
            not state.reload_problem,
        )
        build = GaugeMetricFamily("relay_rooms_build_info", "Which version this is; always 1.", labels=("version",))
        build.add_metric((__version__,), 1)
        yield build

    def _by_project(self, what: str, help_text: str, value: Callable[[ProjectState], int]) -> Metric:
        found = GaugeMetricFamily(f"relay_rooms_{what}", help_text, labels=("project",))
        for project in self._state.projects.values():
            found.add_metric((project.label,), value(project))
        return found
