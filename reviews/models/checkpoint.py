"""The saved SDK state of a run at one gate."""

from __future__ import annotations

import hashlib

import zstandard
from django.db import models

from reviews.models.run import Run


class CorruptCheckpoint(Exception):
    """The stored bytes are not the state that was saved; the text names the run and the number."""


class Checkpoint(models.Model):
    """What a run needs to go on from one gate, in any process; written once and never edited."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="checkpoints")
    number = models.PositiveIntegerField()
    state = models.BinaryField()
    digest = models.CharField(max_length=64)
    sdk_version = models.CharField(max_length=30)
    schema_version = models.CharField(max_length=30)
    agent_version = models.CharField(max_length=50, blank=True)
    asked = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_checkpoint_per_number")]

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.run_id}"

    @staticmethod
    def pack(state: str) -> tuple[bytes, str]:
        """The compressed bytes of a state and its SHA-256 digest in hexadecimal."""
        raw = state.encode("utf-8", "surrogatepass")  # exactly as it was, half characters included
        return zstandard.ZstdCompressor(level=3).compress(raw), hashlib.sha256(raw).hexdigest()

    def unpack(self) -> str:
        """The state as it was saved. Raises CorruptCheckpoint when the bytes do not match their digest."""
        try:
            raw = zstandard.ZstdDecompressor().decompress(bytes(self.state))
        except zstandard.ZstdError as error:
            raise CorruptCheckpoint(f"{self._named()} cannot be unpacked: {error}.") from error
        if hashlib.sha256(raw).hexdigest() != self.digest:
            raise CorruptCheckpoint(f"{self._named()} does not match its digest {self.digest}.")
        return raw.decode("utf-8", "surrogatepass")

    def _named(self) -> str:
        return f"Checkpoint {self.number} of run {self.run_id}"
