"""A real API server gives a long list in pages, all of one moment."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from controller.adapters.cluster import pages
from controller.adapters.cluster.pages import whole
from controller.adapters.cluster.resources import CONFIG_MAPS
from tests.cluster.control_plane import ControlPlane
from tests.cluster.speaking import administrator, client_of, config_map


def test_a_long_list_comes_in_pages_of_one_moment(
    control_plane: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made and deleted between two pages is not seen: a watch from the list's version tells of it."""
    monkeypatch.setattr(pages, "PAGE", 2)

    async def ours() -> None:
        async with client_of(administrator(control_plane)) as client:
            for name in "abcd":
                await client.create(CONFIG_MAPS, namespace, config_map(name) | {"metadata": labelled(name)})

            calls: list[bool] = []

            async def disturbed(*given: Any, parameters: Mapping[str, str], **options: Any) -> dict[str, Any]:
                calls.append("continue" in parameters)
                if len(calls) == 2:
                    await client.create(CONFIG_MAPS, namespace, config_map("z") | {"metadata": labelled("z")})
                    await client.delete(CONFIG_MAPS, namespace, "d")
                return await client.list_metadata(*given, parameters=parameters, **options)

            at = (await client.list(CONFIG_MAPS, namespace))["metadata"]["resourceVersion"]
            not_older = {"resourceVersion": at, "resourceVersionMatch": "NotOlderThan"}
            found = await whole(disturbed, CONFIG_MAPS, namespace, labels="of=pages", parameters=not_older)
            assert [one["metadata"]["name"] for one in found.items] == ["a", "b", "c", "d"]
            assert calls[:2] == [False, True]
            assert int(found.version) >= int(at)
            later = await whole(client.list, CONFIG_MAPS, namespace, labels="of=pages")
            assert [one["metadata"]["name"] for one in later.items] == ["a", "b", "c", "z"]

    asyncio.run(ours())


def labelled(name: str) -> dict[str, Any]:
    return {"name": name, "labels": {"of": "pages"}}
