"""The demo: three nights of four districts on simulated SISs; the only place that starts the simulators."""
