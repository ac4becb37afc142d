"""The one tree of errors that the product raises on purpose.

Each error carries a stable ``code`` (for JSON and logs), an English ``message`` with ``{placeholders}`` (the gettext
id) and ``params`` that fill them. The words say what is wrong and what to do. One place per outlet (pages, JSON,
command line) turns the tree into statuses; nobody else catches it.
"""

from __future__ import annotations

from auditapp.domain.words import N_


class AuditAppError(Exception):
    """Base of every deliberate error. ``str(error)`` is the filled English message."""

    code = "error"
    message = N_("Something went wrong. Try again.")

    def __init__(self, message: str | None = None, **params: object) -> None:
        self.message = message or type(self).message
        self.params = params
        super().__init__(self.message.format(**params) if params else self.message)


class InvalidInput(AuditAppError):
    """The caller sent something that can't be accepted (HTTP 422, exit 2). ``field`` names where, if it has a name."""

    code = "invalid"

    def __init__(self, message: str | None = None, field: str = "", **params: object) -> None:
        self.field = field
        super().__init__(message, **params)


class NotFound(AuditAppError):
    """No such thing, or not for this actor: the two are never told apart (HTTP 404)."""

    code = "not_found"
    message = N_("This page is not here. Check the address, or go back to the start.")


class Forbidden(AuditAppError):
    """The actor's role may never do this (HTTP 403)."""

    code = "forbidden"
    message = N_("Your role may not do this. Ask an administrator if you need it.")


class SignInNeeded(AuditAppError):
    """Nobody is signed in (HTTP 401, pages go to sign-in)."""

    code = "sign_in_needed"
    message = N_("Please sign in first.")


class OtherUser(SignInNeeded):
    """The phone holds one person's work, and another one is signed in (HTTP 401): nothing may be taken as theirs."""

    code = "other_user"
    message = N_(
        "Somebody else is signed in on this phone. What you entered stays here; sign in again as yourself to send it."
    )


class Conflict(AuditAppError):
    """The state has moved on since the caller looked (HTTP 409)."""

    code = "conflict"
    message = N_("This has changed meanwhile. Load the page again and look before you decide.")


class Incomplete(Conflict):
    """The server lacks something of the phone's manifest, or the visit still owes answers (HTTP 409).

    ``missing`` lists it: {question, field}, {photo} or {question, lack}.
    """

    code = "incomplete"
    message = N_("Not everything has arrived yet. Send what is missing, then send the visit again.")

    def __init__(self, missing: list[dict[str, str]], message: str | None = None) -> None:
        self.missing = missing
        super().__init__(message)


class TooMany(AuditAppError):
    """Too many attempts (HTTP 429). ``retry_after`` in seconds."""

    code = "too_many"
    message = N_("Too many attempts. Wait a few minutes and try again.")

    def __init__(self, message: str | None = None, retry_after: int = 60, **params: object) -> None:
        self.retry_after = retry_after
        super().__init__(message, **params)


class TooLarge(AuditAppError):
    """More bytes than are accepted (HTTP 413)."""

    code = "too_large"
    message = N_("This is larger than the server accepts.")


class PhotoRefused(AuditAppError):
    """A photo that can't be taken as evidence (HTTP 422), with a reason that a shopper understands."""

    code = "photo_refused"


class ChecklistProblem(AuditAppError):
    """One or more problems in a checklist file; ``problems`` are `domain.checklist.Problem` in file order."""

    code = "checklist_invalid"

    def __init__(self, problems: tuple[object, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


class ConfigError(AuditAppError):
    """A setting is wrong or missing: the program does not start (exit 2)."""

    code = "config"


class TemporarilyUnavailable(AuditAppError):
    """A resource is busy; the same call may work in a moment (HTTP 503)."""

    code = "unavailable"
    message = N_("The server is busy. Try again in a moment; nothing was lost.")
