"""The signing key of a development machine: made once, kept for its owner alone."""

import os
import secrets
import tempfile
from pathlib import Path


def kept_in(path: Path) -> str:
    """The key in the file, which is made (mode 0600) on first use. Two that start at once read the same key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mkstemp gives 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(60))
        try:
            os.link(draft, path)  # whole or not at all; the first of two wins
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text()
