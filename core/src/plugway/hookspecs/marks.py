"""What marks a specification and an implementation as one."""

from __future__ import annotations

import pluggy

#: Entry-point group and pluggy project name.
GROUP = "plugway"

#: Version of this contract. A plugin module may declare `plugway_contract = 1`.
CONTRACT_VERSION = 1

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
