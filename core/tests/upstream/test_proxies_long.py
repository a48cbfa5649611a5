"""Lists of proxies that are longer than any real one."""

from __future__ import annotations

from plugway.upstream.proxies.listing import MOST_LINES, read_list


def test_what_comes_after_very_many_lines_is_not_looked_at() -> None:
    found = read_list("\n" * (MOST_LINES - 1) + "10.0.0.1:3128\n10.0.0.2:3128\n" + "x\n" * 9)
    assert [str(proxy.url) for proxy in found.proxies] == ["http://10.0.0.1:3128"]
    assert found.wrong_count == 10
    assert found.remark == "10 more lines are no proxy"
