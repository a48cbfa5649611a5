"""What the operator can set.

`plugway.toml` in the home directory, then the environment: `PLUGWAY__SERVER__PORT=8080`
sets `server.port`. The names of the deployments that plugway replaces work too:
`PORT`, `SQL_DSN`, `REDIS_CONN_STRING`, `SESSION_SECRET`, `SERVER_ADDRESS`.
`plugway.configuration` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from plugway.contract.settings import RESTART as RESTART
from plugway.contract.settings import SECRET as SECRET
from plugway.contract.settings import Table as Table
from plugway.contract.settings import marked as marked
from plugway.errors import ConfigurationError
from plugway.loopback import is_loopback
from plugway.webhooks import check_webhook_secret

Seconds = Annotated[float, msgspec.Meta(gt=0, le=31_536_000)]
Count = Annotated[int, msgspec.Meta(ge=1)]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?=.{1,100}\Z)(?:[\w-][\w.-]*/)*(?:[\w-][\w.-]*)?", re.ASCII)


def _is_address(text: str, *, whole: bool = False) -> bool:
    """Say whether a text is an HTTP address; whole: one with any path and query."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and text.isprintable()
        and text.isascii()
        and not set(text) & set("# \\")
        and (whole or not (text.endswith("/") or "?" in text))
    )


class ServerSettings(Table, frozen=True, kw_only=True):
    """Sets how the gateway listens and what it accepts.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        public_url: The gateway's address as clients and upstreams see it, such as
            `https://api.example.com`; empty: unknown.
        session_secret: Kept for the sessions of a console; accepted as old deployments set it.
        trusted_proxies: Networks whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`.
        metrics_networks: Networks that may read `/metrics` without a key, such as
            `127.0.0.1/32`; behind a proxy on this machine everyone comes from there.
        keyless_user: For development: whom a request without a key acts as, if it comes straight
            from a program of this machine; a user of the role `user`. Only where `host` is
            this machine's own address; empty: nobody gets in without a key.
        max_header_bytes: Sum of all header names and values.
        max_headers: Number of headers.
        max_body_bytes: Largest request body.
        request_timeout: Seconds that any one exchange may take, streams included; waiting for a
            pool's credential is not counted.
        body_timeout: Seconds a client may pause while it sends a body.
        drain_seconds: Seconds between readiness going off and the listener closing.
        graceful_seconds: Seconds that running calls get after that.

    Raises:
        ConfigurationError: A public URL or a network that is none, or a gateway without keys
            that others could reach.
    """

    host: Annotated[str, RESTART] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535), RESTART] = 8000
    public_url: str = ""
    session_secret: Annotated[str, SECRET, RESTART] = ""
    trusted_proxies: Annotated[tuple[str, ...], RESTART] = ()
    metrics_networks: Annotated[tuple[str, ...], RESTART] = ()
    keyless_user: Annotated[str, RESTART] = ""
    max_header_bytes: Count = 64 * 1024
    max_headers: Count = 200
    max_body_bytes: Count = 512 * 1024 * 1024
    request_timeout: Seconds = 3_600.0
    body_timeout: Seconds = 60.0
    drain_seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.0
    graceful_seconds: Seconds = 30.0

    def __post_init__(self) -> None:
        if self.public_url and not _is_address(self.public_url):
            raise ConfigurationError(
                "expected an address such as https://api.example.com, "
                "with no slash at the end, no query and no login",
                field="public_url",
            )
        for name in ("trusted_proxies", "metrics_networks"):
            for network in getattr(self, name):
                try:
                    ip_network(network)
                except ValueError:
                    raise ConfigurationError(
                        f"expected networks such as 10.0.0.0/8, got {network!r}", field=name
                    ) from None
        if self.keyless_user:
            self._check_seclusion()

    def _check_seclusion(self) -> None:
        if not is_loopback(self.host):
            raise ConfigurationError(
                "a gateway that asks for no key listens on 127.0.0.1 or ::1 only, "
                f"and server.host is {self.host!r}",
                field="keyless_user",
            )
        if self.trusted_proxies or self.public_url:
            raise ConfigurationError(
                "a gateway that asks for no key has no proxy before it and no public address: "
                "unset server.trusted_proxies and server.public_url",
                field="keyless_user",
            )


class DatabaseSettings(Table, frozen=True, kw_only=True):
    """Sets the database.

    Attributes:
        url: `sqlite:///path`, `postgres://…`, `mysql://…`; a relative SQLite path starts
            from the home directory; empty: `plugway.db` there.
        pool: Connections per process besides the ledger's own; SQLite has one.
        migrate: Migrate at start; off, a database that is not at head stops the start.
    """

    url: Annotated[str, SECRET, RESTART] = ""
    pool: Annotated[Count, RESTART] = 5
    migrate: Annotated[bool, RESTART] = True


class RedisSettings(Table, frozen=True, kw_only=True):
    """Sets Redis, for rate limits shared by processes.

    Attributes:
        url: `redis://…` or `rediss://…`; empty: limits are per process.

    Raises:
        ConfigurationError: Another scheme.
    """

    url: Annotated[str, SECRET, RESTART] = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("redis://", "rediss://", "unix://")):
            raise ConfigurationError("expected redis://host:port/number", field="url")


class RelaySettings(Table, frozen=True, kw_only=True):
    """Sets how calls are relayed.

    Attributes:
        tries: Tries of one call at the most, with other credentials and at other channels.
        replay_bytes: Bodies up to this size are kept so that a refused call can be
            sent to another channel; larger ones stream and are sent once.
        idle_connections: Kept open to upstreams.
        idle_seconds: How long an idle connection is kept.
    """

    tries: Count = 3
    replay_bytes: Annotated[int, msgspec.Meta(ge=0)] = 256 * 1024
    idle_connections: Annotated[Count, RESTART] = 100
    idle_seconds: Annotated[Seconds, RESTART] = 90.0


class LedgerSettings(Table, frozen=True, kw_only=True):
    """Sets money.

    Attributes:
        credits_per_unit: Credits in one currency unit.
        currency: Name of the unit, for display.
        hold_seconds: Age at which a hold that no task owns is released; longer than
            any exchange. The longest wait for a pool's credential is added.
        reserve_wait: Seconds a call waits for the ledger before it is refused.
        usage_days: Days that usage rows are kept; 0: for ever.
    """

    credits_per_unit: Annotated[Count, RESTART] = 500_000
    currency: str = "USD"
    hold_seconds: Seconds = 7_200.0
    reserve_wait: Seconds = 5.0
    usage_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 365


class TaskSettings(Table, frozen=True, kw_only=True):
    """Sets how upstreams are asked for tasks.

    Attributes:
        concurrency: Polls that one process makes at once.
        per_credential: Polls at once with one credential.
        lease_seconds: Longest time that a poll may take, 10 or more; a node that dies in it
            leaves the task to others after that.
        deadline: Seconds after which a task that has not ended expires.
        fresh_seconds: How old an answer may be that a client's query is given without asking
            the upstream.
        find_seconds: Seconds between the two looks after which a task that its upstream does
            not know has failed; an upstream may need some time to know what it has accepted.
        alert_failures: Polls in a row that tell nothing until there is an alert; from then on
            the upstream is asked at the slowest pace.
    """

    concurrency: Count = 64
    per_credential: Count = 8
    lease_seconds: Annotated[float, msgspec.Meta(ge=10, le=3_600)] = 60.0
    deadline: Seconds = 86_400.0
    fresh_seconds: Seconds = 2.0
    find_seconds: Seconds = 60.0
    alert_failures: Count = 20


class CallbackSettings(Table, frozen=True, kw_only=True):
    """Sets how clients are told of their tasks, at the `callback_url` that they gave.

    Attributes:
        timeout: Seconds that a receiver gets to answer.
        hours: Hours for which a message is tried again, at growing distances.
        concurrency: Messages that one process sends at once.
        per_host: Messages at once to one host and port, so that a slow receiver holds up
            nobody else.
    """

    timeout: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    hours: Annotated[float, msgspec.Meta(ge=0, le=720)] = 24.0
    concurrency: Count = 32
    per_host: Count = 4


class AlertSettings(Table, frozen=True, kw_only=True):
    """Sets who hears of what an operator should look at; the log has it in any case.

    Attributes:
        webhook: An address of your own, private or not, that gets each alert as JSON; empty:
            none.
        secret: Signs what is sent there, as Standard Webhooks does: `whsec_` and base64;
            empty: it is not signed.
        quiet_seconds: Seconds for which the same alert is not sent again.

    Raises:
        ConfigurationError: An address or a secret that is none.
    """

    webhook: Annotated[str, SECRET] = ""
    secret: Annotated[str, SECRET] = ""
    quiet_seconds: Seconds = 3_600.0

    def __post_init__(self) -> None:
        if self.webhook and not _is_address(self.webhook, whole=True):
            raise ConfigurationError(
                "expected an address such as https://example.com/alerts?team=1, with no login",
                field="webhook",
            )
        if self.secret:
            try:
                check_webhook_secret(self.secret)
            except ConfigurationError as error:
                raise ConfigurationError(error.message, field="secret") from None


class ProxySettings(Table, frozen=True, kw_only=True):
    """Sets the pool of proxies, for channels whose `proxy` is `pool`.

    Proxies are written one a line, or one an entry: `http://`, `https://`, `socks5://` or
    `socks4://` and `user:pass@host:port` or `host:port:user:pass`; without a scheme it is
    `http`. Behind ` | no_proxy=` may stand hosts that are not reached through it.

    Attributes:
        urls: Proxies.
        files: Files with more of them, from the home directory; `proxies.txt` there counts in
            any case.
        subscriptions: Addresses of your own that answer with more of them, plain or in base64.
        reload_seconds: Seconds between two readings of subscriptions; a file that changes is
            read at once.
        check_url: Asked through each proxy to see whether it works: 200 and 204 are good.
        check_seconds: Seconds between two checks of a proxy that works.
        check_timeout: Seconds that a check may take.
        concurrency: Checks that one process makes at once.
        use_cooldown: Seconds that a proxy rests between two requests where another one can be
            taken; credentials that keep to one proxy do not wait.

    Raises:
        ConfigurationError: An address that is none.
    """

    urls: Annotated[tuple[str, ...], SECRET] = ()
    files: tuple[str, ...] = ()
    subscriptions: Annotated[tuple[str, ...], SECRET] = ()
    reload_seconds: Seconds = 1_800.0
    check_url: str = "https://cp.cloudflare.com/generate_204"
    check_seconds: Seconds = 300.0
    check_timeout: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0
    concurrency: Count = 32
    use_cooldown: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 5.0

    def __post_init__(self) -> None:
        if not _is_address(self.check_url, whole=True):
            raise ConfigurationError("expected an address, with no login", field="check_url")
        if not all(_is_address(address, whole=True) for address in self.subscriptions):
            raise ConfigurationError("expected addresses, with no login", field="subscriptions")


class BrowserSettings(Table, frozen=True, kw_only=True):
    """Sets the browser that plugins drive on this machine.

    Attributes:
        path: Path or name of a Chromium; empty: found.
    """

    path: Annotated[str, RESTART] = ""


class ChatSettings(Table, frozen=True, kw_only=True):
    """Sets chats, whatever dialect they come in.

    Attributes:
        owners: Which plugin serves a model that several have, by the model's name.
        keepalive_seconds: Seconds of silence after which a stream gets a comment, so that
            nobody on the way takes it for dead.
        media_bytes: Largest image, video or file that a client may hand in, also by URL.
        hold_tokens: Tokens of answer for which credits are held when the client names no limit.
        media_wait: Seconds that a client which does not stream waits for an image or a video;
            after them it is told the task that it can ask for.
        video_players: In chats of OpenAI's dialect videos that are kept here are HTML that
            plays them, which some pages show, and no Markdown links.
    """

    owners: Mapping[str, str] = msgspec.field(default_factory=dict)
    keepalive_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    media_bytes: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)] = 32 * 1024 * 1024
    hold_tokens: Count = 4_096
    media_wait: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 240.0
    video_players: bool = False


class MediaSettings(Table, frozen=True, kw_only=True):
    """Sets where what upstreams made is kept, and how long.

    With a `bucket` it is kept there, which several machines can share; what is in the folder
    already stays readable. Folder and prefix are this gateway's alone.

    Attributes:
        folder: Where files are; a relative one starts from the home directory.
        max_bytes: Largest image or video that is kept.
        total_bytes: Bytes of all together; beyond them the oldest go first, which is looked at
            once an hour; 0: no limit.
        keep_days: Days after which one is removed; 0: for ever.
        url_hours: Hours for which a URL that clients are given works, at the longest until
            what it names is removed.
        bucket: An S3 bucket; empty: the folder.
        region: The bucket's region; empty: as the environment says, or `us-east-1`.
        endpoint: Address of an S3 service other than Amazon's, such as
            `https://minio.example.com`.
        access_key: Of the bucket's owner; empty: as the environment or the machine's role says.
        secret_key: The access key's.
        prefix: Begins the name of every object, such as `plugway/`.

    Raises:
        ConfigurationError: A bucket, an endpoint or a prefix that is none, or half a key pair.
    """

    folder: Annotated[str, msgspec.Meta(min_length=1), RESTART] = "media"
    max_bytes: Count = 512 * 1024 * 1024
    total_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    keep_days: Annotated[float, msgspec.Meta(ge=0, le=36_500)] = 7.0
    url_hours: Annotated[float, msgspec.Meta(gt=0, le=8_760)] = 24.0
    bucket: Annotated[str, RESTART] = ""
    region: Annotated[str, RESTART] = ""
    endpoint: Annotated[str, RESTART] = ""
    access_key: Annotated[str, RESTART] = ""
    secret_key: Annotated[str, SECRET, RESTART] = ""
    prefix: Annotated[str, RESTART] = ""

    def __post_init__(self) -> None:
        if not self.folder.isprintable():
            raise ConfigurationError("expected a folder", field="folder")
        if self.bucket and _BUCKET.fullmatch(self.bucket) is None:
            raise ConfigurationError(
                "expected the name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'", field="bucket"
            )
        if self.endpoint and not _is_address(self.endpoint):
            raise ConfigurationError(
                "expected an address such as https://minio.example.com, with no slash at the end",
                field="endpoint",
            )
        if bool(self.access_key) != bool(self.secret_key):
            missing = "secret_key" if self.access_key else "access_key"
            raise ConfigurationError("expected both keys or none", field=missing)
        if self.prefix and _PREFIX.fullmatch(self.prefix) is None:
            raise ConfigurationError(
                "expected up to 100 letters, digits, '.', '_' and '-', and '/' between them "
                "or at the end, such as plugway/",
                field="prefix",
            )
        if not self.bucket and (self.endpoint or self.access_key or self.prefix):
            raise ConfigurationError("expected a bucket beside what belongs to one", field="bucket")


class LogSettings(Table, frozen=True, kw_only=True):
    """Sets logs.

    Attributes:
        level: Least level that is written.
        form: `json`, one object a line, or `text` for people.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["json", "text"] = "json"


class PluginSettings(Table, frozen=True, kw_only=True):
    """Sets which plugins load; each plugin's own table is `[plugins.<name>]`.

    Attributes:
        allow: Only these plugins; not set: all that are installed.
        block: Never these; they are not even imported.
        strict: Refuse to start when a plugin fails.
        tables: The plugins' own tables, by name.
    """

    allow: Annotated[tuple[str, ...] | None, RESTART] = None
    block: Annotated[tuple[str, ...], RESTART] = ()
    strict: Annotated[bool, RESTART] = False
    tables: Annotated[Mapping[str, Mapping[str, Any]], SECRET] = msgspec.field(default_factory=dict)


class Settings(Table, frozen=True, kw_only=True):
    """Holds all settings of one gateway.

    Raises:
        ConfigurationError: Holds that would be swept while their call still runs.
    """

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    relay: RelaySettings = RelaySettings()
    ledger: LedgerSettings = LedgerSettings()
    tasks: TaskSettings = TaskSettings()
    callbacks: CallbackSettings = CallbackSettings()
    alerts: AlertSettings = AlertSettings()
    proxies: ProxySettings = ProxySettings()
    chat: ChatSettings = ChatSettings()
    browser: BrowserSettings = BrowserSettings()
    media: MediaSettings = MediaSettings()
    log: LogSettings = LogSettings()
    plugins: PluginSettings = PluginSettings()

    def __post_init__(self) -> None:
        if self.ledger.hold_seconds <= self.server.request_timeout:
            raise ConfigurationError(
                "expected more than server.request_timeout "
                f"({self.server.request_timeout:g}), got {self.ledger.hold_seconds:g}",
                field="ledger.hold_seconds",
            )
