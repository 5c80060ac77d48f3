"""Which bounded texts and counts do cluster objects hold? Every text that a rule of the API server reads has a bound."""

from typing import Annotated

from pydantic import Field, JsonValue

from controller.model.names import SLUG_PATTERN, STEP_ID_PATTERN, VERSION_PATTERN

LONGEST_MESSAGE = 1024
"""Characters of a message that Libretto writes into `status`; the whole of it is in the ledger."""

LONGEST_QUESTION = 4096
"""Characters of a gate's question in `status`."""

LONGEST_WORD = 128
"""Characters of a free word such as a severity."""

LONGEST_RECORD = 32768
"""Characters of one ledger record in the tail; the rules that compare tails allow no more. A longer one (it holds metadata
of the caller) is sealed at once."""

MOST_TAIL = 128
"""Records in the tail. The writer seals far earlier: a write with 32 costs 5 ms, with 128 12 ms."""

MOST_CONTENTS = 512
"""Small contents in `status`; four per record of a full tail."""

MOST_FRONTIER = 1000
"""Steps at one time; equal to the largest parallelism."""

MOST_GATES = 16
"""Open gates that are listed; `gateCount` counts all."""

MOST_CONDITIONS = 16
"""Conditions of one object."""

MOST_PROBLEMS = 32
"""Problems of a definition that are listed."""

MOST_GROUPS = 1000
"""Groups of a person; directories with some hundred per person exist."""

ATOMIC_MAP: dict[str, JsonValue] = {"x-kubernetes-map-type": "atomic"}
"""Replaced as a whole: objects are half as large and server-side apply removes what is not there any more."""

ATOMIC_LIST: dict[str, JsonValue] = {"x-kubernetes-list-type": "atomic"}

ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
"""`metadata.name` of an object in the same namespace."""

Uid = Annotated[str, Field(min_length=1, max_length=128)]
"""`metadata.uid`, or the derived uid of a child run."""

DefinitionName = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=128)]
"""Name of an orchestration."""

ExactVersion = Annotated[str, Field(pattern=VERSION_PATTERN, max_length=64)]
"""Semantic version."""

StepName = Annotated[str, Field(pattern=STEP_ID_PATTERN, max_length=128)]
"""Id of a step as its definition writes it."""

UnitName = Annotated[str, Field(min_length=1, max_length=160)]
"""Id of a step or of one instance of it, e.g. `load[3]`."""

GatePath = Annotated[str, Field(min_length=1, max_length=1024)]
"""Id of a gate's step; `step/childstep` for one that bubbled up from a child run."""

DigestText = Annotated[str, Field(pattern=r"^[a-z0-9]+:[0-9a-f]{64,128}$", max_length=160)]
"""Digest with its algorithm in front, e.g. `blake3:5e0c…`."""

Moment = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]
"""RFC 3339 time."""

Count = Annotated[int, Field(ge=0)]
"""How many."""

Word = Annotated[str, Field(max_length=LONGEST_WORD)]
"""A free word."""

Message = Annotated[str, Field(max_length=LONGEST_MESSAGE)]
"""One line for people."""

Comment = Annotated[str, Field(max_length=4096)]
"""Free text of a person."""

UserName = Annotated[str, Field(min_length=1, max_length=512)]
"""User name as the API server authenticated it."""

GroupName = Annotated[str, Field(max_length=512)]
"""Group as the API server authenticated it."""
