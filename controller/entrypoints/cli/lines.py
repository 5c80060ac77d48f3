from controller.entrypoints.cli.plain import Plain


class JsonLines(Plain):
    """x."""

    def __init__(self, form: str) -> None:
        super().__init__()
