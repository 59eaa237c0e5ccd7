"""From media to scene graphs: the parsers of texts, of pictures and of films.

Installed as `usg.parsers`. The parsers by short name are in `usg.parsers.names`.
"""

if __name__ != "usg.parsers":
    raise ImportError(
        f"the folder parsers/ is imported as usg.parsers, not as {__name__}: "
        "install the checkout (pip install -e .) and write `import usg.parsers`"
    )
