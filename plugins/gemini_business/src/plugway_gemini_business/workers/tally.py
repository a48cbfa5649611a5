"""How renewals by workers went lately, in one process."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Literal

from prometheus_client import Counter as Total

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

#: What can become of a task.
Outcome = Literal["claimed", "renewed", "failed", "postponed", "given_back", "lost", "late"]

OUTCOMES: tuple[Outcome, ...] = (
    "claimed",
    "renewed",
    "failed",
    "postponed",
    "given_back",
    "lost",
    "late",
)

#: Results that a ratio is made of, the least for slowing down, and the ratios (reference:
#: "external refresh").
WINDOW, SAMPLES, SLOW, ALARMING = 100, 20, 0.5, 0.3


class Tally:
    """Counts, and tells when so much fails that fewer tasks should be handed out."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin with nothing.

        Args:
            registry: Shows the counts as metrics.
        """
        self._total = Total(
            "plugway_gemini_business_worker_tasks_total",
            "What became of renewals that workers have.",
            ["outcome"],
            registry=registry,
        )
        self._counts: Counter[Outcome] = Counter()
        self._lately: deque[bool] = deque(maxlen=WINDOW)

    def count(self, outcome: Outcome) -> None:
        """Count what became of a task.

        Args:
            outcome: What.
        """
        self._counts[outcome] += 1
        self._total.labels(outcome).inc()
        if outcome in ("renewed", "failed"):
            self._lately.append(outcome == "failed")

    @property
    def counts(self) -> dict[str, int]:
        """Return how many there were of each."""
        return {outcome: self._counts[outcome] for outcome in OUTCOMES}

    @property
    def ratio(self) -> float:
        """Return the share of failures lately, from 0 to 1."""
        return sum(self._lately) / len(self._lately) if self._lately else 0.0

    @property
    def samples(self) -> int:
        """Return of how many results the ratio is."""
        return len(self._lately)

    @property
    def slow(self) -> bool:
        """Return whether fewer tasks should be handed out: something is wrong with all."""
        return self.samples >= SAMPLES and self.ratio >= SLOW

    @property
    def alarming(self) -> bool:
        """Return whether an operator should look at it."""
        return self.samples >= SAMPLES and self.ratio >= ALARMING
