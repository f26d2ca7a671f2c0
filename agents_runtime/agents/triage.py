"""Triage: sorts emergency patients by urgency; laboratory orders and pages go through a clinician."""

from typing import Literal

from agents import Agent, Tool, function_tool

from agents_runtime import ask_human, llm, register
from agents_runtime.agents.data import ward
from agents_runtime.agents.data.records import as_json, number
from agents_runtime.agents.scripts.triage import script

INSTRUCTIONS = """\
You triage patients in an emergency ward. Read the patient's record and vital signs first. Order the one laboratory test
that would change the decision, then ask a clinician how to go on: you never decide about treatment yourself.
Page the on-call team only when the clinician says so. Close by filing a triage note with a level from 1 (immediate) to
5 (not urgent)."""


@function_tool
def get_patient(patient_id: str) -> str:
    """Read a patient's record: age, complaint, history, medication and allergies.

    Args:
        patient_id: Patient number, for example P-1042.
    """
    patient = ward.find_patient(patient_id)
    return as_json(patient) if patient else f"There is no patient {patient_id}."


@function_tool
def get_vitals(patient_id: str) -> str:
    """Read a patient's latest vital signs.

    Args:
        patient_id: Patient number, for example P-1042.
    """
    vitals = ward.measure(patient_id)
    return as_json(vitals) if vitals else f"There are no measurements for {patient_id}."


@function_tool
def order_lab(
    patient_id: str,
    test: Literal["troponin", "lactate", "d_dimer", "potassium", "crp"],
    urgency: Literal["stat", "urgent", "routine"],
    indication: str,
) -> str:
    """Have blood drawn and analysed. Returns the laboratory's report.

    Args:
        patient_id: Patient whose blood is drawn.
        test: What to measure.
        urgency: How soon; "stat" goes before everything else.
        indication: Why, in a few words for the laboratory.
    """
    return f"Lab {number('LAB', patient_id, test, urgency)}: {ward.analyse(patient_id, test)}"


@function_tool
def page_on_call(patient_id: str, team: Literal["cardiology", "intensive_care", "surgery"], message: str) -> str:
    """Page the team on call. They leave what they are doing and come.

    Args:
        patient_id: Patient they are called to.
        team: Who is paged.
        message: What they read on the pager.
    """
    return f"Page {number('PG', patient_id, team)} sent to {team}: acknowledged, arriving in 6 minutes."


@function_tool
def file_triage_note(patient_id: str, level: Literal[1, 2, 3, 4, 5], note: str) -> str:
    """File the triage note in the patient's record.

    Args:
        patient_id: Patient the note is about.
        level: 1 immediate, 2 very urgent, 3 urgent, 4 standard, 5 not urgent.
        note: What was found and what was decided.
    """
    return f"Note {number('TN', patient_id, level, note)} filed for {patient_id} at level {level}."


@register(
    "triage",
    queue="clinical",
    version="1",
    title="Triage",
    description="Sorts emergency patients by urgency; a clinician decides about tests and pages.",
    idempotent=("get_patient", "get_vitals"),
    review=[
        {
            "tool": "order_lab",
            "risk": "medium",
            "name": "Laboratory order",
            "title": "Order {test} ({urgency}) for patient {patient_id}",
            "due_in": 900,
        },
        {
            "tool": "page_on_call",
            "risk": "critical",
            "name": "Page to the on-call team",
            "title": "Page {team} to patient {patient_id}",
            "due_in": 300,
        },
    ],
    sample_input="Triage patient P-1042: chest pain for 2 hours, came in by ambulance.",
)
def build() -> Agent:
    """The agent, fresh for each run."""
    tools: list[Tool] = [get_patient, get_vitals, order_lab, ask_human, page_on_call, file_triage_note]
    return Agent(name="Triage", instructions=INSTRUCTIONS, tools=tools, model=llm.model(script))
