"""From media to scene graphs: text, image and video parsers.

Installed as `usg.parsers`. The parsers come in issues of their own; nothing is here yet.
"""

if __name__ != "usg.parsers":
    raise ImportError(
        f"the folder parsers/ is imported as usg.parsers, not as {__name__}: "
        "install the checkout (pip install -e .) and write `import usg.parsers`"
    )
