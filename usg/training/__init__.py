"""What every training here shares: the command line, resumable batches, seeds, checkpoints, optimiser and log.

The modules are imported by name; nothing is loaded here, so that wrong arguments are answered without importing torch.
"""
