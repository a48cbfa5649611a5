"""One credential of a pool does what a plain model says, whatever happens in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pool_nodes import FAILING, RENEWED, SECOND, PoolNode, channel

from plugway import Quota
from plugway.credentials import store
from plugway.credentials.pool import Claim
from plugway.credentials.quotas import Quotas
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock
from plugway.testing.databases import Databases

T = TypeVar("T")

COOLDOWN = 15
DAY = 86_400 * SECOND
REST = {"text": 7_200, "images": 14_400, "videos": 14_400}
DAILY = {"text": 5, "images": 2}

KINDS: list[tuple[Quota, ...]] = [("text",), ("text", "images"), ("text", "videos")]
DATABASES = Databases("sqlite")


class Model:
    """Says what should be, in the plainest way."""

    def __init__(self) -> None:
        self.state, self.until, self.failures = "ready", 0, 0
        self.next_use = 0
        self.held: tuple[Quota, ...] | None = None
        self.counted = False
        self.day, self.uses = 0, {"text": 0, "images": 0, "videos": 0}
        self.rests = {"text": 0, "images": 0, "videos": 0}

    def used(self, kind: str, now: int) -> int:
        return self.uses[kind] if self.day == now // DAY else 0

    def available(self, kinds: tuple[Quota, ...], now: int) -> bool:
        if self.held is not None or now < self.next_use:
            return False
        if self.state in ("disabled", "quarantined"):
            return False
        if self.state != "ready" and now < self.until:
            return False
        return all(
            now >= self.rests[kind] and self.used(kind, now) < DAILY.get(kind, 10**9)
            for kind in kinds
        )

    def move(self, state: str, until: int = 0) -> None:
        self.state, self.until = state, until


class OneCredential(RuleBasedStateMachine):
    """Does to the pool and to the model the same."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = ExitStack()
        self.clock = ManualClock()
        self.model = Model()
        self.claim: Claim | None = None

    @initialize()
    def begin(self) -> None:
        url = self.stack.enter_context(DATABASES.fresh())
        self.databases = [Database(url), Database(url)]
        for database in self.databases:
            self.run(database.open())
        limits = {f"daily_{kind}": most for kind, most in DAILY.items()}
        self.its = channel(use_cooldown=COOLDOWN, wait=0, **limits)
        self.node = PoolNode(self.databases[0], self.clock, self.its)
        self.other = PoolNode(self.databases[1], self.clock, self.its)
        (self.id,) = self.run(self.node.fill(1))
        self.run(self.other.pool.load())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        for database in getattr(self, "databases", ()):
            self.run(database.close())
        self.runner.close()
        self.stack.close()

    @property
    def now(self) -> int:
        return self.clock.now()

    @rule(seconds=st.sampled_from([0.5, 14, 15, 100, 300, 3_000, 7_200, 20_000, 86_400]))
    def time_passes(self, seconds: float) -> None:
        async def advance() -> None:
            self.clock.advance(seconds)
            for _ in range(3):
                await asyncio.sleep(0)
                await self.node.idle()

        self.run(advance())

    @rule(kinds=st.sampled_from(KINDS))
    def is_claimed(self, kinds: tuple[Quota, ...]) -> None:
        available = self.model.available(kinds, self.now)
        claim = self.run(self.node.claim(*kinds))
        assert (claim is not None) == available, (kinds, vars(self.model))
        if claim is not None:
            self.claim = claim
            self.model.held, self.model.counted = kinds, False

    @rule(kinds=st.sampled_from(KINDS))
    def is_claimed_elsewhere(self, kinds: tuple[Quota, ...]) -> None:
        # That node may not know what has become of it, but never does what may not be.
        claim = self.run(self.other.claim(*kinds))
        if claim is not None:
            assert self.model.available(kinds, self.now), (kinds, vars(self.model))
            self.run(self.other.free(claim))
            self.model.next_use = self.now + COOLDOWN * SECOND

    @precondition(lambda self: self.claim is not None)
    @rule()
    def is_freed(self) -> None:
        assert self.claim is not None
        self.run(self.node.free(self.claim))
        self.claim = self.model.held = None
        self.model.next_use = self.now + COOLDOWN * SECOND

    @precondition(lambda self: self.claim is not None)
    @rule()
    def succeeds(self) -> None:
        model = self.model
        self.say(lambda node, credential: node.pool.succeeded(credential, self.its))
        if not model.counted and model.held is not None:
            model.counted = True
            if model.day != self.now // DAY:
                model.day, model.uses = self.now // DAY, dict.fromkeys(model.uses, 0)
            for kind in model.held:
                model.uses[kind] += 1
                model.rests[kind] = 0
        elif model.state == "cooling":
            return
        if model.state != "disabled":
            model.failures = 0
            model.move("ready")

    @precondition(lambda self: self.claim is not None)
    @rule(state=st.sampled_from(["expired", "restricted"]))
    def is_refused(self, state: Any) -> None:
        model = self.model
        self.say(lambda node, credential: node.pool.refused(credential, self.its, "no", state))
        if model.state not in ("disabled", "quarantined"):
            model.failures += 1
            rest = min(300 * 2 ** (model.failures - 1), 21_600)
            model.move(state, self.now + rest * SECOND)

    @precondition(lambda self: self.claim is not None)
    @rule(kinds=st.sampled_from(KINDS), seconds=st.sampled_from([None, 1, 50, 100_000]))
    def is_exhausted(self, kinds: tuple[Quota, ...], seconds: float | None) -> None:
        model, kind = self.model, kinds[-1]
        self.say(
            lambda node, credential: node.pool.exhausted(
                credential, self.its, seconds, "429", kinds
            )
        )
        if model.state in ("disabled", "quarantined"):
            return
        rest = min(REST[kind] if seconds is None else seconds, 86_400)
        until = self.now + round(rest * SECOND)
        if kind == "text":
            model.move("cooling", until)
            return
        model.rests[kind] = until
        if model.state in ("expired", "restricted"):
            model.failures = 0
            model.move("ready")

    @rule()
    def is_quarantined(self) -> None:
        done = self.run(self.node.decided(self.id, FAILING, "quarantined", "renewals failed"))
        assert done == (self.model.state not in ("disabled", "quarantined"))
        if done:
            self.model.move("quarantined")

    @rule()
    def is_renewed(self) -> None:
        done = self.run(self.node.decided(self.id, RENEWED, "ready"))
        assert done == (self.model.state in ("expired", "restricted", "quarantined"))
        if done:
            self.model.failures = 0
            self.model.move("ready")

    @rule(state=st.sampled_from(["disabled", "ready"]))
    def operator_says(self, state: str) -> None:
        database = self.databases[1]
        self.run(store.set_state(database, self.id, state, "by hand", self.clock))
        self.run(self.node.pool.load())
        self.model.failures = 0
        self.model.move(state)

    @precondition(lambda self: self.model.state != "disabled" and self.claim is None)
    @rule()
    def operator_clears(self) -> None:
        self.run(store.clear(self.databases[1], self.id, self.clock))
        self.run(self.node.pool.load())
        model = self.model
        model.failures, model.next_use = 0, 0
        model.move("ready")
        model.rests, model.uses = dict.fromkeys(REST, 0), dict.fromkeys(REST, 0)

    @precondition(lambda self: self.claim is None)
    @rule()
    def restarts(self) -> None:
        self.node = PoolNode(self.databases[0], self.clock, self.its)
        self.run(self.node.pool.load())

    @rule()
    def loads(self) -> None:
        self.run(self.node.pool.load())
        self.run(self.other.pool.load())

    def say(self, word: Any) -> None:
        async def said() -> None:
            assert self.claim is not None
            word(self.node, self.claim.credential)
            await self.node.idle()

        self.run(said())

    @invariant()
    def row_and_memory_agree(self) -> None:
        if not hasattr(self, "node"):
            return
        model = self.model
        row = self.run(self.node.row(self.id))
        (credential,) = self.node.pool.all(1)
        # A word too often, or an old one, would show here.
        assert (row.state, credential.state) == (model.state, model.state)
        until = model.until or None
        assert (row.cooling_until, credential.until) == (until, until)
        assert (row.failures, credential.failures) == (model.failures, model.failures)
        assert (row.claim is not None) == (model.held is not None)
        if model.held is not None:
            # What it has used is written when it is freed.
            return
        quotas = Quotas.read(row.quotas)
        for kind, at in model.rests.items():
            assert (quotas.rests[kind].until if kind in quotas.rests else 0) == at
        today = self.clock.now() // DAY
        if model.day == today and any(model.uses.values()):
            assert {**dict.fromkeys(REST, 0), **quotas.uses} == model.uses


TestOneCredential = pytest.mark.filterwarnings("error")(OneCredential.TestCase)
TestOneCredential.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module", autouse=True)
def template() -> Any:
    """Keep the tables that each example copies."""
    with DATABASES:
        yield
