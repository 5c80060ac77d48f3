"""What does a status write cost while 200 steps run? A chain goes on beside steps that stand."""

from tests.bench.cluster import load, traffic
from tests.bench.cluster.laboratory import Laboratory
from tests.cluster.operators import ACCOUNT, orchestration
from tests.cluster.waiting import until

_LENGTH, _COUNTED = 100, 30
"""Steps of the chain, and the last of its writes that count: at its beginning the others are still being started."""

_SECONDS = 300.0


def writes_beside_standing_steps(laboratory: Laboratory, namespace: str, standing: int) -> list[float]:
    """Return the milliseconds that the API server needed for each of the last status writes of the chain."""
    node = laboratory.standing_node()
    steps = [{"id": f"standing-{number}", "agent": "standing"} for number in range(standing)]
    steps += load.chain("beside", _LENGTH)["spec"]["steps"]
    both = orchestration("beside", *steps, execution={"concurrency": {"maxParallel": standing + 1}})
    load.apply(laboratory, namespace, load.agent("standing", node), both)
    heard = traffic.Traffic(laboratory.control_plane)
    load.submit(laboratory, namespace, ["beside"], "beside")
    path = f"/apis/libretto.dev/v1alpha1/namespaces/{namespace}/runs/beside"

    def over() -> bool:
        status = laboratory.control_plane.get(path).get("status") or {}
        return bool(status.get("progress", {}).get("succeeded") == _LENGTH)

    until(over, "the chain ends", _SECONDS, 0.5)
    writes = [one for one in heard.requests(user=ACCOUNT, namespace=namespace) if one.resource == "runs/status"]
    laboratory.kubectl("delete", "run", "beside", "-n", namespace, "--wait=false")
    return [one.milliseconds for one in writes[-_COUNTED:]]
