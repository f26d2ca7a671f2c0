"""Rounds of voting: several people decide one question, and an edit voids the votes before it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0006_lean_indexes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='decision',
            name='one_vote_per_reviewer',
        ),
        migrations.AddField(
            model_name='decision',
            name='round',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='intervention',
            name='round',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='intervention',
            name='votes',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(fields=('intervention', 'decided_by', 'round'), name='one_vote_per_reviewer_and_round'),
        ),
    ]
