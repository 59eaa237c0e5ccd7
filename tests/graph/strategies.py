"""Random scene graphs for property tests: small, but with every kind of part, region and odd string."""

from typing import Any

from hypothesis import strategies as st

from usg.graph import (
    MODALITIES,
    Attribute,
    Box,
    Grounding,
    Mask,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    Track,
    TrackPoint,
)

# Few labels, so that equal ones meet; odd ones, so that nothing relies on ASCII.
LABELS = st.sampled_from(["man", "dog", "horse", "sofa"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda text: not text.isspace())
VALUES = st.sampled_from(["red", "blue", "small", "wet", "two"])
PREDICATES = st.sampled_from(["on", "near", "riding", "to the left of"])
KINDS = st.none() | st.sampled_from(["colour", "size", "state"])
SCORES = st.none() | st.floats(0, 1)
COORDINATES = st.floats(-10, 1000, allow_nan=False) | st.integers(0, 1000)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, x1 = sorted([draw(COORDINATES), draw(COORDINATES)])
    y0, y1 = sorted([draw(COORDINATES), draw(COORDINATES)])
    return Box(x0, y0, x1, y1)


masks = st.builds(Mask, st.integers(1, 99), st.integers(1, 99), st.text("abc0123:;<", max_size=6))


@st.composite
def text_spans(draw: st.DrawFn, length: int) -> TextSpan:
    ends = sorted(draw(st.sets(st.integers(0, length), min_size=2, max_size=4)))
    return TextSpan(tuple(zip(ends[::2], ends[1::2], strict=False)))


@st.composite
def time_spans(draw: st.DrawFn) -> TimeSpan:
    start, end = sorted([draw(st.floats(0, 60)), draw(st.floats(0, 60))])
    return TimeSpan(start, end)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    frames = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=3)))
    return Track(tuple(TrackPoint(frame, frame / 25, draw(boxes() | masks)) for frame in frames))


@st.composite
def groundings(draw: st.DrawFn, source: Source) -> Grounding:
    regions: st.SearchStrategy[Any] = st.none()
    if source.modality == "text":
        if source.text is not None and len(source.text) >= 2:
            regions |= text_spans(len(source.text))
    elif source.modality == "video":
        regions |= tracks() | time_spans()
    elif source.modality == "audio":
        regions |= time_spans()
    else:
        regions |= boxes() | masks
    return Grounding(source.id, draw(regions), draw(st.none() | LABELS), draw(SCORES))


@st.composite
def sources(draw: st.DrawFn, id: str) -> Source:
    modality = draw(st.sampled_from(MODALITIES))
    if modality == "text":
        return Source(id, modality, text=draw(st.none() | st.sampled_from(["a man on a horse", "a dog", ""])))
    if modality in ("image", "points"):
        return Source(
            id, modality, uri=draw(st.none() | st.just("file.png")), width=draw(st.integers(1, 999)), height=7
        )
    return Source(id, modality, duration=draw(st.floats(0, 99)), fps=25.0, parser="world", parser_version="1")


@st.composite
def scene_graphs(draw: st.DrawFn, max_objects: int = 5, grounded: bool = True, metadata: bool = True) -> SceneGraph:
    """Any valid scene graph of at most `max_objects` objects and as many attributes and relations."""
    count = st.integers(0, max_objects)
    odd = draw(st.booleans())

    def name(letter: str, i: int) -> str:
        return f"{letter} «{i}»\n" if odd else f"{letter}{i}"

    media = [draw(sources(name("s", i))) for i in range(draw(st.integers(0, 3)) if grounded else 0)]

    def places() -> tuple[Grounding, ...]:
        if not media:
            return ()
        some = draw(st.lists(st.sampled_from(media), max_size=2))
        return tuple(draw(groundings(source)) for source in some)

    objects = [
        SceneObject(name("o", i), draw(LABELS), draw(st.booleans()), draw(SCORES), places()) for i in range(draw(count))
    ]
    ids = st.sampled_from([obj.id for obj in objects]) if objects else st.nothing()
    times = st.none() | time_spans()
    attributes = [
        Attribute(
            name("a", i),
            draw(ids),
            draw(VALUES),
            draw(KINDS),
            draw(st.none() | st.integers(-2, 9)),
            draw(st.booleans()),
            draw(SCORES),
            draw(times),
            places(),
        )
        for i in range(draw(count) if objects else 0)
    ]
    relations = [
        Relation(
            name("r", i),
            draw(ids),
            draw(PREDICATES),
            draw(ids),
            draw(st.booleans()),
            draw(SCORES),
            draw(times),
            places(),
        )
        for i in range(draw(count) if objects else 0)
    ]
    extra = draw(st.dictionaries(st.text(max_size=5), JSON, max_size=2)) if metadata else {}
    return SceneGraph(tuple(media), tuple(objects), tuple(attributes), tuple(relations), extra)


@st.composite
def renamed(draw: st.DrawFn, graph: SceneGraph) -> SceneGraph:
    """The graph under other ids and in another order."""
    from usg.graph import rename

    elements = [element.id for element in graph.elements()]
    media = [source.id for source in graph.sources]
    new = rename(
        graph,
        dict(zip(elements, draw(st.permutations([f"n{i}" for i in range(len(elements))])), strict=True)),
        dict(zip(media, draw(st.permutations([f"m{i}" for i in range(len(media))])), strict=True)),
    )
    return SceneGraph(
        tuple(draw(st.permutations(new.sources))),
        tuple(draw(st.permutations(new.objects))),
        tuple(draw(st.permutations(new.attributes))),
        tuple(draw(st.permutations(new.relations))),
        new.metadata,
    )
