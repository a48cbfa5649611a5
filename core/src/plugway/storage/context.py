"""One database's own view of the models.

Tortoise keeps the connection, the query templates and the filters of a model on the
model class, so that the database opened last decides how all of them speak SQL. Here
each database keeps a copy, and the model shows the one of the active database.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, _current_context, get_current_context
from tortoise.models import MetaInfo, Model


class Context(TortoiseContext):
    """Holds the connection and the models' metadata of one database."""

    def __init__(self) -> None:
        super().__init__()
        self._metas: dict[type[Model], MetaInfo] = {}
        self._client: BaseDBAsyncClient

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make queries of the current task go to this database, outside of any transaction.

        `with context:` of Tortoise itself keeps one token a context and so fails when
        tasks overlap.
        """
        token = _current_context.set(self)
        # A task that was made within a transaction has inherited the transaction's connection.
        connection = self.connections.set(self._client.connection_name, self._client)
        try:
            yield
        finally:
            self.connections.reset(connection)
            _current_context.reset(token)

    async def load(self, config: dict[str, Any]) -> None:
        """Initialize Tortoise; nothing is connected yet.

        Args:
            config: Tortoise's configuration.
        """
        token = _current_context.set(self)
        try:
            # No other task runs before the metadata is copied: init suspends nowhere.
            await self.init(config=config)
            self._client = self.db()
            assert self.apps is not None  # noqa: S101  # init has set it; this tells mypy
            for models in self.apps.values():
                for model in models.values():
                    self._metas[model] = _detach(model)
        finally:
            _current_context.reset(token)

    def meta(self, model: type[Model]) -> MetaInfo | None:
        """Return this database's metadata of a model."""
        return self._metas.get(model)


class _Meta:
    """Stands in the place of `Model._meta`."""

    def __init__(self, original: MetaInfo) -> None:
        self.original = original

    def __get__(self, instance: Model | None, owner: type[Model]) -> MetaInfo:
        context = get_current_context()
        found = context.meta(owner) if isinstance(context, Context) else None
        return found or self.original


def _detach(model: type[Model]) -> MetaInfo:
    """Copy what Tortoise has just written on the model; the next database overwrites it."""
    original = model._meta  # noqa: SLF001  # Tortoise's name for what is meant to be read
    meta = copy.copy(original)
    for name in ("db_native_fields", "db_default_fields", "db_complex_fields", "filters"):
        setattr(meta, name, copy.copy(getattr(meta, name)))
    if not isinstance(vars(model).get("_meta"), _Meta):
        type.__setattr__(model, "_meta", _Meta(original))
    return meta
