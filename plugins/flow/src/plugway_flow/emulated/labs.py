"""The site: sessions, projects, deletions, and redirects to media."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from plugway_flow.emulated.accounts import COOKIE, Account
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.call import Call, Endpoint, Way
from plugway_flow.emulated.door import LABS, TRPC
from plugway_flow.emulated.library import Library
from plugway_flow.emulated.mishaps import CallName
from plugway_flow.emulated.moment import Moment, stamp
from plugway_flow.emulated.refusals import Refusal, answered, invalid, missing
from plugway_flow.emulated.schema import Field, check

_TOOL = "PINHOLE"
_TYPES = ("MEDIA_URL_TYPE_FULL_MEDIA", "MEDIA_URL_TYPE_THUMBNAIL")


class Labs:
    """Answers for the site."""

    def __init__(self, library: Library, behaviour: Behaviour, moment: Moment) -> None:
        """Prepare.

        Args:
            library: Has the media.
            behaviour: How it behaves.
            moment: Tells the time.
        """
        self._library = library
        self._behaviour = behaviour
        self._moment = moment

    def ways(self) -> Iterable[Way]:
        """Yield what it answers."""
        session = self._session
        yield Way(method="GET", path=f"{LABS}/auth/session", call="session", endpoint=session)
        procedures: tuple[tuple[str, CallName, Endpoint], ...] = (
            ("project.createProject", "create_project", self._create),
            ("project.deleteProject", "delete_project", self._delete),
            ("media.deleteMedia", "delete_media", self._delete_media),
        )
        for name, call, endpoint in procedures:
            signed_in = self._signed_in(endpoint)
            yield Way(method="POST", path=f"{TRPC}{name}", call=call, endpoint=signed_in)
        path = f"{TRPC}media.getMediaUrlRedirect"
        redirect = self._signed_in(self._redirect)
        yield Way(method="GET", path=path, call="redirect", endpoint=redirect)

    def _session(self, call: Call) -> dict[str, Any] | web.Response:
        account = call.who
        if account is None or account.state == "signed_out":
            return {}
        if account.state == "migrated":
            return self._moved()
        now = self._moment.now()
        if call.kind in ("stale", "lying"):
            token = account.mint(now)
            until = now if call.kind == "stale" else now + self._behaviour.token_seconds
        else:
            seconds = account.token_seconds or self._behaviour.token_seconds
            token = account.token(now, seconds, self._behaviour.early_seconds)
            until = token.until
        told = {
            "user": {"name": account.name.title(), "email": account.email},
            "expires": stamp(until),
            "access_token": token.value,
        }
        response = answered(told)
        if self._behaviour.rotation != "none":
            self._rotate(account, response, now)
        return told if call.kind in ("shapeless", "truncated", "empty") else response

    def _rotate(self, account: Account, response: web.Response, now: float) -> None:
        if self._behaviour.rotation == "revoked":
            account.revoke(tokens=False)
        given = account.sign_in(now + self._behaviour.session_seconds)
        # Written as the site does: a name that begins so needs `Secure`, whatever the scheme.
        ends = int(self._behaviour.session_seconds)
        attributes = f"Path=/; Max-Age={ends}; HttpOnly; Secure; SameSite=Lax"
        response.headers.add("Set-Cookie", f"{COOKIE}={given.value}; {attributes}")

    def _signed_in(self, endpoint: Endpoint) -> Endpoint:
        """Return what answers those whose cookie holds, and refuses the others."""

        def answer(call: Call) -> dict[str, Any] | web.Response:
            account = call.who
            if account is None or account.state == "signed_out":
                raise Refusal(401, "UNAUTHORIZED")
            if account.state == "migrated":
                return self._moved()
            return endpoint(call)

        return answer

    def _create(self, call: Call) -> dict[str, Any]:
        fields = {
            "projectTitle": Field("string", needed=True),
            "toolName": Field((_TOOL,), needed=True),
        }
        asked = _json(call, fields)
        made = call.account.open_project(asked["projectTitle"], self._moment.now())
        project = {"projectId": made.id, "projectInfo": {"projectTitle": made.title}}
        return _result({"result": project, "status": 200, "statusText": "OK"})

    def _delete(self, call: Call) -> dict[str, Any]:
        asked = _json(call, {"projectToDeleteId": Field("string", needed=True)})
        if call.account.projects.pop(asked["projectToDeleteId"], None) is None:
            raise missing(self._behaviour.project_words)
        return _result({"status": 200, "statusText": "OK"})

    def _delete_media(self, call: Call) -> dict[str, Any]:
        asked = _json(call, {"names": Field("string", needed=True, repeated=True)})
        found = [self._library.own(call.account, name) for name in asked["names"]]
        for medium in found:
            self._library.media.pop(medium.name, None)
        return _result({"status": 200, "statusText": "OK"})

    def _redirect(self, call: Call) -> web.Response:
        query = call.request.query
        if query.get("mediaUrlType") not in _TYPES:
            raise invalid("mediaUrlType", "Invalid enum value for mediaUrlType")
        link = self._library.link(self._library.own(call.account, query.get("name", "")))
        return web.Response(status=self._behaviour.redirect_status, headers={"Location": link})

    def _moved(self) -> web.Response:
        where = {"Location": self._behaviour.migrated_to}
        return web.Response(status=self._behaviour.migrated_status, headers=where)


def _json(call: Call, fields: dict[str, Field]) -> dict[str, Any]:
    """Return what a procedure was asked: it is in an envelope."""
    check(call.body, {"json": Field(fields, needed=True), "meta": Field("any")})
    asked: dict[str, Any] = call.body["json"]
    return asked


def _result(value: dict[str, Any]) -> dict[str, Any]:
    return {"result": {"data": {"json": value}}}
