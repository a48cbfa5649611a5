"""Callbacks: told on every change, in order and once, or not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from plugway_kling.emulated.accounts import Accounts
from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.forms import stringed
from plugway_kling.emulated.ids import Ids, draw
from plugway_kling.emulated.mishaps import CallbackMishap
from plugway_kling.emulated.modern import modern
from plugway_kling.emulated.tasks import EmulatedTask, told_of

#: A secret that nobody has: what forgers sign with.
FORGER = "whsec_" + base64.b64encode(b"somebody else's secret").decode()

#: Seconds that a receiver has.
PATIENCE = 5.0

#: Callbacks that are remembered after they were sent.
REMEMBERED = 10_000


class Delivery(msgspec.Struct, kw_only=True, eq=False):
    """Is one callback.

    Attributes:
        id: Its `webhook-id`, the same however often it is sent.
        task_id: Of which task.
        state: What it says.
        url: Where it goes.
        body: What it says, as it was when the state changed.
        secrets: What it is signed with.
        key: What chaos depends on.
        mishap: What went wrong with it.
        statuses: What the receiver answered each time; None: nothing.
    """

    id: str
    task_id: str
    state: str
    url: str
    body: bytes
    secrets: tuple[str, ...]
    key: str
    mishap: CallbackMishap | None = None
    statuses: list[int | None] = msgspec.field(default_factory=list)


class Callbacks:
    """Keeps the callbacks that are due, and sends them to loopback addresses."""

    def __init__(
        self, behaviour: Behaviour, accounts: Accounts, ids: Ids, now: Callable[[], float]
    ) -> None:
        """Prepare.

        Args:
            behaviour: Order, repetition, chaos.
            accounts: Have the secrets.
            ids: Names the messages.
            now: Returns seconds since 1970.
        """
        self._behaviour = behaviour
        self._accounts = accounts
        self._ids = ids
        self._now = now
        self._sending = asyncio.Lock()
        self.due: list[Delivery] = []
        self.later: list[Delivery] = []
        self.sent: deque[Delivery] = deque(maxlen=REMEMBERED)
        self.mishaps: deque[CallbackMishap] = deque()
        self.wake = asyncio.Event()

    def tell(self, task: EmulatedTask) -> None:
        """Tell of a change, if anybody wants to hear of it."""
        if not task.callback_url:
            return
        secrets = self._accounts[task.account].webhook_secrets
        if task.kind is not None and not self._behaviour.sign_legacy:
            secrets = ()
        self.due.append(self._delivery(task, _told(task), secrets))
        self.wake.set()

    def forge(self, task: EmulatedTask, state: str, **fields: Any) -> None:
        """Let somebody else tell of a task, who does not have the account's secret.

        Args:
            task: The task.
            state: What it says, in the words of the task's generation.
            fields: More of what it says.
        """
        self.due.append(self._forged(task, state, fields))
        self.wake.set()

    async def deliver(self) -> list[Delivery]:
        """Send what is due, one after the other, and return it."""
        async with self._sending:
            batch, self.due = self.due, []
            delayed, self.later = self.later, []
            self._arrange(batch)
            done = []
            async with aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PATIENCE), trust_env=False
            ) as client:
                for delivery in (*self._fated(batch), *delayed):
                    for _ in range(self._times(delivery)):
                        delivery.statuses.append(await self._send(client, delivery))
                    done.append(delivery)
            self.sent.extend(done)
            return done

    def _fated(self, batch: list[Delivery]) -> Iterator[Delivery]:
        """Yield what goes out now, after deciding what goes wrong with it."""
        for delivery in batch:
            if delivery.mishap is None:
                asked = self.mishaps.popleft() if self.mishaps else None
                delivery.mishap = asked or self._behaviour.chaos.callback(delivery.key)
            if delivery.mishap == "delayed":
                self.later.append(delivery)
                continue
            if delivery.mishap == "forged":
                task = self._accounts.task(delivery.task_id)
                if task is not None and delivery.key:
                    yield self._forged(task, "succeed" if task.kind else "succeeded", {})
            yield delivery

    def _times(self, delivery: Delivery) -> int:
        if delivery.mishap == "lost":
            return 0
        return max(self._behaviour.repeat, 2 if delivery.mishap == "repeated" else 1)

    def _arrange(self, batch: list[Delivery]) -> None:
        order = self._behaviour.order
        if order == "last":
            batch.reverse()
        elif order == "shuffled":
            batch.sort(key=lambda each: draw(self._behaviour.chaos.seed, "order", each.key))

    def _forged(self, task: EmulatedTask, state: str, fields: dict[str, Any]) -> Delivery:
        word = "task_status" if task.kind is not None else "status"
        body = {**_told(task), word: state, **fields}
        forger = (FORGER,) if self._accounts[task.account].webhook_secrets else ()
        delivery = self._delivery(task, body, forger)
        delivery.mishap, delivery.state, delivery.key = "forged", state, ""
        return delivery

    def _delivery(
        self, task: EmulatedTask, body: dict[str, Any], secrets: tuple[str, ...]
    ) -> Delivery:
        told = stringed(body) if self._behaviour.numbers_as_strings else body
        return Delivery(
            id=self._ids.number(),
            task_id=task.id,
            state=task.state,
            url=task.callback_url,
            body=msgspec.json.encode(told),
            secrets=secrets,
            key=f"{task.key}:{task.state}",
        )

    async def _send(self, client: aiohttp.ClientSession, delivery: Delivery) -> int | None:
        if not _is_loopback(delivery.url):
            return None
        seconds = int(self._now())
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if delivery.secrets:
            headers["webhook-id"] = delivery.id
            headers["webhook-timestamp"] = str(seconds)
            headers["webhook-signature"] = " ".join(
                sign(secret, delivery.id, seconds, delivery.body) for secret in delivery.secrets
            )
        try:
            async with client.post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as response:
                return response.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a callback as Standard Webhooks says.

    Args:
        secret: `whsec_` and base64.
        message_id: The `webhook-id`.
        timestamp: Seconds since 1970.
        body: The body as it is sent.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _told(task: EmulatedTask) -> dict[str, Any]:
    return modern(task) if task.kind is None else told_of(task)


def _is_loopback(url: str) -> bool:
    host = ""
    try:
        host = urlsplit(url).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
