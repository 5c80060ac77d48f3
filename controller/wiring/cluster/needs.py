"""Who must decide at a gate? What the definition says, as the run that is driven has it: `status` lists the first gates only,
and is written later than a decision can come.
"""

from collections.abc import Mapping
from typing import Any

from controller.engine.units import index_of
from controller.model.run import GateNeeds
from controller.runtime.member import Member


def needs_of(member: Member, approval: Mapping[str, Any]) -> GateNeeds | None:
    """Return what an approval of a run must meet; None: nothing, or its gate is not open any more, which the engine answers."""
    if approval["kind"] != "Approval":
        return None
    spec = approval["spec"]
    unit = member.unit(spec["gate"].rpartition("/")[2])
    described = member.graph.steps[index_of(unit)].gate if unit is not None else None
    if unit is None or described is None:
        return None
    # A gate that opens before the engine hears of the decision is weighed as well.
    written = spec["request"] < member.state.chain.next
    return None if written and member.state.gates.get(unit) != spec["request"] else described.needs
