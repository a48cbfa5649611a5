"""Events.

Told after the fact, never in a request's way. These are `async def`.
"""

from __future__ import annotations

from plugway.contract import CallSettled, CredentialChanged, TaskFinished
from plugway.hookspecs.marks import hookspec


@hookspec
async def call_settled(event: CallSettled) -> None:
    """Hear of a call whose settlement or release is durable.

    Called: after each call, soon after its client has the answer.
    Results: none.
    Order: listeners are told one after another, in no promised order; calls may be told
        out of order.
    Errors: logged with the plugin's name; other listeners and calls do not notice. An event
        is told once at most: one that a crash swallows is in the database all the same.

    Args:
        event: What happened.

    Example:
        ```python
        import logging

        from plugway import CallSettled, hookimpl

        log = logging.getLogger(__name__)


        @hookimpl
        async def call_settled(event: CallSettled) -> None:
            log.info("%s cost %d credits", event.model, event.credits)
        ```
    """


@hookspec
async def task_finished(event: TaskFinished) -> None:
    """Hear of a task that has ended, its settlement or release being durable.

    Called: once for each task, by the process that ended it.
    Results: none.
    Order: listeners are told one after another, in no promised order.
    Errors: logged with the plugin's name; other listeners and tasks do not notice. An event
        is told once at most: one that a crash swallows is in the database all the same.

    Args:
        event: What happened.

    Example:
        ```python
        import logging

        from plugway import TaskFinished, hookimpl

        log = logging.getLogger(__name__)


        @hookimpl
        async def task_finished(event: TaskFinished) -> None:
            if event.state != "succeed":
                log.info("%s of %s %s: %s", event.kind, event.model, event.state, event.reason)
        ```
    """


@hookspec
async def credential_changed(event: CredentialChanged) -> None:
    """Hear of a credential that changed state.

    Called: after the change is in the database, in the process that made it.
    Results: none.
    Order: listeners are told one after another, in no promised order.
    Errors: logged with the plugin's name; other listeners do not notice.

    Args:
        event: What happened.

    Example:
        ```python
        import logging

        from plugway import CredentialChanged, hookimpl

        log = logging.getLogger(__name__)


        @hookimpl
        async def credential_changed(event: CredentialChanged) -> None:
            if event.state == "expired":
                log.warning("channel %s needs a new secret: %s", event.channel, event.reason)
        ```
    """
