"""Do the fields of models know what is written below them? Only what generates documents needs it."""

WANTED = False
"""Pydantic reads the source of every model for it, a third of a second at each start: `tools` sets it before models are read."""
