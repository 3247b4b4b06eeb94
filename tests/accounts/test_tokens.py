"""Tokens name one organization and stop working with the membership."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Role
from accounts.tokens import credential_of, issue_tokens, make_key, refresh_access
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


def test_token_that_was_good_ends_when_its_time_is_up(alice_member, settings, monkeypatch):
    token = issue_tokens(alice_member).access
    credential_of(token, door="rest")
    later = timezone.now() + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS + 1)
    monkeypatch.setattr("accounts.tokens.timezone.now", lambda: later)
    with pytest.raises(Unauthenticated, match="expired"):
        credential_of(token, door="rest")


def test_token_that_was_good_dies_with_the_key_it_was_signed_with(alice_member, settings):
    token = issue_tokens(alice_member).access
    credential_of(token, door="rest")
    settings.SECRET_KEY = "another key, as long as a key has to be, for everybody who signed"
    with pytest.raises(Unauthenticated):
        credential_of(token, door="rest")


def test_tokens_are_read_with_a_former_key_while_it_is_a_fallback(alice_member, settings):
    tokens, former = issue_tokens(alice_member), settings.SECRET_KEY
    settings.SECRET_KEY = "another key, as long as a key has to be, for everybody who signed"
    settings.SECRET_KEY_FALLBACKS = ["none of ours, as long as a key has to be as well, to be read", former]
    assert credential_of(tokens.access, door="rest").user == alice_member.user
    _, renewed = refresh_access(tokens.refresh)
    assert credential_of(renewed.access, door="rest").user == alice_member.user
    alice_member.user.set_password("a quite different choice")
    alice_member.user.save()
    with pytest.raises(Unauthenticated, match="password was changed"):
        credential_of(renewed.access, door="rest")
    settings.SECRET_KEY_FALLBACKS = []
    for refused in (lambda: credential_of(tokens.access, door="rest"), lambda: refresh_access(tokens.refresh)):
        with pytest.raises(Unauthenticated):
            refused()


def test_api_key_is_kept_as_a_hash_only(acme):
    key, prefix, key_hash = make_key()
    ApiKey.objects.create(organization=acme, name="loader", role=Role.EDITOR, prefix=prefix, key_hash=key_hash)
    assert key not in str(ApiKey.objects.values().get())
    assert credential_of(key, door="rest").actor.role == Role.EDITOR
