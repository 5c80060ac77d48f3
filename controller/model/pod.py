"""What may an agent say about the pods of its steps? A list of what is allowed: all else is Libretto's, or the cluster's.

The names and shapes are those of a Pod, so that what people know holds here.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from controller.model.base import Authored

OURS = "/libretto"
"""Folder in the pod where inputs and outputs of the step lie; nothing is mounted into it."""

RESERVED = "LIBRETTO_"
"""Environment variables that begin so are Libretto's."""

ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
Key = Annotated[str, Field(min_length=1, max_length=253)]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?([eE][0-9]+|m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$", max_length=32)]


def _outside(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/"):
        raise ValueError("expected an absolute path without `..`")
    if path.rstrip("/") == OURS or path.startswith(OURS + "/"):
        raise ValueError(f"{OURS} is where Libretto stages inputs and finds outputs: mount it elsewhere")
    return path


def _not_ours(name: str) -> str:
    if name == "libretto" or name.startswith("libretto-"):
        raise ValueError("`libretto` and names that begin with `libretto-` are Libretto's: choose another name")
    return name


def _free(name: str) -> str:
    if name.startswith(RESERVED):
        raise ValueError(f"variables that begin with {RESERVED} are Libretto's: choose another name")
    return name


class ObjectKey(Authored):
    """One key of a Secret or ConfigMap in the namespace of the run."""

    name: ObjectName
    """Name of the object."""
    key: Key
    """Key in its data."""
    optional: bool = False
    """True: the pod starts without it. Default: false, the pod waits for it."""


class EnvSource(Authored):
    """Where a value comes from; exactly one."""

    secret_key_ref: ObjectKey | None = None
    """A key of a Secret."""
    config_map_key_ref: ObjectKey | None = None
    """A key of a ConfigMap."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.secret_key_ref is None) == (self.config_map_key_ref is None):
            raise ValueError("expected exactly one of secretKeyRef and configMapKeyRef")
        return self


class EnvVar(Authored):
    """One environment variable of the step's container."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=253), AfterValidator(_free)]
    """Name. Names that begin with `LIBRETTO_` are Libretto's."""
    value: Annotated[str, Field(max_length=32768)] | None = None
    """Literal value; `$(OTHER)` is replaced by variables before it. Default: empty, unless `valueFrom` is given."""
    value_from: EnvSource | None = None
    """Source of the value instead of `value`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.value is not None and self.value_from is not None:
            raise ValueError("expected one of value and valueFrom, not both")
        return self


class KeyToPath(Authored):
    """One key of a Secret or ConfigMap as a file."""

    key: Key
    """Key in its data."""
    path: Annotated[str, Field(min_length=1, max_length=1024)]
    """File below the mount."""
    mode: Annotated[int, Field(ge=0, le=0o777)] | None = None
    """Permission bits as a decimal number. Default: 420, which is 0644."""


class ClaimVolume(Authored):
    """A PersistentVolumeClaim in the namespace of the run."""

    claim_name: ObjectName
    """Name of the claim."""
    read_only: bool = False
    """Whether it is mounted for reading only. Default: false."""


class ConfigMapVolume(Authored):
    """A ConfigMap as files."""

    name: ObjectName
    """Name of the ConfigMap."""
    items: Annotated[list[KeyToPath], Field(max_length=64)] = Field(default_factory=list)
    """Keys to mount. Default: all, each under its own name."""
    optional: bool = False
    """True: the pod starts without it. Default: false, the pod waits for it."""


class SecretVolume(Authored):
    """A Secret as files."""

    secret_name: ObjectName
    """Name of the Secret."""
    items: Annotated[list[KeyToPath], Field(max_length=64)] = Field(default_factory=list)
    """Keys to mount. Default: all, each under its own name."""
    optional: bool = False
    """True: the pod starts without it. Default: false, the pod waits for it."""


class ScratchVolume(Authored):
    """An empty folder that ends with the pod."""

    size_limit: Quantity | None = None
    """Most that it may hold, e.g. `1Gi`; beyond it the pod is evicted. Default: the node decides."""
    medium: Literal["Memory"] | None = None
    """`Memory`: it counts as memory of the pod. Default: the node's disk."""


class Volume(Authored):
    """Something to mount: exactly one of the four kinds."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63), AfterValidator(_not_ours)]
    """Name, for `volumeMounts`. `libretto` and names that begin with `libretto-` are Libretto's."""
    persistent_volume_claim: ClaimVolume | None = None
    """A PersistentVolumeClaim."""
    config_map: ConfigMapVolume | None = None
    """A ConfigMap."""
    secret: SecretVolume | None = None
    """A Secret."""
    empty_dir: ScratchVolume | None = None
    """An empty folder."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        kinds = (self.persistent_volume_claim, self.config_map, self.secret, self.empty_dir)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("expected exactly one of persistentVolumeClaim, configMap, secret and emptyDir")
        return self


class VolumeMount(Authored):
    """Where a volume appears in the step's container."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """One of `volumes`."""
    mount_path: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_outside)]
    """Absolute path in the container, not below /libretto."""
    sub_path: Annotated[str, Field(max_length=1024)] | None = None
    """Path within the volume. Default: its root."""
    read_only: bool = False
    """Whether it is mounted for reading only. Default: false."""


class Resources(Authored):
    """Compute resources of the step's container, e.g. `{cpu: 500m, memory: 256Mi}`."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16)] = Field(default_factory=dict)
    """What is kept for it; the scheduler counts it. Default: the operator's setting."""
    limits: Annotated[dict[str, Quantity], Field(max_length=16)] = Field(default_factory=dict)
    """What it may use at most; beyond `memory` it is killed. Default: the operator's setting."""


class Toleration(Authored):
    """A taint of nodes that the pod accepts."""

    key: Annotated[str, Field(max_length=316)] | None = None
    """Key of the taint. Default: all keys, with operator `Exists`."""
    operator: Literal["Exists", "Equal"] | None = None
    """How `value` is compared. Default: `Equal`."""
    value: Annotated[str, Field(max_length=63)] | None = None
    """Value of the taint, for `Equal`."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint. Default: all."""
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds that the pod stays on a node with a `NoExecute` taint. Default: for ever."""


class PullSecret(Authored):
    """A Secret with credentials of a registry."""

    name: ObjectName
    """Name of the Secret in the namespace of the run."""


class Pod(Authored):
    """What an agent may set of its steps' pods; the operator has defaults per namespace for what is absent. Used for `image`
    and `process` on a cluster, ignored on one machine.
    """

    env: Annotated[list[EnvVar], Field(max_length=200)] = Field(default_factory=list)
    """Environment variables of the step's container; they win over `image.env` and `process.env`. Default: none."""
    volumes: Annotated[list[Volume], Field(max_length=32)] = Field(default_factory=list)
    """Volumes to mount. Default: none."""
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64)] = Field(default_factory=list)
    """Where they appear in the step's container. Default: nowhere."""
    resources: Resources = Resources()
    """Compute resources of the step's container."""
    node_selector: Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=64)] = Field(
        default_factory=dict
    )
    """Labels that a node must have. Default: any node."""
    tolerations: Annotated[list[Toleration], Field(max_length=64)] = Field(default_factory=list)
    """Taints that are accepted. Default: none."""
    affinity: dict[str, Any] | None = None
    """Affinity as in a Pod (`nodeAffinity`, `podAffinity`, `podAntiAffinity`). Default: none."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pod. Default: the cluster's."""
    image_pull_secrets: Annotated[list[PullSecret], Field(max_length=16)] = Field(default_factory=list)
    """Credentials to pull the image with. Default: none."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the image is pulled. Default: `Always` for the tag `latest`, else `IfNotPresent`."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pod; whoever writes the agent needs the RBAC verb `use` on it. Its token is not mounted into the
    step's container. Default: one without permissions."""
    runtime_class_name: ObjectName | None = None
    """RuntimeClass of the pod, e.g. a sandbox. Default: the cluster's."""
    queue: Annotated[str, Field(max_length=63)] | None = None
    """Kueue LocalQueue that admits the Jobs. Default: none."""
    run_as_user: Annotated[int, Field(ge=1)] | None = None
    """User id of all containers of the pod; never 0. Default: the operator's setting, 65532."""
    fs_group: Annotated[int, Field(ge=1)] | None = None
    """Group id that owns mounted volumes. Default: the operator's setting, 65532."""

    @model_validator(mode="after")
    def _mounts_exist(self) -> Self:
        missing = {mount.name for mount in self.volume_mounts} - {volume.name for volume in self.volumes}
        if missing:
            raise ValueError(f"volumeMounts name no volume: {', '.join(sorted(missing))}")
        return self
