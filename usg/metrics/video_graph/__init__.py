"""Scene graphs of films against gold: relations in tubes, tracking, events."""
