"""The sizes of a rollout, case by case, by upstream's arithmetic."""

import pytest

from kfast.controllers.deployment.replica_sets import MAXIMUM, ReplicaSet, annotate_new, find_new, hash_of
from kfast.controllers.deployment.rollout import Size, scale_in_proportion, scale_new, scale_old


def spec(replicas, surge="25%", unavailable="25%"):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "limits"),
    [
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (4, 1, 0, (1, 0)),
        (4, 0, 1, (0, 1)),
        (10, "0%", "0%", (0, 1)),
        (3, 0, "10%", (0, 1)),
        (2, 0, 5, (0, 2)),
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_limits(replicas, surge, unavailable, limits):
    size = Size.read(spec(replicas, surge, unavailable))
    assert (size.max_surge, size.max_unavailable) == limits


def test_recreate_has_no_limits():
    assert Size.read({"replicas": 3, "strategy": {"type": "Recreate"}}) == Size(3, rolling=False)


@pytest.mark.parametrize(
    ("size", "new", "old", "grows_to"),
    [
        (Size(10, 2, 0), 0, 10, 2),
        (Size(10, 2, 0), 4, 8, 4),
        (Size(10, 2, 0), 4, 6, 6),
        (Size(10, 2, 0), 9, 0, 10),
        (Size(10, 0, 2), 0, 10, 0),
        (Size(5), 8, 0, 5),
    ],
)
def test_the_newest_set_grows_as_far_as_surge_allows(size, new, old, grows_to):
    newest, older = ReplicaSet("new", new), ReplicaSet("old", old)
    assert scale_new(size, [older, newest], newest) == (grows_to != new)
    assert newest.replicas == grows_to


@pytest.mark.parametrize(
    ("size", "new", "new_available", "old", "old_available", "shrinks_to"),
    [
        (Size(10, 0, 2), 0, 0, 10, 10, 8),
        (Size(10, 2, 0), 2, 0, 10, 10, 10),
        (Size(10, 2, 0), 2, 2, 10, 10, 8),
        # Sick pods of the old set go first, even if none of the newest is available.
        (Size(10, 2, 2), 4, 0, 8, 5, 8),
        (Size(10, 5, 2), 5, 0, 10, 6, 8),
        (Size(10, 0, 0), 0, 0, 10, 10, 10),
        # It reports pods that it is about to lose: they count no more.
        (Size(10, 2, 1), 3, 1, 9, 10, 8),
    ],
)
def test_old_sets_shrink_as_far_as_enough_stay_available(size, new, new_available, old, old_available, shrinks_to):
    newest, older = ReplicaSet("new", new, available=new_available), ReplicaSet("old", old, available=old_available)
    assert scale_old(size, newest, [older]) == (shrinks_to != old)
    assert older.replicas == shrinks_to


@pytest.mark.parametrize(
    ("size", "before", "sets", "result"),
    [
        (Size(12), 10, (10,), (12,)),
        (Size(12), 10, (10, 0), (12, 0)),
        (Size(15, 3, 2), 13, (8, 5), (11, 7)),
        (Size(6), 10, (5, 5), (3, 3)),
        (Size(0), 10, (7, 3), (0, 0)),
        (Size(12), 10, (9, 1), (11, 1)),
    ],
)
def test_a_new_size_is_spread_in_proportion(size, before, sets, result):
    made = [
        ReplicaSet(f"s{n}", replicas, created=f"{n}", annotations={MAXIMUM: str(before)})
        for n, replicas in enumerate(sets)
    ]
    *old, new = made if len(made) > 1 else (None, *made)
    scale_in_proportion(size, new, [s for s in old if s], before)
    assert tuple(s.replicas for s in made) == result


def test_the_hash_label_does_not_tell_templates_apart():
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    labelled = {"metadata": {"labels": {"app": "x", "pod-template-hash": "abc"}}, "spec": {"containers": []}}
    other = {"metadata": {"labels": {"app": "y"}}, "spec": {"containers": []}}
    young = ReplicaSet("young", 1, created="2", template=labelled)
    old = ReplicaSet("old", 0, created="1", template=labelled)
    assert find_new(template, [young, old]) is old
    assert find_new(other, [young, old]) is None


def test_the_hash_is_a_label_value_of_the_safe_alphabet():
    template = {"metadata": {"labels": {"app": "x"}}}
    digest = hash_of(template, None)
    assert digest == hash_of({"metadata": {"labels": {"app": "x"}}}, 0)
    assert digest != hash_of(template, 1)
    assert set(digest) <= set("bcdfghjklmnpqrstvwxz2456789")
    assert 1 <= len(digest) <= 10


def test_annotations_are_copied_but_for_the_bookkeeping():
    new = ReplicaSet("new", 0)
    given = {
        "team": "a",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "9",
    }
    annotate_new(new, given, 2)
    assert new.annotations == {"team": "a", "deployment.kubernetes.io/revision": "2"}
    annotate_new(new, given, 5)
    annotate_new(new, given, 7)
    assert new.annotations["deployment.kubernetes.io/revision-history"] == "2,5"
    annotate_new(new, given, 3)
    assert new.annotations["deployment.kubernetes.io/revision"] == "7"
