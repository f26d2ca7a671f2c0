"""What a policy on trial has shown so far, in a sentence."""

from __future__ import annotations

from reviews.actions.shadows import NEWEST, Judged, Tally


def spoken(tally: Tally, judged: Judged) -> str:
    """How many calls it judged in shadow, and what it would have changed; no full stop."""
    if not tally.changes and not judged.calls:
        return f"In shadow it has judged {'no call yet' if judged.all_seen else f'none of the newest {NEWEST:,} calls'}"
    number = max(judged.calls, tally.changes)
    calls = f"{'' if judged.all_seen else 'at least '}{number:,} call{'' if number == 1 else 's'}"
    if not tally.changes:
        return f"In shadow it has judged {calls} and agreed with the policies in force each time"
    return (
        f"In shadow it has judged {calls}; it would have newly asked about {tally.asked:,}, "
        f"let {tally.let_through:,} through and refused {tally.refused:,}, "
        f"and asked about {tally.lighter:,} more lightly or elsewhere"
    )
