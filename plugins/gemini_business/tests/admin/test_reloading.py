"""Settings are taken over at once, or not at all; and what nobody renews is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from business_admin import Administration
from business_gateway import Business

pytestmark = pytest.mark.anyio

PLACE = "POST /admin/reload-config"


async def test_the_settings_file_is_read_again(
    administration: Administration, tmp_path: Path
) -> None:
    seen = await administration.good(PLACE)
    assert set(seen) == {"message", "api_keys", "debug", "pool_config"}
    assert (seen["api_keys"], seen["debug"]) == (4, False)
    assert seen["pool_config"] == {
        "target_count": 0,
        "min_count": 0,
        "refresh_cooldown_sec": 240,
        "use_cooldown_sec": 0,
        "max_fail_count": 3,
        "daily_limit": 0,
        "enable_browser_refresh": False,
    }
    file = tmp_path / "home" / "plugway.toml"
    file.write_text('[log]\nlevel = "debug"\n')
    seen = await administration.good(PLACE)
    assert (seen["debug"], seen["message"]) == (True, "in force")
    file.write_text('[log]\nlevel = "debug"\n[server]\nport = 1\n')
    assert "server.port" in (await administration.good(PLACE))["message"]
    file.write_text("[log]\nlevel = 7\n")
    answer = await administration.call(PLACE)
    assert answer.status == 409
    assert "stay as they were" in answer.error


async def test_what_nobody_renews_is_said(
    business: Business, administration: Administration
) -> None:
    email = business.emulator.accounts["first"].email
    await administration.put(email, state="expired")
    done = await administration.good("POST /admin/force-refresh")
    assert done["count"] == 0
    assert "plugway gemini-business login" in done["message"]
    place = "POST /admin/browser-refresh"
    assert await administration.refused(place, {"email": email}) == (409, "")
    place = "POST /admin/config/browser-refresh"
    assert await administration.refused(place, {"enable": True}) == (409, "enable")
    assert (await administration.good(place, {"enable": False}))["enable"] is False
    assert (await administration.good("POST /admin/refresh"))["pending"] == 1
