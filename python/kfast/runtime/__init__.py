"""What controllers, scheduler and agents are built from: informers, listers, work queues, events, leader election."""

from kfast._core import LabelSelector, Object
from kfast.runtime.controller import Context, Controller, ControllerConfig, Key, Runner, Watch, own_key
from kfast.runtime.expectations import Expectations
from kfast.runtime.informer import Informer
from kfast.runtime.informers import Informers
from kfast.runtime.leader_election import LeaderElector, LeadershipLostError, LeaseTimes
from kfast.runtime.lister import Lister
from kfast.runtime.manager import Manager
from kfast.runtime.recorder import EventSink, Recorder
from kfast.runtime.workqueue import WorkQueue

__all__ = [
    "Context",
    "Controller",
    "ControllerConfig",
    "EventSink",
    "Expectations",
    "Informer",
    "Informers",
    "Key",
    "LabelSelector",
    "LeaderElector",
    "LeadershipLostError",
    "LeaseTimes",
    "Lister",
    "Manager",
    "Object",
    "Recorder",
    "Runner",
    "Watch",
    "WorkQueue",
    "own_key",
]
