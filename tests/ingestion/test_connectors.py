"""Which connectors there are: the fourteen that are built in, and those that other distributions bring."""

from __future__ import annotations

import importlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Asset
from contracts.errors import Invalid
from ingestion.connectors import registry
from ingestion.connectors.base import CollectOptions, SourceError
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from tests.ingestion.observing import Silent

ADD = reverse("admin:ingestion_datasource_add")
TYPES = [
    "clickhouse",
    "doris",
    "elasticsearch",
    "hive",
    "kafka",
    "minio",
    "mongodb",
    "mysql",
    "oracle",
    "postgresql",
    "rabbitmq",
    "redis",
    "sqlite",
    "sqlserver",
]
MODULE = """
from ingestion.connectors.base import AssetDraft, Batch, ConnectionResult, Connector


class NotesConnector(Connector):
    type = "notes"
    title = "Notes"
    config_schema = {
        "type": "object",
        "required": ["shelf"],
        "additionalProperties": False,
        "properties": {
            "shelf": {"type": "string", "title": "Shelf"},
            "key": {"type": "string", "writeOnly": True, "title": "Key"},
        },
    }

    def test(self, config):
        return ConnectionResult(True, "Connection successful", 1, "Notes 1.0", "1.0")

    def collect(self, config, options, observer):
        observer.phase("Notes", 1)
        yield Batch([AssetDraft("DATASET", config["shelf"], f"{options.root}.{config['shelf']}")])


class Other:
    type = "other"
"""
ENTRIES = """
[cartulary.connectors]
notes = their_notes:NotesConnector
other = their_notes:Other
misnamed = their_notes:NotesConnector
gone = their_notes:Nothing
mysql = their_notes:NotesConnector
"""


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """A small distribution, built as a wheel and installed by pip into a folder that Python looks in."""
    info = "their_notes-1.0.dist-info"
    files = {
        "their_notes.py": MODULE,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: their-notes\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": ENTRIES,
    }
    wheel = tmp_path / "their_notes-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    target = tmp_path / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", target, wheel],
        check=True,
        capture_output=True,
    )
    monkeypatch.syspath_prepend(str(target))
    importlib.invalidate_caches()
    forget()
    yield target
    sys.modules.pop("their_notes", None)
    monkeypatch.undo()
    forget()


def forget() -> None:
    registry._third_party.cache_clear()
    registry.get_connector.cache_clear()


def test_api_lists_the_fourteen_types_with_the_schema_of_their_config(vera):
    rows = {row["type"]: row for row in vera.get("/api/v1/datasources/types").json()}
    assert sorted(rows) == TYPES
    for name, row in rows.items():
        schema = row["config_schema"]
        assert (schema["type"], schema["additionalProperties"]) == ("object", False), name
        assert set(schema.get("required", [])) <= set(schema["properties"]), name
        assert all(told.get("title") for told in schema["properties"].values()), name
        secrets = {key for key in schema["properties"] if "password" in key or key.endswith("_key")}
        hidden = {key for key, told in schema["properties"].items() if told.get("writeOnly")}
        assert hidden == secrets - {"access_key"}, name


@pytest.fixture
def browser(bob_member):
    """Bob, signed in to the admin."""
    client = Client()
    client.force_login(bob_member.user)
    return client


@pytest.mark.parametrize("source_type", TYPES)
def test_admin_has_a_form_of_each_type(source_type, browser):
    form = browser.get(ADD, {"type": source_type}).context["adminform"].form
    for name, told in registry.get_connector(source_type).config_schema["properties"].items():
        field = form.fields[f"config_{name}"]
        assert field.label == told["title"]
        assert (field.widget.input_type == "password") is bool(told.get("writeOnly")), name


def test_connector_of_another_distribution_is_one_like_the_others(distribution, vera, browser, bob_actor, collect):
    rows = {row["type"]: row for row in vera.get("/api/v1/datasources/types").json()}
    assert rows["notes"]["title"] == "Notes"
    assert browser.get(ADD, {"type": "notes"}).context["adminform"].form.fields["config_shelf"].label == "Shelf"
    data = {"name": "desk", "type": "notes", "config": {"shelf": "top", "key": "s3cret-word"}}
    source = create_data_source(actor=bob_actor, data=data)
    shown = vera.get(f"/api/v1/datasources/{source.pk}")
    assert "s3cret-word" not in shown.content.decode()
    job = collect(source)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert list(Asset.objects.values_list("qualified_name", flat=True)) == ["desk.top"]


def test_connectors_that_cannot_be_used_are_left_out_and_told(distribution, caplog):
    assert registry.connector_types() == sorted([*TYPES, "notes"])
    assert registry.get_connector("mysql").title == "MySQL"
    told = caplog.text
    assert "mysql of their_notes:NotesConnector is passed over: the type is built in" in told
    assert "no ingestion.connectors.base.Connector" in told
    assert "and its entry point the name 'misnamed'" in told
    assert "The connector gone of their_notes:Nothing cannot be used" in told


def test_type_that_nobody_knows_is_refused_with_the_list_of_those_known(bob_actor):
    with pytest.raises(Invalid) as refused:
        create_data_source(actor=bob_actor, data={"name": "x", "type": "abacus", "config": {}})
    assert "clickhouse, doris, elasticsearch" in str(refused.value)


def test_example_in_the_documentation_works(settings, tmp_path):
    """The code of the page, as it stands there."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "connectors.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    scope: dict[str, Any] = {}
    exec(compile(code, "connectors.md", "exec"), scope)  # noqa: S102  our own page
    connector = scope["FolderConnector"]()
    (tmp_path / "a.csv").write_text("x")
    config = {"folder": str(tmp_path)}
    assert connector.test(config).success
    batches = list(connector.collect(config, CollectOptions(root="disk", exclude_tables=["b*"]), Silent()))
    assert [one.qualified_name for batch in batches for one in batch.assets] == ["disk.files", 'disk.files."a.csv"']
    with pytest.raises(SourceError, match="no folder"):
        connector.test({"folder": str(tmp_path / "none")})
