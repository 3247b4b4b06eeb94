from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_glossary"),
    ]

    operations = [
        # By hand, since Django would make the table anew on SQLite, without its triggers.
        migrations.RunSQL(
            sql='ALTER TABLE "catalog_asset" ADD COLUMN "breaks" integer DEFAULT 0 NOT NULL CHECK ("breaks" >= 0)',
            reverse_sql='ALTER TABLE "catalog_asset" DROP COLUMN "breaks"',
            state_operations=[
                migrations.AddField(
                    model_name="asset",
                    name="breaks",
                    field=models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="How many of its versions broke whoever read its schema by the one before.",
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="asset",
            name="schema",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="A list of elements: name, type, nullable, position, description, tags, children, attributes.",
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("deleted_at", None)), fields=["organization", "type", "id"], name="asset_by_age"
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["organization", "type", "id"],
                name="asset_deleted_by_age",
            ),
        ),
    ]
