"""One profile for the property tests: the same cases every run, and no deadline on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "graph",
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("graph")
