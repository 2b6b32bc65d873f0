"""What a stock kubectl changes: create, apply, diff, edit, patch, rollout, delete, drain and the rest."""

import json

import pytest

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["configmap", "c", "--from-literal=a=b"], "configmap/c created"),
        (["secret", "generic", "s", "--from-literal=a=b"], "secret/s created"),
        (["serviceaccount", "robot"], "serviceaccount/robot created"),
        (["deployment", "web", "--image=nginx", "--replicas=2"], "deployment.apps/web created"),
        (["service", "clusterip", "web", "--tcp=80:8080"], "service/web created"),
        (["service", "nodeport", "web2", "--tcp=80"], "service/web2 created"),
        (["job", "once", "--image=busybox", "--", "true"], "job.batch/once created"),
        (["cronjob", "often", "--image=busybox", "--schedule=*/5 * * * *"], "cronjob.batch/often created"),
        (["role", "reader", "--verb=get", "--resource=pods"], "role.rbac.authorization.k8s.io/reader created"),
        (["rolebinding", "rb", "--role=reader", "--user=me"], "rolebinding.rbac.authorization.k8s.io/rb created"),
        (["quota", "q", "--hard=pods=10"], "resourcequota/q created"),
        (["poddisruptionbudget", "p", "--selector=a=b", "--min-available=1"], "poddisruptionbudget.policy/p created"),
        (["ingress", "i", "--rule=host/path=svc:80"], "ingress.networking.k8s.io/i created"),
        (["token", "default"], "ey"),
    ],
)
def test_create_generators(kubectl, arguments, printed):
    if arguments[0] == "token":
        kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=20s")
    assert kubectl("create", *arguments).startswith(printed)


def test_create_twice_is_refused(kubectl):
    kubectl("create", "-f", "-", stdin=CONFIG)
    text = kubectl.fails("create", "-f", "-", stdin=CONFIG)
    assert 'Error from server (AlreadyExists): error when creating "STDIN": configmaps "c" already exists' in text
    assert 'error: failed to create configmap: configmaps "c" already exists' in kubectl.fails(
        "create", "configmap", "c"
    )


def test_apply_creates_changes_and_leaves_alone(kubectl):
    assert kubectl("apply", "-f", "-", stdin=CONFIG) == "configmap/c created\n"
    assert kubectl("apply", "-f", "-", stdin=CONFIG) == "configmap/c unchanged\n"
    changed = {**CONFIG, "data": {"b": "2"}}
    difference = kubectl.run("diff", "-f", "-", stdin=changed)
    assert difference.returncode == 1
    assert "+  b:" in difference.stdout
    assert kubectl("apply", "-f", "-", stdin=changed) == "configmap/c configured\n"
    assert kubectl.json("get", "configmap", "c")["data"] == {"b": "2"}
    assert kubectl.run("diff", "-f", "-", stdin=changed).returncode == 0


def test_apply_merges_lists_by_their_keys(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx:1")
    deployment = kubectl.json("get", "deployment", "web")
    spec = deployment["spec"]["template"]["spec"]["containers"][0]
    patch = {
        "spec": {"template": {"spec": {"containers": [{"name": spec["name"], "env": [{"name": "A", "value": "1"}]}]}}}
    }
    kubectl("patch", "deployment", "web", "-p", json.dumps(patch))
    container = kubectl.json("get", "deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == ("nginx:1", [{"name": "A", "value": "1"}])


def test_server_side_apply_knows_who_owns_what(kubectl):
    apply = ("apply", "--server-side", "-f", "-")
    assert kubectl(*apply, stdin=CONFIG) == "configmap/c serverside-applied\n"
    other = {**CONFIG, "data": {"a": "2"}}
    refused = kubectl.fails(*apply, "--field-manager=other", stdin=other)
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.a' in refused
    forced = kubectl(*apply, "--field-manager=other", "--force-conflicts", stdin=other)
    assert forced == "configmap/c serverside-applied\n"
    kubectl("label", "configmap", "c", "by=hand")
    entries = kubectl.json("get", "configmap", "c", "--show-managed-fields")["metadata"]["managedFields"]
    assert {(e["manager"], e["operation"]) for e in entries} == {("other", "Apply"), ("kubectl-label", "Update")}
    assert kubectl.run("diff", "--server-side", "-f", "-", "--field-manager=other", stdin=other).returncode == 0


def test_server_side_apply_takes_over_from_client_side(kubectl):
    kubectl("apply", "-f", "-", stdin=CONFIG)
    changed = {**CONFIG, "data": {"b": "2"}}
    assert kubectl("apply", "--server-side", "-f", "-", stdin=changed) == "configmap/c serverside-applied\n"
    assert kubectl.json("get", "configmap", "c")["data"] == {"b": "2"}


def test_unknown_fields_are_named(kubectl):
    wrong = {**CONFIG, "datum": {}}
    assert 'unknown field "datum"' in kubectl.fails("apply", "-f", "-", stdin=wrong)
    assert 'unknown field "datum"' in kubectl.fails("create", "-f", "-", stdin=wrong)
    kubectl("create", "--validate=warn", "-f", "-", stdin=wrong)
    assert 'Warning: unknown field "datum"' in kubectl.warnings


def test_invalid_objects_are_explained(kubectl):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Bad_Name"}, "spec": {"containers": []}}
    text = kubectl.fails("create", "-f", "-", stdin=pod)
    assert 'The Pod "Bad_Name" is invalid' in text
    assert 'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of' in text
    assert "spec.containers: Required value" in text


def test_server_dry_run_stores_nothing(kubectl):
    kubectl("apply", "--dry-run=server", "-f", "-", stdin=CONFIG)
    assert "NotFound" in kubectl.fails("get", "configmap", "c")


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", '{"data":{"x":"y"}}'),
        ("merge", '{"data":{"x":"y"}}'),
        ("json", '[{"op":"add","path":"/data/x","value":"y"}]'),
    ],
)
def test_patch_types(kubectl, kind, patch):
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("patch", "configmap", "c", "--type", kind, "-p", patch)
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "b", "x": "y"}


def test_json_patch_test_failure_is_invalid(kubectl):
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    wrong = '[{"op":"test","path":"/data/a","value":"z"}]'
    assert "the server rejected our request due to an error in our request" in kubectl.fails(
        "patch", "configmap", "c", "--type=json", "-p", wrong
    )


def test_edit_with_a_scripted_editor(kubectl):
    kubectl("create", "configmap", "c", "--from-literal=a=before")
    kubectl("edit", "configmap", "c", KUBE_EDITOR="sed -i s/before/after/")
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "after"}


def test_replace_label_and_annotate(kubectl):
    kubectl("create", "-f", "-", stdin=CONFIG)
    kubectl("replace", "-f", "-", stdin={**CONFIG, "data": {"z": "9"}})
    kubectl("label", "configmap", "c", "tier=gold")
    kubectl("annotate", "configmap", "c", "note=hello there")
    found = kubectl.json("get", "configmap", "c")
    assert found["data"] == {"z": "9"}
    assert found["metadata"]["labels"] == {"tier": "gold"}
    assert found["metadata"]["annotations"]["note"] == "hello there"
    kubectl("label", "configmap", "c", "tier-")
    assert "labels" not in kubectl.json("get", "configmap", "c")["metadata"]
    assert "error: 'tier' already has a value" in (
        kubectl("label", "configmap", "c", "tier=a") and kubectl.fails("label", "configmap", "c", "tier=b")
    )


def test_replace_with_an_old_version_conflicts(kubectl):
    kubectl("create", "-f", "-", stdin=CONFIG)
    old = kubectl.json("get", "configmap", "c")
    kubectl("label", "configmap", "c", "a=b")
    text = kubectl.fails("replace", "-f", "-", stdin=old)
    assert "the object has been modified; please apply your changes to the latest version and try again" in text


def test_scale_autoscale_expose_and_run(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--port=80")
    kubectl("scale", "deployment", "web", "--replicas=4")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert kubectl.json("get", "deployment", "web")["status"]["readyReplicas"] == 4
    assert "autoscaled" in kubectl("autoscale", "deployment", "web", "--min=1", "--max=5", "--cpu=80%")
    assert kubectl.json("get", "hpa", "web")["spec"]["maxReplicas"] == 5
    assert "exposed" in kubectl("expose", "deployment", "web", "--port=80")
    assert kubectl.json("get", "service", "web")["spec"]["selector"] == {"app": "web"}
    assert "created" in kubectl("run", "one", "--image=busybox", "--restart=Never")
    kubectl("wait", "--for=condition=Ready", "pod/one", "--timeout=30s")


def test_rollout_history_undo_restart_and_pause(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("set", "image", "deployment/web", "nginx=nginx:2")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert [line.split()[0] for line in kubectl("rollout", "history", "deployment/web").splitlines()[2:] if line] == [
        "1",
        "2",
    ]
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl("get", "deployment", "web", "-o", image) == "nginx:1"
    kubectl("rollout", "restart", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("rollout", "pause", "deployment/web")
    before = kubectl("get", "replicasets", "-o", "name")
    kubectl("set", "image", "deployment/web", "nginx=nginx:3")
    kubectl(
        "wait",
        "--for=jsonpath={.status.conditions[?(@.type=='Progressing')].reason}=DeploymentPaused",
        "deployment/web",
        "--timeout=20s",
    )
    assert kubectl("get", "replicasets", "-o", "name") == before
    kubectl("rollout", "resume", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert kubectl("get", "deployment", "web", "-o", image) == "nginx:3"


def test_delete_cascades_or_orphans(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("delete", "deployment", "web", "--cascade=orphan")
    owner = kubectl.json("get", "replicaset")["items"][0]
    assert not owner["metadata"].get("ownerReferences")
    name = owner["metadata"]["name"]
    kubectl("delete", "replicaset", name, "--cascade=foreground", "--timeout=60s")
    assert kubectl("get", "pods", "-o", "name") == ""


def test_delete_background_removes_everything(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("delete", "deployment", "web")
    kubectl("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=60s")
    kubectl("wait", "--for=delete", "replicaset", "-l", "app=web", "--timeout=60s")


def test_delete_namespace_removes_its_content(kubectl):
    name = f"{kubectl.namespace}-x"
    kubectl("create", "namespace", name)
    kubectl("create", "deployment", "web", "--image=nginx", "-n", name)
    kubectl("rollout", "status", "deployment/web", "-n", name, "--timeout=60s")
    kubectl("delete", "namespace", name, "--timeout=60s")
    assert "NotFound" in kubectl.fails("get", "namespace", name)
    assert "is forbidden" in kubectl.fails("delete", "namespace", "kube-system")


def test_cordon_taint_and_drain(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=6")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    node = kubectl("get", "nodes", "-o", "name").split()[0].removeprefix("node/")
    try:
        kubectl("cordon", node)
        assert "SchedulingDisabled" in kubectl("get", "node", node)
        kubectl("drain", node, "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=60s")
        kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        assert kubectl("get", "pods", f"--field-selector=spec.nodeName={node}", "-o", "name") == ""
        kubectl("taint", "node", node, "special=yes:NoSchedule")
        assert kubectl.json("get", "node", node)["spec"]["taints"][0]["key"] == "special"
        kubectl("taint", "node", node, "special-")
    finally:
        kubectl("uncordon", node)


def test_wait_for_what_never_comes_times_out(kubectl):
    kubectl("create", "configmap", "c")
    assert "timed out waiting for the condition" in kubectl.fails(
        "wait", "--for=jsonpath={.data.x}=y", "configmap/c", "--timeout=1s"
    )
