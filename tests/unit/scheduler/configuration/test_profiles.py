"""Which plugins run where: upstream's merging of defaults, multiPoint and single points."""

import pytest

from kfast.scheduler.configuration import ConfigurationError, parse, resolve
from kfast.scheduler.configuration.in_tree import IN_TREE

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- plugins:\n"
KNOWN = {**IN_TREE, "Mine": {"filter", "score"}, "Gate": {"permit", "pre_filter", "filter"}}


def resolved(plugins):
    text = HEAD + "".join(f"    {line}\n" for line in plugins.splitlines())
    return resolve(parse(text).profiles[0], KNOWN)


def test_the_default_profile():
    profile = resolve(parse(HEAD.partition("profiles")[0]).profiles[0], KNOWN)
    assert profile.points["filter"] == (
        "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit",
        "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread",
        "InterPodAffinity", "DynamicResources", "NodeDeclaredFeatures",
    )  # fmt: skip
    assert profile.points["post_filter"] == ("DynamicResources", "DefaultPreemption")
    assert profile.points["bind"] == ("DefaultBinder",)
    assert [(n, profile.weights[n]) for n in profile.points["score"]] == [
        ("TaintToleration", 3), ("NodeAffinity", 2), ("NodeResourcesFit", 1), ("VolumeBinding", 1),
        ("PodTopologySpread", 2), ("InterPodAffinity", 2), ("DynamicResources", 2),
        ("NodeResourcesBalancedAllocation", 1), ("ImageLocality", 1),
    ]  # fmt: skip


def test_a_point_may_drop_and_add():
    profile = resolved("score:\n  disabled:\n  - name: NodeResourcesFit\n  enabled:\n  - name: Mine\n    weight: 5")
    assert "NodeResourcesFit" not in profile.points["score"]
    assert profile.points["score"][-1] == "Mine"
    assert profile.weights["Mine"] == 5
    assert "Mine" not in profile.points["filter"]
    assert "NodeResourcesFit" in profile.points["filter"]


def test_what_a_point_configures_anew_goes_first_with_its_own_weight():
    profile = resolved("score:\n  enabled:\n  - name: ImageLocality\n    weight: 9")
    assert profile.points["score"][0] == "ImageLocality"
    assert profile.weights["ImageLocality"] == 9


def test_multi_point_enables_every_point_and_keeps_the_place_of_a_default():
    profile = resolved("multiPoint:\n  enabled:\n  - name: Gate\n  - name: NodeAffinity\n    weight: 7")
    assert profile.points["permit"] == ("Gate",)
    assert profile.points["filter"][-1] == "Gate"
    assert profile.points["filter"].index("NodeAffinity") == 3
    assert profile.weights["NodeAffinity"] == 7


def test_all_defaults_may_go():
    profile = resolved(
        "multiPoint:\n  disabled:\n  - name: '*'\n  enabled:\n  - name: PrioritySort\n  - name: DefaultBinder\n"
        "filter:\n  enabled:\n  - name: Mine"
    )
    assert profile.names() == {"PrioritySort", "DefaultBinder", "Mine"}
    assert resolved("filter:\n  disabled:\n  - name: '*'").points["filter"] == ()


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("filter:\n  enabled:\n  - name: Nope", 'FilterPlugin "Nope" does not exist'),
        ("multiPoint:\n  enabled:\n  - name: Nope", 'PreFilterPlugin "Nope" does not exist'),
        ("reserve:\n  enabled:\n  - name: Mine", 'plugin "Mine" does not extend ReservePlugin plugin'),
        ("filter:\n  enabled:\n  - name: Mine\n  - name: Mine", 'plugin "Mine" already registered as "FilterPlugin"'),
        (
            "multiPoint:\n  enabled:\n  - name: Mine\n  - name: Mine",
            'plugin "Mine" already registered as "FilterPlugin"',
        ),
        (
            "bind:\n  disabled:\n  - name: '*'",
            'at least one bind plugin is needed for profile with scheduler name "default-scheduler"',
        ),
        (
            "queueSort:\n  disabled:\n  - name: '*'",
            'only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 0',
        ),
        (
            "score:\n  enabled:\n  - name: Mine\n    weight: 2147483647",
            None,
        ),
    ],
)
def test_plugins_that_do_not_fit(plugins, message):
    if message is None:
        assert resolved(plugins).weights["Mine"] == 2147483647
        return
    with pytest.raises(ConfigurationError) as error:
        resolved(plugins)
    assert str(error.value) == message
