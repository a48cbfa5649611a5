"""What a task used, once the upstream has told."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from plugway import PlugwayError, Usage
from plugway_kling import price_keys, usage
from plugway_kling.requests.kinds import type_of
from plugway_kling.requests.reading import present, read_object

#: Kinds whose deductions are counted in the upstream's image units, a fortieth of the others.
_IN_IMAGE_UNITS = frozenset(
    {
        "generations",
        "multi-image2image",
        "omni-image",
        "editing/expand",
        "kolors-virtual-try-on",
        "ai-multi-shot",
    }
)


def measured_usages(
    kind: str, request: str | bytes, model: str, seconds: object
) -> tuple[Usage, ...] | None:
    """Say what a video used whose length the request left open.

    The longest possible was held: of an edited video, of a followed movement, of speech.

    Args:
        kind: The task's.
        request: The task's `request`: JSON, long strings cut.
        model: The task's.
        seconds: Length of the video that was made, as the upstream tells it, such as "5.041".

    Returns:
        What to settle instead of what was held, never more than that. None: the length was
        known before, or is not told: what was held is settled.

    Example:
        >>> body = '{"image": "https://a.example/1.png", "audio_id": "7"}'
        >>> [one.quantity for one in measured_usages("avatar/image2video", body, "m", "5.041")]
        [Decimal('5')]
    """
    try:
        type_ = type_of(kind)
        data = present(read_object(request.encode() if isinstance(request, str) else request))
        asked = msgspec.convert(data, type_, strict=False)
    except (PlugwayError, msgspec.ValidationError):
        # So long that it was not kept.
        return None
    held = asked.usages(model)
    if held == asked.usages(model, 1):
        return None
    length = usage.whole_seconds(seconds, int(held[0].quantity))
    return None if length is None else asked.usages(model, length)


def settlement_usage(kind: str, final_unit_deduction: object) -> Usage | None:
    """Say what a task used in the upstream's own units.

    Args:
        kind: The task's.
        final_unit_deduction: As the upstream tells it, such as "1.5".

    Returns:
        Usage of the key `kling-unit`; None: the upstream told no number, or an absurd one.

    Example:
        >>> settlement_usage("text2video", "3.5").quantity
        Decimal('3.5')
    """
    amount = usage.units(final_unit_deduction)
    if amount is None:
        return None
    package = "image" if kind in _IN_IMAGE_UNITS else "video"
    return Usage(
        key=price_keys.UNIT,
        unit="unit",
        quantity=Decimal(amount),
        dimensions={"package": package},
    )
