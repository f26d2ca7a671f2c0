"""The desk's components, rendered as templates use them."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone

from reviews.states import InterventionStatus, Outcome, Risk, RunStatus, ToolCallStatus
from reviews.templatetags import desk


def render(source: str, **context: object) -> str:
    return Template("{% load desk readable %}" + source).render(Context(context))


class TestIcon:
    def test_is_decoration_without_a_label(self):
        html = render('{% icon "check" "small" %}')

        assert 'class="icon small"' in html
        assert 'aria-hidden="true"' in html
        assert "desk/icons.svg#check" in html

    def test_is_an_image_with_a_label(self):
        assert 'role="img" aria-label="Done"' in render('{% icon "check" label="Done" %}')

    def test_escapes_its_label(self):
        assert "<script>" not in render('{% icon "check" label=text %}', text="<script>")


class TestRisk:
    @pytest.mark.parametrize("level", list(Risk))
    def test_says_it_in_bars_and_in_a_word(self, level):
        html = render("{% risk level %}", level=level)

        assert f'data-level="{level.value}"' in html
        assert level.label in html


class TestState:
    @pytest.mark.parametrize("status", [*RunStatus, *InterventionStatus, *Outcome, *ToolCallStatus])
    def test_has_words_for_every_status(self, status):
        assert status.label in render("{% state status %}", status=status)

    def test_shows_a_stranger_as_it_is(self):
        assert "mystery" in render('{% state "mystery" %}')

    def test_takes_other_words(self):
        assert "Stopped by alice" in render('{% state "cancelled" label="Stopped by alice" %}')

    def test_knows_only_icons_of_the_sprite(self, settings):
        sprite = (settings.BASE_DIR / "static/desk/icons.svg").read_text()

        assert [name for name, _ in desk.BADGES.values() if f'id="{name}"' not in sprite] == []


class TestTone:
    def test_follows_the_status(self):
        assert render("{{ status|tone }} {{ status|status_icon }}", status=RunStatus.FAILED) == "bad alert-triangle"


class TestSla:
    def test_counts_down(self):
        due = timezone.now() + timedelta(hours=1, seconds=30)

        html = render("{% sla due %}", due=due)

        assert f'due="{due.isoformat()}"' in html
        assert "Due in" in html
        assert 'data-pace="ok">1:00:' in html

    def test_says_when_it_is_late(self):
        html = render("{% sla due %}", due=timezone.now() - timedelta(seconds=90))

        assert "Overdue by" in html
        assert 'data-pace="late">−01:30' in html

    def test_is_nothing_without_a_deadline(self):
        assert render("{% sla due %}", due=None) == ""


class TestMoment:
    def test_shows_local_time_and_keeps_utc_in_the_title(self):
        at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

        with timezone.override("Europe/Stockholm"):
            html = render("{% moment at %}", at=at)

        assert ">00:30:00</time>" in html
        assert 'title="2026-11-22 23:30:00 UTC"' in html

    def test_is_a_dash_when_it_has_not_happened(self):
        assert render("{% moment at %}", at=None) == "–"


class TestAvatar:
    def test_keeps_its_colour(self):
        assert render('{% avatar "alice" %}') == render('{% avatar "alice" %}')

    def test_shows_initials_to_the_eye_only(self):
        html = render('{% avatar "Anna Svensson" "small" %}')

        assert 'class="avatar small"' in html
        assert 'aria-hidden="true">AS<' in html


class TestBar:
    def test_lies_where_the_step_was(self):
        assert 'class="tool" x="25.00%" y="10" width="50.00%"' in render('{% bar 5 10 20 "tool" %}')

    @pytest.mark.parametrize(("start", "length", "total"), [(0, 0, 0), (30, 5, 20), (-3, 1, 20), (0, 99, 20)])
    def test_never_leaves_the_track(self, start, length, total):
        html = render("{% bar start length total %}", start=start, length=length, total=total)

        left, width = (float(html.split(f' {name}="')[-1].split("%")[0]) for name in ("x", "width"))
        assert left >= 0
        assert width > 0
        assert left + width <= 100.01

    def test_has_no_inline_style(self):
        assert "style" not in render("{% bar 0 1 2 %}")


class Answer(forms.Form):
    name = forms.CharField(help_text="As on the invoice")
    risk = forms.MultipleChoiceField(
        choices=[("3", "High"), ("4", "Critical")], widget=forms.CheckboxSelectMultiple, required=False
    )


class TestField:
    def test_joins_label_help_and_errors_to_its_input(self):
        html = render("{% field form.name %}", form=Answer({"name": ""}))

        assert '<label for="id_name">Name' in html
        assert 'id="id_name_helptext"' in html
        assert "id_name_error" in html
        assert 'aria-invalid="true"' in html

    def test_takes_another_label_and_a_whole_line(self):
        html = render('{% field form.name "Customer" wide=True %}', form=Answer())

        assert "Customer" in html
        assert 'class="field wide"' in html


class TestPick:
    def test_names_what_is_chosen(self):
        html = render("{% pick form.risk %}", form=Answer({"risk": ["4"]}))

        assert "Risk: Critical" in html
        assert html.count("<input") == 2
        assert html.count("checked") == 1

    def test_is_a_plain_chip_when_nothing_is(self):
        html = render('{% pick form.risk "Danger" %}', form=Answer())

        assert 'class="chip"' in html
        assert "Danger" in html
