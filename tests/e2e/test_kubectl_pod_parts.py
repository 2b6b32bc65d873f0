"""kubectl debug and resize: the subresources that change one part of a running pod."""

import json

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "1"}}}]},
}


def test_debug_adds_an_ephemeral_container(kubectl):
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("debug", "p", "--image=busybox", "--container=look", "--attach=false", "--profile=general")
    (container,) = json.loads(kubectl("get", "pod", "p", "-o", "json"))["spec"]["ephemeralContainers"]
    assert (container["name"], container["image"]) == ("look", "busybox")


def test_patch_of_the_resize_subresource_changes_resources(kubectl):
    kubectl("create", "-f", "-", stdin=POD)
    resources = {"containers": [{"name": "c", "image": "ignored", "resources": {"requests": {"cpu": "2"}}}]}
    printed = kubectl("patch", "pod", "p", "--subresource=resize", "-p", json.dumps({"spec": resources}))
    assert printed == "pod/p patched\n"
    (container,) = json.loads(kubectl("get", "pod", "p", "-o", "json"))["spec"]["containers"]
    assert (container["resources"]["requests"]["cpu"], container["image"]) == ("2", "nginx")
