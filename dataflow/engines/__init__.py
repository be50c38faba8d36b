"""Engines: a graph and operators become a running job."""
