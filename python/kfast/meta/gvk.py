"""Group, version and kind or resource, and the strings they are written as."""

from __future__ import annotations

from typing import NamedTuple


class GroupVersion(NamedTuple):
    """An API group and one of its versions; the core group is the empty string."""

    group: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """The URL prefix: `/api/v1` or `/apis/apps/v1`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @classmethod
    def parse(cls, api_version: str) -> GroupVersion:
        """Reads `apps/v1` or `v1`. Raises ValueError on more than one slash."""
        group, slash, version = api_version.rpartition("/")
        if "/" in group:
            raise ValueError(f"unexpected GroupVersion string: {api_version}")
        return cls(group if slash else "", version)


def group_resource(group: str, plural: str) -> str:
    """`deployments.apps`, `pods`: how the store and error messages name a resource."""
    return f"{plural}.{group}" if group else plural
