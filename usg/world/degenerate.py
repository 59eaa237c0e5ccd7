"""Whether every hop of a question is needed to answer it (CLEVR's test, with a second chance for "yes")."""

from __future__ import annotations

from typing import Any

from usg.world.program import FUNCTIONS, Program, ProgramError, View, run


def is_degenerate(program: Program, view: View) -> bool:
    """Says whether some hop could be left out.

    A hop matters if putting the whole scene in the place of its result changes the answer or leaves none. More things
    cannot turn "yes, there is one" into "no", so for that answer it is enough that putting what the hop leaves out in
    its place does.
    """
    answer = run(program, view)
    for number, step in enumerate(program):
        if step.function not in ("relate", "same"):
            continue
        hop = run(program[: number + 1], view)
        anchor = 1 << run(program[: step.inputs[0] + 1], view)
        changed = _answer_with(program, number, view.everything, view) != answer
        if not changed and answer is True:
            changed = _answer_with(program, number, view.everything & ~hop & ~anchor, view) != answer
        if not changed:
            return True
    return False


def _answer_with(program: Program, number: int, objects: int, view: View) -> Any:
    """Runs a program with one step's result replaced; None where it then has no answer."""
    results: list[Any] = []
    try:
        for n, step in enumerate(program):
            inputs = [results[i] for i in step.inputs]
            results.append(objects if n == number else FUNCTIONS[step.function][3](view, *inputs, *step.arguments))
    except ProgramError:
        return None
    return results[-1]
