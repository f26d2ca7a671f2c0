"""The book: every act in one hash chain, and the run's history beside it."""

from reviews.audit.act import Act
from reviews.audit.ledger import record, record_change
from reviews.audit.verify import Broken, Verified, verify, verify_entry, verify_newest

__all__ = ["Act", "Broken", "Verified", "record", "record_change", "verify", "verify_entry", "verify_newest"]
