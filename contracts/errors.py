"""Domain errors: what went wrong, in words a caller can act on.

Services raise these; each contract words them in its own shape (`contracts.problems`).
No HTTP status lives here: the doors know those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """Anything the domain refuses. `details` holds plain JSON values that name what to mend.

    `resource` is the snake_case name of the thing spoken of ("asset", "data_source"), so that a
    contract can make codes such as `ASSET_NOT_FOUND` of it.
    """

    kind = "error"
    default_message = "The request could not be carried out"

    def __init__(self, message: str = "", *, resource: str = "", **details: Any) -> None:
        self.message = message or self.default_message
        self.resource = resource
        self.details: dict[str, Any] = details
        super().__init__(self.message)


class NotFound(DomainError):
    """It is not there, or the actor may not know that it is."""

    kind = "not_found"
    default_message = "Not found"


class Conflict(DomainError):
    """It clashes with what is there already: a name that is taken, a state that forbids the step."""

    kind = "conflict"
    default_message = "It conflicts with what is there already"


class Stale(Conflict):
    """The caller's version is not the current one (a lost update was prevented)."""

    kind = "stale"
    default_message = "It was changed by someone else since it was read"


class Invalid(DomainError):
    """Input that cannot be accepted. `fields` maps a field's path to what is wrong with it."""

    kind = "invalid"
    default_message = "The request is not valid"

    def __init__(
        self,
        message: str = "",
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        resource: str = "",
        **details: Any,
    ) -> None:
        self.fields: dict[str, list[str]] = {k: list(v) for k, v in (fields or {}).items()}
        if not message and self.fields:
            name, problems = next(iter(self.fields.items()))
            message = f"{name}: {problems[0]}"
        super().__init__(message, resource=resource, **details)


class BadRequest(Invalid):
    """The request itself cannot be read: a malformed body, a query parameter that means nothing.

    Kept apart from Invalid because the registry contract answers 400 to this and 422 to that.
    """

    kind = "bad_request"
    default_message = "The request cannot be read"


class TooLarge(DomainError):
    """The body, a file or a number of items is over a limit."""

    kind = "too_large"
    default_message = "The request is too large"


class Unauthenticated(DomainError):
    """Nobody, or nobody we can believe, is asking."""

    kind = "unauthenticated"
    default_message = "Authentication is required"


class Forbidden(DomainError):
    """The actor is known, sees the thing, and may not do this to it."""

    kind = "forbidden"
    default_message = "You may not do this"


class RateLimited(DomainError):
    """Too many requests. `retry_after` is in whole seconds."""

    kind = "rate_limited"
    default_message = "Too many requests"

    def __init__(self, message: str = "", *, retry_after: int, resource: str = "", **details: Any) -> None:
        self.retry_after = retry_after
        super().__init__(message, resource=resource, **details)


class Unavailable(DomainError):
    """Something we depend on (a data source, the storage) does not answer now."""

    kind = "unavailable"
    default_message = "Temporarily unavailable"
