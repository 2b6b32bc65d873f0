"""Configuration files: what they mean, and what is said of wrong ones. The texts are upstream's."""

import pytest

from kfast.meta.configuration import Duration
from kfast.scheduler.configuration import ConfigurationError, default_configuration, encode, parse

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
ARGS = HEAD + "profiles:\n- pluginConfig:\n  - name: {}\n    args:\n      {}\n"


def args(name, *lines):
    return ARGS.format(name, "\n      ".join(lines))


def refused(text):
    with pytest.raises(ConfigurationError) as error:
        parse(text)
    return str(error.value)


def test_an_empty_file_has_upstreams_defaults():
    configuration = parse(HEAD)
    assert encode(configuration) == encode(default_configuration())
    assert configuration.parallelism == 16
    assert (configuration.pod_initial_backoff_seconds, configuration.pod_max_backoff_seconds) == (1, 10)
    assert configuration.leader_election.leader_elect is True
    assert encode(configuration.leader_election)["leaseDuration"] == "15s"
    [profile] = configuration.profiles
    assert profile.scheduler_name == "default-scheduler"
    assert {c.name: encode(c.args) for c in profile.plugin_config} == {
        "DefaultPreemption": {"minCandidateNodesPercentage": 10, "minCandidateNodesAbsolute": 100},
        "DynamicResources": {"filterTimeout": "10s", "bindingTimeout": "10m0s"},
        "InterPodAffinity": {"hardPodAffinityWeight": 1, "ignorePreferredTermsOfExistingPods": False},
        "NodeAffinity": {},
        "NodeResourcesBalancedAllocation": {
            "resources": [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
        },
        "NodeResourcesFit": {
            "scoringStrategy": {
                "type": "LeastAllocated",
                "resources": [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}],
            }
        },
        "PodTopologySpread": {"defaultingType": "System"},
        "VolumeBinding": {"bindTimeoutSeconds": 600},
    }


def test_json_is_yaml():
    text = '{"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "parallelism": 4}'
    assert parse(text).parallelism == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: componentconfig/v1alpha1\nkind: KubeSchedulerConfiguration\n",
         'no kind "KubeSchedulerConfiguration" is registered for version "componentconfig/v1alpha1" in scheme '
         '"pkg/runtime/scheme.go:111"'),
        ("kind: KubeSchedulerConfiguration\n",
         "Object 'apiVersion' is missing in 'kind: KubeSchedulerConfiguration\n'"),
        (HEAD + "foo: bar\n", 'strict decoding error: unknown field "foo"'),
        (HEAD + "profiles:\n- plugins:\n    filter:\n      enable: []\n",
         'strict decoding error: unknown field "profiles[0].plugins.filter.enable"'),
        (HEAD + "leaderElection:\n  leaderElect: true\n  leaderElect: false\n",
         'strict decoding error: yaml: unmarshal errors:\n  line 5: key "leaderElect" already set in map'),
        (HEAD + "parallelism: many\n",
         "json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.parallelism of type int32"),
        (HEAD + "parallelism: 3000000000\n",
         "json: cannot unmarshal number 3000000000 into Go struct field KubeSchedulerConfiguration.parallelism of "
         "type int32"),
        (args("DefaultPreemption", "apiVersion: kubescheduler.config.k8s.io/v1", "kind: InterPodAffinityArgs"),
         "decoding .profiles[0].pluginConfig[0]: args for plugin DefaultPreemption were not of type "
         "DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io"),
        (args("NodeResourcesFit", "scoringStrategy:", "  requestedToCapacityRatio:", "    shape:",
              "    - Score: 2", "      Utilization: 1"),
         "strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for "
         "plugin NodeResourcesFit: strict decoding error: unknown field "
         '"scoringStrategy.requestedToCapacityRatio.shape[0].Score", unknown field '
         '"scoringStrategy.requestedToCapacityRatio.shape[0].Utilization"'),
        ("[", None),
        ("", None),
        ("- a\n", None),
    ],
)  # fmt: skip
def test_files_that_cannot_be_decoded(text, message):
    assert message in (None, refused(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "parallelism: 0\n", "parallelism: Invalid value: 0: should be an integer value greater than zero"),
        (HEAD + "percentageOfNodesToScore: 101\n",
         "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"),
        (HEAD + "podInitialBackoffSeconds: 0\n",
         "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"),
        (HEAD + "podInitialBackoffSeconds: 20\n",
         "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds"),
        (HEAD + "profiles:\n- schedulerName: a\n- schedulerName: a\n",
         'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"'),
        (HEAD + "profiles:\n- schedulerName: a\n- percentageOfNodesToScore: 5\n",
         "profiles[1].schedulerName: Required value"),
        (HEAD + "profiles:\n- plugins:\n    filter:\n      enabled:\n      - name: EBSLimits\n",
         'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version '
         '"kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")'),
        (HEAD + "leaderElection:\n  leaseDuration: 5s\n",
         'leaderElection.leaseDuration: Invalid value: "10s": must be greater than `RenewDeadline`'),
        (HEAD + "extenders:\n- urlPrefix: http://e\n  prioritizeVerb: p\n",
         "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it"),
        (HEAD + "extenders:\n- bindVerb: b\n- bindVerb: b\n",
         'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind'),
        (HEAD + "extenders:\n- managedResources:\n  - name: kubernetes.io/gpu\n",
         'extenders[0].managedResources[0].name: Invalid value: "kubernetes.io/gpu": is an invalid extended resource '
         "name"),
        (args("InterPodAffinity", "hardPodAffinityWeight: 101"),
         "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]"),
        (args("DefaultPreemption", "minCandidateNodesPercentage: 200"),
         "profiles[0].pluginConfig[0].args.minCandidateNodesPercentage: Invalid value: 200: not in valid range "
         "[0, 100]"),
        (args("PodTopologySpread", "defaultConstraints:", "- maxSkew: 1", "  topologyKey: zone",
              "  whenUnsatisfiable: Never"),
         '[profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not '
         "empty, profiles[0].pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "
         '"Never": supported values: "DoNotSchedule", "ScheduleAnyway"]'),
        (args("NodeResourcesBalancedAllocation", "resources:", "- name: cpu", "  weight: 2"),
         "profiles[0].pluginConfig[0].args.resources[0].weight: Invalid value: 2: must be 1"),
        (args("VolumeBinding", "bindTimeoutSeconds: -1"),
         "profiles[0].pluginConfig[0].args.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should "
         "not be a negative value"),
    ],
)  # fmt: skip
def test_values_that_are_out_of_order(text, message):
    assert refused(text) == message


def test_the_args_of_an_unknown_plugin_are_its_own_business():
    [plugin, *_] = parse(args("Mine", "foo: bar")).profiles[0].plugin_config
    assert (plugin.name, plugin.args) == ("Mine", {"foo": "bar"})


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [("1m30s", 90, "1m30s"), ("500ms", 0.5, "500ms"), ("2h", 7200, "2h0m0s"), ("0", 0, "0s")],
)
def test_durations_are_gos(text, seconds, shown):
    duration = Duration.parse(text)
    assert (float(duration), str(duration)) == (seconds, shown)


@pytest.mark.parametrize("text", ["", "5", "1x", "s", "1 s"])
def test_what_is_no_duration(text):
    with pytest.raises(ConfigurationError):
        Duration.parse(text)
