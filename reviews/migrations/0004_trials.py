"""Another verdict may be tried in a dry run."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0004_forks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='dry_run',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('approve', 'Approve'), ('edit', 'Approve with edits'), ('override', 'Override the output'), ('reject', 'Reject'), ('answer', 'Answer')], max_length=20)),
                ('note', models.TextField(blank=True)),
                ('context', models.TextField(blank=True)),
                ('replacement', models.JSONField(null=True)),
                ('created_at', models.DateTimeField()),
                ('intervention', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trials', to='reviews.intervention')),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='trial', to='reviews.run')),
                ('tried_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('id',),
            },
        ),
    ]
