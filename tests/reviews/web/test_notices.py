"""One's own notices, the bell, and what one chooses to be told."""

import pytest

from reviews.actions import notice_settings, notices
from reviews.models import Membership, Notice, NoticeSettings
from reviews.states import NoticeKind
from reviews.web import bell, fragments
from reviews.web.filters import Filter
from reviews.web.notice_forms import SettingsForm, zones
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
CHOICE = {
    "email": ["escalated"],
    "page": ["escalated", "opened"],
    "zone": "Europe/Berlin",
    "quiet_from": "22:00",
    "quiet_to": "07:00",
    "digest": "daily",
    "digest_at": "08:30",
}


@pytest.fixture
def item():
    return desk_data.refund()


@pytest.fixture
def told(item, alice):
    notices.owe(item, NoticeKind.REMINDER, [alice], key="k", says="An hour is left.")
    return Notice.objects.get()


class TestBell:
    def test_shows_what_is_unread_and_leads_to_it(self, told, item, alice):
        page = page_of(alice, "reviews:runs").content.decode()
        assert 'id="bell-many"' in page and f'data-notice="{told.pk}"' in page
        assert f"/interventions/{item.pk}/" in page and "An hour is left." in page

    def test_is_bounded_and_says_that_there_are_more(self, item, alice):
        for number in range(bell.SHOWN + 3):
            notices.owe(item, NoticeKind.REMINDER, [alice], key=f"k:{number}")
        found = bell.of(alice)
        assert (len(found.rings), found.count) == (bell.SHOWN, f"{bell.SHOWN}+")

    def test_costs_one_statement_where_nothing_is_new(self, alice, django_assert_num_queries):
        bell.of(alice)  # her roles are remembered
        with django_assert_num_queries(1):
            assert bell.of(alice).count == ""

    def test_tells_nothing_of_a_queue_one_has_left(self, told, alice):
        Membership.objects.filter(user=alice).delete()
        assert bell.of(alice).rings == []

    def test_comes_with_the_rows_over_the_live_line(self, told, item, alice):
        html = " ".join(fragments.since(alice, Filter(), 0).html.split())
        assert 'id="bell-many" hx-swap-oob="true"' in html and f'data-notice="{told.pk}"' in html

    def test_keeps_windows_shut_in_quiet_hours(self, told, alice, settings):
        assert not bell.of(alice).quiet
        NoticeSettings.objects.create(user=alice, quiet_from="00:00", quiet_to="23:59:59.999999")
        assert bell.of(alice).quiet


class TestNotices:
    def test_lists_ones_own(self, told, alice, bob):
        assert "Reminder: issue_refund needs approval" in text_of(page_of(alice, "reviews:notices"))
        assert "Nothing was told to you yet" in text_of(page_of(bob, "reviews:notices"))

    def test_goes_on_page_by_page(self, item, alice):
        for number in range(60):
            notices.owe(item, NoticeKind.REMINDER, [alice], key=f"k:{number}")
        first = page_of(alice, "reviews:notices")
        after = first.context["page"].after
        second = page_of(alice, "reviews:notices", after=after)
        assert [len(page.context["rings"]) for page in (first, second)] == [50, 10]

    def test_costs_no_more_for_many_than_for_one(self, told, item, alice, client, django_assert_max_num_queries):
        for number in range(30):
            notices.owe(item, NoticeKind.REMINDER, [alice], key=f"more:{number}")
        client.force_login(alice)
        with django_assert_max_num_queries(9):
            client.get("/notices/")


class TestReadNotices:
    def test_takes_one_off_or_all(self, item, alice):
        for number in range(3):
            notices.owe(item, NoticeKind.REMINDER, [alice], key=f"k:{number}")
        first = Notice.objects.unread(alice.pk)[0]
        assert post(alice, "reviews:read_notices", notice=first.pk).status_code == 302
        assert Notice.objects.unread(alice.pk).count() == 2
        post(alice, "reviews:read_notices")
        assert not Notice.objects.unread(alice.pk).exists()

    def test_touches_nobody_elses(self, told, bob, alice):
        post(bob, "reviews:read_notices", notice=told.pk)
        assert Notice.objects.unread(alice.pk).count() == 1

    def test_is_not_done_by_a_link(self, told, alice):
        assert page_of(alice, "reviews:read_notices").status_code == 405


class TestNoticeSettings:
    def test_begins_with_the_usual(self, alice):
        page = page_of(alice, "reviews:notice_settings")
        ticked = {kind for kind, _, email, on_page in page.context["form"].matrix if email and on_page}
        assert "escalated" in ticked and "opened" not in ticked
        assert not NoticeSettings.objects.exists()

    def test_keeps_what_was_chosen(self, alice):
        assert post(alice, "reviews:notice_settings", **CHOICE).status_code == 302
        kept = NoticeSettings.objects.get(user=alice)
        assert (kept.email, kept.page, kept.opened) == (["escalated"], ["escalated", "opened"], True)
        assert (kept.zone, kept.digest, f"{kept.quiet_from:%H:%M}") == ("Europe/Berlin", "daily", "22:00")
        again = page_of(alice, "reviews:notice_settings").context["form"]
        assert again["zone"].value() == "Europe/Berlin"

    @pytest.mark.parametrize(
        "wrong",
        [{"quiet_to": ""}, {"zone": "Mars/Olympus"}, {"email": ["all"]}, {"digest": "never"}, {"quiet_from": "25:00"}],
    )
    def test_refuses_nonsense_and_keeps_what_was_typed(self, alice, wrong):
        page = post(alice, "reviews:notice_settings", **CHOICE | wrong)
        assert page.status_code == 422
        assert not NoticeSettings.objects.exists()

    def test_says_where_mail_cannot_come(self, alice, settings):
        assert "This desk sends no mail" in text_of(page_of(alice, "reviews:notice_settings"))
        settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
        assert "no e-mail address" in text_of(page_of(alice, "reviews:notice_settings"))

    def test_is_each_persons_own(self, alice, bob):
        post(alice, "reviews:notice_settings", **CHOICE)
        assert notice_settings.of(bob).zone == "UTC"


class TestZones:
    def test_are_all_there_by_name(self):
        names = [name for name, _ in zones()]
        assert names[0] == "UTC" and {"Europe/Berlin", "America/New_York", "Asia/Kolkata"} <= set(names)
        assert not [name for name in names if name.startswith("Etc/")]


class TestSettingsForm:
    def test_takes_no_quiet_hours_at_all(self, alice):
        form = SettingsForm(NoticeSettings(user=alice), CHOICE | {"quiet_from": "", "quiet_to": ""})
        assert form.is_valid() and form.cleaned_data["quiet_from"] is None

    def test_leaves_the_time_of_the_digest_at_eight(self, alice):
        form = SettingsForm(NoticeSettings(user=alice), CHOICE | {"digest_at": ""})
        assert form.is_valid() and f"{form.cleaned_data['digest_at']:%H:%M}" == "08:00"
