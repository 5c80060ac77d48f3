"""How are this machine and its node joined? By a pair of virtual interfaces, one of them in a network namespace.

This machine reaches the node, pods and Services; pods reach what listens on this machine's end, and nothing else.
"""

import json
import re
import secrets
import subprocess
from pathlib import Path

from tests.cluster.plan import Network

_NUMBERS = range(100, 200)


def choose() -> Network:
    """A network whose addresses nobody here uses."""
    told = subprocess.run(["ip", "-json", "-4", "route", "show", "table", "all"], capture_output=True, check=True)
    taken = set()
    for route in json.loads(told.stdout or "[]"):
        if match := re.match(r"10\.(\d+)\.", str(route.get("dst", ""))):
            taken.add(int(match[1]))
    free = [number for number in _NUMBERS if number not in taken]
    return Network(secrets.choice(free), f"lib{secrets.token_hex(3)}")


def make(network: Network) -> None:
    """Lay the link."""
    name, outside = network.name, _outside(network)
    _ip("netns", "add", name)
    _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("addr", "add", f"{network.host}/30", "dev", outside)
    _ip("link", "set", outside, "up")
    _ip("-n", name, "addr", "add", f"{network.node}/30", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "route", "add", "default", "via", network.host)
    for range_ in (network.pods, network.services):
        _ip("route", "add", range_, "via", network.node)
    settings = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
    subprocess.run([*inside(network), "sysctl", "-qw", *settings], check=True, capture_output=True)


def remove(network: Network) -> None:
    """Take it away, with all routes over it; may be partly gone already."""
    for words in (("link", "del", _outside(network)), ("netns", "del", network.name)):
        subprocess.run(["ip", *words], capture_output=True, check=False)


def inside(network: Network) -> list[str]:
    """Words before a command that shall run in the node's network.

    `ip netns exec` would also mount /sys anew, and hide the cgroups.
    """
    return ["nsenter", f"--net={Path('/run/netns') / network.name}", "--"]


def _outside(network: Network) -> str:
    return f"{network.name}-h"


def _ip(*words: str) -> None:
    told = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {told.stderr.strip()}")
