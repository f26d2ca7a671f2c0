"""An emergency ward: patients, their vital signs and what the laboratory finds."""

import re
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Patient:
    """Somebody in the waiting room."""

    id: str
    name: str
    age: int
    complaint: str
    history: str
    medication: str
    allergies: str


@dataclass(frozen=True)
class Vitals:
    """One set of measurements, in the units of their names."""

    patient_id: str
    pulse_bpm: int
    systolic_mmhg: int
    diastolic_mmhg: int
    breaths_per_min: int
    spo2_percent: int
    temperature_c: float


@dataclass(frozen=True)
class Assay:
    """What one laboratory test measures and above which value it is abnormal."""

    name: str
    unit: str
    limit: float
    typical: tuple[float, float]


PATIENTS = {
    patient.id: patient
    for patient in (
        Patient("P-1042", "Halina Wrona", 61, "chest pain for 2 hours", "hypertension", "ramipril 5 mg", "penicillin"),
        Patient("P-1057", "Samuel Idowu", 34, "fever and shaking chills", "none", "none", "none known"),
        Patient("P-1063", "Greta Lindqvist", 47, "short of breath after a flight", "migraine", "pill", "latex"),
        Patient("P-1071", "Oskar Brandt", 72, "dizzy, slow pulse", "atrial fibrillation", "digoxin", "none known"),
    )
}

VITALS = {
    vitals.patient_id: vitals
    for vitals in (
        Vitals("P-1042", 104, 158, 94, 20, 95, 36.8),
        Vitals("P-1057", 122, 96, 58, 26, 94, 39.4),
        Vitals("P-1063", 112, 124, 78, 28, 91, 37.1),
        Vitals("P-1071", 44, 112, 70, 14, 97, 36.5),
    )
}

ASSAYS = {
    "troponin": Assay("Troponin T", "ng/L", 14, (4, 12)),
    "lactate": Assay("Lactate", "mmol/L", 2, (0.6, 1.6)),
    "d_dimer": Assay("D-dimer", "mg/L", 0.5, (0.1, 0.4)),
    "potassium": Assay("Potassium", "mmol/L", 5.1, (3.6, 4.8)),
    "crp": Assay("C-reactive protein", "mg/L", 5, (1, 4)),
}

FINDINGS = {
    ("P-1042", "troponin"): 86.0,
    ("P-1057", "lactate"): 3.4,
    ("P-1063", "d_dimer"): 1.9,
    ("P-1071", "potassium"): 5.9,
}

COMPLAINTS = ("chest pain since this morning", "fever for three days", "short of breath", "dizzy on standing up")


def find_patient(patient_id: str) -> Patient | None:
    """The patient of that number; well-formed numbers beyond the list get a made-up but constant patient."""
    if patient_id in PATIENTS or not re.fullmatch(r"P-\d+", patient_id):
        return PATIENTS.get(patient_id)
    chance = Random(patient_id)
    age, complaint = chance.randint(19, 88), chance.choice(COMPLAINTS)
    return Patient(patient_id, "Alex Doe", age, complaint, "none", "none", "none known")


def measure(patient_id: str) -> Vitals | None:
    """The latest vital signs of a patient, or None if there is no such patient."""
    if patient_id in VITALS or not find_patient(patient_id):
        return VITALS.get(patient_id)
    chance = Random(patient_id)
    return Vitals(
        patient_id,
        pulse_bpm=chance.randint(58, 110),
        systolic_mmhg=chance.randint(104, 160),
        diastolic_mmhg=chance.randint(60, 95),
        breaths_per_min=chance.randint(12, 24),
        spo2_percent=chance.randint(92, 99),
        temperature_c=round(chance.uniform(36.2, 39.2), 1),
    )


def analyse(patient_id: str, test: str) -> str:
    """The laboratory's report, one line: value, unit, limit and whether the value is above it."""
    assay = ASSAYS[test]
    typical = round(Random(f"{patient_id} {test}").uniform(*assay.typical), 1)
    value = FINDINGS.get((patient_id, test), typical)
    verdict = "above" if value > assay.limit else "within"
    return f"{assay.name} {value:g} {assay.unit} ({verdict} the limit of {assay.limit:g} {assay.unit})"
