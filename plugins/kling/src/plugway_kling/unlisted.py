"""Actions that no table has: they cost what the operator says, or are refused.

An operator who wants one prices its key: `kling-dance` for `/v1/videos/dance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway import Usage
from plugway_kling.refusal import refused
from plugway_kling.requests import Checked, resources_in
from plugway_kling.requests.reading import present, read_object

if TYPE_CHECKING:
    from plugway_kling.endpoints import Endpoint

_MAX_NAME = 190
_MAX_MODEL = 96


def check_unlisted(endpoint: Endpoint, body: bytes) -> Checked:
    """Check what can be checked of a request that nobody knows.

    Args:
        endpoint: From `endpoints.generic`.
        body: As the client sent it.

    Raises:
        BadRequest: It is no JSON object, or its ids are none.

    Example:
        >>> from plugway_kling.endpoints import generic
        >>> check_unlisted(generic("videos", "dance"), b'{"model_name": "kling-v9"}').model
        'kling-v9'
    """
    data = present(read_object(body))
    key = f"kling-{endpoint.path.rpartition('/')[2]}"
    model = data.get("model_name", key)
    if not isinstance(model, str) or len(model) > _MAX_MODEL:
        raise refused("model_name", f"expected a text of up to {_MAX_MODEL} characters")
    dimensions = {"model": model, "mode": str(data.get("mode", ""))[:_MAX_MODEL]}
    external_id, callback_url = data.get("external_task_id"), data.get("callback_url")
    if external_id is not None and not _is_name(external_id):
        raise refused("external_task_id", f"expected a text of up to {_MAX_NAME} characters")
    if callback_url is not None and not isinstance(callback_url, str):
        raise refused("callback_url", "expected an http or https URL")
    return Checked(
        model=model,
        named="model_name" in data,
        usages=(Usage(key=key, dimensions=dimensions),),
        external_id=None if external_id is None else str(external_id),
        callback_url=callback_url,
        resources=tuple(dict.fromkeys(resources_in(data))),
    )


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str | int)
        and not isinstance(value, bool)
        and len(str(value)) <= _MAX_NAME
    )
