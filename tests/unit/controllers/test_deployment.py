"""Deployments roll out, scale, pause, fail and remember as upstream's do."""

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.core.pod import KIND as PODS
from kfast.runtime import Informer

REVISION = "deployment.kubernetes.io/revision"


async def set_of(cluster, image):
    sets = (await cluster.client.list(REPLICA_SETS, "default")).objects
    return next(s for s in sets if s.get("spec", "template", "spec", "containers")[0]["image"] == image)


def test_a_new_deployment_becomes_available(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3)
        await cluster.settle()
        deployment = await cluster.deployment()
        status = deployment.get("status")
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        assert [status[key] for key in counts] == [3] * 4
        assert "unavailableReplicas" not in status or status["unavailableReplicas"] == 0
        assert status["observedGeneration"] == deployment.generation == 1
        assert await cluster.condition("Available") == ("True", "MinimumReplicasAvailable")
        assert await cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")
        assert deployment.get("metadata", "annotations", REVISION) == "1"
        replica_set = await set_of(cluster, "v1")
        digest = replica_set.labels["pod-template-hash"]
        assert replica_set.name == f"web-{digest}"
        for pod in await cluster.pods():
            assert pod.labels == {"app": "web", "pod-template-hash": digest}
            assert pod.name.startswith(f"{replica_set.name}-")
        message = f"Scaled up replica set {replica_set.name} from 0 to 3"
        assert ("ScalingReplicaSet", message) in await cluster.events()

    virtual(scenario)


def test_scaling_changes_no_revision(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3)
        await cluster.settle()
        await cluster.change({"replicas": 10})
        await cluster.settle()
        assert len(await cluster.pods()) == 10
        await cluster.change({"replicas": 2})
        await cluster.settle()
        assert len(await cluster.pods()) == 2
        assert (await cluster.deployment()).get("metadata", "annotations", REVISION) == "1"
        assert await cluster.sizes() == {"v1": 2}

    virtual(scenario)


def test_scaling_to_a_hundred_creates_a_hundred_pods_exactly(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=1)
        await cluster.settle()
        cluster.requests.clear()
        await cluster.change({"replicas": 100})
        await cluster.settle()
        assert len(await cluster.pods()) == 100
        made = cluster.requests.count(("POST", "/api/v1/namespaces/default/pods"))
        assert made == 99
        status_writes = sum(path.endswith("/status") and "/replicasets/" in path for _, path in cluster.requests)
        assert status_writes < 99

    virtual(scenario)


def test_a_rolling_update_never_leaves_its_bounds(virtual):
    async def scenario(cluster):
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 1}}
        await cluster.deploy(replicas=8, strategy=strategy)
        await cluster.settle()
        observed = []
        informer = Informer(cluster.client, PODS)

        def look(*_):
            pods = [p for p in informer.store if not p.deleting]
            ready = [p for p in pods if any(c["status"] == "True" for c in p.get("status", "conditions") or ())]
            observed.append((len(pods), len(ready)))

        informer.start()
        await informer.synced()
        informer.add_handler(look, look, look)
        observed.clear()
        await cluster.roll("v2")
        await cluster.settle(5)
        assert await cluster.images() == ["v2"] * 8
        assert await cluster.sizes() == {"v1": 0, "v2": 8}
        assert max(total for total, _ in observed) == 10
        assert min(ready for _, ready in observed) == 7
        assert (await cluster.deployment()).get("metadata", "annotations", REVISION) == "2"
        await informer.stop()

    virtual(scenario)


def test_a_bad_image_stops_the_rollout_and_its_deadline_is_reported(virtual):
    async def scenario(cluster):
        cluster.unready.add("broken")
        await cluster.deploy(replicas=4, progressDeadlineSeconds=60)
        await cluster.settle()
        await cluster.roll("broken")
        await cluster.settle(50)
        # 25 % of 4: one more may be made, one may be missing.
        assert await cluster.sizes() == {"v1": 3, "broken": 2}
        assert await cluster.condition("Progressing") == ("True", "ReplicaSetUpdated")
        await cluster.settle(15)
        assert await cluster.condition("Progressing") == ("False", "ProgressDeadlineExceeded")
        assert await cluster.condition("Available") == ("True", "MinimumReplicasAvailable")
        await cluster.roll("v1")
        await cluster.settle(5)
        assert await cluster.images() == ["v1"] * 4
        assert await cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")

    virtual(scenario)


def test_rolling_back_reuses_the_old_set_under_a_new_revision(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=2)
        await cluster.settle()
        await cluster.roll("v2")
        await cluster.settle(5)
        await cluster.roll("v1")
        await cluster.settle(5)
        assert await cluster.sizes() == {"v1": 2, "v2": 0}
        annotations = (await set_of(cluster, "v1")).get("metadata", "annotations")
        assert annotations[REVISION] == "3"
        assert annotations["deployment.kubernetes.io/revision-history"] == "1"
        assert (await cluster.deployment()).get("metadata", "annotations", REVISION) == "3"

    virtual(scenario)


def test_only_so_many_old_sets_are_kept(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=1, revisionHistoryLimit=2)
        for number in range(2, 7):
            await cluster.settle(5)
            await cluster.roll(f"v{number}")
        await cluster.settle(5)
        assert await cluster.sizes() == {"v4": 0, "v5": 0, "v6": 1}

    virtual(scenario)


def test_recreate_never_runs_two_versions(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3, strategy={"type": "Recreate"})
        await cluster.settle()
        mixed = []
        informer = Informer(cluster.client, PODS)

        def look(*_):
            mixed.append(len({p.get("spec", "containers")[0]["image"] for p in informer.store}))

        informer.add_handler(look, look, look)
        informer.start()
        await informer.synced()
        await cluster.roll("v2")
        await cluster.settle(5)
        assert await cluster.images() == ["v2"] * 3
        assert max(mixed) == 1
        await informer.stop()

    virtual(scenario)


def test_recreate_waits_for_the_end_of_the_last_old_pod(virtual):
    async def scenario(cluster):
        await cluster.add_node("node")
        await cluster.deploy(replicas=2, strategy={"type": "Recreate"})
        await cluster.settle()
        await cluster.change({"template": {"spec": {"nodeName": "node"}}})
        await cluster.settle()
        assert len(await cluster.pods()) == 2
        await cluster.roll("v2")
        await cluster.settle(20)
        # Their node has not confirmed that they ended.
        assert [pod.deleting for pod in await cluster.pods()] == [True, True]
        assert await cluster.images() == []
        for pod in await cluster.pods():
            await cluster.client.delete(PODS, pod.name, "default", grace_seconds=0)
        await cluster.settle(5)
        assert await cluster.images() == ["v2"] * 2

    virtual(scenario)


def test_a_paused_deployment_scales_but_does_not_roll(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=2)
        await cluster.settle()
        await cluster.change({"paused": True})
        await cluster.settle()
        assert await cluster.condition("Progressing") == ("Unknown", "DeploymentPaused")
        await cluster.roll("v2")
        await cluster.change({"replicas": 4})
        await cluster.settle()
        assert await cluster.images() == ["v1"] * 4
        await cluster.change({"paused": False})
        await cluster.settle(5)
        assert await cluster.images() == ["v2"] * 4
        assert await cluster.condition("Progressing") == ("True", "NewReplicaSetAvailable")

    virtual(scenario)


def test_scaling_amid_a_rollout_spreads_over_the_sets(virtual):
    async def scenario(cluster):
        cluster.unready.add("v2")
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
        await cluster.deploy(replicas=10, strategy=strategy)
        await cluster.settle()
        await cluster.roll("v2")
        await cluster.settle()
        assert await cluster.sizes() == {"v1": 8, "v2": 5}
        await cluster.change({"replicas": 15})
        await cluster.settle()
        # The documented example: five more, split 3 and 2 by size.
        assert await cluster.sizes() == {"v1": 11, "v2": 7}

    virtual(scenario)


def test_pods_count_as_available_only_after_min_ready_seconds(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=2, minReadySeconds=30)
        await cluster.settle(20)
        assert await cluster.condition("Available") == ("False", "MinimumReplicasUnavailable")
        await cluster.settle(12)
        assert await cluster.condition("Available") == ("True", "MinimumReplicasAvailable")

    virtual(scenario)


def test_a_matching_orphan_set_is_adopted_and_used(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=2)
        await cluster.settle()
        before = {pod.name for pod in await cluster.pods()}
        await cluster.client.delete(DEPLOYMENTS, "web", "default", propagation="Orphan")
        await cluster.settle()
        assert not (await set_of(cluster, "v1")).get("metadata", "ownerReferences")
        assert {pod.name for pod in await cluster.pods()} == before
        deployment = await cluster.deploy(replicas=2)
        await cluster.settle()
        [owner] = (await set_of(cluster, "v1")).get("metadata", "ownerReferences")
        assert owner["uid"] == deployment.uid
        assert {pod.name for pod in await cluster.pods()} == before

    virtual(scenario)


def test_a_foreign_set_of_that_name_is_left_alone(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=1)
        await cluster.settle()
        taken = (await set_of(cluster, "v1")).to_dict()
        await cluster.client.delete(DEPLOYMENTS, "web", "default")
        await cluster.settle()
        other = {"app": "other"}
        taken["metadata"] = {"name": taken["metadata"]["name"], "namespace": "default", "labels": other}
        taken["spec"]["selector"] = {"matchLabels": other}
        taken["spec"]["template"]["metadata"]["labels"] = other
        taken["spec"]["replicas"] = 0
        del taken["status"]
        await cluster.client.create(REPLICA_SETS, taken)
        await cluster.deploy(replicas=1)
        await cluster.settle()
        assert (await cluster.deployment()).get("status", "collisionCount") == 1
        assert len(await cluster.pods()) == 1

    virtual(scenario)
