from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.media.ranges import Unsatisfiable, range_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("Bytes = 2 - 3 ", (2, 4)),
        ("bytes=0-" + "9" * 5000, (0, 10)),
        # What is not well formed, or of another kind, is overlooked.
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=3", None),
        ("bytes=5-3", None),
        ("bytes=a-b", None),
        ("bytes=+1-2", None),
        ("bytes=٣-٤", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
    ],
)
def test_what_a_header_asks_for(header: str, part: tuple[int, int] | None) -> None:
    assert range_of(header, 10) == part


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=10-", 10), ("bytes=-0", 10), (f"bytes={'9' * 5000}-", 10), ("bytes=0-", 0)],
)
def test_what_is_not_there(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        range_of(header, size)


@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 60) | st.none())
def test_a_part_is_what_a_slice_is(content: bytes, first: int, last: int | None) -> None:
    header = f"bytes={first}-{'' if last is None else last}"
    if last is not None and last < first:
        assert range_of(header, len(content)) is None
        return
    expected = content[first : None if last is None else last + 1]
    if not expected:
        with pytest.raises(Unsatisfiable):
            range_of(header, len(content))
        return
    part = range_of(header, len(content))
    assert part is not None
    assert content[slice(*part)] == expected
    assert part[1] - part[0] == len(expected)


@given(st.text(max_size=40) | st.from_regex(r"bytes=[-0-9, ]{0,20}"), st.integers(0, 50))
def test_any_header_is_read(header: str, size: int) -> None:
    try:
        part = range_of(header, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part[0] < part[1] <= size
