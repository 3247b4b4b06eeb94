"""`manage.py collect` and `manage.py ingest`: one sentence when it went well, one clear line when not."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from catalog.models import Asset
from ingestion.models import Job, JobStatus
from ingestion.services.collections import collect_now
from tests.ingestion.conftest import only_job, run_sql


def test_collect_says_what_it_did(shop_source, capsys):
    call_command("collect", "shop")
    assert capsys.readouterr().out == "Collected shop: 4 created, 0 updated, 0 unchanged, 0 removed.\n"
    assert (only_job().status, only_job().payload["trigger"]) == (JobStatus.COMPLETED, "command")


def test_source_can_be_named_by_its_id(shop_source, capsys):
    call_command("collect", str(shop_source.pk))
    assert "4 created" in capsys.readouterr().out


def test_source_of_another_organization_is_not_found(shop_source, other):
    with pytest.raises(CommandError, match="Data source with id 'shop' not found"):
        call_command("collect", "shop", organization="other")
    assert not Job.objects.exists()


def test_organization_must_be_named_where_there_are_several(shop_source, other):
    with pytest.raises(CommandError, match="several organizations: name one with --organization"):
        call_command("collect", "shop")
    call_command("collect", "shop", organization="ACME")


def test_command_before_there_is_an_organization(db):
    Organization.objects.filter(is_system=False).delete()
    with pytest.raises(CommandError, match="no organization yet"):
        call_command("collect", "shop")


def test_collect_of_a_source_that_fails_is_one_line(shop, shop_source):
    shop.unlink()
    with pytest.raises(CommandError, match=r"^There is no file 'shop.db' below the import folder"):
        call_command("collect", "shop")


def test_warnings_go_to_the_terminal(import_dir, shop_source, shop, capsys, collect):
    collect(shop_source)
    shop.unlink()
    run_sql(shop, "CREATE TABLE returns (id INTEGER)")
    call_command("collect", "shop")
    shown = capsys.readouterr()
    assert "(1 warning)" in shown.out
    assert "may vanish in one run" in shown.err


def test_running_task_is_not_run_twice(shop_source, bob_actor):
    collect_now(actor=bob_actor, source=shop_source)
    with pytest.raises(CommandError, match="waiting or running already"):
        call_command("collect", "shop")


def test_ingest_says_what_it_did(acme, import_dir, capsys):
    rows = [{"type": "TABLE", "name": "users", "qualified_name": "prod.users"}, {"name": "bad"}]
    (import_dir / "some rows.json").write_text(json.dumps(rows))
    call_command("ingest", "some rows.json")
    shown = capsys.readouterr()
    assert shown.out == "Ingested 2 rows: 1 created, 0 updated, 0 unchanged, 1 left out.\n"
    assert shown.err.startswith("Row 1 ")
    call_command("ingest", str(import_dir / "some rows.json"))
    assert "1 unchanged" in capsys.readouterr().out
    assert Asset.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [("../secret.json", "below the import folder"), ("no.json", "cannot be read"), ("what.txt", "must be one of json")],
)
def test_ingest_of_a_file_that_cannot_be_had_is_one_line(acme, import_dir, name, says):
    with pytest.raises(CommandError, match=says):
        call_command("ingest", name)
