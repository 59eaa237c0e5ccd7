"""Word lists that decide where the Universal Dependencies do not tell two CLEAR constructions apart."""

SMALL_CLAUSE_VERBS = frozenset({
    "allow", "believe", "cause", "consider", "enable", "expect", "feel", "find", "get", "hate", "have", "hear",
    "help", "keep", "leave", "let", "like", "love", "make", "need", "notice", "observe", "permit", "picture",
    "prefer", "see", "show", "think", "want", "watch", "wish",
})  # fmt: skip
"""Verbs whose object and complement are one clause in the Penn Treebank: "saw [a dog run]", "keep [the door open]"."""

NAMING_VERBS = frozenset({
    "appoint", "brand", "call", "christen", "crown", "deem", "dub", "elect", "entitle", "label", "name",
    "nickname", "title",
})  # fmt: skip
"""Verbs with an object predicate (oprd) beside their object: "called the dog Rex"."""

DATIVE_VERBS = frozenset({
    "award", "bring", "deliver", "feed", "give", "grant", "hand", "lend", "mail", "offer", "pass", "pay", "sell",
    "send", "serve", "show", "teach", "tell", "throw", "toss",
})  # fmt: skip
"""Verbs whose "to" phrase beside an object is a dative: "gives a bone to the dog"."""

CONJUNCTIONS_BEFORE_GERUND = frozenset({
    "although", "as", "because", "if", "once", "than", "that", "though", "unless", "when", "whereas", "whether",
    "while", "whilst",
})  # fmt: skip
"""Subordinating words that stay markers before an -ing form; others ("by", "after", "without") become prepositions."""

PREPOSITIONS_BEFORE_CLAUSE = frozenset({
    "about", "at", "by", "from", "into", "of", "on", "over", "upon", "with", "without",
})  # fmt: skip
"""Words that are prepositions before any clause: "with a dog following", "about how it works"."""

CLAUSE_ADVERBS = frozenset({
    "actually", "again", "already", "also", "always", "apparently", "basically", "certainly", "clearly",
    "currently", "definitely", "ever", "finally", "frequently", "generally", "hopefully", "indeed", "instead",
    "just", "likely", "maybe", "merely", "mostly", "n't", "never", "no", "not", "now", "nt", "obviously", "often",
    "once", "only", "perhaps", "possibly", "presently", "presumably", "previously", "probably", "rarely",
    "seldom", "simply", "sometimes", "soon", "still", "supposedly", "then", "therefore", "thus", "today",
    "typically", "usually", "yet",
})  # fmt: skip
"""Adverbs between "be" and an adjective that belong to the clause; others ("very") belong to the adjective."""

NEGATIONS = frozenset(("n't", "never", "not", "nt"))
"""Adverbs with the label neg."""

PREPOSITION_ADVERBS = frozenset({
    "directly", "far", "high", "immediately", "just", "low", "mostly", "only", "right", "straight", "way", "well",
})  # fmt: skip
"""Adverbs that belong to the preposition behind them: "is [right above the table]"."""
