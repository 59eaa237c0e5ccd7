"""Heads and finetuning recipes on a pretrained graph encoder.

Installed as `usg.downstream`. `usg.downstream.names` lists the heads without importing torch.
"""

if __name__ != "usg.downstream":
    raise ImportError(
        f"the folder downstream/ is imported as usg.downstream, not as {__name__}: "
        "install the checkout (pip install -e .) and write `import usg.downstream`"
    )
