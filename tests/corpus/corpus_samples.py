"""Small graphs for the corpus tests; a module of its own, because the killed processes import it too."""

from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source, TextSpan


def small_graph(i: int) -> SceneGraph:
    """A grounded graph that names its number."""
    sources = (
        Source("caption", "text", uri=f"vg:image/{i // 2}#region/{i}", text=f"the red cat {i} on a mat"),
        Source("image", "image", width=640, height=480),
    )
    cat = (Grounding("caption", TextSpan(((8, 11),))), Grounding("image", Box(i, 1, i + 10, 20)))
    objects = (SceneObject("o0", "cat", groundings=cat), SceneObject("o1", "mat"), SceneObject("o2", f"thing {i}"))
    attributes = (Attribute("a0", "o0", "red", kind="colour"), Attribute("a1", "o2", "odd"))
    relations = (Relation("r0", "o0", "on", "o1"),)
    return SceneGraph(sources, objects, attributes, relations, {"index": i, "questions": ["what is on the mat?"]})
