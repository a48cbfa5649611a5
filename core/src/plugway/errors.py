"""Errors, in three families: the client's fault, the upstream's, the operator's.

The first paragraph of a class's docstring is its default message. A surface
renders an error in its own official shape; nothing here knows any shape.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import ClassVar, Literal


class PlugwayError(Exception):
    """Something went wrong in the gateway."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Keep what a surface needs to render the error.

        Args:
            message: Said to the client as it is, so it holds no secret.
                Default: the class's docstring.
            field: The input field at fault, as the client spelt it.
            retry_after: Seconds until another try makes sense.
        """
        if message is None:
            message = cleandoc(type(self).__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after


class ClientError(PlugwayError):
    """The request was not acceptable."""

    status = 400
    code = "bad_request"


class BadRequest(ClientError):
    """The request was malformed."""


class PayloadTooLarge(ClientError):
    """The request is larger than this gateway accepts."""

    status = 413
    code = "payload_too_large"


class NotAuthenticated(ClientError):
    """No valid key was presented."""

    status = 401
    code = "not_authenticated"

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: Literal["absent", "malformed", "unknown", "early", "late"] = "unknown",
    ) -> None:
        """Keep why, for surfaces whose official errors tell.

        Args:
            message: As in `PlugwayError`; the same for all reasons.
            reason: `absent`: nothing was presented; `malformed`: it cannot be a key;
                `early` and `late`: a token whose signature is right is not valid yet, or no
                more; `unknown`: anything else.
        """
        super().__init__(message)
        self.reason = reason


class InsufficientCredits(ClientError):
    """The balance does not cover this call."""

    status = 402
    code = "insufficient_credits"


class NotPermitted(ClientError):
    """This key may not do that."""

    status = 403
    code = "not_permitted"


class NotFound(ClientError):
    """There is nothing here."""

    status = 404
    code = "not_found"


class Gone(ClientError):
    """This is no longer here."""

    status = 410
    code = "gone"


class MethodNotAllowed(ClientError):
    """This path does not take that method."""

    status = 405
    code = "method_not_allowed"


class Conflict(ClientError):
    """That exists already, or has changed meanwhile."""

    status = 409
    code = "conflict"


class RateLimited(ClientError):
    """Too many requests; slow down."""

    status = 429
    code = "rate_limited"


class NoPrice(ClientError):
    """This model has no price here, so it cannot be called."""

    status = 400
    code = "no_price"


class Cancelled(PlugwayError):
    """The call was cancelled."""

    status = 499
    code = "cancelled"


class Unavailable(PlugwayError):
    """The gateway cannot take this call now; try again."""

    status = 503
    code = "unavailable"


class NoChannel(Unavailable):
    """No available channel serves this model."""

    code = "no_available_channel"


class LedgerUnavailable(Unavailable):
    """The ledger cannot be written now; nothing was charged."""

    code = "ledger_unavailable"


class UpstreamError(PlugwayError):
    """The upstream failed."""

    status = 502
    code = "upstream_error"
    #: Whether another channel may be tried.
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        acted: bool = True,
        charged: bool = True,
    ) -> None:
        """Keep whether the upstream may have done the work.

        Args:
            message: As in `PlugwayError`: no secret, no credential, no full URL.
            field: As in `PlugwayError`.
            retry_after: As in `PlugwayError`.
            acted: False only when the upstream cannot have begun: the connection
                was never made, or it refused before any work.
            charged: False where an answer that broke off costs the client nothing, since the
                upstream charges nothing for it; what came of any other is charged.
        """
        super().__init__(message, field=field, retry_after=retry_after)
        self.acted = acted
        self.charged = charged


class UpstreamUnreachable(UpstreamError):
    """The upstream could not be reached."""

    code = "upstream_unreachable"
    retryable = True


class UpstreamTimeout(UpstreamError):
    """The upstream took too long to answer."""

    status = 504
    code = "upstream_timeout"


class UpstreamInterrupted(UpstreamError):
    """The upstream broke off its answer."""

    code = "upstream_interrupted"


class CredentialExpired(UpstreamError):
    """The upstream refused the credential."""

    code = "credential_expired"
    retryable = True


class CredentialRestricted(UpstreamError):
    """The upstream does not let this credential do that."""

    code = "credential_restricted"
    retryable = True


class QuotaExhausted(UpstreamError):
    """The upstream's quota is used up for now."""

    status = 429
    code = "quota_exhausted"
    retryable = True

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        acted: bool = True,
        charged: bool = True,
        quota: str | None = None,
    ) -> None:
        """Keep what is used up.

        Args:
            message: As in `UpstreamError`.
            field: As in `UpstreamError`.
            retry_after: As in `UpstreamError`.
            acted: As in `UpstreamError`.
            charged: As in `UpstreamError`.
            quota: The kind of quota, one that its model names or `text`, which is all of the
                credential; None: what the call draws from.
        """
        super().__init__(
            message, field=field, retry_after=retry_after, acted=acted, charged=charged
        )
        self.quota = quota


class ChallengeRequired(CredentialRestricted):
    """The upstream wants a person to prove that there is one, which this gateway does not do."""

    code = "challenge_required"


class AccountMigrated(CredentialRestricted):
    """The upstream has moved this account to another service."""

    code = "account_migrated"


class TierTooLow(UpstreamError):
    """The account has not paid for this; another one may have."""

    status = 403
    code = "tier_too_low"
    retryable = True


class EmptyAnswer(UpstreamError):
    """The upstream ended its answer without saying anything."""

    code = "empty_answer"
    retryable = True


class SafetyBlocked(UpstreamError):
    """The upstream's safety rules do not allow this."""

    status = 400
    code = "safety_blocked"


class TaskGone(UpstreamError):
    """The upstream has no such task."""

    code = "task_gone"


class UnreadableAnswer(UpstreamError):
    """The upstream answered in a way that is not understood."""

    code = "unreadable_answer"


class ConfigurationError(PlugwayError):
    """The configuration is not usable.

    The command line prints it as one line on stderr and exits with 2.
    """

    code = "configuration_error"


class AddressRefused(ClientError):
    """That address may not be reached from here."""

    code = "address_refused"
