"""How the line of an open page ends; the page's own scripts know these codes."""

SIGNED_OUT, NOT_FOUND, BROKEN = 4401, 4404, 1011


class Gone(Exception):
    """The line has to end; ``code`` says why."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))
