"""Ready reasons on the page of a question."""

import pytest

from reviews.models import Decision
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
PRESETS = ("Too much.", "[Ask] the\ncustomer.")


@pytest.fixture
def question(queue):
    return factories.question(judgement={"presets": PRESETS, "reason_required": True})


def decide(person, question, **said):
    data = {"verdict": "approve", "version": question.version} | said
    return post(person, "reviews:decide", question.pk, **data)


class TestReadyReasons:
    def test_are_offered_where_the_rule_has_some(self, question, alice, queue):
        assert "Too much.</option>" in text_of(page_of(alice, "reviews:intervention", question.pk))
        other = factories.question()
        assert "A ready reason" not in text_of(page_of(alice, "reviews:intervention", other.pk))

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ({"ready": "0"}, "Too much."),
            ({"ready": "1", "reason": "Twice."}, "[Ask] the\ncustomer.\nTwice."),
            ({"ready": "", "reason": "My own."}, "My own."),
            ({"ready": "9", "reason": "My own."}, "My own."),
        ],
    )
    def test_are_kept_as_if_they_had_been_typed(self, question, alice, sent, kept):
        assert decide(alice, question, **sent).status_code == 302
        assert Decision.objects.get().reason == kept

    def test_come_back_as_typed_where_something_else_is_wrong(self, question, alice):
        answer = decide(alice, question, ready="0", verdict="edit", edit_json="{")
        assert answer.status_code == 422 and answer.context["form"]["reason"].value() == "Too much."

    def test_are_missed_where_none_is_chosen_and_one_is_required(self, question, alice):
        assert decide(alice, question, ready="").status_code == 422
