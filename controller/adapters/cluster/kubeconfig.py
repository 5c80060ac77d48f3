"""How does a person reach a cluster? As kubectl does: by a kubeconfig file, with whatever proves who they are."""

import ssl
from typing import Any, NamedTuple

from controller.adapters.cluster.connection import Connection
from controller.errors import ConfigurationInvalid


class Context(NamedTuple):
    """A context of a kubeconfig."""

    connection: Connection
    namespace: str


def from_kubeconfig(path: str | None = None, context: str | None = None, namespace: str | None = None) -> Context:
    """Return the context that a kubeconfig names. `path` None: what `KUBECONFIG` says, else `~/.kube/config`.

    Raises ConfigurationInvalid.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise ConfigurationInvalid(
            "the package that reads a kubeconfig is not installed", hint="pip install 'libretto-controller[kubectl]'"
        ) from error
    reader: Any = config  # untyped
    settings: Any = client.Configuration()
    try:
        contexts, active = reader.list_kube_config_contexts(config_file=path)
        chosen = next((one for one in contexts if one["name"] == context), None) if context else active
        if chosen is None:
            raise ConfigurationInvalid(f'the kubeconfig has no context "{context}"')
        reader.load_kube_config(config_file=path, context=context, client_configuration=settings)
    except (config.ConfigException, OSError, ValueError) as error:
        raise ConfigurationInvalid(
            f"the kubeconfig cannot be used: {error}", hint="try: kubectl cluster-info"
        ) from error
    where = namespace or chosen["context"].get("namespace") or "default"
    return Context(Connection(settings.host, _tls(settings), token=_token(settings)), where)


def _tls(settings: Any) -> ssl.SSLContext | None:
    if not settings.host.startswith("https"):
        return None
    if not settings.verify_ssl:
        return ssl._create_unverified_context()  # noqa: S323, SLF001 - the kubeconfig asks for it by name
    tls = ssl.create_default_context(cafile=settings.ssl_ca_cert or None)
    if settings.cert_file:
        tls.load_cert_chain(settings.cert_file, settings.key_file)
    return tls


def _token(settings: Any) -> str | None:
    for name in settings.api_key:
        # Also renews what a credential plugin gave.
        return str(settings.get_api_key_with_prefix(name)).removeprefix("Bearer ")
    return None
