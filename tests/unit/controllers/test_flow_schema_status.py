"""Flow schemas know whether their priority level is there."""

from kfast.api.flowcontrol.flow_schema import KIND as SCHEMAS
from kfast.api.flowcontrol.priority_level_configuration import KIND as LEVELS


async def dangling(cluster):
    await cluster.settle()
    schema = await cluster.client.get(SCHEMAS, "mine")
    (condition,) = schema.get("status", "conditions")
    assert condition["lastTransitionTime"]
    return condition["type"], condition["status"], condition["reason"], condition["message"]


def test_a_schema_dangles_without_its_level(virtual):
    async def scenario(cluster):
        spec = {"priorityLevelConfiguration": {"name": "low"}, "matchingPrecedence": 7}
        await cluster.client.create(SCHEMAS, {"metadata": {"name": "mine"}, "spec": spec})
        about = 'This FlowSchema references the PriorityLevelConfiguration object named "low"'
        missing = "Dangling", "True", "NotFound", f"{about} but there is no such object"
        assert await dangling(cluster) == missing
        await cluster.client.create(
            LEVELS,
            {
                "metadata": {"name": "low"},
                "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
            },
        )
        assert await dangling(cluster) == ("Dangling", "False", "Found", f"{about} and it exists")
        managers = (await cluster.client.get(SCHEMAS, "mine")).get("metadata", "managedFields")
        assert [(m["manager"], m["operation"], m["subresource"]) for m in managers if m.get("subresource")] == [
            ("api-priority-and-fairness-config-consumer-v1", "Apply", "status")
        ]
        await cluster.client.delete(LEVELS, "low")
        assert await dangling(cluster) == missing
        before = len(cluster.requests)
        await cluster.client.patch(SCHEMAS, "mine", {"metadata": {"labels": {"a": "b"}}})
        await cluster.settle()
        assert [call for call in cluster.requests[before:] if "flowschemas" in call[1]] == [
            ("PATCH", SCHEMAS.path("", "mine"))
        ]

    virtual(scenario)
