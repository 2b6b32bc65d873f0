"""What happens inside simulated containers: files, commands, output."""

from kfast.node.simulation.process import Process, Program

__all__ = ["Process", "Program"]
