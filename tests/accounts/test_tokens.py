"""Tokens name one organization and stop working with the membership."""

import pytest

from accounts.models import ApiKey, Role
from accounts.tokens import credential_of, issue_tokens, make_key
from contracts.errors import Unauthenticated


def test_access_token_acts_in_its_organization(alice_member):
    credential = credential_of(issue_tokens(alice_member).access, door="rest")
    assert credential.actor.organizations == (alice_member.organization_id,)
    assert credential.actor.role == Role.ADMIN
    assert credential.user == alice_member.user


def test_token_dies_with_the_membership(alice_member):
    token = issue_tokens(alice_member).access
    alice_member.delete()
    with pytest.raises(Unauthenticated):
        credential_of(token, door="rest")


def test_api_key_is_kept_as_a_hash_only(acme):
    key, prefix, key_hash = make_key()
    ApiKey.objects.create(organization=acme, name="loader", role=Role.EDITOR, prefix=prefix, key_hash=key_hash)
    assert key not in str(ApiKey.objects.values().get())
    assert credential_of(key, door="rest").actor.role == Role.EDITOR
