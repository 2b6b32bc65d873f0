"""ServiceAccount: pods run as an account that exists, with its token and its pull secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from kfast._core import Object, PodAdmission
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.pod_trees import change, tree
from kfast.apiserver.followed import Followed
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.store.protocol import CompactedError, Store

DEFAULT = "default"
WAIT_SECONDS = 1.5
"""How long a pod waits for the default account of a namespace that is as yet without (upstream: ten looks)."""
_MIRROR = "kubernetes.io/config.mirror"
_ENFORCED = "kubernetes.io/enforce-mountable-secrets"
_KNOWN = 64


class ServiceAccount(Plugin):
    """403 for an account that does not exist and for secrets it may not use. New pods are the core's, where it can."""

    name = "ServiceAccount"
    in_core = True
    rules = Rules(create=("pods",), update=("pods/ephemeralcontainers",))

    def __init__(self, store: Store, clock: Clock, suffix: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._suffix = suffix
        self._accounts = Followed(store, "serviceaccounts")
        self._used: dict[str, dict[str, None]] = {}
        self._turns = 0
        """How often a name was used that was not before."""
        self._missed: dict[str, float] = {}

    def version(self) -> int:
        """A number that grows whenever `known` may have others to tell."""
        return self._accounts.version() + self._turns

    async def known(self, namespace: str) -> Sequence[Object]:
        """The default account of a namespace, waited for, and the others that pods were made with."""
        accounts = self._accounts.within(namespace)
        default = accounts.get(DEFAULT) or await self._wait(namespace)
        names = self._used.get(namespace)
        if not names:
            return (default,) if default is not None else ()
        used = [accounts[name] for name in names if name in accounts]
        return [*used, default] if default is not None else used

    async def admit(self, attributes: Attributes) -> None:
        """Gives a new pod what it has of its account."""
        pod = attributes.object
        if pod is None or attributes.operation != "CREATE":
            return
        if not _is_mirror(pod):
            account = await self._account(attributes)
            suffix = self._suffix()
            change(pod, lambda pod: PodAdmission.give_account(pod, account, suffix))
        await self.validate(attributes)

    async def validate(self, attributes: Attributes) -> None:
        """Checks what the pod uses."""
        pod = attributes.object
        if pod is None:
            return
        if attributes.operation == "CREATE" and _is_mirror(pod):
            why = PodAdmission.check_mirror(tree(pod))
        elif not pod["spec"].get("serviceAccountName"):
            name = pod["metadata"].get("name", "")
            why = f"no service account specified for pod {attributes.namespace}/{name}"
        else:
            account = await self._account(attributes)
            if _ENFORCED not in (account.get("metadata", "annotations") or ()):
                return
            seen = pod
            if attributes.operation == "UPDATE":
                seen = {"spec": {"ephemeralContainers": pod["spec"].get("ephemeralContainers")}}
            why = PodAdmission.check_account(tree(seen), account)
        if why is not None and attributes.operation == "UPDATE" and pod["spec"].get("serviceAccountName"):
            raise StatusError(500, "", why)  # as upstream
        if why is not None:
            raise refusal(attributes, why)

    async def _account(self, attributes: Attributes) -> Object:
        assert attributes.object is not None
        spec, namespace = attributes.object.get("spec") or {}, attributes.namespace
        name = spec.get("serviceAccountName") or DEFAULT
        found = self._accounts.within(namespace).get(name)
        if found is None and name == DEFAULT:
            found = await self._wait(namespace)
        if found is None:
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise refusal(attributes, why)
        used = self._used.setdefault(namespace, {})
        if name in used:
            del used[name]
        else:
            self._turns += 1
        used[name] = None
        if len(used) > _KNOWN:
            del used[next(iter(used))]
        return found

    async def _wait(self, namespace: str) -> Object | None:
        """The default account once it is there: a controller makes it after the namespace. Who comes soon after one
        who has waited in vain does not wait again."""
        now = self._clock.now()
        home = self._store.get("namespaces", "", namespace)
        if home is None or home.deleting or now - self._missed.get(namespace, 0.0) < WAIT_SECONDS:
            return None
        watch = self._store.watch("serviceaccounts", namespace, since=self._store.revision)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while (found := self._store.get("serviceaccounts", namespace, DEFAULT)) is None:
                    await watch.wait()
                    watch.events()
        except (TimeoutError, CompactedError):
            self._missed = {name: at for name, at in self._missed.items() if now - at < WAIT_SECONDS}
            self._missed[namespace] = self._clock.now()
            return None
        finally:
            watch.close()
        return found


def _is_mirror(pod: dict[str, object]) -> bool:
    metadata = pod.get("metadata")
    return isinstance(metadata, dict) and _MIRROR in (metadata.get("annotations") or {})
