"""ResourceQuota: what a namespace holds stays within its quotas (upstream: plugin/resourcequota)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kfast.api.core.quota_usage import (
    IGNORED,
    Amounts,
    Evaluator,
    Use,
    add,
    covers,
    evaluator,
    increase,
    selectors,
    selects,
)
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import ALL, Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.configuration_types import LimitedResource, ScopedResourceSelectorRequirement
from kfast.apiserver.followed import Followed
from kfast.apiserver.status_errors import unavailable
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.meta.configuration import encode
from kfast.meta.quantity import parse
from kfast.store.protocol import AbsentError, ModifiedError, Store, UnavailableError

_ATTEMPTS = 4
"""How often a quota that others change is charged anew, as upstream."""


@dataclass(slots=True, eq=False)
class _Charge:
    """What one request is to take; `before` is what the object has taken so far (None: it is new)."""

    kind: Kind
    evaluator: Evaluator
    now: Use
    before: Use | None
    refuse: Callable[[str], StatusError]
    bounded: bool = True
    dry_run: bool = False
    outcome: StatusError | None = None
    settled: bool = False
    charged: set[str] = field(default_factory=set)
    """Names of the quotas that hold it already."""


class ResourceQuota(Plugin):
    """403 for what exceeds a quota, or fails to say how much it takes where a quota asks.

    Requests of one namespace are charged together, one group after the other, each against the stored quota, whose
    revision decides: nothing else can have charged it meanwhile.
    """

    name = "ResourceQuota"
    in_core = True
    rules = Rules(create=ALL, update=ALL)

    def __init__(self, store: Store, clock: Clock, limited: Sequence[LimitedResource] = ()) -> None:
        self._limited = limited
        self._store = store
        self._clock = clock
        self._quotas = Followed(store, "resourcequotas")
        self._device_classes = Followed(store, "deviceclasses.resource.k8s.io")
        self._evaluators: dict[str, Evaluator] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._queues: dict[str, list[_Charge]] = defaultdict(list)

    def handles(self, attributes: Attributes) -> bool:
        """What namespaces hold, where there is a quota."""
        kind = attributes.kind
        return kind.namespaced and kind.resource not in IGNORED and self.watches_over(attributes.namespace)

    def watches_over(self, namespace: str) -> bool:
        """Whether the namespace has quotas, or some things need one."""
        return bool(self._limited) or bool(self._quotas.within(namespace))

    async def validate(self, attributes: Attributes) -> None:
        """Charges the quotas."""
        new, old = attributes.object, attributes.old
        assert new is not None
        judge = self._evaluator(attributes.kind.resource)
        if not judge.charged(attributes.operation, attributes.subresource, new, old):
            return
        charge = _Charge(
            attributes.kind,
            judge,
            judge.use(new),
            judge.use(old) if old is not None else None,
            lambda why: refusal(attributes, why),
            attributes.subresource != "status",
            attributes.dry_run,
        )
        await self._settle(attributes.namespace, [charge])
        if charge.outcome is not None:
            raise charge.outcome

    async def charge(self, attributes: Attributes, uses: Sequence[tuple[str, Use]]) -> list[StatusError | None]:
        """Charges new objects, of which names and uses are given; the refusal of each."""
        judge = self._evaluator(attributes.kind.resource)

        def refuse(name: str) -> Callable[[str], StatusError]:
            named = Attributes("CREATE", attributes.kind, "", attributes.namespace, name, None, None, None, False)
            return lambda why: refusal(named, why)

        charges = [
            _Charge(attributes.kind, judge, use, None, refuse(name), True, attributes.dry_run) for name, use in uses
        ]
        await self._settle(attributes.namespace, charges)
        return [charge.outcome for charge in charges]

    def _evaluator(self, resource: str) -> Evaluator:
        found = self._evaluators.get(resource)
        if found is None:
            found = self._evaluators[resource] = evaluator(resource, self._clock.now, self._extended)
        return found

    def _extended(self) -> Mapping[str, str]:
        found = self._device_classes.within("")
        return {name: one.get("spec", "extendedResourceName") or "" for name, one in found.items()}

    async def _settle(self, namespace: str, charges: Sequence[_Charge]) -> None:
        """Returns once all are settled: by this request, or by one that was before it in the queue."""
        self._queues[namespace] += charges
        async with self._locks[namespace]:
            queue = self._queues.pop(namespace, [])
            # What a request took out of the queue that was cancelled since is left to its owner.
            left = [charge for charge in charges if not charge.settled and charge not in queue]
            await self._charge(namespace, left + queue)
        if namespace not in self._queues:
            self._locks.pop(namespace, None)

    async def _charge(self, namespace: str, charges: list[_Charge]) -> None:
        failure: StatusError | None = None
        for _ in range(_ATTEMPTS):
            open_ones = [charge for charge in charges if not charge.settled]
            if not open_ones:
                return
            failure = await self._attempt(namespace, open_ones)
        for charge in charges:
            if not charge.settled:
                charge.outcome, charge.settled = failure, True

    async def _attempt(self, namespace: str, charges: list[_Charge]) -> StatusError | None:
        """Charges all quotas of the namespace; settles what they hold or refuse. Why some are left, if so."""
        accounts = [_Account(self._store, name, namespace) for name in sorted(self._quotas.within(namespace))]
        accounts = [account for account in accounts if account.found]
        for charge in charges:
            try:
                taken = self._check(accounts, charge)
            except StatusError as error:
                charge.outcome, charge.settled = error, True
                continue
            if charge.dry_run or not taken:
                charge.settled = True
                continue
            for account, used in taken:
                account.take(charge, used)
        failure: StatusError | None = None
        for account in accounts:
            failure = await account.write() or failure
        for charge in charges:
            if not any(charge in account.holding and not account.written for account in accounts):
                charge.settled = True
        return failure

    def _check(self, accounts: list[_Account], charge: _Charge) -> list[tuple[_Account, Amounts]]:
        """What each quota has used with the charge. Raises StatusError 403."""
        judge = charge.evaluator
        taken: list[tuple[_Account, Amounts]] = []
        interesting: list[_Account] = []
        restricted: set[str] = set()
        for account in accounts:
            names = judge.names(account.hard)
            if not names or not covers(account.body, judge, charge.now):
                continue
            lacking = {name: charge.now.missing[name] for name in names if charge.now.missing.get(name)}
            if lacking:
                what = "; ".join(f"{name} for: {','.join(containers)}" for name, containers in sorted(lacking.items()))
                raise charge.refuse(f"failed quota: {account.name}: must specify {what}")
            if any(name not in account.used for name in names):
                why = f"status unknown for quota: {account.name}, resources: {','.join(names)}"
                raise charge.refuse(why)
            interesting.append(account)
            restricted.update(names)
        grown = [_grown(charge, account) for account in interesting]
        if self._limited and any(grown if interesting else [_grown(charge, None)]):
            self._check_limits(accounts, charge, restricted)
        for account, amounts in zip(interesting, grown, strict=True):
            asked = {name: amount for name, amount in amounts.items() if name in account.hard}
            if account.name in charge.charged or not asked:
                continue
            used = add(account.used, asked)
            over = [name for name in asked if used[name] > account.hard[name]]
            if over and charge.bounded:
                parts = (_shown(amounts, over) for amounts in (asked, account.used, account.hard))
                requested, had, limited = parts
                why = f"exceeded quota: {account.name}, requested: {requested}, used: {had}, limited: {limited}"
                raise charge.refuse(why)
            taken.append((account, used))
        return taken

    def _check_limits(self, accounts: list[_Account], charge: _Charge, restricted: set[str]) -> None:
        """Raises StatusError for what may be taken only where a quota says how much: 403 for amounts (`restricted` are
        those that quotas bound), 500 for scopes."""
        kind, judge, use = charge.kind, charge.evaluator, charge.now
        limited = [one for one in self._limited if (one.api_group, one.resource) == (kind.group, kind.plural)]
        taken = [name for name, amount in use.amounts.items() if amount.sign > 0]
        parts = [part for one in limited for part in one.match_contains]
        lacking = {name for name in taken if any(part in name for part in parts)} - restricted
        if lacking:
            raise charge.refuse(f"insufficient quota to consume: {','.join(sorted(lacking))}")
        wanted = [scope for one in self._limited for scope in one.match_scopes if selects(encode(scope), judge, use)]
        covered = {s["scopeName"] for account in accounts for s in selectors(account.body) if selects(s, judge, use)}
        bare = [scope for scope in wanted if scope.scope_name not in covered]
        if bare:
            shown = " ".join(map(_scope, bare))
            raise StatusError(500, "", f"insufficient quota to match these scopes: [{shown}]")


def _scope(scope: ScopedResourceSelectorRequirement) -> str:
    return f"{{{scope.scope_name} {scope.operator} [{' '.join(scope.values)}]}}"


def _grown(charge: _Charge, account: _Account | None) -> Amounts:
    """What is taken more than before, where a quota (None: none is concerned) counted that."""
    before = charge.before
    if before is not None and (account is None or covers(account.body, charge.evaluator, before)):
        return increase(charge.now.amounts, before.amounts)
    return {name: amount for name, amount in charge.now.amounts.items() if amount.sign}


class _Account:
    """A stored quota that is being charged."""

    def __init__(self, store: Store, name: str, namespace: str) -> None:
        self._store = store
        self.name = name
        self._object = store.get("resourcequotas", namespace, name)
        self.body: Body = msgspec.json.decode(self._object.to_bytes()) if self._object is not None else {}
        status = self.body.get("status") or {}
        self.hard: Amounts = {key: parse(amount) for key, amount in (status.get("hard") or {}).items()}
        self.used: Amounts = {key: parse(amount) for key, amount in (status.get("used") or {}).items()}
        self.holding: list[_Charge] = []
        self.written = True

    @property
    def found(self) -> bool:
        """Whether the quota exists."""
        return self._object is not None

    def take(self, charge: _Charge, used: Amounts) -> None:
        """Notes what is used with the charge."""
        self.used = used
        self.holding.append(charge)

    async def write(self) -> StatusError | None:
        """Stores what was taken, unless the quota has changed meanwhile, which is told."""
        if not self.holding or self._object is None:
            return None
        self.body["status"]["used"] = {name: str(amount) for name, amount in sorted(self.used.items())}
        self.body["metadata"].pop("resourceVersion", None)
        old = self._object
        try:
            data = msgspec.json.encode(self.body)
            await self._store.update("resourcequotas", old.namespace, old.name, data, old.revision)
        except (ModifiedError, AbsentError):
            self.written = False
            return StatusError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on resourcequotas "{self.name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
                {"name": self.name, "kind": "resourcequotas"},
            )
        except UnavailableError as error:
            self.written = False
            return unavailable(str(error))
        for charge in self.holding:
            charge.charged.add(self.name)
        return None


def _shown(amounts: Amounts, names: Iterable[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in sorted(names))
