"""The status page: who may see it, what it says of a desk that is well or not, and what it costs."""

import threading
import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from hitl_site import health, status
from reviews import pulse
from reviews.actions import assertions, fleet
from reviews.actions.fleet import Abilities
from reviews.models import Finding, Queue, Run, Worker
from reviews.models.finding import Alarm
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(monkeypatch):
    """Every part answers; what they really ask is tested with the probes."""
    pulse.note_sweep()
    for name in health.CHECKS:
        monkeypatch.setitem(health.CHECKS, name, lambda: True)


def find(kind=Alarm.STUCK_RUN, subject="run:00000000-0000-0000-0000-000000000001", said="Queued for long", **changes):
    now = timezone.now()
    return Finding.objects.create(
        kind=kind, subject=subject, said=said, **{"first_seen": now, "last_seen": now} | changes
    )


def announce(name, *, seconds_ago=0):
    fleet.announce(name, 4, Abilities({"clerk": "1.2"}, frozenset({"1.21"}), "1.21", "0.24.3"))
    Worker.objects.filter(name=name).update(seen_at=timezone.now() - timedelta(seconds=seconds_ago))


def text(admin):
    return text_of(page_of(admin, "status"))


class TestWhoMaySeeIt:
    def test_is_admins(self, admin):
        assert page_of(admin, "status").status_code == 200

    @pytest.mark.parametrize("name", ["alice", "mara", "otto", "charlie"])
    def test_is_nobody_else(self, request, name):
        user = request.getfixturevalue(name)

        assert page_of(user, "status").status_code == 404
        assert f'href="{reverse("status")}"' not in page_of(user, "reviews:runs").content.decode()

    def test_is_led_to_from_every_page(self, admin):
        assert text(admin).count('aria-current="page"') == 2  # rail and tab bar
        assert f'href="{reverse("status")}"' in page_of(admin, "reviews:runs").content.decode()

    def test_are_strangers_sent_to_sign_in(self, client):
        assert client.get(reverse("status")).url.startswith(reverse("account_login"))

    def test_can_only_be_read(self, admin):
        browser = Client()
        browser.force_login(admin)

        assert browser.post(reverse("status")).status_code == 405


class TestPage:
    def test_says_that_all_is_well(self, admin):
        page = text(admin)

        assert "All is well" in page
        assert page.count(">Answers</span>") == len(health.CHECKS)
        assert "None is up: what is queued waits." in page
        assert "Nothing waits for a human." in page

    def test_is_a_whole_page_or_for_htmx_its_part(self, admin):
        browser = Client()
        browser.force_login(admin)
        part = browser.get(reverse("status"), headers={"HX-Request": "true"})

        assert part.content.decode().strip().startswith('<div id="standing"')
        assert "<html" in page_of(admin, "status").content.decode()
        assert "no-store" in part["Cache-Control"]

    def test_looks_again_by_itself_and_by_a_link(self, admin):
        page = text(admin)

        assert 'hx-trigger="every 10s"' in page
        assert f'<a class="btn" href="{reverse("status")}"' in page

    @pytest.mark.parametrize(
        ("name", "word"), [("database", "Away"), ("broker", "Away"), ("migrations", "Missing"), ("clock", "Silent")]
    )
    def test_names_the_part_that_is_away(self, admin, monkeypatch, name, word):
        monkeypatch.setitem(health.CHECKS, name, lambda: False)
        page = text(admin)

        assert f">{word}</span>" in page
        assert "Needs somebody" in page

    def test_tells_how_long_a_part_took(self, admin, monkeypatch):
        monkeypatch.setitem(health.CHECKS, "broker", lambda: bool(time.sleep(1.05)) or True)

        assert "1.1 s" in text(admin)

    def test_waits_for_no_frozen_part_beyond_the_probes_patience(self, admin, monkeypatch):
        thaw = threading.Event()
        monkeypatch.setattr(health, "PATIENCE", 0.5)
        for name in ("broker", "channel_layer"):
            monkeypatch.setitem(health.CHECKS, name, lambda: thaw.wait(60))
        began = time.monotonic()
        page = text(admin)
        took = time.monotonic() - began
        thaw.set()

        assert page.count("no answer") == 2
        assert took < 30

    def test_lists_the_workers_and_names_the_silent(self, admin):
        announce("box-a:11")
        announce("box-b:12", seconds_ago=600)
        factories.leased(worker="box-a:11")
        page = text(admin)

        assert "1 up, 1 of 4 places taken" in page
        assert "box-a:11" in page and "box-b:12" in page
        assert "Silent since 10" in page
        assert "0.24.3, state 1.21" in page
        assert "clerk 1.2" in page

    def test_lists_a_bounded_number_of_workers(self, admin, monkeypatch):
        monkeypatch.setattr(status, "MOST", 2)
        for name in "abc":
            announce(name)

        assert "And 1 more." in text(admin)

    def test_says_what_the_oldest_queued_run_waits_for(self, admin):
        run = factories.run()
        factories.run()
        Run.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(hours=2))
        page = text(admin)

        assert "has been queued for 2 h. Waits for a worker; none is up." in page
        assert reverse("reviews:run", args=[run.pk]) in page

    def test_says_that_a_queued_run_will_be_taken(self, admin):
        fleet.announce("w", 1, Abilities({"clerk": "1"}, frozenset({"1.21"}), "1.21", "0.24.0"))
        factories.run()

        assert "A worker that is up can take it." in text(admin)

    def test_counts_runs_that_go_on_and_how_the_newest_ended(self, admin):
        desk_data.refund()
        page = text(admin)

        assert "Waiting for review</span></dt> <dd> 1 </dd>" in page
        assert '0 <span class="muted">of the newest 1</span>' in page

    def test_counts_open_questions_by_queue_most_overdue_first(self, admin):
        desk_data.many(2)
        late = desk_data.refund(on=factories.leased(factories.run(agent=factories.card("lawyer", "legal").slug)))
        desk_data.shift(late.pk, timedelta(days=-9))

        inboxes = page_of(admin, "status").context["inboxes"]

        assert [(inbox.slug, inbox.number, inbox.overdue) for inbox in inboxes] == [("legal", 1, 1), ("support", 2, 0)]

    def test_adds_up_the_risks_of_a_queue(self, admin):
        first, second = desk_data.refund(risk=1), desk_data.refund(risk=4)

        [inbox] = page_of(admin, "status").context["inboxes"]

        assert inbox.number == 2
        assert inbox.oldest == min(first.created_at, second.created_at)

    def test_lists_a_bounded_number_of_queues(self, admin, monkeypatch):
        monkeypatch.setattr(status, "MOST", 1)
        desk_data.refund()
        desk_data.refund(on=factories.leased(factories.run(agent=factories.card("lawyer", "legal").slug)))

        assert "And 1 more queue." in text(admin)

    def test_shows_what_the_watchdog_found_and_where_it_is(self, admin):
        run = factories.run()
        find(subject=f"run:{run.pk}")
        find(Alarm.BROKEN_BOOK, "entry:7", "The text of entry 7 was altered")
        find(Alarm.NO_TIMER, f"intervention:{run.pk}", "Nobody is reminded")
        find(said="Long ago", cleared_at=timezone.now())
        page = text(admin)

        assert "Needs somebody" in page
        assert f'href="{reverse("reviews:run", args=[run.pk])}"' in page
        assert f'href="{reverse("reviews:intervention", args=[run.pk])}"' in page
        assert f'href="{reverse("reviews:audit_log")}"' in page
        assert page.index("Queued for long") < page.index("What is over") < page.index("Long ago")

    def test_says_where_there_may_be_more_than_it_lists(self, admin, monkeypatch):
        monkeypatch.setattr(assertions, "LIMIT", 2)
        for number in range(2):
            find(subject=f"run:{UUID(int=number)}")

        assert "There may be more of “Run not taken”" in text(admin)

    def test_forgets_what_was_over_long_ago(self, admin):
        for number in range(status.PAST + 5):
            find(said=f"Number {number}.", cleared_at=timezone.now())

        assert text(admin).count("finding-") == status.PAST

    def test_shows_when_the_watchdog_looked(self, admin):
        assert "Nobody remembers its last round" in text(admin)

        pulse.note_round()
        assert "Looked now, every 5 min" in text(admin)

    def test_costs_the_same_however_much_there_is(self, admin):
        browser = Client()
        browser.force_login(admin)
        costs = []
        for turn in range(2):
            for number in range(5):
                announce(f"{turn}-{number}")
                find(subject=f"run:{UUID(int=turn * 100 + number)}")
                find(cleared_at=timezone.now())
                Queue.objects.create(slug=f"q-{turn}-{number}", name="Q")
            desk_data.many(4)
            factories.run()
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(reverse("status")).status_code == 200
            costs.append(len(queries))

        assert costs[0] == costs[1] <= 15


class TestBannerOfFindings:
    def test_is_on_every_page_of_an_admin(self, admin):
        find()
        page = text_of(page_of(admin, "reviews:runs"))

        assert "The watchdog found what should not be: run not taken." in page

    def test_is_not_repeated_on_the_status_page(self, admin):
        find()

        assert "The watchdog found what should not be" not in text(admin)

    @pytest.mark.parametrize("name", ["alice", "otto"])
    def test_is_shown_to_nobody_else(self, request, name):
        find()

        assert b"The watchdog found" not in page_of(request.getfixturevalue(name), "reviews:runs").content

    def test_goes_when_all_is_in_order(self, admin):
        find(cleared_at=timezone.now())

        assert b"The watchdog found" not in page_of(admin, "reviews:runs").content
