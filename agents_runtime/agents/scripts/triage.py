"""The triage script: read, order one test, ask a clinician, page if they say so, file a note."""

import re

from agents_runtime.agents.scripts.reading import amount, objection, quoted, record, says, turned_down, unrecorded
from agents_runtime.scripted import Call, Conversation, Exchange, Turn

PATIENT = re.compile(r"\bP-\d+\b")
REPORT = re.compile(r"\((?:above|within) the limit of")
RESULT = r"normal|negative|positive|elevated|raised|high|low|above|below|within"
COMING = r"paged|called|informed|acknowledged|coming|arriving|on (?:the|their) way|here|done"
FILED = r"filed|written|done"

TESTS = {"chest": "troponin", "fever": "lactate", "chill": "lactate", "breath": "d_dimer", "dizzy": "potassium"}
TEAMS = {"troponin": "cardiology", "potassium": "cardiology", "lactate": "intensive_care", "d_dimer": "intensive_care"}
LIMITS = {"troponin": 14.0, "lactate": 2.0, "d_dimer": 0.5, "potassium": 5.1, "crp": 5.0}

PAGE = "Page the on-call team now"
REPEAT = "Repeat the test in one hour"
OBSERVE = "Observe, no further action"


def script(talk: Conversation) -> Turn:
    """The first step that still has something to do."""
    return _read(talk) or _test(talk) or _ask(talk) or _act(talk) or _file(talk) or _sum_up(talk)


def _read(talk: Conversation) -> Turn | None:
    patient = PATIENT.search(talk.task)
    if patient is None:
        return "Which patient is this about? Please send the patient number; it looks like P-1042."
    if not talk.exchanges:
        return [Call(tool, {"patient_id": patient[0]}) for tool in ("get_patient", "get_vitals")]
    if not record(talk.last("get_patient")):
        return f"There is no patient {patient[0]} on the ward, so I did nothing."
    return None


def _patient(talk: Conversation) -> str:
    found = PATIENT.search(talk.task)
    return found[0] if found else ""


def _test(talk: Conversation) -> Turn | None:
    if talk.last("order_lab"):
        return None
    complaint = str(record(talk.last("get_patient")).get("complaint", ""))
    told = talk.task if any(sign in talk.task.lower() for sign in TESTS) else complaint
    test = next((test for sign, test in TESTS.items() if sign in told.lower()), "crp")
    return _order(talk, test, "stat", complaint or "triage")


def _order(talk: Conversation, test: str, urgency: str, indication: str) -> Call:
    arguments = {"patient_id": _patient(talk), "test": test, "urgency": urgency, "indication": indication}
    return Call("order_lab", arguments)


def _ask(talk: Conversation) -> Turn | None:
    """One question per laboratory result: a repeated test is put to the clinician again."""
    if len(talk.calls("ask_human")) >= len(talk.calls("order_lab")):
        return None
    lab = talk.calls("order_lab")[-1]
    question = f"{_finding(lab)} {_signs(talk)} How should I go on with {_patient(talk)}?"
    options = [PAGE, REPEAT, OBSERVE] if len(talk.calls("order_lab")) == 1 else [PAGE, OBSERVE]
    return Call("ask_human", {"question": question, "options": options})


def _signs(talk: Conversation) -> str:
    vitals = record(talk.last("get_vitals"))
    pressure = f"{vitals.get('systolic_mmhg')}/{vitals.get('diastolic_mmhg')}"
    return f"Pulse {vitals.get('pulse_bpm')}, blood pressure {pressure}, SpO2 {vitals.get('spo2_percent')} %."


def _finding(lab: Exchange) -> str:
    if unrecorded(lab):
        return f"The {lab.arguments['test']} test has no result in this dry run."
    if _is_missing(lab):
        return f"The {lab.arguments['test']} test was declined. {objection(lab)}".strip()
    return f"{_result(lab)}."


def _is_missing(lab: Exchange) -> bool:
    """A result is a report, a value, or a word such as "normal"."""
    return unrecorded(lab) or turned_down(lab, RESULT) and (lab.rejected or amount(lab.output) is None)


def _result(lab: Exchange) -> str:
    """The laboratory's report without the order number; a result a reviewer supplied is told in their words."""
    return lab.output.split("\n")[-1].split(": ", 1)[-1].rstrip(".")


def _act(talk: Conversation) -> Turn | None:
    answer = _answer(talk)
    if says(answer, "repeat") and len(talk.calls("order_lab")) == 1:
        first = talk.calls("order_lab")[0].executed
        return _order(talk, first["test"], "urgent", "control one hour after the first sample")
    if says(answer, "page|call (?:the|them|on)|cardiology|intensive|icu") and not talk.last("page_on_call"):
        lab = talk.calls("order_lab")[-1]
        message = f"{_patient(talk)}: {_finding(lab)} Please come to the emergency ward."
        return Call("page_on_call", {"patient_id": _patient(talk), "team": _team(answer, lab), "message": message})
    return None


def _answer(talk: Conversation) -> str:
    asked = talk.last("ask_human")
    return "" if asked is None or asked.rejected or unrecorded(asked) else asked.output.rstrip(". ")


def _team(answer: str, lab: Exchange) -> str:
    if re.search(r"intensive|icu", answer, re.I):
        return "intensive_care"
    if re.search(r"cardio", answer, re.I):
        return "cardiology"
    return TEAMS.get(lab.executed["test"], "surgery")


def _file(talk: Conversation) -> Turn | None:
    if talk.last("file_triage_note"):
        return None
    arguments = {"patient_id": _patient(talk), "level": _level(talk), "note": _note(talk)}
    return Call("file_triage_note", arguments)


def _level(talk: Conversation) -> int:
    page, lab = talk.last("page_on_call"), talk.calls("order_lab")[-1]
    if page and not unrecorded(page) and not turned_down(page, COMING):
        return 1
    return 2 if _is_high(lab) else 3


def _is_high(lab: Exchange) -> bool:
    if _is_missing(lab):
        return False
    report, value = REPORT.search(lab.output), amount(_result(lab))
    if report or value is None:
        return says(lab.output, "above|high|elevated|raised|positive")
    return value > LIMITS[lab.executed["test"]]


def _note(talk: Conversation) -> str:
    patient = record(talk.last("get_patient"))
    sentences = [f"{patient.get('name')}, {patient.get('age')}: {patient.get('complaint')}."]
    sentences += [_finding(lab) for lab in talk.calls("order_lab")]
    sentences.append(f"Clinician: {_answer(talk) or 'no answer'}.")
    page = talk.last("page_on_call")
    if page and unrecorded(page):
        sentences.append("Nobody was paged: this is a dry run.")
    elif page:
        said_no = turned_down(page, COMING)
        sentences.append(f"Page rejected: {objection(page)}" if said_no else f"Paged {page.executed['team']}.")
    if talk.notes:
        sentences.append(f"Note from the desk: {quoted(talk.notes)}")
    return " ".join(sentences)


def _sum_up(talk: Conversation) -> str:
    filed = talk.calls("file_triage_note")[-1]
    if unrecorded(filed):
        return f"The triage note for {_patient(talk)} was not filed: this is a dry run, and no such note was recorded."
    if turned_down(filed, FILED):
        return f"The triage note for {_patient(talk)} was not filed: {objection(filed)}"
    return f"Triage level {filed.executed['level']} for {_patient(talk)}. {filed.executed['note']}"
