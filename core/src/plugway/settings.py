"""What the operator can set.

`plugway.toml` in the home directory, then the environment: `PLUGWAY__SERVER__PORT=8080`
sets `server.port`. The names of the deployments that plugway replaces work too:
`PORT`, `SQL_DSN`, `REDIS_CONN_STRING`, `SESSION_SECRET`, `SERVER_ADDRESS`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refuses names it does not know, so that a typo is not silently a default."""


class ServerSettings(_Table, frozen=True, kw_only=True):
    """Sets how the gateway listens and what it accepts (`[server]`).

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        public_url: The gateway's address as clients and upstreams see it; empty: unknown.
        trusted_proxies: Networks whose `X-Forwarded-For` is believed.
        max_header_bytes: Sum of all header names and values.
        max_headers: Number of headers.
        max_body_bytes: Largest request body.
        request_timeout: Seconds that any one exchange may take, streams included.
        body_timeout: Seconds a client may pause while it sends a body.
        drain_seconds: Seconds between readiness going off and the listener closing.
        graceful_seconds: Seconds that running calls get after that.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8000
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    max_header_bytes: Count = 64 * 1024
    max_headers: Count = 200
    max_body_bytes: Count = 512 * 1024 * 1024
    request_timeout: Positive = 3_600.0
    body_timeout: Positive = 60.0
    drain_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    graceful_seconds: Positive = 30.0


class DatabaseSettings(_Table, frozen=True, kw_only=True):
    """Sets the database (`[database]`).

    Attributes:
        url: `sqlite:///path`, `postgres://…`, `mysql://…`; empty: `plugway.db` in the home.
        pool: Connections per process besides the ledger's own; SQLite has one.
        migrate: Migrate at start; off, a database that is not at head stops the start.
    """

    url: str = ""
    pool: Count = 5
    migrate: bool = True


class RedisSettings(_Table, frozen=True, kw_only=True):
    """Sets Redis, for rate limits shared by processes (`[redis]`).

    Attributes:
        url: `redis://…`; empty: limits are per process.
    """

    url: str = ""


class RelaySettings(_Table, frozen=True, kw_only=True):
    """Sets how calls are relayed (`[relay]`).

    Attributes:
        tries: Channels tried for one call at the most.
        replay_bytes: Bodies up to this size are kept so that a refused call can be
            sent to another channel; larger ones stream and are sent once.
        idle_connections: Kept open to upstreams.
        idle_seconds: How long an idle connection is kept.
    """

    tries: Count = 3
    replay_bytes: Annotated[int, msgspec.Meta(ge=0)] = 256 * 1024
    idle_connections: Count = 100
    idle_seconds: Positive = 90.0


class LedgerSettings(_Table, frozen=True, kw_only=True):
    """Sets money (`[ledger]`).

    Attributes:
        credits_per_unit: Credits in one currency unit.
        currency: Name of the unit, for display.
        hold_seconds: Age at which a hold that no task owns is released; longer than
            any exchange.
        reserve_wait: Seconds a call waits for the ledger before it is refused.
        usage_days: Days that usage rows are kept; 0: for ever.
    """

    credits_per_unit: Count = 500_000
    currency: str = "USD"
    hold_seconds: Positive = 7_200.0
    reserve_wait: Positive = 5.0
    usage_days: Annotated[int, msgspec.Meta(ge=0)] = 365


class LogSettings(_Table, frozen=True, kw_only=True):
    """Sets logs (`[log]`).

    Attributes:
        level: Least level that is written.
        form: `json`, one object a line, or `text` for people.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["json", "text"] = "json"


class PluginSettings(_Table, frozen=True, kw_only=True):
    """Sets which plugins load (`[plugins]`); each plugin's own table is `[plugins.<name>]`.

    Attributes:
        allow: Only these; None: all that are installed.
        block: Never these; they are not even imported.
        strict: Refuse to start when a plugin fails.
        tables: The plugins' own tables, by name.
    """

    allow: tuple[str, ...] | None = None
    block: tuple[str, ...] = ()
    strict: bool = False
    tables: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


class Settings(_Table, frozen=True, kw_only=True):
    """Holds all settings of one gateway."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    relay: RelaySettings = RelaySettings()
    ledger: LedgerSettings = LedgerSettings()
    log: LogSettings = LogSettings()
    plugins: PluginSettings = PluginSettings()
