"""Texts in pieces: what is put together again (the cuts are tested through `TextParser`)."""

from __future__ import annotations

import pytest

from usg.graph import SceneGraph, Source
from usg.parsers.text.long_texts import cut, put_together


@pytest.mark.parametrize("longest", [1, 7, 15, 100])
def test_pieces_are_the_text(longest: int) -> None:
    text = "A dog runs. A cat sleeps.\nA horse eats grass all day"
    pieces = list(cut(text, longest))
    assert "".join(piece for _, piece in pieces) == text
    assert all(text.startswith(piece, start) and 0 < len(piece) <= longest for start, piece in pieces)


def test_notes_of_every_piece_are_kept() -> None:
    pieces = [
        (start, SceneGraph((Source("text", "text", text=text),), metadata=metadata))
        for start, text, metadata in (
            (0, "a dog ", {"notes": ["first"], "by": 1}),
            (6, "a cat ", {"by": 2}),
            (12, "a cow", {"notes": ["last", "very last"]}),
        )
    ]
    assert put_together("a dog a cat a cow", pieces).metadata == {"notes": ["first", "last", "very last"], "by": 1}
    assert put_together("a cat ", pieces[1:2]).metadata == {"by": 2}
