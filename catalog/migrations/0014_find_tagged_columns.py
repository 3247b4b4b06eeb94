"""Which assets have a column with a tag: a tag that is renamed or merged finds them."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import TextField
from django.db.models.functions import Cast

AT_A_TIME = 1000


def _fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    assets, links = apps.get_model("catalog", "Asset"), apps.get_model("catalog", "ColumnTag")
    tagged = assets.objects.annotate(text=Cast("schema", TextField())).filter(text__contains='"tags"')
    rows = []
    for key, organization_id, schema in tagged.values_list("pk", "organization_id", "schema").iterator(AT_A_TIME):
        words = {_key(name) for name in _tags_in(schema)}
        rows += [links(asset_id=key, organization_id=organization_id, key=word) for word in words]
        if len(rows) >= AT_A_TIME:
            links.objects.bulk_create(rows)
            rows = []
    links.objects.bulk_create(rows)


def _tags_in(elements: list[dict[str, Any]]) -> Iterator[str]:
    for element in elements:
        yield from element.get("tags") or ()
        yield from _tags_in(element.get("children") or [])


def _key(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


class Migration(migrations.Migration):
    dependencies = [("catalog", "0013_count_uses")]

    operations = [
        migrations.CreateModel(
            name="ColumnTag",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "asset_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization_id", models.UUIDField()),
                ("key", models.CharField(max_length=300)),
                (
                    "asset",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.asset",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organization_id", "key", "asset"], name="column_tag_by_key")],
            },
        ),
        migrations.RunPython(_fill, migrations.RunPython.noop),
    ]
