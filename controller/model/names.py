"""Names and small closed vocabularies that definitions share."""

from typing import Annotated, Literal

from pydantic import Field

SLUG_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$"
"""Letters, digits, `_`, `.` and `-`, as the guide's own names need (`blog_post_writer`, `kpi-tracking`)."""

Slug = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=128)]
"""Name of an orchestration, agent or organization."""

STEP_ID_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$"
"""No dot (it separates path elements in templates) and no bracket or slash (they address instances and child steps)."""

StepId = Annotated[str, Field(pattern=STEP_ID_PATTERN, max_length=128)]
"""Id of a step or phase, unique within its orchestration."""

VERSION_PATTERN = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
Version = Annotated[str, Field(pattern=VERSION_PATTERN)]
"""Semantic version `major.minor.patch`."""

Mode = Literal["BUILD", "CONVERSE", "PLAN", "ORCHESTRATION"]
"""How an agent is asked to work."""

Lifecycle = Literal["draft", "active", "deprecated", "archived"]
"""Where a published definition stands. Only `active` ones take part in "latest"."""
