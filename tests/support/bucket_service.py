"""A small service that speaks as much of the S3 protocol as a media store needs.

It takes requests that are signed as Amazon's signature version 4 says, with the one key pair
that it knows, and refuses all others as S3 does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from types import TracebackType
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from aiohttp import web

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "canary-secret-key"
REGION = "eu-north-7"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\d{8}/[^/]+/s3/aws4_request), "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class BucketService:
    """Serves one bucket on a loopback port.

    Attributes:
        url: Its address.
        objects: What is in the bucket, by key.
        unfinished: Parts of uploads that were neither completed nor aborted, by upload.
        asked: What was asked of it: methods with what follows the key.
        failing: Answer with this status instead; 0: do not.
    """

    url: str

    def __init__(self, bucket: str = "gallery") -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.unfinished: dict[str, dict[int, bytes]] = {}
        self.asked: list[str] = []
        self.failing = 0
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> BucketService:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not _is_signed(request, body):
            return _refusal(403, "SignatureDoesNotMatch")
        if self.failing:
            return _refusal(self.failing, "InternalError")
        bucket, _, key = unquote(request.path).removeprefix("/").partition("/")
        query = request.query
        self.asked.append(" ".join((request.method, *sorted(query))))
        if bucket != self.bucket:
            return _refusal(404, "NoSuchBucket")
        if request.method == "POST":
            return self._post(request, key, body)
        if request.method == "PUT" and "uploadId" in query:
            self.unfinished[query["uploadId"]][int(query["partNumber"])] = body
            return web.Response(headers={"etag": _tag(body)})
        if request.method == "PUT":
            self.objects[key] = body
            return web.Response(headers={"etag": _tag(body)})
        if request.method == "DELETE":
            self.unfinished.pop(query.get("uploadId", ""), None)
            return web.Response(status=204)
        if key not in self.objects:
            return _refusal(404, "NoSuchKey")
        return _part(self.objects[key], request.headers.get("range", ""))

    def _post(self, request: web.Request, key: str, body: bytes) -> web.Response:
        if "delete" in request.query:
            keys = re.findall(r"<Key>([^<]+)</Key>", body.decode())
            for one in keys:
                # To delete what is not there is no fault.
                self.objects.pop(one, None)
            done = "".join(f"<Deleted><Key>{escape(one)}</Key></Deleted>" for one in keys)
            return _xml(f"<DeleteResult>{done}</DeleteResult>")
        if "uploads" in request.query:
            upload = f"upload-{len(self.asked)}"
            self.unfinished[upload] = {}
            return _xml(
                f"<InitiateMultipartUploadResult><Bucket>{self.bucket}</Bucket><Key>{escape(key)}"
                f"</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            )
        parts = self.unfinished.pop(request.query["uploadId"])
        numbers = [int(number) for number in re.findall(r"<PartNumber>(\d+)<", body.decode())]
        self.objects[key] = b"".join(parts[number] for number in numbers)
        tag = escape(_tag(self.objects[key]))
        return _xml(
            f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
        )


def _part(content: bytes, header: str) -> web.Response:
    headers = {"etag": _tag(content), "last-modified": "Fri, 15 Jan 2027 08:00:00 GMT"}
    found = _RANGE.fullmatch(header)
    if found is None:
        return web.Response(body=content, headers=headers)
    start = int(found[1])
    end = min(len(content), int(found[2] or len(content)) + 1)
    if start >= end:
        return _refusal(416, "InvalidRange")
    headers["content-range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:end], headers=headers)


def _is_signed(request: web.Request, body: bytes) -> bool:
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if found is None or found["key"] != ACCESS_KEY or f"/{REGION}/" not in found["scope"]:
        return False
    digest = hashlib.sha256(body).hexdigest()
    if request.headers.get("x-amz-content-sha256") != digest:
        return False
    path, _, query = request.raw_path.partition("?")
    pairs = sorted(tuple(pair.partition("=")[::2]) for pair in query.split("&") if pair)
    names = found["headers"].split(";")
    canonical = "\n".join(
        (
            request.method,
            quote(unquote(path), safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{request.headers[name].strip()}" for name in names),
            "",
            found["headers"],
            digest,
        )
    )
    to_sign = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            request.headers["x-amz-date"],
            found["scope"],
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{SECRET_KEY}".encode()
    for step in found["scope"].split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    own = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return hmac.compare_digest(own, found["signature"])


def _tag(content: bytes) -> str:
    return f'"{base64.b16encode(hashlib.sha256(content).digest()[:16]).decode().lower()}"'


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")


def _refusal(status: int, code: str) -> web.Response:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")
