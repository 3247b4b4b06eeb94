"""Events about single assets that other systems send: applied and kept in one transaction, once however often sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.models import Role
from catalog.models import Asset
from catalog.services import create_asset, delete_asset, update_asset
from contracts.errors import BadRequest, Conflict, Invalid, NotFound, Unauthenticated
from ingestion.models import StreamEvent

EVENTS = ("asset.created", "asset.updated", "asset.deleted")
KEY_LENGTH = 255
SIGNATURE_PREFIX = "sha256="


def accept_event(*, actor: Actor, event: str, asset: Any, idempotency_key: str = "") -> StreamEvent:
    """Apply an event and keep that it came; the same key again changes nothing and gives the same record.

    A `created` asset that is there already is changed, an `updated` one that is not is created where it is
    described in full. Raises Invalid, Conflict (the key came with something else), NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    if event not in EVENTS:
        raise BadRequest(fields={"X-Event-Type": [f"It must be one of {', '.join(EVENTS)}."]})
    if len(idempotency_key) > KEY_LENGTH or "\x00" in idempotency_key:
        raise BadRequest(fields={"Idempotency-Key": [f"It must have at most {KEY_LENGTH} characters."]})
    if not isinstance(asset, Mapping):
        raise Invalid(fields={"asset": ["It must be an object."]})
    sent = json.dumps([event, asset], sort_keys=True, default=str)
    digest = hashlib.sha256(sent.encode(errors="surrogatepass")).hexdigest()
    former = _former(actor, idempotency_key, digest)
    if former is not None:
        return former
    try:
        with transaction.atomic():
            row = StreamEvent.objects.create(
                organization_id=actor.tenant, event=event, idempotency_key=idempotency_key, digest=digest
            )
            row.asset_id = _apply(actor, event, asset)
            row.save(update_fields=["asset_id"])
            return row
    except IntegrityError:
        former = _former(actor, idempotency_key, digest)
        if former is None:
            raise
        return former


def get_event(actor: Actor, event_id: str | UUID) -> StreamEvent:
    """An event that was accepted. Raises NotFound."""
    try:
        return StreamEvent.objects.visible_to(actor).get(pk=event_id)
    except (StreamEvent.DoesNotExist, ValidationError, ValueError):
        raise NotFound(resource="stream_event", stream_event_id=str(event_id)) from None


def check_signature(*, key: str, body: bytes, signature: str) -> None:
    """Raise Unauthenticated unless it is `sha256=` and the HMAC-SHA256 of the body under the API key, hexadecimal."""
    if not key:
        raise Unauthenticated("A signed event needs an API key: the signature is made with it")
    expected = SIGNATURE_PREFIX + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode()):
        raise Unauthenticated("The signature does not fit the body")


def _former(actor: Actor, key: str, digest: str) -> StreamEvent | None:
    if not key:
        return None
    former = StreamEvent.objects.filter(organization_id=actor.tenant, idempotency_key=key).first()
    if former is not None and former.digest != digest:
        raise Conflict("The Idempotency-Key was used for another event", resource="stream_event")
    return former


def _apply(actor: Actor, event: str, data: Mapping[str, Any]) -> UUID:
    """What the event says, done; returns the asset's id."""
    fields = {name: value for name, value in data.items() if name not in ("id", "version")}
    asset = _find(actor, data)
    if event == "asset.deleted":
        if asset is None:
            raise NotFound(resource="asset", asset_id=str(data.get("id") or data.get("qualified_name") or ""))
        delete_asset(actor=actor, asset=asset, expected_version=_version(data))
        return asset.pk
    if asset is None:
        if "id" in data:
            raise NotFound(resource="asset", asset_id=str(data["id"]))
        return create_asset(actor=actor, data=fields).pk
    return update_asset(actor=actor, asset=asset, changes=fields, expected_version=_version(data)).pk


def _version(data: Mapping[str, Any]) -> int | None:
    version = data.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise Invalid(fields={"asset.version": ["It must be a whole number."]})
    return version


def _find(actor: Actor, data: Mapping[str, Any]) -> Asset | None:
    """The living asset that the event is about: by `id`, else by `qualified_name`."""
    key, name = data.get("id"), data.get("qualified_name")
    if not isinstance(key or name, str) or "\x00" in str(key or name):
        raise Invalid(fields={"asset.qualified_name": ["This field, or `id`, is required."]})
    living = Asset.objects.visible_to(actor).filter(organization_id=actor.tenant)
    try:
        return (living.filter(pk=key) if key else living.filter(qualified_name=name)).first()
    except (ValidationError, ValueError):
        return None
