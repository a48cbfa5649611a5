"""The door to tasks, handed to plugins as `gateway.tasks`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from plugway.contract import TaskFinished, TaskUpdate, Usage
from plugway.errors import NotFound, PlugwayError, TaskGone
from plugway.tasks import receipts, store, told
from plugway.tasks.asked import Asked
from plugway.tasks.asking import Asking
from plugway.tasks.journal import Journal
from plugway.tasks.keeping import Keeping
from plugway.tasks.news import News
from plugway.tasks.polling import Polling
from plugway.tasks.room import Room
from plugway.tasks.submission import Submission

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.calls.parts import Parts
    from plugway.contract import Poller, Task
    from plugway.identity.principal import Principal
    from plugway.media.store import MediaStore
    from plugway.request import Request
    from plugway.storage.database import Database

#: Seconds that a client's query waits for the upstream.
_QUERY = 10.0


class Tasks:
    """Makes tasks and looks them up; one per gateway."""

    def __init__(
        self,
        parts: Parts,
        database: Database,
        pollers: Mapping[str, Poller],
        *,
        owner: str,
        media: MediaStore,
        finished: Callable[[TaskFinished], None],
    ) -> None:
        """Take what is needed.

        Args:
            parts: What calls go through.
            database: Where tasks are.
            pollers: By provider.
            media: Where what they make is kept.
            owner: This node, unique among nodes and processes.
            finished: Told of each task that has ended.
        """
        self._parts = parts
        self._database = database
        self._news = News(database, parts.clock)
        self._journal = Journal(parts, pollers, finished=finished, moved=self._news.tell)
        self._keeping = Keeping(parts, media)
        self._room = Room(database, parts.clock)
        asking = Asking(parts)
        self.polling = Polling(
            parts, database, pollers, asking, self._journal, self._keeping, owner
        )
        self._asked: dict[str, asyncio.Task[Task]] = {}

    def open(
        self,
        request: Request,
        *,
        provider: str,
        kind: str,
        model: str,
        usage: Usage | Sequence[Usage],
        body: bytes,
        external_id: str | None = None,
        callback_url: str | None = None,
        pin: Binding | None = None,
        listed: str | None = None,
    ) -> Submission:
        """Open the submit of a task, as `async with gateway.tasks.open(…) as submission:`.

        On entering, the caller's rights are checked, channels looked up, the credits held and
        the task's row written.

        Args:
            request: The client's request.
            provider: Which provider serves it.
            kind: The plugin's word for how the upstream is asked for it, up to 64 characters.
            model: Which model; the key and a channel must have it.
            usage: What it uses if it succeeds, at the most.
            body: What was asked; kept with the task, long texts cut.
            external_id: The caller's own name for it, 1 to 190 characters.
            callback_url: Where the caller wants to hear of it.
            pin: What `gateway.bindings.find` returned, where the task concerns something that
                one credential made: only that one is asked.
            listed: What channels and keys list for the model; None: the model itself.

        Returns:
            The submission, to be entered.

        Raises:
            NotPermitted: The key or the group may not use the model, or not from here.
            RateLimited: Too many calls.
            NoChannel: No channel serves the model.
            NoPrice: The tariff has no row for the usage.
            InsufficientCredits: The balance or the key's quota does not cover it.
            Conflict: Another task of this user and provider has that external id.
            AddressRefused: The callback URL cannot be one.
            LedgerUnavailable: The hold could not be made durable.
        """
        usages = (usage,) if isinstance(usage, Usage) else tuple(usage)
        asked = Asked(
            provider=provider,
            kind=kind,
            model=model,
            usages=usages,
            body=body,
            external_id=external_id,
            callback_url=callback_url,
            pin=pin,
            listed=listed or model,
        )
        return Submission(self._parts, self._journal, self._keeping, self._room, request, asked)

    async def own(self, principal: Principal, call_id: str, *, kinds: Collection[str] = ()) -> Task:
        """Return a caller's own task by its call, whoever makes it.

        Args:
            principal: Whose it must be.
            call_id: Our own name for it, as anybody wrote it.
            kinds: Kinds it may be of; empty: any.

        Raises:
            NotFound: The caller has no such task.
        """
        task = await store.by_call(self._database, call_id)
        if task is None or task.user_id != principal.user_id or (kinds and task.kind not in kinds):
            raise NotFound("there is no such task", field="id")
        return task

    async def changed(self, task: Task, seconds: float) -> Task:
        """Wait until more is known of a task, and return it; on any node.

        Args:
            task: As it was known.
            seconds: Longest wait.

        Returns:
            The task as it is now, the same if nothing has happened.
        """
        return await self._news.of(task, seconds)

    async def listed(
        self,
        principal: Principal,
        *,
        kinds: Collection[str],
        after: str | None = None,
        limit: int = 20,
        oldest_first: bool = False,
    ) -> list[Task]:
        """Return a caller's own tasks of all providers, the newest first.

        Args:
            principal: Whose.
            kinds: Kinds they may be of.
            after: The call of the task after which they come; None: the first.
            limit: Most of them; the caller of this bounds it.
            oldest_first: The other way round.

        Raises:
            NotFound: The caller has no such task as `after` names.
        """
        last = None if after is None else (await self.own(principal, after, kinds=kinds)).id
        return await store.listed(
            self._database,
            tuple(self._parts.providers),
            user_id=principal.user_id,
            kinds=kinds,
            after=last,
            limit=limit,
            oldest_first=oldest_first,
        )

    async def get(
        self, principal: Principal, provider: str, name: str, *, kinds: Collection[str] = ()
    ) -> Task:
        """Return a caller's own task as the database has it.

        Args:
            principal: Whose it must be.
            provider: The provider.
            name: The upstream's name for it, or the caller's own.
            kinds: Kinds it may be of; empty: any.

        Raises:
            NotFound: The caller has no such task.
        """
        task = await store.owned(
            self._database, provider, name, user_id=principal.user_id, kinds=kinds
        )
        if task is None:
            raise NotFound("there is no such task", field="task_id")
        return task

    async def page(
        self,
        principal: Principal,
        provider: str,
        *,
        kinds: Collection[str] = (),
        page: int = 1,
        size: int = 30,
    ) -> list[Task]:
        """Return a caller's own tasks, the newest first.

        Args:
            principal: Whose.
            provider: The provider.
            kinds: Kinds they may be of; empty: any.
            page: 1 or more; the caller of this bounds it.
            size: 1 or more, in the same way.
        """
        return await store.page(
            self._database, provider, user_id=principal.user_id, kinds=kinds, page=page, size=size
        )

    async def find(
        self, provider: str, *, call_id: str | None = None, upstream_id: str | None = None
    ) -> Task | None:
        """Return anybody's task, for what an upstream tells by itself.

        Args:
            provider: The provider.
            call_id: Our own name for it, looked at first.
            upstream_id: The upstream's.
        """
        task = None
        if call_id is not None:
            task = await store.by_call(self._database, call_id)
        if task is None and upstream_id is not None:
            task = await store.by_upstream(self._database, provider, upstream_id)
        return task if task is not None and task.provider == provider else None

    async def receive(self, task: Task, body: str, update: TaskUpdate | None = None) -> None:
        """Keep what an upstream told of a task by itself, and act on it.

        Args:
            task: The task.
            body: What was told.
            update: What it means, if it is proven to come from the upstream; None: it is a
                hint at most, and the upstream is asked.

        Raises:
            UnreadableAnswer: The update is none.
        """
        now = self._parts.clock.now()
        kept = await receipts.keep(
            self._database, task.call_id, body, verified=update is not None, now_us=now
        )
        if task.ended:
            return
        if update is not None:
            update = await self._keeping.kept(task, told.checked(update))
            await self._journal.update(task, update)
            return
        if task.failures or not kept:
            # After a failure the pause holds that it asks for; and hints must end somewhere.
            return
        # Anybody can send a hint: many of them are worth one question.
        fresh = round(self._parts.settings().tasks.fresh_seconds * 1_000_000)
        due = max(now, task.updated_at + fresh)
        if await store.wake(self._database, task.call_id, due) and due == now:
            self.polling.wake()

    async def refresh(self, task: Task) -> Task:
        """Return a task as its upstream says it is, which is asked unless it just was.

        Of several that ask at once one asks the upstream. If it cannot be asked the task is
        returned as it was known last.

        Args:
            task: The task.
        """
        fresh = self._parts.settings().tasks.fresh_seconds * 1_000_000
        known = task.state in ("submitted", "processing") and task.upstream_id is not None
        if not known or self._parts.clock.now() - task.updated_at < fresh:
            return task
        try:
            return await self.poll(task)
        except PlugwayError:
            # The poller goes on asking, and counts failures at its own pace.
            return task

    async def poll(self, task: Task) -> Task:
        """Return a task as its upstream says it is, asked now.

        Args:
            task: The task; one that has ended or whose submit is under way is returned as it is.

        Raises:
            UpstreamError: The upstream could not be asked; the task stays as it is.
        """
        if task.ended or task.state == "pending":
            return task
        asked = self._asked.get(task.call_id)
        if asked is None:
            asked = asyncio.create_task(self._ask(task))
            self._asked[task.call_id] = asked
            asked.add_done_callback(partial(self._forget, task.call_id))
        # One client's departure must not take the answer from the others.
        return await asyncio.shield(asked)

    async def recheck(self, task: Task) -> TaskUpdate | None:
        """Ask the upstream for a task that has ended, without changing anything.

        Args:
            task: The task.

        Returns:
            What the upstream says; None: it has no such task.

        Raises:
            UpstreamError: It could not be asked.
        """
        try:
            return await self.polling.ask(task, _QUERY)
        except TaskGone:
            return None

    def _forget(self, call_id: str, asked: asyncio.Task[Task]) -> None:
        self._asked.pop(call_id, None)
        if not asked.cancelled():
            # If every client has left nobody hears of an error, and asyncio would complain.
            asked.exception()

    async def _ask(self, task: Task) -> Task:
        try:
            update = await self.polling.ask(task, _QUERY)
        except PlugwayError as error:
            self._parts.metrics.polled(task.provider, error.code)
            raise
        self._parts.metrics.polled(task.provider, update.state)
        await self._journal.update(task, await self._keeping.kept(task, update))
        found = await store.by_call(self._database, task.call_id)
        return task if found is None else found
