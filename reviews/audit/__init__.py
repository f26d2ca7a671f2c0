"""The book: every act in one hash chain, and the run's history beside it."""

from reviews.audit.ledger import Act, record
from reviews.audit.verify import Broken, Verified, verify

__all__ = ["Act", "Broken", "Verified", "record", "verify"]
