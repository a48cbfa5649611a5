"""The page's own lists of its models, as they come."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

#: Takes the body of a list.
Models = Callable[[bytes], None]

#: Lists that are under way at once, at the most; a page asks for one.
LISTS = 4


def give(models: Models, body: bytes) -> None:
    """Give a list to whoever takes it, who must not stop the page's work.

    Args:
        models: Takes it.
        body: The list, as it came.
    """
    try:
        models(body)
    except Exception:  # whoever reads the list has a mistake
        log.exception("a list of models was not taken")
