"""What pretraining predicts: modules that corrupt a batch and score the encoder's states against what was hidden."""

from usg.pretrain.objectives.alignment import Alignment
from usg.pretrain.objectives.draws import Draws
from usg.pretrain.objectives.endpoint import Endpoint
from usg.pretrain.objectives.masked_caption import MaskedCaption
from usg.pretrain.objectives.masked_node import MaskedNode
from usg.pretrain.objectives.objective import Objective, Targets

__all__ = ["Alignment", "Draws", "Endpoint", "MaskedCaption", "MaskedNode", "Objective", "Targets"]
