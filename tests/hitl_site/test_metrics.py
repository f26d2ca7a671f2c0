"""What Prometheus reads."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from hitl_site import metrics
from reviews import pulse
from reviews.actions import figures, fleet, notices
from reviews.actions.fleet import Abilities
from reviews.models import Finding, Intervention, Notice, Run, Timer, Worker
from reviews.models.finding import Alarm
from reviews.states import NoticeKind, NoticeStatus, Risk
from tests import factories
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-sixteen-or-more"


@pytest.fixture(autouse=True)
def token(settings):
    settings.FOUREYES_METRICS_TOKEN = TOKEN


@pytest.fixture
def scrape(client):
    """The samples by name and labels, as Prometheus reads them."""

    def scrape():
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200, response.content
        families = text_string_to_metric_families(response.content.decode())
        return {
            (sample.name.removeprefix("foureyes_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }

    return scrape


def announce(name, places=4, *, seconds_ago=0):
    fleet.announce(name, places, Abilities({"clerk": "1"}, frozenset({"1.21"}), "1.21", "0.24.0"))
    Worker.objects.filter(name=name).update(seen_at=timezone.now() - timedelta(seconds=seconds_ago))


class TestDoor:
    def test_is_not_there_without_a_token(self, client, settings):
        settings.FOUREYES_METRICS_TOKEN = ""

        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    @pytest.mark.parametrize(
        "said", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer tökén"]
    )
    def test_is_shut_to_who_does_not_know_it(self, client, said):
        response = client.get("/metrics", headers={"Authorization": said} if said else {})

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert b"foureyes_" not in response.content

    def test_compares_the_token_in_constant_time(self, client, monkeypatch):
        asked = []
        monkeypatch.setattr(metrics, "constant_time_compare", lambda *pair: asked.append(pair) or False)
        client.get("/metrics", headers={"Authorization": "Bearer guess"})

        assert asked == [("guess", TOKEN)]

    def test_opens_at_whatever_address_prometheus_used(self, client, settings):
        settings.ALLOWED_HOSTS = ["desk.example.org"]
        settings.SECURE_SSL_REDIRECT = True
        answer = client.get("/metrics", headers={"Host": "10.0.0.7:8000", "Authorization": f"bearer {TOKEN}"})

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert answer["Cache-Control"] == "no-store"

    def test_speaks_openmetrics_to_who_asks_for_it(self, client):
        accept = "application/openmetrics-text; version=1.0.0"
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Accept": accept})

        assert answer["Content-Type"].startswith("application/openmetrics-text")
        assert answer.content.endswith(b"# EOF\n")

    def test_says_when_the_database_is_away(self, client, monkeypatch):
        def away(now):
            raise OperationalError("no route to secret.host")

        monkeypatch.setattr(figures, "questions", away)
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

        assert (answer.status_code, b"secret.host" in answer.content) == (503, False)


class TestNumbers:
    def test_are_there_on_an_empty_desk(self, scrape):
        found = scrape()

        assert found["runs", "queued"] == found["workers_up",] == found["clock_up",] == 0
        assert found["oldest_question_seconds",] == found["oldest_queued_run_seconds",] == 0
        assert {name[1] for name in found if name[0] == "findings"} == set(Alarm.values)
        assert ("last_sweep_seconds",) not in found

    def test_count_questions_by_queue_and_risk(self, scrape):
        late = desk_data.refund(risk=Risk.HIGH)
        desk_data.refund(risk=Risk.HIGH)
        desk_data.refund(risk=Risk.LOW)
        desk_data.shift(late.pk, timedelta(days=-9))
        Intervention.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(hours=1))
        found = scrape()

        assert found["open_questions", "support", "high"] == 2
        assert found["open_questions_overdue", "support", "high"] == 1
        assert found["open_questions", "support", "low"] == 1
        assert found["open_questions_overdue", "support", "low"] == 0
        assert 3600 <= found["oldest_question_seconds",] < 3700
        assert found["runs", "awaiting_review"] == 3

    def test_count_runs_and_how_long_the_oldest_is_queued(self, scrape):
        run = factories.run()
        Run.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(minutes=10))
        factories.leased()
        found = scrape()

        assert (found["runs", "queued"], found["runs", "running"]) == (1, 1)
        assert (found["newest_runs", "queued"], found["newest_runs", "completed"]) == (1, 0)
        assert 600 <= found["oldest_queued_run_seconds",] < 700

    def test_tell_who_works_and_how_much_more_could_be_taken(self, scrape):
        announce("a", 4)
        announce("b", 2)
        announce("c", 9, seconds_ago=600)
        factories.leased(worker="a")
        found = scrape()

        assert (found["workers_up",], found["workers_silent",], found["places_free",]) == (2, 1, 5)

    def test_tell_how_far_the_clock_is_behind(self, scrape):
        pulse.note_sweep()
        pulse.note_round()
        found = scrape()

        assert found["clock_up",] == 1
        assert 0 <= found["last_sweep_seconds",] < 30
        assert 0 <= found["last_round_seconds",] < 30

    def test_count_timers_that_should_have_fired(self, scrape):
        item = desk_data.refund()
        assert scrape()["timers_overdue",] == 0

        Timer.objects.filter(intervention=item).update(due_at=timezone.now() - timedelta(hours=1))
        assert scrape()["timers_overdue",] == Timer.objects.filter(intervention=item).count()

    def test_count_what_the_watchdog_found(self, scrape):
        now = timezone.now()
        for number in range(2):
            Finding.objects.create(
                kind=Alarm.STUCK_RUN, subject=f"run:{number}", said="", first_seen=now, last_seen=now
            )
        Finding.objects.create(
            kind=Alarm.LOST_LEASE, subject="run:1", said="", first_seen=now, last_seen=now, cleared_at=now
        )
        found = scrape()

        assert (found["findings", "run.stuck"], found["findings", "lease.expired"]) == (2, 0)

    def test_count_what_is_owed_to_the_outside(self, scrape, admin):
        for number, status in enumerate([NoticeStatus.OWED, NoticeStatus.FAILED, NoticeStatus.DEAD, NoticeStatus.SENT]):
            with transaction.atomic():
                notices.owe(None, NoticeKind.WATCHDOG, [admin], key=str(number), says="Something is wrong.")
            Notice.objects.filter(key__contains=number, status=NoticeStatus.SENT).update(status=status)
        found = scrape()

        assert (found["notices", "owed"], found["notices", "dead"]) == (2, 1)

    def test_name_nobody(self, client, alice):
        desk_data.refund(on=factories.leased(factories.run(by=alice)))
        text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()

        assert "alice" not in text
        assert "C-88213" not in text

    def test_cost_the_same_however_much_there_is(self, scrape):
        costs = []
        for turn in range(2):
            for number in range(4):
                announce(f"{turn}-{number}")
                desk_data.refund(risk=Risk.LOW)
                factories.run()
            with CaptureQueriesContext(connection) as queries:
                scrape()
            costs.append(len(queries))

        assert costs[0] == costs[1] <= 11
