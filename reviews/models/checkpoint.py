"""The saved SDK state of a run at one gate."""

from __future__ import annotations

import hashlib

import zstandard
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from reviews.models.run import Run

LEVEL = 3
LARGEST_WINDOW = 27
"""2**27 bytes, 128 MiB: how far back zstd looks for a repetition, and the most its readers take."""
CHAIN = """
WITH RECURSIVE chain (id, base_id) AS (
    SELECT id, base_id FROM {table} WHERE id = %s
    UNION SELECT below.id, below.base_id FROM {table} below JOIN chain ON below.id = chain.base_id
)
SELECT * FROM {table} WHERE id IN (SELECT id FROM chain)
"""


class CorruptCheckpoint(Exception):
    """The stored bytes are not the state that was saved; the text names the run, the number and what to do."""


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    """How checkpoints are asked for."""

    def with_bases_of(self, checkpoint: Checkpoint) -> list[Checkpoint]:
        """The checkpoints it is a delta of, directly or through others, the full one first; one statement, or none."""
        if checkpoint.base_id is None:
            return []
        table = self.model._meta.db_table
        rows = {row.pk: row for row in self.raw(CHAIN.format(table=table), [checkpoint.base_id])}
        found: list[Checkpoint] = []
        below: int | None = checkpoint.base_id
        while below in rows:  # a row is taken once, so that even a circle ends
            found.append(rows.pop(below))
            below = found[-1].base_id
        return found[::-1]

    def unneeded(self) -> CheckpointQuerySet:
        """Those that no row refers to which would be lost without them: no question, no delta."""
        pointing = [relation for relation in self.model._meta.related_objects if relation.on_delete is models.PROTECT]
        rows = [one.related_model._default_manager.filter(**{one.field.name: OuterRef("pk")}) for one in pointing]
        return self.filter(*(~Exists(row) for row in rows))

    def not_the_newest(self) -> CheckpointQuerySet:
        """Those of a run that has a later one."""
        later = self.model._default_manager.filter(run=OuterRef("run"), number__gt=OuterRef("number"))
        return self.filter(Exists(later))

    def never_forked(self) -> CheckpointQuerySet:
        """Those from which no other run began; one that did has a copy of its own."""
        return self.filter(~Exists(Run.objects.filter(fork_of=OuterRef("run"), forked_at=OuterRef("number"))))

    def drop(self) -> int:
        """Delete them in one statement; returns how many. The database refuses what somebody still refers to."""
        return self._raw_delete(self.db)


class Checkpoint(models.Model):
    """What a run needs to go on from one gate, in any process; written once and never edited.

    With a ``base`` its bytes are only what that one does not have, so the base lives as long as it does.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="checkpoints")
    number = models.PositiveIntegerField()
    base = models.ForeignKey("self", models.PROTECT, null=True, related_name="deltas")
    state = models.BinaryField()
    digest = models.CharField(max_length=64)
    sdk_version = models.CharField(max_length=30)
    schema_version = models.CharField(max_length=30)
    agent_version = models.CharField(max_length=50, blank=True)
    asked = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(CheckpointQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_checkpoint_per_number"),
            models.CheckConstraint(condition=Q(base=None) | ~Q(base=F("id")), name="no_checkpoint_is_its_own_base"),
        ]

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.run_id}"

    @staticmethod
    def pack(state: str, base: str | None = None) -> tuple[bytes, str]:
        """The compressed bytes of a state, without what the base has, and its SHA-256 digest in hexadecimal."""
        raw = _bytes(state)
        compressor = zstandard.ZstdCompressor(level=LEVEL) if base is None else _delta_compressor(raw, _bytes(base))
        return compressor.compress(raw), hashlib.sha256(raw).hexdigest()

    def unpack(self, base: str | None = None) -> str:
        """The state as it was saved, given that of its base. Raises CorruptCheckpoint when the digest is another."""
        if self.base_id is not None and base is None:
            raise CorruptCheckpoint(f"{self._named()} builds on one that is missing. {WAY_OUT}")
        known = None if base is None else _dictionary(_bytes(base))
        try:
            raw = zstandard.ZstdDecompressor(dict_data=known).decompress(bytes(self.state))
        except (zstandard.ZstdError, MemoryError) as error:  # damaged bytes may claim any size
            raise CorruptCheckpoint(f"{self._named()} cannot be unpacked: {error}. {WAY_OUT}") from error
        if hashlib.sha256(raw).hexdigest() != self.digest:
            raise CorruptCheckpoint(f"{self._named()} does not match its digest {self.digest}. {WAY_OUT}")
        return raw.decode("utf-8", "surrogatepass")

    def _named(self) -> str:
        return f"Checkpoint {self.number} of run {self.run_id}"


WAY_OUT = (
    "Put its row back from a backup and run again from it, run again from an earlier checkpoint, or retry the run."
)


def _bytes(state: str) -> bytes:
    return state.encode("utf-8", "surrogatepass")  # exactly as it was, half characters included


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _delta_compressor(raw: bytes, base: bytes) -> zstandard.ZstdCompressor:
    """One that sees all of the base: the level's own window and tables would forget most of a long one."""
    tables = {}
    if (reach := len(base).bit_length() - 2) > 16:  # measured: smaller loses repetitions, larger only costs time
        tables = {"hash_log": min(reach, 22), "chain_log": min(reach, 22)}
    window = min(max((len(raw) + len(base)).bit_length(), zstandard.WINDOWLOG_MIN), LARGEST_WINDOW)
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=window, **tables)
    return zstandard.ZstdCompressor(dict_data=_dictionary(base), compression_params=parameters)
