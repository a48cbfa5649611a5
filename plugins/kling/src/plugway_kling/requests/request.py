"""What all requests have in common: what they refuse, which model they use, what they cost."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from plugway import Usage
from plugway_kling.fields import Id, WatermarkInfo


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Is a request to the upstream, its absent fields left out."""

    def examine(self) -> None:
        """Refuse what no single field's type tells: exclusions, conditions, counts.

        Raises:
            BadRequest: It does; the field is named.
        """

    def used_model(self) -> str | None:
        """Return the model that the upstream will use, the documented default filled in.

        None: the path says it.
        """
        return None

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Say what its success uses.

        Args:
            model: The model that is used.
            seconds: Length of what came of it, where the request does not tell and the price
                depends on it; None: not known yet, and the longest possible counts.
        """
        raise NotImplementedError

    def told(self) -> tuple[str | None, str | None]:
        """Return the caller's own id of the task and where it wants to hear of it."""
        return None, None


class Job(Request, frozen=True, kw_only=True):
    """Is a request that makes a task.

    Attributes:
        external_task_id: The caller's own name for the task, unique among the caller's.
        callback_url: Told of every change of the task.
        watermark_info: Whether a copy with a watermark is made.
    """

    external_task_id: Id | None = None
    callback_url: str | None = None
    watermark_info: WatermarkInfo | None = None

    def told(self) -> tuple[str | None, str | None]:
        """Return the caller's own id of the task and where it wants to hear of it."""
        name = self.external_task_id
        return None if name is None else str(name), self.callback_url


class Fixed(Request, frozen=True, kw_only=True):
    """Is a request of an endpoint with one model and one price.

    Attributes:
        key: Its tariff key, and the model that channels list.
    """

    key: ClassVar[str]

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return self.key

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one call."""
        return (Usage(key=self.key),)
