"""Media in a bucket of Amazon's S3, or of a service that speaks its protocol."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from plugway.errors import ConfigurationError, NotFound, Unavailable
from plugway.media.place import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from plugway.settings import MediaSettings

log = logging.getLogger(__name__)

#: What the address of an object begins with.
SCHEME = "s3://"

#: Bytes of one request: of a part that is uploaded, and of a range that is fetched. A range has
#: to come within `_OPTIONS["timeout"]`, however slow the client is that it is passed on to.
_UPLOADED = 8 << 20
_FETCHED = 4 << 20

_OPTIONS = {"connect_timeout": "5s", "timeout": "120s"}
_RETRIES = {"max_retries": 3}

#: Of what the service says of a fault; it may be a page.
_SHOWN = 500


class Bucket(Place):
    """Keeps each medium in an object, which is there when all of it is."""

    def __init__(self, settings: MediaSettings) -> None:
        """Take where it is; nothing is connected yet.

        Args:
            settings: Has a bucket.

        Raises:
            ConfigurationError: The extra `s3` is not installed, or it does not take them.
        """
        try:
            self._obstore: Any = import_module("obstore")
            stores: Any = import_module("obstore.store")
        except ImportError:
            raise ConfigurationError(
                "media.bucket needs the extra s3; run: pip install 'plugway[s3]'"
            ) from None
        said = {
            "region": settings.region,
            "endpoint": settings.endpoint,
            "access_key_id": settings.access_key,
            "secret_access_key": settings.secret_key,
        }
        self._make = stores.S3Store
        self._config = {name: value for name, value in said.items() if value}
        self._options = {**_OPTIONS, "allow_http": settings.endpoint.startswith("http://")}
        self._prefix = f"{SCHEME}{settings.bucket}/{settings.prefix}"
        self._stores: dict[str, Any] = {}
        self._store(settings.bucket)

    def address(self, media_id: str) -> str:
        """Return where a new medium's bytes will be: bucket and key."""
        return f"{self._prefix}{media_id[:2]}/{media_id}"

    async def write(self, address: str, content: AsyncIterator[bytes]) -> None:
        """Upload bytes: in one request where they fit into one, else in parts."""
        store, key = self._found(address)
        begun: list[bytes] = []
        size = 0
        async for chunk in content:
            begun.append(chunk)
            size += len(chunk)
            if size >= _UPLOADED:
                break
        # Beginning and completing an upload in parts are two requests more.
        whole = size < _UPLOADED
        upload = b"".join(begun) if whole else _joined(begun, content)
        failures: list[Exception] = []
        try:
            await self._obstore.put_async(
                store,
                key,
                upload if isinstance(upload, bytes) else _noted(upload, failures),
                use_multipart=not whole,
                chunk_size=_UPLOADED,
                max_concurrency=2,
            )
        except Exception as error:  # noqa: BLE001  # it raises what it likes
            if failures:
                raise failures[0] from None
            self._fail("written", error)

    async def read(self, address: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Fetch the first range, and return it with those that follow, fetched one by one."""
        if start >= end:
            return _joined([])
        first = await self._range(address, start, min(end, start + _FETCHED))
        return self._ranges(address, first, start + len(first), end)

    async def whole(self, address: str) -> bytes:
        """Fetch an object."""
        store, key = self._found(address)
        try:
            return bytes(await (await self._obstore.get_async(store, key)).bytes_async())
        except Exception as error:  # noqa: BLE001  # it raises what it likes
            self._fail("read", error)

    async def remove(self, addresses: Sequence[str]) -> None:
        """Remove objects, many with one request."""
        keys: dict[str, list[str]] = {}
        for address in addresses:
            bucket, _, key = address.removeprefix(SCHEME).partition("/")
            keys.setdefault(bucket, []).append(key)
        for bucket, its in keys.items():
            try:
                await self._obstore.delete_async(self._store(bucket), its)
            except FileNotFoundError:
                continue
            except Exception as error:  # noqa: BLE001  # it raises what it likes
                self._fail("removed", error)

    async def _ranges(
        self, address: str, data: bytes, start: int, end: int
    ) -> AsyncIterator[bytes]:
        yield data
        while start < end:
            data = await self._range(address, start, min(end, start + _FETCHED))
            start += len(data)
            yield data

    async def _range(self, address: str, start: int, end: int) -> bytes:
        store, key = self._found(address)
        try:
            data = bytes(await self._obstore.get_range_async(store, key, start=start, end=end))
        except Exception as error:  # noqa: BLE001  # it raises what it likes
            self._fail("read", error)
        if len(data) != end - start:
            raise Unavailable("The object is shorter than it was.")
        return data

    def _found(self, address: str) -> tuple[Any, str]:
        bucket, _, key = address.removeprefix(SCHEME).partition("/")
        return self._store(bucket), key

    def _store(self, bucket: str) -> Any:
        # Those that were kept under other settings are where they were.
        if bucket not in self._stores:
            try:
                self._stores[bucket] = self._make(
                    bucket,
                    config=self._config,
                    client_options=self._options,
                    retry_config=_RETRIES,
                )
            except Exception as error:  # noqa: BLE001  # it raises what it likes
                raise ConfigurationError(
                    f"media.bucket {bucket} cannot be used: {_said(error)}"
                ) from None
        return self._stores[bucket]

    def _fail(self, what: str, error: Exception) -> NoReturn:
        if isinstance(error, FileNotFoundError):
            raise NotFound from None
        log.error("the bucket could not be %s: %s", what, _said(error))
        raise Unavailable(f"Media cannot be {what} now; try again.") from None


async def _joined(
    begun: Sequence[bytes], rest: AsyncIterator[bytes] | None = None
) -> AsyncIterator[bytes]:
    for chunk in begun:
        yield chunk
    if rest is not None:
        async for chunk in rest:
            yield chunk


async def _noted(content: AsyncIterator[bytes], failures: list[Exception]) -> AsyncIterator[bytes]:
    """Pass bytes on, and keep what their source raises: it is told as it is."""
    try:
        async for chunk in content:
            yield chunk
    except Exception as error:
        failures.append(error)
        raise


def _said(error: Exception) -> str:
    # After an empty line follows how the library's own parts see it.
    return f"{type(error).__name__}: {str(error).partition(chr(10) * 2)[0]}"[:_SHOWN]
