from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


def need_two_people(apps: Any, schema_editor: Any) -> None:
    """Where nobody is known to have written it, one person alone let silence approve: it rejects again."""
    policies = apps.get_model("reviews", "EscalationPolicy").objects.using(schema_editor.connection.alias)
    policies.filter(written_by=None).exclude(enabled_by=None).update(enabled_by=None)


class Migration(migrations.Migration):

    dependencies = [
        ("reviews", "0012_notice_kinds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClockMark",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("fired_until", models.DateTimeField()),
            ],
            options={"constraints": [models.CheckConstraint(condition=Q(id=1), name="one_clock_mark")]},
        ),
        migrations.AddField(model_name="timer", name="retry_at", field=models.DateTimeField(null=True)),
        migrations.RemoveConstraint(model_name="escalationpolicy", name="silence_approves_by_two_people"),
        migrations.RunPython(need_two_people, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="escalationpolicy",
            constraint=models.CheckConstraint(
                condition=Q(enabled_by__isnull=True) | (Q(written_by__isnull=False) & ~Q(enabled_by=F("written_by"))),
                name="silence_approves_by_two_people",
            ),
        ),
    ]
