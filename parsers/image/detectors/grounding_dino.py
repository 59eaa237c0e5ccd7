"""Which label a region of Grounding DINO has: from the scores of the words of one text.

Grounding DINO reads all labels as one text, "a dog. a cat.", and gives for each of its queries a logit for every token.
transformers names a region by the tokens above a second threshold, so that names such as "dog cat" or "" come out. Here
a label's score is that of its best token, the region's label the best of them, and its score that one:

    score(q, label) = max over the tokens t of the label of sigmoid(logit(q, t))

Source: Liu et al., Grounding DINO (2023), section 3; its own detection evaluation maps tokens to categories likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from usg.parsers.image.detector import Detections
from usg.parsers.image.detectors.boxes import from_centres, suppress


@dataclass(frozen=True, slots=True)
class PhraseScores:
    """A text of labels, and which of its tokens belong to which.

    Attributes:
        prompt: the text.
        labels: in it.
        tokens: the numbers of each label's tokens.
    """

    prompt: str
    labels: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, labels: Sequence[str], tokenizer: Any, longest: int) -> PhraseScores:
        """The text of some labels.

        Args:
            labels: to look for.
            tokenizer: of the model; a fast one, which tells where a token stands.
            longest: most tokens that the model reads.

        Raises:
            ValueError: the text is longer than that, or a label has no token in it.
        """
        prompt, spans = "", []
        for label in labels:
            words = label.replace(".", " ").strip()  # a full stop ends a label
            spans.append((len(prompt), len(prompt) + len(words)))
            prompt += f"{words}. "
        prompt = prompt.rstrip()
        encoded = tokenizer(prompt, return_offsets_mapping=True)
        offsets = encoded["offset_mapping"]
        if len(offsets) > longest:
            raise ValueError(f"{len(labels)} labels are {len(offsets)} tokens; the model reads {longest}: give fewer")
        tokens = tuple(
            tuple(i for i, (a, b) in enumerate(offsets) if a < b and start <= a and b <= end) for start, end in spans
        )
        for label, found in zip(labels, tokens, strict=True):
            if not found:
                raise ValueError(f"the label {label!r} has no token that the model knows")
        return cls(prompt, tuple(labels), tokens)

    def detections(
        self, outputs: Any, sizes: Sequence[tuple[int, int]], threshold: float, most: float
    ) -> list[Detections]:
        """The regions of each picture.

        Args:
            outputs: of the model: logits (b, q, tokens) and pred_boxes (b, q, 4), centre form, in shares of the sides.
            sizes: height and width of each picture.
            threshold: least score.
            most: intersection over union that two regions of one label may have.
        """
        probabilities = outputs.logits.sigmoid().float().cpu().numpy()
        boxes = outputs.pred_boxes.float().cpu().numpy()
        results = []
        for p, box, (height, width) in zip(probabilities, boxes, sizes, strict=True):
            by_label = np.stack([p[:, list(tokens)].max(1) for tokens in self.tokens], 1)  # (q, labels)
            best = by_label.argmax(1)
            scores = by_label.max(1)
            corners = from_centres(box) * np.array([width, height, width, height])
            # A NaN is not less than the threshold: it stays, and Detections say so.
            likely = np.flatnonzero(~(scores < threshold))
            kept = likely[suppress(corners[likely], scores[likely], best[likely], most)]
            results.append(Detections(corners[kept], scores[kept], [self.labels[i] for i in best[kept]]))
        return results
