"""Who asked, approved or intervened? Filled in and checked by admission, so it is what the API server authenticated."""

from typing import Annotated

from pydantic import Field

from controller.model.base import Authored
from controller.model.cluster.scalars import ATOMIC_LIST, MOST_GROUPS, GroupName, UserName

Groups = Annotated[list[GroupName], Field(max_length=MOST_GROUPS, json_schema_extra=ATOMIC_LIST)]


class Requester(Authored):
    """Who asked for a run."""

    username: UserName
    """User name as the API server authenticated it; another one is refused."""
    groups: Groups = Field(default_factory=list)
    """Groups of that user as the API server authenticated them; others are refused."""


class Person(Authored):
    """Who decided or commanded."""

    name: UserName
    """User name as the API server authenticated it; another one is refused."""
    groups: Groups = Field(default_factory=list)
    """Groups of that user as the API server authenticated them; others are refused. A gate that names the approvers'
    group looks here."""
