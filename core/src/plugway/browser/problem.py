"""What an error of the driver means."""

from __future__ import annotations

import re

from plugway.errors import PlugwayError, Unavailable, UpstreamTimeout, UpstreamUnreachable

_NET_ERROR = re.compile(r"net::ERR_[A-Z0-9_]+")


def problem(error: BaseException) -> PlugwayError:
    """Return what an error of the driver means; its own text may hold secrets.

    Args:
        error: The driver's.

    Example:
        >>> problem(OSError("Page.goto: net::ERR_NAME_NOT_RESOLVED at https://host/?key=1")).message
        'The browser could not reach the upstream: net::ERR_NAME_NOT_RESOLVED.'
    """
    from playwright.async_api import TimeoutError as DriverTimeout

    if isinstance(error, DriverTimeout):
        return UpstreamTimeout("The page took too long in the browser.", acted=False)
    if (found := _NET_ERROR.search(str(error))) is not None:
        return UpstreamUnreachable(
            f"The browser could not reach the upstream: {found[0]}.", acted=False
        )
    return Unavailable("The browser ended before its time.")
