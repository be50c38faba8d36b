"""Simulation of faults: the real job on a simulated machine."""
