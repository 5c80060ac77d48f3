from controller.entrypoints.cli.plain import Plain


class Live(Plain):
    """x."""
