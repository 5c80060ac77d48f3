"""Who asks? A pod, by the token that the kubelet mounted: verified with the API server's keys, without asking it each time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import jwt

from controller.errors import Forbidden, LibrettoError, ServerUnavailable, Unauthorized
from controller.ports.clock import Clock

AUDIENCE = "libretto-results"
"""Whom the tokens are for: one that was made for the API server is of no use here, and one for us none there."""

KEYS_MS = 3_600_000
"""How long keys are used before they are fetched again: the API server itself says an hour."""

AGAIN_MS = 10_000
"""Between two fetches for the sake of a key that nobody knows: forged tokens must not become requests."""

SKEW_S = 30
"""By how much clocks of nodes may differ."""

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"})
"""With which an API server may sign: public keys only."""

Get = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Gets a path of the API server as JSON."""


class Caller(NamedTuple):
    """A pod, as its token names it."""

    namespace: str
    service_account: str
    pod: str
    pod_uid: str


class Issuer(NamedTuple):
    """Who signs tokens, with which keys."""

    name: str
    keys: Mapping[str, jwt.PyJWK]
    """By key id."""


Fetch = Callable[[], Awaitable[Issuer]]


async def issuer_of(get: Get) -> Issuer:
    """Return the issuer of service-account tokens as the API server describes it. Raises what `get` does."""
    described, found = await asyncio.gather(get("/.well-known/openid-configuration"), get("/openid/v1/jwks"))
    keys: dict[str, jwt.PyJWK] = {}
    for described_key in found.get("keys", ()):
        # One of a kind that is new to us must not take the others away.
        with suppress(jwt.PyJWTError):
            key = jwt.PyJWK(described_key)
            if key.key_id and key.algorithm_name in ALGORITHMS:
                keys[key.key_id] = key
    return Issuer(str(described["issuer"]), keys)


class TokenVerifier:
    """Verifies tokens. Raises Unauthorized, Forbidden for one that is bound to no pod, ServerUnavailable without keys."""

    def __init__(self, fetch: Fetch, clock: Clock, audience: str = AUDIENCE) -> None:
        self._fetch = fetch
        self._clock = clock
        self._audience = audience
        self._issuer: Issuer | None = None
        self._asked: int | None = None
        self._fetching = asyncio.Lock()

    async def __call__(self, token: str) -> Caller:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise Unauthorized("that is no token") from error
        issuer, key = await self._key(str(key_id))
        claims = self._claims(token, issuer, key)
        self._check_time(claims)
        try:
            bound = claims["kubernetes.io"]
            return Caller(
                str(bound["namespace"]),
                str(bound["serviceaccount"]["name"]),
                str(bound["pod"]["name"]),
                str(bound["pod"]["uid"]),
            )
        except (KeyError, TypeError) as error:
            raise Forbidden("the token is bound to no pod") from error

    def _claims(self, token: str, issuer: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=issuer,
                # By the clock that was given to us, below.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise Unauthorized(f"the token is not valid: {error}") from error

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now() / 1000
        try:
            ends, begins = float(claims["exp"]), float(claims.get("nbf", 0))
        except (TypeError, ValueError) as error:
            raise Unauthorized("the token does not say how long it is valid") from error
        # Also false for what is no number.
        if not now < ends + SKEW_S:
            raise Unauthorized("the token has expired")
        if not begins - SKEW_S <= now:
            raise Unauthorized("the token is not valid yet")

    async def _key(self, key_id: str) -> tuple[str, jwt.PyJWK]:
        issuer = self._issuer
        if issuer is None or key_id not in issuer.keys or self._due(KEYS_MS):
            issuer = await self._renewed(key_id)
        if key_id not in issuer.keys:
            raise Unauthorized("the token was signed with a key that the API server does not know")
        return issuer.name, issuer.keys[key_id]

    async def _renewed(self, key_id: str) -> Issuer:
        async with self._fetching:
            known = self._issuer
            # Another request may have fetched them while this one waited, or just before.
            if known is not None and not self._due(KEYS_MS if key_id in known.keys else AGAIN_MS):
                return known
            self._asked = self._clock.monotonic()
            try:
                self._issuer = await self._fetch()
            except (LibrettoError, OSError, KeyError, jwt.PyJWTError) as error:
                # Old keys are better than none: an outage of the API server must not fail what steps hand over.
                if known is None:
                    raise ServerUnavailable(f"the keys of the API server cannot be had: {error}") from error
                return known
            return self._issuer

    def _due(self, interval_ms: int) -> bool:
        return self._asked is None or self._clock.monotonic() - self._asked >= interval_ms
