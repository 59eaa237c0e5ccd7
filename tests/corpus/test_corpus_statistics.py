import json

from corpus_samples import small_graph
from hypothesis import given, settings
from hypothesis import strategies as st

from usg.batch import words
from usg.corpus import Statistics
from usg.corpus.statistics import count_words


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(
    st.lists(st.text(max_size=12) | st.sampled_from(["Is it <mask>?", "İstanbul's 2nd_mosque", "<MASK>"]), max_size=4)
)
def test_words_are_those_that_batches_are_packed_with(texts: list[str]) -> None:
    assert count_words(texts) == words.count_words(texts)


def test_a_total_is_what_the_graphs_together_give() -> None:
    graphs = [small_graph(i) for i in range(7)]
    assert Statistics.total([Statistics.of(graphs[:3]), Statistics(), Statistics.of(graphs[3:])]) == Statistics.of(
        graphs
    )


def test_a_footer_gives_back_the_statistics() -> None:
    statistics = Statistics.of([small_graph(3)])
    assert Statistics.from_json(statistics.to_json()) == statistics
    assert json.loads(statistics.to_json())["predicates"] == {"on": 1}
