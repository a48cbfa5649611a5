"""Changes to the form of an answer that leave its meaning."""

from __future__ import annotations

from typing import Any


def stringed(value: Any) -> Any:
    """Return a value with every number in it as a string.

    Example:
        >>> stringed({"created_at": 17, "enabled": True, "images": [{"index": 0}]})
        {'created_at': '17', 'enabled': True, 'images': [{'index': '0'}]}
    """
    if isinstance(value, dict):
        return {name: stringed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [stringed(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def reworded(value: Any, word: str) -> Any:
    """Return what is told of one task, or of several, with another status word.

    Example:
        >>> reworded([{"task_id": "1", "task_status": "submitted"}], "queued")
        [{'task_id': '1', 'task_status': 'queued'}]
    """
    if isinstance(value, list):
        return [reworded(item, word) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: word if name in ("task_status", "status") else item for name, item in value.items()
    }
