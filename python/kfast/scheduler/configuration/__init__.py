"""KubeSchedulerConfiguration files."""

from kfast.meta.configuration import ConfigurationError, encode
from kfast.scheduler.configuration.load import default_configuration, load, parse
from kfast.scheduler.configuration.profiles import ResolvedProfile, resolve
from kfast.scheduler.configuration.types import KubeSchedulerConfiguration, KubeSchedulerProfile

__all__ = [
    "ConfigurationError",
    "KubeSchedulerConfiguration",
    "KubeSchedulerProfile",
    "ResolvedProfile",
    "default_configuration",
    "encode",
    "load",
    "parse",
    "resolve",
]
