from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def mark(apps: Any, schema_editor: Any) -> None:
    """Who has a seat now was called in as somebody who has one."""
    CallIn, Membership = apps.get_model("reviews", "CallIn"), apps.get_model("reviews", "Membership")
    seats = Membership.objects.filter(user=OuterRef("user"), queue=OuterRef("intervention__queue"))
    seated = CallIn.objects.filter(Exists(seats)).values_list("pk", flat=True)
    CallIn.objects.filter(pk__in=list(seated)).update(by_seat=True)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0016_removed_addresses")]

    operations = [
        migrations.AddField(model_name="callin", name="by_seat", field=models.BooleanField(default=False)),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
    ]
