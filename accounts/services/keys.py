"""The keys that programs use in one organization."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.models import ApiKey, Organization
from accounts.services.common import api_key_state, check_fields, checked_role, require_administration
from accounts.tokens import make_key
from audit.services import Change, record
from contracts.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key just made. `key` is the secret itself, to be shown once."""

    api_key: ApiKey
    key: str

    def __repr__(self) -> str:
        return f"NewKey({self.api_key!r})"


@transaction.atomic
def create_api_key(
    *, actor: Actor, organization: Organization, name: str, role: str, expires_at: datetime | None = None
) -> NewKey:
    """A new key of the organization, with a role of its own; it outlives its maker. Raises Invalid."""
    require_administration(actor, organization)
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(fields={"expires_at": ["This must be in the future."]})
    secret, prefix, key_hash = make_key()
    api_key = ApiKey(
        organization=organization,
        name=name.strip(),
        role=checked_role(role),
        prefix=prefix,
        key_hash=key_hash,
        created_by_id=actor.user_id,
        expires_at=expires_at,
    )
    check_fields(api_key)
    check_lines({"name": api_key.name}, {}, ("name",), resource="api_key")
    api_key.save(force_insert=True)
    change = Change("CREATE", "API_KEY", api_key.pk, api_key.name, None, api_key_state(api_key))
    record(actor, change, organization_id=organization.pk)
    return NewKey(api_key, secret)


@transaction.atomic
def revoke_api_key(*, actor: Actor, api_key: ApiKey) -> ApiKey:
    """End a key for good, from the next request on. A key that is revoked stays as it is."""
    found = ApiKey.objects.select_for_update().filter(pk=api_key.pk).first()
    if found is None:
        raise NotFound(resource="api_key", api_key_id=str(api_key.pk))
    require_administration(actor, found.organization)
    if found.revoked_at is not None:
        return found
    before = api_key_state(found)
    found.revoked_at = timezone.now()
    found.save(update_fields=["revoked_at"])
    change = Change("REVOKE", "API_KEY", found.pk, found.name, before, api_key_state(found))
    record(actor, change, organization_id=found.organization_id)
    return found
