"""The triage agent: what it orders, how it asks, and what it makes of the answers."""

import pytest

from agents_runtime.agents.triage import build, order_lab
from reviews.actions import trials
from tests.agents_runtime.demo_agents.theatre import edit, play, reject, supply

CHEST = "Triage patient P-1042: chest pain for 2 hours, came in by ambulance."
PAGE = supply("Page the on-call team now")
REPEAT = supply("Repeat the test in one hour")
OBSERVE = supply("Observe, no further action")


def noted(played):
    return played.calls("file_triage_note")[-1]


class TestReading:
    def test_reads_record_and_vital_signs_at_once(self):
        assert set(play(build(), CHEST, ask_human=OBSERVE).tools[:2]) == {"get_patient", "get_vitals"}

    def test_asks_for_the_patient_when_none_is_named(self):
        played = play(build(), "Somebody has chest pain.")

        assert played.tools == []
        assert "patient number" in played.final

    def test_stops_when_the_patient_cannot_be_found(self):
        played = play(build(), CHEST, get_patient=supply("The record is locked."))

        assert "order_lab" not in played.tools
        assert "no patient P-1042" in played.final


class TestLaboratory:
    @pytest.mark.parametrize(
        ("task", "test"),
        [
            (CHEST, "troponin"),
            ("Triage P-1057.", "lactate"),
            ("Triage P-1063, short of breath.", "d_dimer"),
            ("Triage P-1071, feels dizzy.", "potassium"),
        ],
    )
    def test_orders_the_test_the_complaint_calls_for(self, task, test):
        assert play(build(), task, ask_human=OBSERVE).calls("order_lab")[0]["test"] == test

    def test_satisfies_the_tools_own_schema(self):
        ordered = play(build(), CHEST, ask_human=OBSERVE).calls("order_lab")[0]

        assert set(ordered) == set(order_lab.params_json_schema["required"])
        assert ordered["urgency"] in order_lab.params_json_schema["properties"]["urgency"]["enum"]

    def test_puts_the_result_to_a_clinician(self):
        question = play(build(), CHEST, ask_human=OBSERVE).calls("ask_human")[0]["question"]

        assert "Troponin T 86 ng/L (above the limit of 14 ng/L)" in question
        assert "blood pressure 158/94" in question

    def test_believes_a_result_the_reviewer_supplies(self):
        played = play(build(), CHEST, order_lab=supply("Troponin T 9 ng/L, measured at the bedside"), ask_human=OBSERVE)

        assert played.runs("order_lab") == []
        assert "Troponin T 9 ng/L, measured at the bedside." in played.calls("ask_human")[0]["question"]
        assert noted(played)["level"] == 3

    @pytest.mark.parametrize(
        ("result", "level"),
        [("Troponin 480", 2), ("Troponin 3.5 ng/L", 3), ("clearly elevated", 2), ("not elevated", 3), ("normal", 3)],
    )
    def test_reads_a_supplied_result_in_figures_or_in_words(self, result, level):
        assert noted(play(build(), CHEST, order_lab=supply(result), ask_human=OBSERVE))["level"] == level

    def test_takes_an_edited_test_for_the_one_that_was_made(self):
        played = play(build(), CHEST, order_lab=edit(test="crp"), ask_human=OBSERVE)

        assert played.runs("order_lab")[0]["test"] == "crp"
        assert "C-reactive protein" in noted(played)["note"]

    def test_asks_all_the_same_when_the_test_is_rejected(self):
        played = play(build(), CHEST, order_lab=reject("Already drawn in the ambulance."), ask_human=OBSERVE)

        question = played.calls("ask_human")[0]["question"]
        assert "The troponin test was declined. Already drawn in the ambulance." in question
        assert noted(played)["level"] == 3


class TestQuestion:
    def test_offers_the_usual_answers(self):
        assert play(build(), CHEST, ask_human=OBSERVE).calls("ask_human")[0]["options"] == [
            "Page the on-call team now",
            "Repeat the test in one hour",
            "Observe, no further action",
        ]

    def test_pages_the_team_that_fits_the_test(self):
        page = play(build(), CHEST, ask_human=PAGE).calls("page_on_call")[0]

        assert page["team"] == "cardiology"
        assert "Troponin T 86 ng/L" in page["message"]

    @pytest.mark.parametrize(
        ("answer", "team"),
        [
            ("Call the ICU, please", "intensive_care"),
            ("page intensive care", "intensive_care"),
            ("Get cardiology down here", "cardiology"),
        ],
    )
    def test_understands_free_words(self, answer, team):
        assert play(build(), CHEST, ask_human=supply(answer)).calls("page_on_call")[0]["team"] == team

    @pytest.mark.parametrize("answer", ["Observe", "Do not page", "no need to repeat it", "", "Give aspirin 300 mg"])
    def test_does_nothing_the_clinician_did_not_ask_for(self, answer):
        played = play(build(), CHEST, ask_human=supply(answer))

        assert "page_on_call" not in played.tools
        assert len(played.calls("order_lab")) == 1
        assert (answer or "no answer") in noted(played)["note"]

    def test_files_a_note_even_when_the_question_is_rejected(self):
        played = play(build(), CHEST, ask_human=reject())

        assert "Clinician: no answer." in noted(played)["note"]


class TestRepeat:
    def test_draws_blood_again_and_asks_again(self):
        played = play(build(), CHEST, ask_human=[REPEAT, PAGE])

        assert [call["urgency"] for call in played.calls("order_lab")] == ["stat", "urgent"]
        assert played.calls("ask_human")[1]["options"] == ["Page the on-call team now", "Observe, no further action"]
        assert len(played.calls("page_on_call")) == 1

    def test_happens_once_at_most(self):
        played = play(build(), CHEST, ask_human=[REPEAT, REPEAT])

        assert len(played.calls("order_lab")) == 2
        assert "page_on_call" not in played.tools

    def test_repeats_the_test_that_was_really_made(self):
        played = play(build(), CHEST, order_lab=[edit(test="crp")], ask_human=[REPEAT, OBSERVE])

        assert played.calls("order_lab")[1]["test"] == "crp"


class TestNote:
    def test_is_at_level_one_once_the_team_is_on_its_way(self):
        played = play(build(), CHEST, ask_human=PAGE)

        assert noted(played)["level"] == 1
        assert "Paged cardiology." in noted(played)["note"]

    def test_falls_back_to_the_finding_when_the_page_is_rejected(self):
        played = play(build(), CHEST, ask_human=PAGE, page_on_call=reject("The family wants to wait."))

        assert played.runs("page_on_call") == []
        assert noted(played)["level"] == 2
        assert "Page rejected: The family wants to wait." in noted(played)["note"]

    def test_names_the_team_that_was_paged_after_an_edit(self):
        played = play(build(), CHEST, ask_human=PAGE, page_on_call=edit(team="surgery"))

        assert "Paged surgery." in noted(played)["note"]

    def test_is_level_three_when_the_result_is_normal(self):
        assert noted(play(build(), "Triage P-1042, fever.", ask_human=OBSERVE))["level"] == 3

    def test_is_what_the_run_ends_with(self):
        played = play(build(), CHEST, ask_human=PAGE)

        assert played.final == f"Triage level 1 for P-1042. {noted(played)['note']}"

    def test_says_so_when_it_was_not_filed(self):
        final = play(build(), CHEST, ask_human=OBSERVE, file_triage_note=reject("Wrong patient.")).final

        assert final == "The triage note for P-1042 was not filed: Wrong patient."

    def test_says_what_was_filed_after_an_edit(self):
        final = play(build(), CHEST, ask_human=OBSERVE, file_triage_note=edit(level=1)).final

        assert final.startswith("Triage level 1 for P-1042.")


class TestDryRun:
    def test_takes_a_missing_result_for_nobodys_refusal(self):
        played = play(build(), CHEST, order_lab=supply(trials.refusal("order_lab")), ask_human=supply("Observe."))

        assert "The troponin test has no result in this dry run." in played.final
        assert "declined" not in played.final

    def test_pages_nobody_and_files_nothing_unrecorded(self):
        played = play(
            build(),
            CHEST,
            ask_human=supply("Page them."),
            page_on_call=supply(trials.refusal("page_on_call")),
            file_triage_note=supply(trials.refusal("file_triage_note")),
        )

        assert "Nobody was paged: this is a dry run." in played.calls("file_triage_note")[0]["note"]
        assert "was not filed: this is a dry run" in played.final

    def test_takes_no_refusal_for_an_answer(self):
        played = play(build(), CHEST, ask_human=supply(trials.refusal("ask_human")))

        assert "Clinician: no answer." in played.calls("file_triage_note")[0]["note"]
