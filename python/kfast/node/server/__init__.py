"""What a node serves: logs, commands, forwarded ports, pods, figures."""

from kfast.node.server.server import NodeServer

__all__ = ["NodeServer"]
