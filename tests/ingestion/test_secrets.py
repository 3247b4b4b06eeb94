"""Secrets: encrypted under keys that rotate, masked, scrubbed out of what drivers say."""

import pytest

from contracts.errors import Invalid
from ingestion.services import secrets, sources


def test_secrets_come_back_with_their_types():
    values = {"password": "pä ss", "tokens": [1, None, True], "nested": {"a": 1.5}}
    token = secrets.encrypt(values)
    assert "pä" not in token
    assert secrets.decrypt(token) == values


def test_nothing_is_nothing():
    assert secrets.encrypt({}) == ""
    assert secrets.decrypt("") == {}


def test_former_key_still_opens(settings):
    token = secrets.encrypt({"password": "x"})
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key, long enough for anything", [former]
    assert secrets.decrypt(token) == {"password": "x"}


def test_lost_key_is_a_clear_error_that_says_what_to_do(settings):
    token = secrets.encrypt({"password": "x"})
    settings.SECRET_KEY = "another key altogether, long enough"
    with pytest.raises(Invalid, match="SECRET_KEY_FALLBACKS"):
        secrets.decrypt(token)


def test_scrub_takes_out_secrets_and_credentials_in_urls():
    said = 'could not connect to "postgresql://me:hunter2@db/x" with hunter2'
    assert secrets.scrub(said, ["hunter2", "", None]) == 'could not connect to "postgresql://******@db/x" with ******'


def test_source_whose_secrets_cannot_be_read_fails_its_test_with_that_reason(bob_actor, settings):
    source = sources.create_data_source(
        actor=bob_actor,
        data={
            "name": "prod",
            "type": "postgresql",
            "config": {"host": "127.0.0.1", "port": 1, "database": "d", "password": "x"},
        },
    )
    settings.SECRET_KEY = "another key altogether, long enough"
    result = sources.test_connection(actor=bob_actor, source=source)
    assert (result.success, result.code) == (False, "SECRETS_UNREADABLE")
