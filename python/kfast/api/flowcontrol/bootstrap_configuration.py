"""The flow schemas and priority levels every cluster has (upstream: apis/flowcontrol/bootstrap), specs with defaults.

Mandatory ones are kept as they are here; suggested ones may be changed by whoever says so with the annotation
`apf.kubernetes.io/autoupdate-spec: "false"`.
"""

from __future__ import annotations

from collections.abc import Sequence

from kfast.api.kind import Body

AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec"

_ALL: Body = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
_ALL_URLS: Body = {"verbs": ["*"], "nonResourceURLs": ["*"]}
_LEASES: Body = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "namespaces": ["*"]}


def _group(name: str) -> Body:
    return {"kind": "Group", "group": {"name": name}}


def _user(name: str) -> Body:
    return {"kind": "User", "user": {"name": name}}


_ROBOTS: Body = {"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}
_EVERYBODY = (_group("system:unauthenticated"), _group("system:authenticated"))
_MANAGER, _SCHEDULER = _user("system:kube-controller-manager"), _user("system:kube-scheduler")


def _schema(
    level: str,
    precedence: int,
    distinguisher: str,
    subjects: Sequence[Body],
    resources: Sequence[Body] = (_ALL,),
    urls: Sequence[Body] = (_ALL_URLS,),
) -> Body:
    rule: Body = {"subjects": list(subjects)}
    if resources:
        rule["resourceRules"] = list(resources)
    if urls:
        rule["nonResourceRules"] = list(urls)
    spec: Body = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if distinguisher:
        spec["distinguisherMethod"] = {"type": distinguisher}
    return {**spec, "rules": [rule]}


def _limited(shares: int, lendable: int, queues: int = 0, hand: int = 0) -> Body:
    """Requests wait in `queues` of 50, or are rejected if there are none."""
    response: Body = {"type": "Reject"}
    if queues:
        response = {"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": 50}}
    limited = {"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lendable}
    return {"type": "Limited", "limited": limited}


MANDATORY_LEVELS: dict[str, Body] = {
    "catch-all": _limited(5, 0),
    "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
}
MANDATORY_SCHEMAS: dict[str, Body] = {
    "exempt": _schema("exempt", 1, "", [_group("system:masters")]),
    "catch-all": _schema("catch-all", 10000, "ByUser", _EVERYBODY),
}
SUGGESTED_LEVELS: dict[str, Body] = {
    "system": _limited(30, 33, 64, 6),
    "node-high": _limited(40, 25, 64, 6),
    "leader-election": _limited(10, 0, 16, 4),
    "workload-high": _limited(40, 50, 128, 6),
    "workload-low": _limited(100, 90, 128, 6),
    "global-default": _limited(20, 50, 128, 6),
}
SUGGESTED_SCHEMAS: dict[str, Body] = {
    "system-nodes": _schema("system", 500, "ByUser", [_group("system:nodes")]),
    "system-node-high": _schema(
        "node-high",
        400,
        "ByUser",
        [_group("system:nodes")],
        [{**_ALL, "apiGroups": [""], "resources": ["nodes", "nodes/status"]}, {"verbs": ["*"], **_LEASES}],
        (),
    ),
    "probes": _schema(
        "exempt", 2, "", _EVERYBODY, (), [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]
    ),
    "system-leader-election": _schema(
        "leader-election",
        100,
        "ByUser",
        [_MANAGER, _SCHEDULER, _ROBOTS],
        [{"verbs": ["get", "create", "update"], **_LEASES}],
        (),
    ),
    "kube-controller-manager": _schema("workload-high", 800, "ByNamespace", [_MANAGER]),
    "kube-scheduler": _schema("workload-high", 800, "ByNamespace", [_SCHEDULER]),
    "kube-system-service-accounts": _schema("workload-high", 900, "ByNamespace", [_ROBOTS]),
    "service-accounts": _schema("workload-low", 9000, "ByUser", [_group("system:serviceaccounts")]),
    "global-default": _schema("global-default", 9900, "ByUser", _EVERYBODY),
}
