"""Counts of what was rejected, for the loop guard."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0003_checkpoint_deltas'),
    ]

    operations = [
        migrations.AddField(
            model_name='intervention',
            name='rejections',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='rejections',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
