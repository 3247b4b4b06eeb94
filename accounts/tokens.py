"""Tokens: a JWT names a person and one organization; an API key names an organization and a role."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.actor import Actor, member_actor
from accounts.models import ApiKey, Membership, Organization, Role, User
from audit.prepared import PreparedQuery
from contracts.errors import Unauthenticated

logger = logging.getLogger(__name__)

KEY_PREFIX = "ctly_"
"""What a secret scanner looks for; the rest is 43 URL-safe characters, 256 bits."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    expires_in: int  # seconds


@dataclass(frozen=True, slots=True)
class Credential:
    """What a bearer proved: the actor, and the user behind it (None for a key whose maker is gone)."""

    actor: Actor
    user: User | None


class _Backend(TokenBackend):
    """Signs with the SECRET_KEY in force; reads what that has signed, or one of SECRET_KEY_FALLBACKS."""

    def __init__(self) -> None:
        super().__init__("HS256", settings.SECRET_KEY)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return dict(super().decode(token, verify))
        except TokenBackendError:
            for former in settings.SECRET_KEY_FALLBACKS:
                with suppress(TokenBackendError):
                    return dict(TokenBackend("HS256", former).decode(token, verify))
            raise


class _Access(AccessToken):
    def get_token_backend(self) -> TokenBackend:
        return _Backend()


class _Refresh(RefreshToken):
    access_token_class = _Access

    def get_token_backend(self) -> TokenBackend:
        return _Backend()


def issue_tokens(membership: Membership) -> TokenPair:
    """A new pair of JWTs for a member, good in the membership's organization only.

    They end with the membership, with the user, and with the password they were got for.
    """
    refresh = _Refresh()
    refresh["user_id"] = str(membership.user_id)
    refresh["org"] = str(membership.organization_id)
    refresh["member"] = str(membership.pk)
    refresh["stamp"] = next(_stamps(membership.user))
    return TokenPair(str(refresh.access_token), str(refresh), settings.ACCESS_TOKEN_SECONDS)


def refresh_access(refresh_token: str) -> tuple[Membership, TokenPair]:
    """A new access token beside the same refresh token, and whose they are.

    Raises Unauthenticated when it is bad, expired or no longer a member's.
    """
    try:
        refresh = _Refresh(refresh_token)  # type: ignore[arg-type]
    except TokenError as error:
        raise Unauthenticated("The refresh token is not valid or has expired") from error
    membership = _membership_of(refresh)
    return membership, TokenPair(str(refresh.access_token), refresh_token, settings.ACCESS_TOKEN_SECONDS)


def make_key() -> tuple[str, str, str]:
    """A new API key: the key itself (to be shown once), the prefix to know it by, the hash to keep."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, key[: len(KEY_PREFIX) + 6], hash_key(key)


def hash_key(key: str) -> str:
    """SHA-256 is enough: the key has 256 bits of its own, nothing can be guessed from a dictionary."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def credential_of(bearer: str, *, door: str, request_id: str = "") -> Credential:
    """Who holds this JWT or API key. One query. Raises Unauthenticated."""
    if bearer.startswith(KEY_PREFIX):
        return _key_credential(bearer, door=door, request_id=request_id)
    try:
        token = _verified(bearer, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        token.check_exp(current_time=timezone.now())
    except TokenError as error:
        raise Unauthenticated("The token is not valid or has expired") from error
    membership = _membership_of(token)
    return Credential(member_actor(membership, door=door, request_id=request_id), membership.user)


@lru_cache(maxsize=1024)
def _verified(bearer: str, _keys: tuple[str, ...]) -> AccessToken:
    """What this token says, its signature and type verified: that stays so, its expiry and its member do not."""
    return _Access(bearer)  # type: ignore[arg-type]


def _membership_of(token: Token) -> Membership:
    try:
        user_id, organization_id = UUID(token["user_id"]), UUID(token["org"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The token was not issued here") from error
    found = _MEMBERSHIP.first(user_id, organization_id)
    if found is None:
        raise Unauthenticated("The token's user is no longer a member of its organization")
    membership = _membership_from(found)
    if token.get("member") != str(membership.pk):
        raise Unauthenticated("The token is of a membership that has ended")
    if not any(constant_time_compare(str(token.get("stamp")), known) for known in _stamps(membership.user)):
        raise Unauthenticated("The password was changed since this token was issued")
    return membership


@cache
def _columns(model: type[Model], prefix: str = "") -> list[str]:
    return [prefix + field.attname for field in model._meta.concrete_fields]


_MEMBERSHIP = PreparedQuery(
    lambda user_id, organization_id: (
        Membership.objects.order_by()
        .filter(user=user_id, organization=organization_id, user__is_active=True)
        .values_list(*_columns(Membership), *_columns(User, "user__"), *_columns(Organization, "organization__"))
    ),
    ids=2,
)
"""Asked with every request: an active user's membership, the user and the organization."""


def _membership_from(row: Sequence[Any]) -> Membership:
    """The membership, user and organization that a row of `_MEMBERSHIP` holds."""
    made: list[Any] = []
    for model in (Membership, User, Organization):
        names = _columns(model)
        values, row = row[: len(names)], row[len(names) :]
        made.append(model.from_db(connection.alias, names, values))
    membership: Membership = made[0]
    membership.user, membership.organization = made[1], made[2]
    return membership


def _stamps(user: User) -> Iterator[str]:
    """What changes with the user's password and tells nothing of it; by the key in force, then by those before it."""
    for whole in (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()):
        yield whole[:16]


def _note_use(key: ApiKey, now: datetime) -> None:
    """Keep when the key was last used, to the minute: a write for each request would be too dear.

    A SQLite database that somebody else is writing to does not fail the request that only reads.
    """
    recently = now - timedelta(minutes=1)
    if key.last_used_at is not None and key.last_used_at > recently:
        return
    unused = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=recently), pk=key.pk)
    try:
        unused.update(last_used_at=now)
    except OperationalError as error:
        if connection.in_atomic_block:
            raise
        logger.warning("the last use of API key %s was not kept: %s", key.pk, error)


def _key_credential(bearer: str, *, door: str, request_id: str) -> Credential:
    now = timezone.now()
    key = (
        ApiKey.objects.select_related("organization", "created_by")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), key_hash=hash_key(bearer), revoked_at=None)
        .first()
    )
    if key is None:
        raise Unauthenticated("The API key is not valid, has expired or was revoked")
    _note_use(key, now)
    actor = Actor(
        kind="api_key",
        organization_id=key.organization_id,
        organization_slug=key.organization.slug,
        role=Role(key.role),
        user_name=key.name,
        api_key_id=key.pk,
        door=door,
        request_id=request_id,
    )
    return Credential(actor, key.created_by)
