"""How tasks begin, move and end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from plugway_kling.emulated.accounts import Account, Accounts
from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.ids import draw
from plugway_kling.emulated.refusals import Refusal, invalid
from plugway_kling.emulated.results import Results
from plugway_kling.emulated.tasks import ENDS, EmulatedTask, State
from plugway_kling.emulated.units import units

#: What is said of tasks that fail by chance.
FAILURE = "Failure to pass the risk control system"


class Life:
    """Moves the tasks of every account."""

    def __init__(
        self,
        behaviour: Behaviour,
        accounts: Accounts,
        results: Results,
        now: Callable[[], float],
        tell: Callable[[EmulatedTask], None],
    ) -> None:
        """Prepare.

        Args:
            behaviour: How tasks move.
            accounts: Whose they are.
            results: Makes what they make.
            now: Returns seconds since 1970.
            tell: Is told of every change.
        """
        self._behaviour = behaviour
        self._accounts = accounts
        self._results = results
        self._now = now
        self._tell = tell
        self._open: dict[str, EmulatedTask] = {}

    def open(self, task: EmulatedTask) -> None:
        """Begin a task.

        Raises:
            Refusal: Its account may not have it, or not now.
        """
        behaviour = self._behaviour
        account = self._accounts[task.account]
        if account.trouble is not None:
            raise Refusal(account.trouble)
        if account.units <= 0:
            raise Refusal(1102)
        if behaviour.unique_external_ids and task.external_id in account.named:
            raise invalid("external_task_id", f"{task.external_id} exists already")
        if account.capacity is not None:
            self.catch_up()
            if self._used(task) + task.slots > account.capacity:
                raise Refusal(1303)
        task.hidden = behaviour.hidden_looks
        task.pace = 0.5 + draw(behaviour.chaos.seed, "pace", task.key)
        account.add(task)
        self._open[task.id] = task
        self._tell(task)

    def find(self, account: Account, name: str, *, external: bool = True) -> EmulatedTask | None:
        """Return a task of an account as it stands, unless it is not to be found yet."""
        task = account.find(name, external=external)
        if task is not None and task.hidden > 0:
            task.hidden -= 1
            return None
        return task

    def look(self, task: EmulatedTask) -> None:
        """Count a query, and move the task if queries move it."""
        task.looks += 1
        behaviour = self._behaviour
        if behaviour.held:
            return
        if behaviour.seconds is not None:
            self._pass(task, behaviour.seconds)
        elif task.looks >= behaviour.looks:
            self._end(task)
        elif task.looks > 1 or behaviour.looks == 2:
            self.move(task, "processing")

    def catch_up(self) -> None:
        """Move every task to where time has brought it."""
        behaviour = self._behaviour
        if behaviour.held or behaviour.seconds is None:
            return
        for task in tuple(self._open.values()):
            self._pass(task, behaviour.seconds)

    def advance(self) -> None:
        """Move every open task by one state, even if tasks are held."""
        for task in tuple(self._open.values()):
            if task.state == "submitted":
                self.move(task, "processing")
            else:
                self._end(task)

    def move(self, task: EmulatedTask, state: State, reason: str = "") -> None:
        """Bring a task to a state, and tell of it; one that has ended stays as it is.

        Args:
            task: The task.
            state: Where to.
            reason: Why it failed.
        """
        if task.ended or task.state == state:
            return
        account = self._accounts[task.account]
        if state == "succeed":
            task.result = self._results.of(task, account)
            task.units = units(task)
            account.units -= task.units
        task.state, task.reason, task.updated_at = state, reason, self._now()
        if state in ENDS:
            self._open.pop(task.id, None)
        self._tell(task)

    def _pass(self, task: EmulatedTask, seconds: float) -> None:
        """Move a task to where time has brought it, if an average one takes so long."""
        age = (self._now() - task.created_at) / task.pace
        if age >= seconds / 3:
            self.move(task, "processing")
        if age >= seconds:
            self._end(task)

    def _end(self, task: EmulatedTask) -> None:
        if self._behaviour.chaos.fails(task.key):
            self.move(task, "failed", FAILURE)
        else:
            self.move(task, "succeed")

    def _used(self, task: EmulatedTask) -> int:
        """Return the slots that are taken of the account and package of a task."""
        return sum(
            other.slots
            for other in self._open.values()
            if other.account == task.account and other.package == task.package
        )


class Finish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a task to be brought to a state.

    Attributes:
        state: Which.
        message: Why it failed.
    """

    state: State = "succeed"
    message: str = ""
