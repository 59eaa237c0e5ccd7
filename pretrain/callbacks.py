"""Pictures of masked examples in the course of training, to see what the model has learnt."""
