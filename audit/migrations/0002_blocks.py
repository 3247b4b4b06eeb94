from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditBlock",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("previous_hash", models.CharField(max_length=64)),
                ("after_id", models.UUIDField(null=True)),
                ("last_id", models.UUIDField()),
                ("event_count", models.PositiveIntegerField()),
                ("leaves", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                ("hash", models.CharField(help_text="SHA-256, hexadecimal.", max_length=64)),
                ("signature", models.CharField(help_text="HMAC-SHA256, hexadecimal.", max_length=64)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["user_id", "-id"], name="audit_by_user"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["organization_id", "action", "-id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["organization_id", "entity_type", "-id"], name="audit_by_type"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id", "-id"],
                name="audit_by_request",
            ),
        ),
    ]
