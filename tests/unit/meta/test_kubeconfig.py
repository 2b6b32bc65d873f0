"""kubeconfig files are read, merged and written as kubectl does."""

import base64
import stat

import pytest
import yaml

from kfast.meta import kubeconfig
from kfast.meta.kubeconfig import Connection, KubeconfigError


def config(name, server="https://x:1", user=None, **cluster):
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, **cluster}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def test_a_written_connection_is_read_back(tmp_path):
    connection = Connection(
        server="https://127.0.0.1:6443",
        ca_pem="CA\n",
        certificate_pem="CERT\n",
        key_pem="KEY\n",
        token="t",
        namespace="team",
    )
    path = tmp_path / "deep" / "config"
    kubeconfig.write(path, kubeconfig.config_for("kfast", connection))
    assert kubeconfig.load(path) == connection
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["config"]


def test_files_are_found_beside_the_kubeconfig(tmp_path):
    (tmp_path / "ca.crt").write_text("CA")
    (tmp_path / "config").write_text(
        yaml.safe_dump(config("a", user={"tokenFile": "token"}, **{"certificate-authority": "ca.crt"}))
    )
    connection = kubeconfig.load(tmp_path / "config")
    assert connection.ca_pem == "CA"
    assert connection.token_file == str(tmp_path / "token")


def test_the_first_file_of_the_environment_wins(tmp_path, monkeypatch):
    (tmp_path / "one").write_text(yaml.safe_dump(config("a", "https://one:1")))
    second = config("a", "https://two:1")
    second["contexts"] += config("b")["contexts"]
    second["clusters"] += config("b", "https://three:1")["clusters"]
    second["users"] += config("b")["users"]
    (tmp_path / "two").write_text(yaml.safe_dump(second))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/one:{tmp_path}/missing:{tmp_path}/two")
    assert kubeconfig.load().server == "https://one:1"
    assert kubeconfig.load(context="b").server == "https://three:1"
    assert kubeconfig.default_path() == tmp_path / "one"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update({"current-context": "nope"}), "no context named 'nope'"),
        (lambda c: c["contexts"][0]["context"].update(cluster="nope"), "no cluster named 'nope'"),
        (lambda c: c["contexts"][0]["context"].update(user="nope"), "no user named 'nope'"),
        (lambda c: c["users"][0]["user"].update(exec={"command": "x"}), "authenticates by exec"),
        (lambda c: c["clusters"][0]["cluster"].pop("server"), "has no server"),
        (lambda c: c["clusters"][0]["cluster"].update({"certificate-authority-data": "%"}), "no base64"),
    ],
)
def test_what_is_wrong_is_named(change, says):
    broken = config("a")
    change(broken)
    with pytest.raises(KubeconfigError, match=says):
        kubeconfig.connection(broken)


@pytest.mark.parametrize("text", ["a: [", "- 1", "text"])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "config").write_text(text)
    with pytest.raises(KubeconfigError, match="config"):
        kubeconfig.load(tmp_path / "config")


def test_data_wins_over_files():
    encoded = base64.b64encode(b"DATA").decode()
    given = config("a", **{"certificate-authority": "unread", "certificate-authority-data": encoded})
    assert kubeconfig.connection(given).ca_pem == "DATA"


def test_a_pod_finds_its_cluster(tmp_path, monkeypatch):
    monkeypatch.setattr(kubeconfig, "_SERVICE_ACCOUNT", tmp_path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(KubeconfigError, match="not in a cluster"):
        kubeconfig.in_cluster()
    (tmp_path / "ca.crt").write_text("CA")
    (tmp_path / "namespace").write_text("team\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    connection = kubeconfig.in_cluster()
    assert (connection.server, connection.ca_pem, connection.namespace) == ("https://[fd00::1]:443", "CA", "team")
    assert connection.token_file == str(tmp_path / "token")
