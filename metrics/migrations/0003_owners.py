"""Facts belong to the squad that owned their service then: who owned it when, and the owner on each fact.

Up to now a service had one owner, who keeps it from the beginning. Going back keeps the owner of today, and counts
the weeks again.
"""

import django.db.models.deletion
import pgtrigger.compiler
import teams.migrating
from django.conf import settings
from django.db import migrations, models

FILL = """
    INSERT INTO metrics_serviceowner (service_id, team_id, at, by_name)
    SELECT service.id, service.team_id, source.created_at, ''
      FROM metrics_service service JOIN metrics_source source ON source.id = service.source_id ORDER BY service.id;
    UPDATE metrics_deployment fact SET team_id = s.team_id FROM metrics_service s WHERE s.id = fact.service_id;
    UPDATE metrics_incident fact SET team_id = s.team_id FROM metrics_service s WHERE s.id = fact.service_id;
    UPDATE metrics_pipelinerun fact SET team_id = s.team_id FROM metrics_service s WHERE s.id = fact.service_id;
    UPDATE metrics_serviceweek fact SET team_id = s.team_id FROM metrics_service s WHERE s.id = fact.service_id;
    SET CONSTRAINTS ALL IMMEDIATE; -- else the tables could not be altered any more
"""
COUNT_AGAIN = """
    INSERT INTO metrics_dirtyweek (service_id, at)
    SELECT DISTINCT service_id, finished_at FROM metrics_deployment WHERE finished_at IS NOT NULL
    UNION SELECT DISTINCT service_id, resolved_at FROM metrics_incident WHERE resolved_at IS NOT NULL;
    DELETE FROM metrics_serviceweek; -- a week in which a service was handed over has two rows
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0002_observations'),
        ('teams', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceOwner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(null=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by_name', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='serviceowner',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='serviceowner',
            name='service',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='owners', to='metrics.service'),
        ),
        migrations.AddField(
            model_name='serviceowner',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.RemoveConstraint(
            model_name='serviceweek',
            name='service_week_once',
        ),
        migrations.RemoveIndex(
            model_name='serviceweek',
            name='service_week_by_week',
        ),
        migrations.AddField(
            model_name='deployment',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AddField(
            model_name='incident',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AddField(
            model_name='pipelinerun',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AddField(
            model_name='serviceweek',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='deployment',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AlterField(
            model_name='serviceweek',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='teams.team'),
        ),
        migrations.AddIndex(
            model_name='deployment',
            index=models.Index(fields=['team', 'finished_at'], name='deployment_of_team_by_time'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['team', 'resolved_at'], name='incident_of_team_by_time'),
        ),
        migrations.AddIndex(
            model_name='pipelinerun',
            index=models.Index(fields=['team', 'finished_at'], name='run_of_team_by_time'),
        ),
        migrations.AddIndex(
            model_name='serviceweek',
            index=models.Index(fields=['team', 'monday'], name='service_week_of_team'),
        ),
        teams.migrating.AddTrigger(
            model_name='service',
            trigger=pgtrigger.compiler.Trigger(name='service_has_an_owner', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO metrics_serviceowner (service_id, team_id, at, by_name) VALUES (NEW.id, NEW.team_id, now(), ''); RETURN NEW;", hash='31b9739a9e0fd8ba2fced51a7906a880afd6df45', operation='INSERT', pgid='pgtrigger_service_has_an_owner_4a882', table='metrics_service', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='serviceweek',
            constraint=models.UniqueConstraint(fields=('service', 'team', 'monday'), name='service_week_once'),
        ),
        migrations.AddIndex(
            model_name='serviceowner',
            index=models.Index(fields=['service', '-id'], name='owners_of_service'),
        ),
        migrations.AddConstraint(
            model_name='serviceowner',
            constraint=models.CheckConstraint(condition=models.Q(('by__isnull', False), models.Q(('by_name', ''), ('since', None)), _connector='OR'), name='service_owner_is_signed'),
        ),
        teams.migrating.AddTrigger(
            model_name='serviceowner',
            trigger=pgtrigger.compiler.Trigger(name='service_owner_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='34a407a7c135adf379c6bb577720e1a94f276a21', operation='UPDATE OR DELETE', pgid='pgtrigger_service_owner_is_kept_12bb2', table='metrics_serviceowner', when='BEFORE')),
        ),
        teams.migrating.AddTrigger(
            model_name='serviceowner',
            trigger=pgtrigger.compiler.Trigger(name='service_owner_is_kept_whole', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: cannot truncate rows of % table', TG_TABLE_NAME;", hash='ba3a18e8558d808cb9ab7f46e33d64812b8a4e09', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_service_owner_is_kept_whole_d5ce2', table='metrics_serviceowner', when='BEFORE')),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, COUNT_AGAIN),
    ]
