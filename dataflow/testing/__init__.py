"""The testing kit: operator harness, pipeline driver, simulation of faults; public."""
