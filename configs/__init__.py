"""The shipped YAML configurations, one folder per stage.

Installed as `usg.configs`. `usg ls configs` lists them and `usg cp NAME FILE` copies one to edit.
"""

if __name__ != "usg.configs":
    raise ImportError(
        f"the folder configs/ is imported as usg.configs, not as {__name__}: "
        "install the checkout (pip install -e .) and write `import usg.configs`"
    )
