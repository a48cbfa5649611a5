"""What is open for as long as somebody wants it, whoever asked for it first."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

T = TypeVar("T")


class Held(Generic[T]):
    """Keeps one block open in a task of its own, so that no asker's end is the block's."""

    def __init__(self, block: AbstractAsyncContextManager[T]) -> None:
        """Begin to enter the block.

        Args:
            block: Not entered yet.
        """
        self._wanted = asyncio.Event()
        self._ready: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(block))

    @property
    def ended(self) -> bool:
        """Return whether the block has been left."""
        return self._task.done()

    async def value(self) -> T:
        """Wait until the block is entered, and return what it gives.

        Raises:
            Exception: What entering it raised.
        """
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        """Leave the block, and wait until it is left; also when it is being entered.

        A wait that is cancelled leaves it all the same.
        """
        self._wanted.set()
        await asyncio.wait([self._task])

    async def _hold(self, block: AbstractAsyncContextManager[T]) -> None:
        try:
            async with block as value:
                self._ready.set_result(value)
                await self._wanted.wait()
        except Exception as error:  # noqa: BLE001  # it belongs to who waits for the block
            if not self._ready.done():
                self._ready.set_exception(error)
                # Whoever asked may have gone.
                self._ready.exception()
