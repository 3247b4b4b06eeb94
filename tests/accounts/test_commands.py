"""The commands of people and access: one sentence each, one clear line for an error."""

import io
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership, Organization
from accounts.services import log_in
from accounts.tokens import credential_of


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    assert out.getvalue().count("\n") == 1
    return out.getvalue().rstrip("\n")


def test_create_organization(db):
    assert run("create_organization", "lab", "--name", "My Lab") == "Organization 'lab' (My Lab) was made."
    assert Organization.objects.get().name == "My Lab"


def test_create_member_prints_a_made_password_once(acme):
    line = run("create_member", "ACME", "dora@example.com", "--role", "editor")
    said, _, password = line.rpartition(": ")
    assert said == "dora@example.com is now editor in 'acme'; the password, shown this once"
    assert log_in(login="dora@example.com", password=password, address="192.0.2.1").role == "editor"


def test_create_member_takes_the_operators_password_as_it_is(acme):
    line = run("create_member", "acme", "dora@example.com", "--role", "viewer", "--password", "simple")
    assert line == "dora@example.com is now viewer in 'acme'"
    assert log_in(login="dora@example.com", password="simple", address="192.0.2.1")


def test_create_api_key_prints_a_key_that_works(acme):
    line = run("create_api_key", "acme", "--name", "loader", "--role", "editor")
    said, _, key = line.rpartition(": ")
    assert said == "The API key 'loader' (editor in 'acme'), shown this once"
    assert credential_of(key, door="rest").actor.organizations == (acme.pk,)


def test_create_first_admin_once(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "boss@example.com")
    line = run("create_first_admin", "--username", "boss", "--organization", "The Lab")
    said, _, password = line.rpartition(": ")
    assert said == "boss (boss@example.com) is the first administrator, in 'main'; the password, shown this once"
    assert log_in(login="boss", password=password, address="192.0.2.1").role == "admin"
    assert Organization.objects.get().name == "The Lab"
    again = run("create_first_admin", "--username", "another", "--password", "another")
    assert again == "boss (boss@example.com) is the first administrator already"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create_organization", "ACME"], "The slug 'ACME' is taken"),
        (["create_organization", "a b"], "slug: "),
        (["create_member", "nowhere", "x@example.com", "--role", "editor"], "There is no organization 'nowhere'"),
        (["create_member", "acme", "x@example.com", "--role", "owner"], "invalid choice: 'owner'"),
        (["create_member", "acme", "nonsense", "--role", "editor"], "email: "),
        (["create_member", "acme", "bob@example.com", "--role", "editor"], "is a member already"),
        (["create_api_key", "nowhere", "--name", "x", "--role", "editor"], "There is no organization 'nowhere'"),
        (["create_api_key", "acme", "--name", "", "--role", "editor"], "name: "),
    ],
)
def test_error_is_one_clear_line(acme, bob_member, arguments, words):
    with pytest.raises(CommandError) as refusal:
        call_command(*arguments)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert Membership.objects.count() == 1


def test_database_without_tables_is_one_clear_line(tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "manage.py", "create_organization", "lab"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 1
    assert "is it migrated?" in ran.stderr
    assert "Traceback" not in ran.stderr
