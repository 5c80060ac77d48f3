"""Between courier and service nobody listens, where the service has a certificate."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.results_service.certificates import Certificate
from controller.model.digest import digest_bytes
from tests.cluster.certificates import Authority
from tests.courier.pod import Pod, entry
from tests.courier.serving import Serving

LARGE = b'"' + b"x" * 50_000 + b'"'


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "signer")
    made.create()
    return made


@pytest.fixture
def secure(signer: Authority, tmp_path: Path) -> Iterator[Serving]:
    certificate = Certificate(*signer.server("service", ["127.0.0.1"]))
    with Serving(tmp_path / "kept", tls=certificate.context).running() as service:
        yield service


@pytest.mark.parametrize("written", [True, False], ids=["in the Job", "in a file"])
def test_both_ways(lonely: Pod, secure: Serving, signer: Authority, written: bool) -> None:
    lonely.reaches(secure.url, secure.token())
    given = signer.certificate.read_text() if written else str(signer.certificate)
    plan = [{"path": "step/inputs/a", "digest": secure.stored().put(b"1" * 50_000)}]
    assert lonely.stage(plan=plan, LIBRETTO_RESULTS_CA=given) == 0
    lonely.program({"output.json": LARGE, "artifacts/b": "2"})
    assert lonely.publish(LIBRETTO_RESULTS_CA=given) == 0
    assert lonely.message == {"outputBlob": digest_bytes(LARGE), "artifacts": [entry("b", b"2")]}


def test_whom_nobody_trusts_gets_nothing(lonely: Pod, secure: Serving, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    other.create()
    lonely.reaches(secure.url, secure.token())
    lonely.environment["LIBRETTO_STAGE_BUDGET_S"] = lonely.environment["LIBRETTO_PUBLISH_BUDGET_S"] = "0.3"
    plan = [{"path": "step/inputs/a", "digest": digest_bytes(b"1")}]
    for given in (other.certificate.read_text(), ""):
        assert lonely.stage(plan=plan, LIBRETTO_RESULTS_CA=given) == 75
    assert lonely.stage() == 0
    lonely.program({"output.json": LARGE})
    assert lonely.publish(LIBRETTO_RESULTS_CA=other.certificate.read_text()) == 1
    assert "output.json could not be stored" in lonely.message["problems"][0]
    assert secure.requests == []
