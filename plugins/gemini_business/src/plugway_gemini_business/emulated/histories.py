"""The methods of sessions: to begin, show, list and delete them (reference §1.1, §1.5)."""

from __future__ import annotations

from aiohttp import web

from plugway_gemini_business.emulated.bodies import CREATE, LIST_SESSIONS, NAMED
from plugway_gemini_business.emulated.call import Call, Way, Ways
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.refusals import Refusal, answered, invalid
from plugway_gemini_business.emulated.sessions import Session, Sessions

#: Sessions in a list that does not say how many it wants.
PAGE = 20


class Histories:
    """Answers for sessions."""

    def __init__(self, sessions: Sessions, moment: Moment) -> None:
        """Prepare.

        Args:
            sessions: Those there are.
            moment: Tells the time.
        """
        self._sessions = sessions
        self._moment = moment

    def ways(self) -> Ways:
        """Return its methods."""
        yield Way(
            method="widgetCreateSession",
            envelope="createSessionRequest",
            fields=CREATE,
            call="create",
            endpoint=self._create,
        )
        yield Way(
            method="widgetListSessions",
            envelope="listSessionsRequest",
            fields=LIST_SESSIONS,
            call="sessions",
            endpoint=self._list,
        )
        yield Way(
            method="widgetGetSession",
            envelope="getSessionRequest",
            fields=NAMED,
            call="session",
            endpoint=self._get,
        )
        yield Way(
            method="widgetDeleteSession",
            envelope="deleteSessionRequest",
            fields=NAMED,
            call="delete",
            endpoint=self._delete,
        )

    async def _create(self, call: Call) -> web.StreamResponse:
        asked = call.asked["session"]
        if asked.get("name"):
            raise invalid("create_session_request.session.name", "The name is given by us.")
        title = asked.get("displayName") or ""
        made = self._sessions.open(call.account.name, title, at=self._moment.now())
        return answered({"session": made.public()})

    async def _list(self, call: Call) -> web.StreamResponse:
        newest = self._sessions.of(call.account.name)[::-1]
        token = call.asked.get("pageToken") or "0"
        size = call.asked.get("pageSize") or PAGE
        if not token.isdecimal() or not 0 < size <= 1_000:
            raise invalid("list_sessions_request", "Invalid page_size or page_token.")
        begin = int(token)
        end = begin + size
        told = {"sessions": [session.public() for session in newest[begin:end]]}
        more = {"nextPageToken": str(end)} if end < len(newest) else {}
        return answered({"listSessionsResponse": {**told, **more}})

    async def _get(self, call: Call) -> web.StreamResponse:
        found = found_session(self._sessions, call)
        return answered({"session": {**found.public(), "turns": [{}] * found.turns}})

    async def _delete(self, call: Call) -> web.StreamResponse:
        self._sessions.close(found_session(self._sessions, call))
        return answered({})


def found_session(sessions: Sessions, call: Call) -> Session:
    """Return the session that a call names.

    Args:
        sessions: Those there are.
        call: The call.

    Raises:
        Refusal: 404: there is none, or it is another account's.
    """
    found = sessions.find(call.asked["name"], call.account.name)
    if found is None:
        raise Refusal(404, f"Session '{call.asked['name']}' was not found.")
    return found
