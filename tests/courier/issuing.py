"""An issuer of service-account tokens, as an API server is one."""

import base64
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from controller.adapters.results_service.tokens import Issuer, issuer_of

NAME = "https://kubernetes.default.svc"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer(NamedTuple):
    """A key with its name."""

    key_id: str
    key: PrivateKey
    algorithm: str

    @classmethod
    def rsa(cls, key_id: str) -> "Signer":
        return cls(key_id, rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256")

    @classmethod
    def elliptic(cls, key_id: str) -> "Signer":
        return cls(key_id, ec.generate_private_key(ec.SECP256R1()), "ES256")

    def public(self) -> dict[str, Any]:
        """The public key as a JWK."""
        rest = {"use": "sig", "kid": self.key_id, "alg": self.algorithm}
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e), **rest}
        point = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32), **rest}

    def token(self, now_s: float, **changes: Any) -> str:
        """A token as the kubelet mounts it, with other claims where `changes` says so (None: without)."""
        claims = {
            "iss": NAME,
            "aud": ["libretto-results"],
            "sub": "system:serviceaccount:team-a:default",
            "iat": int(now_s),
            "nbf": int(now_s),
            "exp": int(now_s) + 3600,
            "kubernetes.io": {
                "namespace": "team-a",
                "pod": {"name": "nightly-load-1", "uid": "pod-uid-1"},
                "serviceaccount": {"name": "default", "uid": "account-uid"},
            },
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.key, self.algorithm, headers={"kid": self.key_id})


def bound(namespace: str, account: str = "default", pod: str = "pod") -> dict[str, Any]:
    """The claim that names a pod."""
    return {
        "kubernetes.io": {
            "namespace": namespace,
            "pod": {"name": pod, "uid": f"{pod}-uid"},
            "serviceaccount": {"name": account, "uid": "account-uid"},
        }
    }


class ApiServer:
    """What it says of its keys, and how often it was asked."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.asked = 0
        self.broken: OSError | None = None

    async def get(self, path: str) -> dict[str, Any]:
        if self.broken is not None:
            raise self.broken
        if path == "/.well-known/openid-configuration":
            return {"issuer": NAME, "jwks_uri": "https://10.0.0.1/openid/v1/jwks"}
        assert path == "/openid/v1/jwks"
        self.asked += 1
        return {"keys": [signer.public() for signer in self.signers]}

    async def issuer(self) -> Issuer:
        return await issuer_of(self.get)


def _number(value: int, size: int | None = None) -> str:
    length = size or (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(value.to_bytes(length)).rstrip(b"=").decode()
