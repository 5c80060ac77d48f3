"""The two bases of all file and wire models.

A model is built when it is first used: most commands need few of them, and to build all takes a third of their start.
"""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from controller.model import documentation


class Authored(BaseModel):
    """Written by people: an unknown field is a typing mistake and is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=documentation.WANTED,
        defer_build=True,
        strict=True,
    )


class Stored(BaseModel):
    """Written by Libretto: an unknown field comes from a newer version and is ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=documentation.WANTED,
        defer_build=True,
    )
