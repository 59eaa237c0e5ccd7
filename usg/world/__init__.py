"""The procedural world: everyday scenes with explicit priors, exact posteriors, captions, questions and references."""

from usg.world.posterior import posterior_attribute, posterior_object
from usg.world.priors import DEFAULT, Priors
from usg.world.program import Step, answer
from usg.world.sample import sample_scene, scenes

__all__ = ["DEFAULT", "Priors", "Step", "answer", "posterior_attribute", "posterior_object", "sample_scene", "scenes"]
