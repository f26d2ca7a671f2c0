"""Every status in the house and the one table of moves between them."""

from reviews.states.deeds import DEEDS, OWN_LABELS, deed, outcome_label
from reviews.states.moves import INTERVENTION_MOVES, POLICY_MOVES, RUN_MOVES, IllegalMove
from reviews.states.notices import CHOSEN_NOTICES, LASTING_NOTICES, NOTICE_DUE, NoticeChannel, NoticeKind, NoticeStatus
from reviews.states.policies import PolicyStatus, Standing
from reviews.states.questions import OPEN, InterventionStatus, Kind, Risk
from reviews.states.runs import RUN_ENDED, RUN_OPEN, RunStatus
from reviews.states.tool_calls import SETTLED_CALLS, UNFINISHED, Ruling, ToolCallStatus
from reviews.states.verdicts import OUTCOME_OF, VERDICTS_FOR, Outcome, Verdict

__all__ = [
    "CHOSEN_NOTICES",
    "DEEDS",
    "INTERVENTION_MOVES",
    "IllegalMove",
    "InterventionStatus",
    "Kind",
    "LASTING_NOTICES",
    "NOTICE_DUE",
    "NoticeChannel",
    "NoticeKind",
    "NoticeStatus",
    "OPEN",
    "OUTCOME_OF",
    "OWN_LABELS",
    "Outcome",
    "POLICY_MOVES",
    "PolicyStatus",
    "RUN_ENDED",
    "RUN_MOVES",
    "RUN_OPEN",
    "Risk",
    "Ruling",
    "RunStatus",
    "SETTLED_CALLS",
    "Standing",
    "ToolCallStatus",
    "UNFINISHED",
    "VERDICTS_FOR",
    "Verdict",
    "deed",
    "outcome_label",
]
