"""Toolbox: the ports that a driver works with, in one value."""

from typing import NamedTuple

from controller.ports.blob_store import BlobStore
from controller.ports.clock import Clock
from controller.ports.decision_source import DecisionSource
from controller.ports.leadership import Leadership
from controller.ports.ledger_store import LedgerStore
from controller.ports.notifier import Notifier
from controller.ports.object_store import ObjectStore
from controller.ports.result_cache import ResultCache
from controller.ports.slot_pool import SlotPool
from controller.ports.step_runner import StepRunner


class Toolbox(NamedTuple):
    """Everything of the outside that driving a run tree takes."""

    clock: Clock
    objects: ObjectStore
    ledger: LedgerStore
    blobs: BlobStore
    cache: ResultCache
    decisions: DecisionSource
    slots: SlotPool
    runner: StepRunner
    leadership: Leadership
    notifier: Notifier
    shared: tuple[tuple[str, int], ...] = ()
    """Slots that every attempt takes, whatever its step: (key, limit)."""
