"""Masked pretraining of the graph encoder, as a Lightning command line.

Installed as `usg.pretrain`. `usg.pretrain.names` lists the objectives without importing torch.
"""

if __name__ != "usg.pretrain":
    raise ImportError(
        f"the folder pretrain/ is imported as usg.pretrain, not as {__name__}: "
        "install the checkout (pip install -e .) and write `import usg.pretrain`"
    )
