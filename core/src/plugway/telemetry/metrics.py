"""What the gateway counts, for Prometheus.

No label holds a user, a key, a prompt or a path with ids in it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from plugway.contract.tasks import ENDED, TaskState
from plugway.telemetry.directory import VARIABLE

#: From a local lookup to a video that was waited for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_OVERHEAD = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1)
#: From an image to a video that the upstream took a night for.
_TASK = (1, 5, 10, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600, 7200, 21_600, 86_400)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

#: For values that every process reads from the one database: the last one read counts.
_SHARED = "livemostrecent"


class Metrics:
    """Counts for one gateway.

    Where several processes serve one gateway, each writes its numbers to a file in the
    directory that the supervisor named, and any of them renders the sum.

    Attributes:
        registry: Where a plugin may register metrics of its own, named `plugway_<plugin>_…`.
        content_type: Of what `render` returns.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._directory = os.environ.get(VARIABLE)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"plugway_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str, mode: str = _SHARED) -> Gauge:
            return Gauge(
                f"plugway_{name}",
                text,
                labels,
                registry=registry,
                multiprocess_mode=mode,  # type: ignore[arg-type]  # one of its literals
            )

        def histogram(
            name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
        ) -> Histogram:
            return Histogram(f"plugway_{name}", text, labels, registry=registry, buckets=buckets)

        #: Incremented and decremented around each request.
        self.inflight = gauge("inflight", "Requests being served.", mode="livesum")
        self._requests = counter(
            "requests_total", "Requests that ended.", "plugin", "route", "code"
        )
        self._request = histogram(
            "request_seconds", "From a request's arrival to its end.", "plugin", "route"
        )
        self._overhead = histogram(
            "overhead_seconds", "The gateway's own part of a call.", "plugin", buckets=_OVERHEAD
        )
        self._upstream = histogram(
            "upstream_seconds", "Until an upstream's headers came.", "provider", "channel"
        )
        self._settled = counter("settle_total", "Calls ended in the ledger.", "result")
        self._swept = counter("sweep_released_total", "Holds that nobody resolved, released.")
        self._batch = histogram(
            "ledger_batch_size", "Operations in one ledger transaction.", buckets=_BATCH
        )
        self._retries = counter("ledger_retry_total", "Ledger transactions tried again.")
        self._holds = gauge("holds_open", "Holds that are open.")
        self._held = gauge("holds_open_credits", "Credits in open holds.")
        self._mismatch = gauge(
            "ledger_mismatch",
            "Invariants that did not hold when the ledger was last verified here.",
        )
        self._tasks = gauge("tasks_open", "Tasks that have not ended.", "state")
        self._lag = gauge("task_lag_seconds", "How long the task that is due longest has waited.")
        self._media = gauge("media_kept", "Images, videos and sounds that are kept.")
        self._media_bytes = gauge("media_kept_bytes", "Bytes of them.")
        self._polls = counter(
            "task_polls_total", "Upstreams asked for tasks.", "provider", "outcome"
        )
        self._finished = counter(
            "tasks_finished_total", "Tasks that ended.", "provider", "channel", "state"
        )
        self._task = histogram(
            "task_seconds", "From a task's submit to its end.", "provider", "kind", buckets=_TASK
        )
        self._callbacks = counter(
            "callbacks_total", "Tries to tell clients of their tasks.", "result"
        )
        self._alerts = counter("alerts_total", "Things an operator should look at.", "kind")
        self._credentials = gauge(
            "credential_state", "Credentials in a state.", "provider", "state"
        )
        self._renewals = counter(
            "renewals_total", "Renewals of credentials that ended.", "provider", "result"
        )
        self._pool = gauge(
            "pool_credentials", "Credentials of a pool in a condition.", "channel", "condition"
        )
        self._claims = counter(
            "pool_claims_total", "Credentials asked of a pool.", "provider", "channel", "result"
        )
        self._channels = gauge(
            "channel_state", "1 for the state a channel is in.", "provider", "channel", "state",
            mode="livemax",
        )  # fmt: skip
        self._proxies = gauge(
            "proxies", "Proxies of the pool in a state, in one process.", "state", mode="livemax"
        )
        self._plugins = gauge(
            "plugin_info", "Plugins, by state.", "name", "version", "state", mode="livemax"
        )
        self._age = gauge(
            "snapshot_age_seconds", "Since the snapshots were last known good.", mode="livemax"
        )
        self._settings = gauge(
            "settings_ok", "0: the settings file is wrong and not in force.", mode="livemin"
        )
        build = gauge("build_info", "What runs.", "version", "python", mode="livemax")
        build.labels(version("plugway"), platform.python_version()).set(1)
        if self._directory is None:
            ProcessCollector(registry=registry)
        self._settings.set(1)
        # Label look-ups cost more than the counting itself.
        self._ended: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._overheads: dict[str, Histogram] = {}
        self._upstreams: dict[tuple[str, str], Histogram] = {}
        self._results: dict[str, Counter] = {}

    def request(
        self, plugin: str, route: str, status: int, seconds: float, overhead: float | None = None
    ) -> None:
        """Count a request that ended.

        Args:
            plugin: Who served it.
            route: The mount's path; empty: there was none.
            status: HTTP status; 499: the client had left.
            seconds: From its arrival to its end.
            overhead: The gateway's own part of them, for calls.
        """
        ended = self._ended.get((plugin, route, status))
        if ended is None:
            ended = (
                self._requests.labels(plugin, route, str(status)),
                self._request.labels(plugin, route),
            )
            self._ended[plugin, route, status] = ended
        ended[0].inc()
        ended[1].observe(seconds)
        if overhead is not None:
            child = self._overheads.get(plugin)
            if child is None:
                child = self._overheads[plugin] = self._overhead.labels(plugin)
            child.observe(overhead)

    def upstream(self, provider: str, channel: str, seconds: float) -> None:
        """Count an upstream that was asked.

        Args:
            provider: The provider.
            channel: The channel's name.
            seconds: Until its headers came, or it failed.
        """
        child = self._upstreams.get((provider, channel))
        if child is None:
            child = self._upstreams[provider, channel] = self._upstream.labels(provider, channel)
        child.observe(seconds)

    def settled(self, result: str) -> None:
        """Count the end of a call in the ledger.

        Args:
            result: `settled`, `released`, `free` or `refused`.
        """
        child = self._results.get(result)
        if child is None:
            child = self._results[result] = self._settled.labels(result)
        child.inc()

    def swept(self, holds: int) -> None:
        """Count holds that the sweeper released."""
        self._swept.inc(holds)

    def ledger_batch(self, operations: int) -> None:
        """Count a ledger transaction by its size."""
        self._batch.observe(operations)

    def ledger_retry(self) -> None:
        """Count a ledger transaction that is tried again."""
        self._retries.inc()

    def holds(self, count: int, held: int) -> None:
        """Set how many holds are open, and the credits in them."""
        self._holds.set(count)
        self._held.set(held)

    def ledger_mismatch(self, problems: int) -> None:
        """Set how many invariants did not hold when the ledger was verified; it must be 0."""
        self._mismatch.set(problems)

    def media(self, number: int, size: int) -> None:
        """Set how many media are kept, and their bytes."""
        self._media.set(number)
        self._media_bytes.set(size)

    def tasks(self, open_: Mapping[str, int], lag: float) -> None:
        """Set how many tasks are open, and how late the polls are.

        Args:
            open_: How many by state; what is not in it is 0.
            lag: Seconds that the task that is due longest has waited; 0: none is due.
        """
        for state in get_args(TaskState):
            if state not in ENDED:
                self._tasks.labels(state).set(open_.get(state, 0))
        self._lag.set(lag)

    def polled(self, provider: str, outcome: str) -> None:
        """Count an upstream that was asked for a task.

        Args:
            provider: The provider.
            outcome: What came of it, one of a few words: an error's code, say, and never
                anything of the upstream's.
        """
        self._polls.labels(provider, outcome).inc()

    def task_finished(
        self, provider: str, channel: str | None, kind: str, state: str, seconds: float
    ) -> None:
        """Count a task that ended.

        Args:
            provider: The provider.
            channel: The channel's name; None: none was asked, or it has been deleted.
            kind: The plugin's word for its kind.
            state: `succeed`, `failed` or `expired`.
            seconds: From its submit.
        """
        self._finished.labels(provider, channel or "", state).inc()
        self._task.labels(provider, kind).observe(seconds)

    def callback(self, result: str) -> None:
        """Count a try to deliver a message to a client.

        Args:
            result: `delivered`, `retried`: it will be tried again, or `failed`: given up.
        """
        self._callbacks.labels(result).inc()

    def alerted(self, kind: str) -> None:
        """Count something that an operator should look at.

        Args:
            kind: As in `plugway.alerts`.
        """
        self._alerts.labels(kind).inc()

    def credentials(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Set how many credentials are in each state.

        Args:
            counts: By provider and state; what is not in it is 0.
        """
        _replace(self._credentials, counts)

    def renewal(self, provider: str, result: str) -> None:
        """Count a renewal of a credential that ended.

        Args:
            provider: The provider.
            result: `renewed`, `failed`, `postponed`: for no fault of the credential's, or
                `late`: somebody else had been quicker.
        """
        self._renewals.labels(provider, result).inc()

    def pool(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Set how many credentials of pooled channels are in each condition.

        Args:
            counts: By channel's name and condition; what is not in it is 0.
        """
        _replace(self._pool, counts)

    def claim(self, provider: str, channel: str, result: str) -> None:
        """Count what became of a call's wish for a credential of a pool.

        Args:
            provider: The provider.
            channel: The channel's name.
            result: `claimed`: at once; `waited`: after others; `waited_in_vain`; `none`:
                nothing would be ready in time; `lost`: another node was quicker, and the next
                credential is tried.
        """
        self._claims.labels(provider, channel, result).inc()

    def channels(self, states: Iterable[tuple[str, str, str]]) -> None:
        """Set the state of each channel.

        Args:
            states: Provider, channel's name, state of its breaker.
        """
        _replace(self._channels, dict.fromkeys(states, 1))

    def proxies(self, counts: Mapping[str, int]) -> None:
        """Set how many proxies of the pool are in each state.

        Args:
            counts: By state; what is not in it is 0.
        """
        _replace(self._proxies, {(state,): count for state, count in counts.items()})

    def plugins(self, plugins: Iterable[tuple[str, str, str]]) -> None:
        """Set the plugins.

        Args:
            plugins: Name, version, state.
        """
        _replace(self._plugins, dict.fromkeys(plugins, 1))

    def snapshot_age(self, seconds: float) -> None:
        """Set how old this process's snapshots are."""
        self._age.set(seconds)

    def settings_ok(self, *, ok: bool) -> None:
        """Set whether the settings file is in force."""
        self._settings.set(ok)

    def render(self) -> bytes:
        """Return all numbers in Prometheus' text form, other processes' included."""
        if self._directory is None:
            return generate_latest(self.registry)
        merged = CollectorRegistry()
        MultiProcessCollector(merged, self._directory)  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(merged)


def _replace(gauge: Gauge, values: Mapping[Any, int]) -> None:
    # Set to 0 rather than removed: a series that ends keeps an alert from ending.
    for metric in gauge.collect():
        for sample in metric.samples:
            labels = tuple(sample.labels.values())
            if labels not in values:
                gauge.labels(**sample.labels).set(0)
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
