"""A run may go on from a checkpoint of another."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0004_loop_guard'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='fork_of',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='forks', to='reviews.run'),
        ),
        migrations.AddField(
            model_name='run',
            name='forked_at',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('fork_of__isnull', True), ('forked_at__isnull', True)), models.Q(('fork_of__isnull', False), ('forked_at__isnull', False)), _connector='OR'), name='a_fork_says_from_where'),
        ),
    ]
