"""Time limits and calendars through their pages."""

import json
import re

import pytest
from django.utils import timezone

from reviews.actions import review_policies, time_limits
from reviews.businesstime import OFFICE
from reviews.escalations import DEFAULTS, friday_evening
from reviews.models import AuditEntry, Calendar, EscalationPolicy
from reviews.states import Risk
from tests.reviews.desk_data import text_of
from tests.reviews.web.policies.test_editor import Fields
from tests.reviews.web.visits import page_of, post, statements

pytestmark = pytest.mark.django_db
BODY = {
    "clock": "business",
    "respond_within": "4h",
    "expires_after": "4 days",
    "steps": [{"at": "50%", "do": "remind"}, {"at": "100%", "do": "escalate", "level": 2}],
    "final": {"do": "reject", "message": "Nobody answered."},
}
ONE = ("slow", 1)
APPROVES = {**BODY, "final": {"do": "approve"}}


@pytest.fixture
def slow(mara):
    return time_limits.write("slow", by=mara, body=BODY, seen=0)


def sent_by(answer, form="editor"):
    page = answer.content.decode()
    begins = page.index(f'<form class="{form}"')
    return Fields(page[begins : page.index("</form>", begins)]).sent


def press(person, sent, act, **changes):
    return post(person, "reviews:time_limit", *ONE, **{**sent, "act": act, **changes})


class TestDoors:
    @pytest.mark.parametrize(
        ("name", "where"),
        [("time_limits", ()), ("new_time_limit", ()), ("time_limit", ONE), ("calendars", ()), ("new_calendar", ())],
    )
    def test_are_shut_for_others(self, slow, alice, charlie, mara, admin, name, where):
        statuses = [page_of(person, f"reviews:{name}", *where).status_code for person in (alice, charlie, mara, admin)]
        assert statuses == [404, 404, 200, 200]

    def test_let_auditors_look_at_dates_and_write_nothing(self, slow, otto):
        page = page_of(otto, "reviews:time_limit", *ONE)
        assert press(otto, sent_by(page), "preview").status_code == 200
        assert press(otto, sent_by(page), "save").status_code == 404
        assert "Save as" not in text_of(page) and EscalationPolicy.objects.count() == 1


class TestDates:
    def test_are_those_of_an_example_on_a_friday(self, slow, mara):
        Calendar.objects.create(
            slug="office",
            zone="Europe/Berlin",
            hours={day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
            created_at="2026-01-01T00:00Z",
        )
        page = text_of(page_of(mara, "reviews:time_limit", *ONE, opened="2026-03-27T16:30"))
        told = page[page.index('id="dates"') :]
        assert "<b>Fri 27 Mar 2026 16:30</b> opened" in told
        assert "<b>Mon 30 Mar 2026 10:30</b> remind whoever holds it" in told
        assert "<b>Mon 30 Mar 2026 12:30</b> escalate to level 2 (managers)" in told
        assert "<b>Tue 31 Mar 2026 17:30</b> rejected with a message" in told  # the clocks went forward on Sunday

    def test_follow_what_is_typed_without_saving(self, slow, mara):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE)) | {"clock": "wall", "respond_within": "1 h"}
        page = text_of(press(mara, sent, "preview", opened="2026-03-25T10:00"))
        assert "<b>Wed 25 Mar 2026 10:30</b> remind" in page and EscalationPolicy.objects.count() == 1

    @pytest.mark.parametrize("opened", ["", "never", "9999-12-31T23:59", "2026-02-30T10:00", "0001-01-01T00:00"])
    def test_fall_back_on_the_example(self, slow, mara, opened):
        friday = friday_evening(OFFICE, after=timezone.now())
        page = text_of(page_of(mara, "reviews:time_limit", *ONE, opened=opened))
        assert f"<b>Fri {friday.day} {friday:%b %Y} 17:00</b> opened" in page


class TestWriting:
    def test_saves_what_was_shown_as_the_next_version(self, slow, mara, nina):
        sent = sent_by(page_of(nina, "reviews:time_limit", *ONE))
        assert press(nina, sent, "save", respond_within="2 h").url == "/time-limits/slow/2/"
        made = EscalationPolicy.objects.get(version=2)
        assert made.body == {**slow.body, "respond_within": 7200} and made.written_by == nina
        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.actor, json.loads(entry.data)["version"]) == ("time_limits.proposed", "nina", 2)

    def test_moves_adds_and_removes_steps_and_keeps_what_was_typed(self, slow, mara):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE)) | {"respond_within": "soon"}
        sent = sent_by(press(mara, sent, "add"))
        sent = sent_by(press(mara, sent, "up-1"))
        assert (sent["step-do"], sent["respond_within"]) == (["escalate", "remind", "remind"], ["soon"])
        assert sent_by(press(mara, sent, "remove-0"))["step-do"] == ["remind", "remind"]

    @pytest.mark.parametrize("act", ["add", "up-1", "remove-0"])
    def test_complains_of_nothing_while_steps_are_arranged(self, slow, mara, act):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE)) | {"step-at": ["", "50%"]}
        page = text_of(press(mara, sent, act))
        assert 'id="wrong"' not in page and 'aria-invalid="true"' not in page
        assert 'id="dates"' in page or 'id="no-dates"' in page

    def test_says_at_which_step_something_is_wrong(self, slow, mara):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE)) | {"step-at": ["50%", "10%"]}
        for act in ("preview", "save"):
            assert "<b>Step 2, at</b>: " in text_of(press(mara, sent, act))

    @pytest.mark.parametrize("risk", list(Risk))
    def test_saves_every_usual_one_as_it_was_read(self, mara, risk):
        time_limits.write("slow", by=mara, body=DEFAULTS[risk].snapshot(), seen=0)
        press(mara, sent_by(page_of(mara, "reviews:time_limit", *ONE)), "save")
        first, second = EscalationPolicy.objects.order_by("version")
        assert second.body == first.body and second.read() == DEFAULTS[risk]

    @pytest.mark.parametrize(
        ("typed", "place"),
        [
            ({"respond_within": "soon"}, "respond_within"),
            ({"step-at": ["50%", "10%"]}, "steps.2.at"),
            ({"step-to": ["nobody:x", ""]}, "steps.1.to"),
            ({"calendar": "nowhere"}, "calendar"),
            ({"expires_after": ""}, "expires_after"),
            ({"clock": "sun"}, "clock"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, slow, mara, typed, place):
        answer = press(mara, sent_by(page_of(mara, "reviews:time_limit", *ONE)) | typed, "save")
        assert answer.status_code == 422 and place in answer.context["errors"]
        if "calendar" not in typed and "clock" not in typed:
            again = sent_by(answer)
            assert all(again[name] == (said if isinstance(said, list) else [said]) for name, said in typed.items())

    def test_overwrites_nobody(self, slow, mara, nina):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE))
        press(nina, sent, "save")
        refused = press(mara, sent, "save", respond_within="1 h")
        assert refused.status_code == 409 and "nina has written version 2" in text_of(refused)
        assert sent_by(refused)["respond_within"] == ["1 h"]

    def test_puts_mine_in_the_place_of_theirs_beside_which_it_was_shown(self, slow, mara, nina):
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE)) | {"respond_within": "1 h"}
        time_limits.write("slow", by=nina, body={**BODY, "respond_within": "2 h"}, seen=1)
        refused = press(mara, sent, "save")
        page = text_of(refused)
        assert refused.status_code == 409 and "Their version beside yours" in page and "7200" in page
        over = re.search(r'name="over" value="(\d+)"', page)[1]

        done = post(mara, "reviews:time_limit", *ONE, **sent_by(refused), over=over)
        assert done.url == "/time-limits/slow/3/"
        assert EscalationPolicy.objects.get(version=3).body["respond_within"] == 3600

    def test_begins_a_new_one(self, mara):
        sent = sent_by(page_of(mara, "reviews:new_time_limit"))
        assert post(mara, "reviews:new_time_limit", **sent | {"act": "save", "slug": "A b"}).status_code == 422
        assert post(mara, "reviews:new_time_limit", **sent | {"act": "save", "slug": "fast"}).status_code == 302
        assert EscalationPolicy.objects.get().read() == DEFAULTS[Risk.MEDIUM]

    def test_lets_silence_approve_only_by_a_second_person(self, mara, nina, otto):
        row = time_limits.write("slow", by=mara, body=APPROVES, seen=0)
        page = text_of(page_of(mara, "reviews:time_limit", *ONE))
        assert "somebody else has to enable" in page and "Enable that silence approves" not in page
        post(mara, "reviews:enable_time_limit", *ONE)
        row.refresh_from_db()
        assert row.enabled_by is None
        assert post(otto, "reviews:enable_time_limit", *ONE).status_code == 404
        assert "Enable that silence approves" in text_of(page_of(nina, "reviews:time_limit", *ONE))
        post(nina, "reviews:enable_time_limit", *ONE)
        row.refresh_from_db()
        assert row.enabled_by == nina
        assert AuditEntry.objects.latest("seq").action == "time_limits.enabled"

    def test_is_listed_with_as_many_statements(self, slow, mara):
        few = statements(lambda: page_of(mara, "reviews:time_limits"))
        for number in range(20):
            time_limits.write(f"more-{number}", by=mara, body=BODY, seen=0)
        assert statements(lambda: page_of(mara, "reviews:time_limits")) == few

    @pytest.mark.parametrize(("name", "model"), [("time_limits", EscalationPolicy), ("calendars", Calendar)])
    def test_is_listed_page_by_page_by_its_newest_version(self, mara, name, model):
        body = {"body": BODY} if model is EscalationPolicy else {"zone": "UTC"}
        rows = [(f"one-{number:02}", version) for number in range(45) for version in range(1, 4)]
        at = "2026-01-01T00:00Z"
        model.objects.bulk_create(model(slug=slug, version=version, created_at=at, **body) for slug, version in rows)
        first = page_of(mara, f"reviews:{name}").context["page"]
        second = page_of(mara, f"reviews:{name}", after=first.after).context["page"]
        listed = [(row.slug, row.version) for row in (*first.rows, *second.rows)]
        assert listed == [(f"one-{number:02}", 3) for number in range(45)] and len(first.rows) == 40


class TestProposals:
    @pytest.fixture
    def proposed(self, slow, mara, nina):
        rules = [{"tool": "pay", "escalation": "slow"}]
        drafted = review_policies.draft("payments", by=mara, body={"rules": rules})
        review_policies.activate(drafted.pk, by=nina)
        sent = sent_by(page_of(mara, "reviews:time_limit", *ONE))
        assert press(mara, sent, "save", respond_within="2 h").status_code == 302

    def test_show_what_they_change_and_who_has_to_agree(self, proposed, mara, nina, otto):
        pages = {person: text_of(page_of(person, "reviews:time_limit", "slow", 2)) for person in (mara, nina, otto)}
        assert all("version 1 holds" in page and "14400" in page and "7200" in page for page in pages.values())
        assert [("Agree to it" in pages[person], "Turn it down" in pages[person]) for person in (mara, nina, otto)] == [
            (False, True),
            (True, True),
            (False, False),
        ]
        assert "somebody else has to agree" in pages[mara]
        assert "Proposed</span>" in text_of(page_of(mara, "reviews:time_limits"))

    @pytest.mark.parametrize(("act", "standing"), [("agree", "in_force"), ("turn_down", "turned_down")])
    def test_are_answered_by_a_second_person(self, proposed, mara, nina, act, standing):
        assert post(mara, "reviews:answer_time_limit", "slow", 2, act="agree").status_code == 302
        made = EscalationPolicy.objects.get(version=2)
        assert made.is_proposed and "somebody else" in text_of(page_of(mara, "reviews:time_limit", "slow", 2))
        post(nina, "reviews:answer_time_limit", "slow", 2, act=act)
        made.refresh_from_db()
        assert (made.standing, made.answered_by) == (standing, nina)
        assert ("It was turned down" in text_of(page_of(mara, "reviews:time_limit", "slow", 2))) is (act == "turn_down")

    def test_are_closed_to_others(self, proposed, otto, alice, mara):
        for person in (otto, alice):
            assert post(person, "reviews:answer_time_limit", "slow", 2, act="agree").status_code == 404
        assert post(mara, "reviews:answer_time_limit", "slow", 2, act="sing").status_code == 404

    def test_of_calendars_are_answered_the_same_way(self, mara, nina):
        drafted = review_policies.draft("payments", by=mara, body={"rules": [{"tool": "pay"}]})
        review_policies.activate(drafted.pk, by=nina)
        office = {"slug": "office", "zone": "Europe/Berlin", "mon": "09:00-17:00", "seen": "0"}
        assert post(mara, "reviews:new_calendar", **office).url == "/calendars/office/1/"
        page = text_of(page_of(nina, "reviews:calendar", "office", 1))
        assert "mara proposes it" in page and "it does not hold" in page and "Agree to it" in page
        post(nina, "reviews:answer_calendar", "office", 1, act="agree")
        assert Calendar.objects.newest("office").get().answered_by == nina


class TestCalendars:
    def typed(self, **changes):
        return {"slug": "berlin", "zone": "Europe/Berlin", "mon": "09:00-12:00, 13:00-17:00", "seen": "0"} | changes

    def test_are_written_as_versions(self, mara, nina):
        answer = post(mara, "reviews:new_calendar", **self.typed(holidays="2026-12-25\n2026-12-26"))
        assert answer.url == "/calendars/berlin/1/"
        post(nina, "reviews:write_calendar", "berlin", 1, **self.typed(seen="1", zone="Europe/Paris"))
        first, second = Calendar.objects.order_by("version")
        assert first.hours == {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]} and len(first.holidays) == 2
        assert (second.version, second.zone) == (2, "Europe/Paris")
        assert AuditEntry.objects.latest("seq").action == "calendar.proposed"
        assert "Europe/Paris" in text_of(page_of(mara, "reviews:calendars"))

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"zone": "Nowhere"}, "zone"),
            ({"mon": "9-17"}, "mon"),
            ({"holidays": "Xmas"}, "holidays"),
            ({"slug": ""}, "slug"),
        ],
    )
    def test_say_what_is_wrong_beside_the_field(self, mara, typed, field):
        answer = post(mara, "reviews:new_calendar", **self.typed(**typed))
        assert answer.status_code == 422 and field in answer.context["form"].errors
        assert not Calendar.objects.exists()

    def test_offer_their_zones_as_a_menu(self, mara):
        page = text_of(page_of(mara, "reviews:new_calendar"))
        assert '<select name="zone"' in page and '<option value="Europe/Berlin">' in page

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "CET", "Etc/GMT+5"])
    def test_are_saved_as_they_were_read(self, mara, zone):
        holidays = ["2026-12-25", "2027-01-01"]
        body = {"zone": zone, "hours": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}, "holidays": holidays}
        first = time_limits.write_calendar("berlin", by=mara, body=body, seen=0)
        sent = sent_by(page_of(mara, "reviews:calendar", "berlin", 1), "form")
        assert post(mara, "reviews:write_calendar", "berlin", 1, **sent).status_code == 302
        assert Calendar.objects.get(version=2).body == first.body

    def test_overwrite_nobody(self, mara, nina):
        post(mara, "reviews:new_calendar", **self.typed())
        refused = post(nina, "reviews:new_calendar", **self.typed(zone="Europe/Paris"))
        assert refused.status_code == 409 and "mara has written version 1" in text_of(refused)
        over = re.search(r'name="over" value="(\d+)"', text_of(refused))[1]
        done = post(nina, "reviews:new_calendar", **self.typed(zone="Europe/Paris", over=over))
        assert done.url == "/calendars/berlin/2/" and Calendar.objects.get(version=2).zone == "Europe/Paris"
