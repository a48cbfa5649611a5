"""A credential's place in the pool: what its row said last, and what this process knows."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from plugway.credentials.quotas import Quotas
from plugway.credentials.rows import Change, Facts, Given, Word
from plugway.credentials.states import DOUBTFUL, Condition, condition

if TYPE_CHECKING:
    from plugway.credentials.credential import Credential

#: Microseconds until a claim of another node is looked at again, at the least: it ends when
#: that node's call does, which nobody tells.
LOOK_US = 1_000_000


class Slot:
    """Keeps one credential.

    Attributes:
        credential: The credential; exchanged with its secret.
        before: The one that this process's call has, whose secret was exchanged meanwhile.
        facts: What its row said last, as far as this process knows.
        quotas: What is left of its quotas.
        next_use_at: Microseconds since 1970 when its rest after the last call is over.
        claimed_until: The same, of a claim of another node.
        look_at: The same, when such a claim is worth another look.
        looks: Looks at that claim so far.
        owner: The call of this process that uses it, is about to, or has just ended.
        lease_until: Microseconds since 1970 when this process's claim is over.
        drawn: Kinds of quota that this call draws from, while that is not counted.
        reason: Why it is in its state.
        told: Number of the last change of state that is not written; 0: all are.
        given: The claim that is to be ended in its row.
        writing: What is being written to its row at this moment.
        version: Goes up with each change of its place in queues.
        stamp: When, by the pool's own count, its row was last written here.
    """

    __slots__ = (
        "before",
        "claimed_until",
        "credential",
        "drawn",
        "facts",
        "given",
        "lease_until",
        "look_at",
        "looks",
        "next_use_at",
        "owner",
        "quotas",
        "reason",
        "stamp",
        "told",
        "version",
        "writing",
    )

    def __init__(self, credential: Credential, facts: Facts) -> None:
        self.credential = credential
        self.before: Credential | None = None
        self.facts = facts
        self.quotas = Quotas.read(facts.quotas)
        self.next_use_at = facts.next_use_at
        self.claimed_until = facts.claimed_until
        self.look_at = 0
        self.looks = 0
        self.owner: str | None = None
        self.lease_until = 0
        self.drawn: Set[str] = frozenset()
        self.reason = ""
        self.told = 0
        self.given: Given | None = None
        self.writing: Change | None = None
        self.version = 0
        self.stamp = 0

    @property
    def doubtful(self) -> bool:
        """Say whether nobody knows if it works."""
        return self.credential.state in DOUBTFUL

    def condition(self, now: int) -> Condition:
        """Return what it is in now.

        Args:
            now: Microseconds since 1970.
        """
        until = max(self.lease_until, now + 1) if self.owner else self.claimed_until
        return condition(self.credential.state, self.credential.until, until, now)

    def merge(self, facts: Facts, now: int) -> None:
        """Take over what its row says; a word of somebody else's wins over one not yet written.

        Args:
            facts: Read from the row, with the same secret.
            now: Microseconds since 1970.
        """
        known, credential, writing = self.facts, self.credential, self.writing
        # What this process is writing at this moment is no news to it.
        word = None if writing is None else writing.word
        own = word is not None and (facts.state, facts.until) == (word.state, word.until)
        if not own and (facts.state, facts.until) != (known.state, known.until):
            credential.state, credential.until = facts.state, facts.until
            credential.failures, self.told = facts.failures, 0
        elif facts.failures != known.failures and not self.told:
            credential.failures = facts.failures
        if facts.quotas not in (known.quotas, None if writing is None else writing.quotas):
            self.quotas = Quotas.read(facts.quotas)
        if self.owner is None:
            self.next_use_at = facts.next_use_at
            if facts.claimed_until != self.claimed_until:
                self.claimed_until, self.looks = facts.claimed_until, 0
                self.look_again(now)
        self.facts = facts

    def look_again(self, now: int) -> None:
        """Leave a claim of another node alone for a while, ever longer the longer it goes on.

        Args:
            now: Microseconds since 1970.
        """
        self.look_at = now + LOOK_US * 2 ** min(self.looks, 6)
        self.looks += 1

    def change(self) -> Change | None:
        """Return what is to be written; None: nothing."""
        credential, word = self.credential, None
        if self.told:
            word = Word(credential.state, credential.until, credential.failures, self.reason)
        same = self.quotas == Quotas.read(self.facts.quotas)
        if same and self.given is None and word is None:
            return None
        return Change(self.facts, self.given, word, None if same else self.quotas.text())

    def written(self, change: Change, told: int) -> None:
        """Note that a change is in the row.

        Args:
            change: What was written.
            told: What `told` was when it was made.
        """
        facts = self.facts
        if change.given is not None:
            facts = facts._replace(
                claim=None, claimed_until=None, next_use_at=change.given.next_use_at
            )
        if change.word is not None:
            word = change.word
            facts = facts._replace(state=word.state, until=word.until, failures=word.failures)
        if change.quotas is not None:
            facts = facts._replace(quotas=change.quotas)
        self.facts = facts
        if self.told == told:
            self.told = 0
