"""Nothing an agent wrote is hidden from the person who signs for it."""

import sys
import unicodedata

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse

from reviews.web import visible
from tests import factories

SNEAKY = "R-1 to \u202eelpmaxe\u202c \u200bzero \U000e0041"
HONEST = "R-1 to ⟦U+202E⟧elpmaxe⟦U+202C⟧ ⟦U+200B⟧zero ⟦U+E0041⟧"


INVISIBLE = [
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060",
    *"\u2064\u2065\u2066\u206f\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff9\U0001d173\U000e0001\U000e0049\U000e0100\U000e0fff",
]


class TestShown:
    @pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"{ord(char):04X}")
    def test_gives_a_hidden_character_its_number(self, char):
        assert visible.shown(f"<p>a{char}b</p>") == f"<p>a⟦U+{ord(char):04X}⟧b</p>"

    def test_knows_every_format_character_of_unicode(self):
        formats = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]

        assert [char for char in formats if not visible.HIDDEN.search(f"a{char}b")] == []

    @pytest.mark.parametrize(
        "text",
        [
            "あ\u200dい",
            "日\ufe0f",
            "0\ufe0f0",
            "a\u200db",
            "0\u200d1",
            "😀\u200d ",
            "a\ufe0f",
            "😀\ufe0f\ufe0f",
            "😀\ufe0e",
            "می\u200c ",
            "نم\u200c\u200cی",
        ],
        ids=ascii,
    )
    def test_gives_a_joiner_out_of_its_place_its_number(self, text):
        assert "⟦U+" in visible.shown(text)

    @pytest.mark.parametrize(
        "text",
        ["plain", "نمی‌خواهم", "👩‍⚕️", "👨‍👩‍👧‍👦", "👍🏽", "🏴‍☠️", "❤️", "1️⃣", "©️", "क्‍ष", "ශ්‍රී", "שלום", "naïve café"]
        + ["日本語　、。", "한국어", "ខ្មែរ", "അവന്‍ വന്നു", "עִבְרִית"],
    )
    def test_leaves_every_language_alone(self, text):
        assert visible.shown(text) is text

    @pytest.mark.parametrize(
        "field", ["<textarea name=x>\n\u202eb</textarea>", '<input value="\u202eb">', '<OPTION value="\u202eb">']
    )
    def test_leaves_what_is_sent_back_as_it_is(self, field):
        assert visible.shown(f"\u200b{field}\u200b") == f"⟦U+200B⟧{field}⟦U+200B⟧"


class TestNothingHidden:
    def test_shows_pages_and_leaves_data(self, rf):
        def answer(response):
            return visible.NothingHidden(lambda request: response)(rf.get("/"))

        assert answer(HttpResponse("a\u202eb")).content.decode() == "a⟦U+202E⟧b"
        assert answer(HttpResponse("a\u202eb", content_type="text/csv")).content.decode() == "a\u202eb"
        stream = StreamingHttpResponse(iter(["a\u202eb"]), content_type="text/html")
        assert answer(stream) is stream

    def test_works_where_views_are_asynchronous(self, rf):
        async def view(request):
            return HttpResponse("a\u202eb")

        shown = async_to_sync(visible.NothingHidden(view))(rf.get("/"))
        assert shown.content.decode() == "a⟦U+202E⟧b"


@pytest.mark.django_db
class TestDesk:
    @pytest.fixture
    def item(self, queue):
        return factories.question(factories.leased(), arguments={"invoice": SNEAKY})

    def test_shows_the_reviewer_what_will_run(self, client, alice, item):
        client.force_login(alice)
        page = client.get(reverse("reviews:intervention", args=[item.pk])).content.decode()

        assert HONEST in page
