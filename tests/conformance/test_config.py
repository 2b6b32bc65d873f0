"""Config maps, secrets and pod templates: what may be in them, and when they may change."""

from __future__ import annotations

import base64

import pytest
from exam import conformance
from kubernetes.client import ApiException

node, storage = conformance("sig-node"), conformance("sig-storage")
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("ConfigMap", {"": "x"}, marks=node("ConfigMap should fail to create ConfigMap with empty key")),
        pytest.param(
            "Secret", {"": "eA=="}, marks=node("Secrets should fail to create secret due to empty secret key")
        ),
    ],
)
def test_an_empty_key_is_refused(kube, kind, data):
    with pytest.raises(ApiException) as refused:
        kube(kind).create("c", data=data)
    assert refused.value.status == 422
    assert "a valid config key must consist of" in refused.value.body


@node("ConfigMap should update ConfigMap successfully [NodeConformance]")
def test_update(kube):
    maps = kube("ConfigMap")
    maps.create("c", data={"data": "v"})
    maps.change("c", lambda body: body["data"].update(data="v2"))
    assert maps.get("c")["data"] == {"data": "v2"}


@node("Secrets should patch a secret")
def test_patch_and_remove_by_label(kube):
    secrets = kube("Secret")
    secrets.create("s", metadata={"labels": {"life": "constant"}}, data={"key": encoded("value")}, type="Opaque")
    everywhere = kube("Secret", namespace="")
    assert "s" in everywhere.names(label_selector="life=constant")
    patch = {"metadata": {"labels": {"life": None, "changed": "yes"}}, "data": {"key": encoded("value1")}}
    secrets.patch("s", patch, content_type="application/strategic-merge-patch+json")
    assert secrets.get("s")["data"] == {"key": encoded("value1")}
    secrets.delete_all(label_selector="changed=yes")
    assert secrets.names(label_selector="changed=yes") == []


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("ConfigMap", marks=storage("ConfigMap should be immutable if `immutable` field is set")),
        pytest.param("Secret", marks=storage("Secrets should be immutable if `immutable` field is set")),
    ],
)
def test_immutable_data_stays(kube, kind):
    things = kube(kind)
    things.create("c", data={"a": encoded("1")})
    things.patch("c", {"data": {"a": encoded("2")}})
    things.patch("c", {"immutable": True})
    for patch in ({"data": {"a": encoded("3")}}, {"immutable": False}, {"immutable": None}):
        with pytest.raises(ApiException) as refused:
            things.patch("c", patch)
        assert refused.value.status == 422
        assert "field is immutable when `immutable` is set" in refused.value.body
    things.patch("c", {"metadata": {"labels": {"may": "change"}}})
    assert things.get("c")["data"] == {"a": encoded("2")}
    things.delete("c")


@node("PodTemplates should replace a pod template")
def test_replace_a_pod_template(kube):
    templates = kube("PodTemplate")
    before = templates.create("t", template=TEMPLATE)
    before["metadata"]["annotations"] = {"updated": "true"}
    after = templates.replace(before)
    assert after["metadata"]["annotations"] == {"updated": "true"}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


@node("PodTemplates should delete a collection of pod templates")
def test_delete_pod_templates_by_label(kube):
    templates = kube("PodTemplate")
    for number in range(3):
        templates.create(f"t{number}", metadata={"labels": {"set": "one"}}, template=TEMPLATE)
    templates.create("other", template=TEMPLATE)
    assert len(templates.names(label_selector="set=one")) == 3
    templates.delete_all(label_selector="set=one")
    assert templates.names() == ["other"]
