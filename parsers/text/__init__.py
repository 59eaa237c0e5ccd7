"""Text to scene graphs."""
