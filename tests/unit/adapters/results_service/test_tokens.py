"""Whose token is it? One that was made for us, by that API server, for a pod, and is still valid; no other."""

import asyncio
import base64
import json
from typing import Any

import jwt
import pytest

from controller.adapters.results_service.tokens import AGAIN_MS, KEYS_MS, Caller, TokenVerifier, issuer_of
from controller.errors import Forbidden, ServerUnavailable, Unauthorized
from tests.courier.issuing import NAME, ApiServer, Signer
from tests.fakes.clock import START, SettableClock

NOW = START / 1000
RSA, ELLIPTIC = Signer.rsa("rsa-1"), Signer.elliptic("ec-1")
OTHER = Signer.elliptic("ec-2")
CALLER = Caller("team-a", "default", "nightly-load-1", "pod-uid-1")


class Bench:
    def __init__(self, *signers: Signer) -> None:
        self.server = ApiServer(*signers)
        self.clock = SettableClock()
        self.verifier = TokenVerifier(self.server.issuer, self.clock)

    def verify(self, token: str) -> Caller:
        async def once() -> Caller:
            return await self.verifier(token)

        return asyncio.run(once())


@pytest.mark.parametrize("signer", [RSA, ELLIPTIC], ids=["RS256", "ES256"])
def test_a_pod_is_known_by_its_token(signer: Signer) -> None:
    assert Bench(RSA, ELLIPTIC).verify(signer.token(NOW)) == CALLER


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "for the API server": ({"aud": ["https://kubernetes.default.svc"]}, "Audience"),
    "for nobody": ({"aud": None}, "aud"),
    "by another issuer": ({"iss": "https://other"}, "issuer"),
    "by nobody": ({"iss": None}, "iss"),
    "for ever": ({"exp": None}, "exp"),
    "expired": ({"exp": NOW - 31}, "expired"),
    "not yet valid": ({"nbf": NOW + 31}, "not valid yet"),
    "until whenever": ({"exp": "soon"}, "does not say how long|exp"),
    "until no number": ({"exp": float("nan")}, "expired"),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_token_that_is_not_for_us(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthorized, match=reason):
        Bench(RSA).verify(RSA.token(NOW, **changes))


def test_clocks_of_nodes_may_differ_a_little() -> None:
    bench = Bench(RSA)
    assert bench.verify(RSA.token(NOW, exp=NOW - 29)) == CALLER
    assert bench.verify(RSA.token(NOW, nbf=NOW + 29)) == CALLER


@pytest.mark.parametrize(
    "claim",
    [None, {}, {"namespace": "team-a", "serviceaccount": {"name": "default"}}, {"namespace": "team-a", "pod": "x"}],
)
def test_a_token_of_no_pod(claim: Any) -> None:
    """Whoever may create tokens for an account would otherwise be a step."""
    with pytest.raises(Forbidden, match="bound to no pod"):
        Bench(RSA).verify(RSA.token(NOW, **{"kubernetes.io": claim}))


def test_a_forged_signature() -> None:
    forger = Signer("rsa-1", Signer.rsa("x").key, "RS256")
    with pytest.raises(Unauthorized, match="Signature"):
        Bench(RSA).verify(forger.token(NOW))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä", "e30.e30."])
def test_no_token_at_all(token: str) -> None:
    with pytest.raises(Unauthorized):
        Bench(RSA).verify(token)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_the_token_does_not_choose_how_it_is_verified(algorithm: str) -> None:
    """With the public key as the secret of an HMAC anybody could sign."""
    head, body, signature = RSA.token(NOW).split(".")
    named = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "rsa-1"}).encode()).rstrip(b"=").decode()
    assert head
    with pytest.raises(Unauthorized):
        Bench(RSA).verify(f"{named}.{body}.{'' if algorithm == 'none' else signature}")


def test_keys_are_asked_for_once() -> None:
    bench = Bench(RSA)
    for _ in range(3):
        bench.verify(RSA.token(NOW))
    assert bench.server.asked == 1


def test_a_new_key_is_found_at_once_but_forged_ones_are_no_requests() -> None:
    bench = Bench(RSA)
    bench.verify(RSA.token(NOW))
    bench.clock.advance(AGAIN_MS)
    bench.server.signers.append(OTHER)
    assert bench.verify(OTHER.token(NOW)) == CALLER
    asked = bench.server.asked
    for number in range(20):
        with pytest.raises(Unauthorized, match="does not know"):
            bench.verify(Signer(f"forged-{number}", OTHER.key, "ES256").token(NOW))
    assert bench.server.asked == asked
    bench.clock.advance(AGAIN_MS)
    with pytest.raises(Unauthorized):
        bench.verify(Signer("forged", OTHER.key, "ES256").token(NOW))
    assert bench.server.asked == asked + 1


def test_a_key_that_was_taken_back_is_forgotten() -> None:
    bench = Bench(RSA, OTHER)
    bench.verify(OTHER.token(NOW))
    bench.server.signers.remove(OTHER)
    bench.clock.advance(KEYS_MS)
    with pytest.raises(Unauthorized):
        bench.verify(OTHER.token(bench.clock.now() / 1000))


def test_without_the_api_server_old_keys_still_serve() -> None:
    bench = Bench(RSA)
    bench.verify(RSA.token(NOW))
    bench.server.broken = ConnectionRefusedError("no")
    bench.clock.advance(KEYS_MS)
    assert bench.verify(RSA.token(bench.clock.now() / 1000)) == CALLER


def test_without_any_keys_nobody_can_be_known() -> None:
    bench = Bench(RSA)
    bench.server.broken = ConnectionRefusedError("no")
    with pytest.raises(ServerUnavailable, match="keys"):
        bench.verify(RSA.token(NOW))
    bench.server.broken = None
    bench.clock.advance(AGAIN_MS)
    assert bench.verify(RSA.token(NOW)) == CALLER


def test_many_at_once_are_one_request() -> None:
    bench = Bench(RSA)

    async def many() -> list[Caller]:
        return await asyncio.gather(*(bench.verifier(RSA.token(NOW)) for _ in range(20)))

    assert asyncio.run(many()) == [CALLER] * 20
    assert bench.server.asked == 1


def test_keys_of_an_unknown_kind_do_not_take_the_others_away() -> None:
    async def get(path: str) -> dict[str, Any]:
        strange = [{"kty": "PQ", "kid": "new"}, {"kty": "oct", "k": "AAAA", "kid": "secret"}, {"kty": "RSA"}]
        return {"issuer": NAME} if path.startswith("/.well") else {"keys": [*strange, RSA.public()]}

    found = asyncio.run(issuer_of(get))
    assert (found.name, [*found.keys]) == (NAME, ["rsa-1"])
    assert isinstance(found.keys["rsa-1"], jwt.PyJWK)
