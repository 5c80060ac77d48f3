"""Who is who in a test cluster? A certificate authority of its own, and certificates for anybody.

Key usage and key identifiers are set on all: since Python 3.13, verification is strict and demands them.
"""

import datetime as dt
import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = dt.timedelta(days=365)
_CLOCKS_MAY_DIFFER = dt.timedelta(minutes=5)


class Authority:
    """The certificates of one cluster, in one folder; several processes may ask at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.crt"
        self._key = folder / "ca.key"

    def create(self) -> None:
        self._folder.mkdir(parents=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "libretto-test-ca")])
        signing = _usage(key_cert_sign=True, crl_sign=True)
        made = (
            _begun(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(signing, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._key, _private(key))
        _write(self.certificate, made.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, hosts: Sequence[str]) -> tuple[Path, Path]:
        """Certificate and key of a server that is reached by these names and addresses."""
        names = [_general_name(host) for host in hosts]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._leaf(name, subject, ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(names))

    def client(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        """Certificate and key of a user, as Kubernetes reads them: the name, and an organisation for each group."""
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        return self._leaf(client_stem(user, groups), subject, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def service_account_keys(self) -> tuple[Path, Path]:
        """Private and public key of the tokens."""
        private, public = self._folder / "accounts.key", self._folder / "accounts.pub"
        if not private.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            _write(public, key.public_key().public_bytes(serialization.Encoding.PEM, form))
            _write(private, _private(key))
        return private, public

    def _leaf(
        self, stem: str, subject: x509.Name, use: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> tuple[Path, Path]:
        certificate, private = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        if certificate.exists():
            return certificate, private
        issuer_key = serialization.load_pem_private_key(self._key.read_bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        key = ec.derive_private_key(_scalar(self._key, stem), ec.SECP256R1())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        begun = (
            _begun(subject, issuer.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(identifier, critical=False)
        )
        if names:
            begun = begun.add_extension(names, critical=False)
        _write(private, _private(key))
        _write(certificate, begun.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return certificate, private


def client_stem(user: str, groups: Sequence[str]) -> str:
    """The file name of a user's certificate."""
    readable = "".join(letter if letter.isalnum() else "-" for letter in user)[:40]
    return f"{readable}-{hashlib.sha256(repr((user, list(groups))).encode()).hexdigest()[:12]}"


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_MAY_DIFFER)
        .not_valid_after(now + _VALID)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _scalar(authority_key: Path, stem: str) -> int:
    """One key for one user, whoever asks first: two processes that race write the same pair."""
    return int.from_bytes(hashlib.sha256(authority_key.read_bytes() + stem.encode()).digest()) >> 1 or 1


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; keys are for their owner only."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)
