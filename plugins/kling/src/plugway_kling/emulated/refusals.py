"""The official table of errors."""

from __future__ import annotations

#: HTTP status by code.
STATUS = {
    0: 200,
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1100: 429,
    1101: 429,
    1102: 429,
    1103: 403,
    1200: 400,
    1201: 400,
    1202: 404,
    1203: 404,
    1300: 400,
    1301: 400,
    1302: 429,
    1303: 429,
    1304: 429,
    5000: 500,
    5001: 503,
    5002: 504,
}

#: What is said where nobody has anything more precise to say.
MESSAGES = {
    1000: "Auth failed",
    1001: "Authorization is empty",
    1002: "Authorization is invalid",
    1003: "Authorization is not yet valid",
    1004: "Authorization is expired",
    1100: "Account exception",
    1101: "Account in arrears",
    1102: "Account balance not enough",
    1103: "No permission to access the requested resource",
    1200: "Invalid request parameters",
    1201: "Invalid parameter",
    1202: "The requested method is invalid",
    1203: "The requested resource does not exist",
    1300: "Trigger strategy of the platform",
    1301: "Trigger content security policy of the platform",
    1302: "API request too fast",
    1303: "parallel task over resource pack limit",
    1304: "Trigger the platform's IP whitelisting policy",
    5000: "Server internal error",
    5001: "Server temporarily unavailable",
    5002: "Server internal timeout",
}


class Refusal(Exception):
    """Says that the emulated service refuses a request.

    Attributes:
        code: The official code.
        status: The HTTP status that belongs to it.
        message: What the answer says.
    """

    def __init__(self, code: int, message: str = "") -> None:
        """Refuse.

        Args:
            code: One of the official table.
            message: More precise than the table's.
        """
        self.code = code
        self.status = STATUS[code]
        self.message = message or MESSAGES[code]
        super().__init__(f"{code}: {self.message}")


def missing(what: str) -> Refusal:
    """Return the refusal of a resource that is not there, or another account's."""
    return Refusal(1203, f"{what} not found")


def invalid(field: str, complaint: str) -> Refusal:
    """Return the refusal of a field's value."""
    return Refusal(1201, f"{field} {complaint}")
