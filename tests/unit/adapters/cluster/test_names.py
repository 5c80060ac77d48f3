"""Names are computed: the same for the same thing, another for another, and such that the API server takes them."""

import re
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster import names
from controller.adapters.cluster.names import Mark
from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey
from controller.model.digest import digest_bytes
from controller.model.states import Role

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
TEXT = st.text(max_size=120)
DIGEST = digest_bytes(b"content")


def keys() -> st.SearchStrategy[AttemptKey]:
    step = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}(\[[0-9]{1,4}\])?", fullmatch=True)
    return st.builds(AttemptKey, st.uuids().map(str), step, st.sampled_from(Role), st.integers(1, 10**7))


@given(keys(), TEXT)
def test_names_of_jobs_are_such_that_their_pods_may_bear_them(key: AttemptKey, run: str) -> None:
    assert DNS_LABEL.fullmatch(names.job_name(key, run))


@given(TEXT, TEXT)
def test_names_of_other_objects_fit_as_well(run: str, uid: str) -> None:
    assert DNS_LABEL.fullmatch(names.child_name(run, uid))
    assert DNS_LABEL.fullmatch(names.shard_name(run, uid, DIGEST, 7))


@pytest.mark.parametrize("name", [names.blob_name(DIGEST, 0), names.blob_name(DIGEST, 12), names.cache_name(DIGEST)])
def test_names_of_contents_hold_the_whole_digest(name: str) -> None:
    # Names of ConfigMaps may have 253 characters.
    assert re.fullmatch(r"[a-z0-9-]{64,253}", name)
    assert DIGEST.rpartition(":")[2] in name


@given(keys(), TEXT, TEXT)
def test_labels_and_annotations_are_possible(key: AttemptKey, run: str, root: str) -> None:
    labels = names.attempt_labels(key, run, root) | names.run_labels(run, root) | names.managed_labels("blob")
    assert all(LABEL_VALUE.fullmatch(value) for value in labels.values()), labels


@given(TEXT, TEXT)
def test_values_of_labels_tell_texts_apart(one: str, other: str) -> None:
    assert (names.label_value(one) == names.label_value(other)) == (one == other)


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", fullmatch=True))
def test_a_text_that_may_be_the_value_of_a_label_is_it(text: str) -> None:
    assert names.label_value(text) == text


@pytest.mark.requirement("K8S-008")
def test_a_hundred_thousand_attempts_have_as_many_names() -> None:
    # All begin alike, so that only the hash tells them apart.
    steps = [f"a-step-whose-name-is-longer-than-what-is-kept[{number}]" for number in range(10_000)]
    found = {
        names.job_name(AttemptKey(run, step, role, attempt), "the-run")
        for run, step, role, attempt in product(("uid-1", "uid-2"), steps, Role, range(1, 4))
    }
    assert len(found) == 2 * 10_000 * 2 * 3


@pytest.mark.requirement("K8S-008")
def test_the_name_is_the_same_whoever_computes_it() -> None:
    # Of runs that an earlier version began; another name would make a second Job of the same attempt.
    assert names.job_name(AttemptKey("uid", "load[3]", Role.DO, 2), "q3-review") == "q3-review-load-3-2-yzmg6dpll2ep"
    assert names.job_name(AttemptKey("uid", "load[3]", Role.UNDO, 2), "q3-review") == "q3-review-load-3-u2-3iji6rb6cuk4"


@given(keys(), TEXT)
def test_an_attempt_is_read_from_its_job(key: AttemptKey, run: str) -> None:
    annotations = names.attempt_annotations(key, DIGEST, Mark(3, "lease-0"))
    job = {"metadata": {"name": names.job_name(key, run), "annotations": annotations}}
    assert names.attempt_key(job) == key
    assert names.input_digest(job) == DIGEST
    assert annotations[names.EFFECT] == names.effect_digest(key, DIGEST)


@pytest.mark.parametrize("annotations", [{}, {names.KEY: "uid step do"}, {names.KEY: "uid step neither 1"}])
def test_a_job_that_only_looks_like_ours_is_none(annotations: Mapping[str, str]) -> None:
    with pytest.raises(InvariantViolated, match="bears our labels but is no attempt"):
        names.attempt_key({"metadata": {"name": "foreign", "annotations": annotations}})


@given(keys(), keys(), st.binary(), st.binary())
def test_the_effect_is_the_attempt_and_its_input(one: AttemptKey, other: AttemptKey, given: bytes, also: bytes) -> None:
    equal = names.effect_digest(one, digest_bytes(given)) == names.effect_digest(other, digest_bytes(also))
    assert equal == ((one, given) == (other, also))
