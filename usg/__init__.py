"""Universal scene graphs: one graph for a scene, whatever media it came from.

The graph itself is in `usg.graph`; what computes on it lies beside it, one sub-package per idea. Importing `usg`
loads none of them, so that a command line or another library pays only for what it uses.

Example:
    >>> import usg
    >>> usg.__version__
    '0.1.0'
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
