"""Pages of lists: each says where the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Row(Protocol):
    """Has an id."""

    @property
    def id(self) -> int:
        """Return the id."""


R = TypeVar("R", bound=Row)


#: How many items a page may have.
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]

#: The largest id that every database keeps.
MAX_ID = 2**63 - 1

#: Where the last page ended.
After = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]

#: A filter; it is compared as it is.
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=190)]


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says which page of a list is asked for.

    Attributes:
        limit: Items at the most.
        after: The `next` of the page before; 0: the first page.
    """

    limit: Limit = 100
    after: After = 0


class TextPaging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says which page is asked for, of a list whose place is a text.

    Attributes:
        limit: Items at the most.
        after: The `next` of the page before; not given: the first page.
    """

    limit: Limit = 100
    after: Text | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Is one page of a list.

    Attributes:
        items: In the list's one order.
        next: Give it as `after` for the next page; null: this is the last one.
    """

    items: list[T]
    next: int | str | None = None


def page(items: Sequence[T], limit: int, places: Sequence[int | str]) -> Page[T]:
    """Make a page of items.

    Args:
        items: What was found; one more than `limit` says that there is a next page.
        limit: As was asked.
        places: The place of each item.
    """
    more = len(items) > limit
    return Page(list(items[:limit]), places[limit - 1] if more else None)


class Search(Protocol[R]):
    """Finds rows by id, at most 500."""

    async def __call__(self, *, after: int, limit: int) -> list[R]:
        """Return the rows after an id."""


async def and_one_more(search: Search[R], paging: Paging) -> list[R]:
    """Find a page of rows and, if there is one, the first of the next page.

    Args:
        search: Finds rows.
        paging: Which page.
    """
    found = await search(after=paging.after, limit=paging.limit)
    if len(found) == paging.limit:
        found += await search(after=found[-1].id, limit=1)
    return found
