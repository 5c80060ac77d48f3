"""Which pods does a controller of Jobs meet, and how do they end? One table, for the process node and the real kubelet.

May hold data only. A case may not depend on the kind of node it is played on.
"""

from collections.abc import Mapping

from tests.cluster.job_matrix.case import BUSYBOX, Case
from tests.cluster.job_matrix.ends import ENDS
from tests.cluster.job_matrix.events import EVENTS
from tests.cluster.job_matrix.files import FILES
from tests.cluster.job_matrix.messages import MESSAGES

__all__ = ["BUSYBOX", "CASES", "Case"]

CASES: Mapping[str, Case] = {**ENDS, **MESSAGES, **FILES, **EVENTS}
"""A sentence that says what the pod is, and the case."""
