"""API keys: shown once, kept as a hash, ended by time or by hand."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Role
from accounts.services import create_api_key, revoke_api_key
from accounts.tokens import KEY_PREFIX, credential_of
from audit.models import AuditEvent
from contracts.errors import Forbidden, Invalid, NotFound, Unauthenticated


def new(actor, organization, **given):
    return create_api_key(actor=actor, organization=organization, **{"name": "loader", "role": "editor", **given})


def test_key_acts_with_its_own_role_in_its_organization(alice_actor, acme):
    made = new(alice_actor, acme)
    actor = credential_of(made.key, door="rest").actor
    assert (actor.kind, actor.role, actor.organizations, actor.user_name) == (
        "api_key",
        Role.EDITOR,
        (acme.pk,),
        "loader",
    )
    assert made.key.startswith(KEY_PREFIX)


def test_key_itself_is_kept_nowhere(alice_actor, acme):
    made = new(alice_actor, acme)
    kept = str(ApiKey.objects.values().get()) + json.dumps(list(AuditEvent.objects.values("after_state")))
    assert made.key not in kept + repr(made) + str(made.api_key)
    assert made.api_key.key_hash not in json.dumps(list(AuditEvent.objects.values("after_state")))


def test_making_and_revoking_are_on_the_trail(alice_actor, acme, trail):
    made = new(alice_actor, acme)
    revoke_api_key(actor=alice_actor, api_key=made.api_key)
    revoke_api_key(actor=alice_actor, api_key=made.api_key)
    assert trail() == [("CREATE", "API_KEY", "loader"), ("REVOKE", "API_KEY", "loader")]


def test_revoked_key_is_refused(alice_actor, acme):
    made = new(alice_actor, acme)
    revoke_api_key(actor=alice_actor, api_key=made.api_key)
    with pytest.raises(Unauthenticated, match="revoked"):
        credential_of(made.key, door="rest")


def test_expired_key_is_refused(alice_actor, acme):
    made = new(alice_actor, acme, expires_at=timezone.now() + timedelta(hours=1))
    assert credential_of(made.key, door="rest")
    ApiKey.objects.update(expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        credential_of(made.key, door="rest")


def test_key_outlives_its_makers_membership(alice_actor, acme, alice_member, operator):
    made = new(alice_actor, acme)
    alice_member.user.delete()
    credential = credential_of(made.key, door="rest")
    assert (credential.user, credential.actor.organizations) == (None, (acme.pk,))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"role": "root"}, "role"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_bad_input_names_the_field(alice_actor, acme, given, field):
    with pytest.raises(Invalid) as refusal:
        new(alice_actor, acme, **given)
    assert refusal.value.fields.keys() == {field}
    assert not ApiKey.objects.exists()


def test_editor_and_outsider_make_and_revoke_none(alice_actor, bob_actor, charlie_actor, acme):
    key = new(alice_actor, acme).api_key
    for actor, error in ((bob_actor, Forbidden), (charlie_actor, NotFound)):
        with pytest.raises(error):
            new(actor, acme)
        with pytest.raises(error):
            revoke_api_key(actor=actor, api_key=key)
    assert ApiKey.objects.get().revoked_at is None


def test_last_use_is_kept_to_the_minute(alice_actor, acme, django_assert_num_queries):
    made = new(alice_actor, acme)
    with django_assert_num_queries(2):
        credential_of(made.key, door="rest")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        credential_of(made.key, door="rest")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    credential_of(made.key, door="rest")
    assert ApiKey.objects.filter(last_used_at__gte=first).exists()
