"""The words of the trail: no event says another one, so that whoever asks by them misses nothing."""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from accounts.admin_entities import ENTITIES
from accounts.templatetags.cartulary import ACTION_KINDS, ACTION_WORDS
from audit.services import Change
from audit.vocabulary import ACTIONS, ENTITY_TYPES


@pytest.mark.parametrize(("action", "entity_type"), [("EXPLODE", "ASSET"), ("UPDATE", "SHOE"), ("update", "ASSET")])
def test_no_change_speaks_in_other_words(action, entity_type):
    with pytest.raises(ValueError, match="vocabulary"):
        Change(action, entity_type, uuid7(), "orders", None, {})


def test_words_fit_their_columns_and_are_each_one():
    assert len(set(ACTIONS)) == len(ACTIONS)
    assert len(set(ENTITY_TYPES)) == len(ENTITY_TYPES)
    assert max(map(len, ACTIONS)) <= 20
    assert max(map(len, ENTITY_TYPES)) <= 40


def test_admin_has_a_word_for_every_action_and_knows_no_other():
    assert ACTION_WORDS.keys() == set(ACTIONS) >= ACTION_KINDS.keys()


def test_admin_links_to_what_the_trail_speaks_of():
    assert ENTITIES.keys() - {"COMPONENT"} <= set(ENTITY_TYPES)
