from collections.abc import Iterator

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from catalog.search.spelling import remember
from catalog.search.tokens import words_of_name, words_of_path

DOCUMENTS = 10_000
"""Whose words are kept with one statement."""


def _remember(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The words of what is in the index already."""
    documents = apps.get_model("catalog", "SearchDocument").objects
    seen: set[str] = set()
    rows = documents.values_list("name", "path", "tags", "columns")
    for count, row in enumerate(rows.iterator(chunk_size=DOCUMENTS), 1):
        seen.update(_words(*row))
        if count % DOCUMENTS == 0:
            remember(seen)
            seen.clear()
    remember(seen)


def _words(name: str, path: str, tags: list[str], columns: str) -> Iterator[str]:
    yield from words_of_name(name)
    yield from words_of_path(path)
    for text in (*tags, *columns.split("\n")):
        yield from words_of_name(text)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_name_procedures")]

    operations = [
        migrations.CreateModel(
            name="Spelling",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=40)),
                ("word", models.CharField(max_length=40)),
            ],
            options={"indexes": [models.Index(fields=["key", "word"], name="spelling_by_key")]},
        ),
        migrations.RunPython(_remember, migrations.RunPython.noop),
    ]
