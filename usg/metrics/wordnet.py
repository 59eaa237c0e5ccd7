"""WordNet's lemmas and synonyms, read from the files of its own distribution (dict/, Debian: wordnet-base).

    index.POS   lemma pos synset_cnt p_cnt [ptr...] sense_cnt tagsense_cnt offset...     wndb(5WN)
    POS.exc     form lemma...                                                            morphy(7WN)

POS is noun, verb, adj or adv. A lemma is what the exception list says, else the word itself where it is an entry, else
the first entry met by taking off the endings of `morphy` in its order. Two words are synonyms where they share a synset
of some part of speech. (nltk's reader would do the same, for a large dependency that looks for a download of its own.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

_POS = ("noun", "verb", "adj", "adv")
_ENDINGS = {
    "noun": ("s:", "ses:s", "ves:f", "xes:x", "zes:z", "ches:ch", "shes:sh", "men:man", "ies:y"),
    "verb": ("s:", "ies:y", "es:e", "es:", "ed:e", "ed:", "ing:e", "ing:"),
}
_PLACES = ("/usr/share/wordnet", "/usr/local/share/wordnet", "/usr/local/WordNet-3.0/dict", "/usr/share/wordnet-3.0")


class WordNet:
    """The words of WordNet.

    Args:
        folder: where index.noun and the other files lie.

    Raises:
        FileNotFoundError: a file is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        files = [*(f"index.{pos}" for pos in _POS), *(f"{pos}.exc" for pos in _ENDINGS)]
        missing = [name for name in files if not (self.folder / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{self.folder} is no WordNet folder: {', '.join(missing)} not found; "
                "name the one with index.noun (Debian: install wordnet-base, then /usr/share/wordnet)"
            )

    def lemma(self, word: str, pos: str) -> str:
        """The dictionary form of a word, or the word itself where WordNet has none.

        Args:
            word: in lower case.
            pos: noun or verb.
        """
        known = self._synsets[pos]
        if word in self._exceptions[pos]:
            return self._exceptions[pos][word]
        forms = [word]
        for rule in _ENDINGS[pos]:
            ending, _, instead = rule.partition(":")
            if word.endswith(ending) and len(word) > len(ending):
                forms.append(word.removesuffix(ending) + instead)
        return next((form for form in forms if form in known), word)

    def are_synonyms(self, first: str, second: str) -> bool:
        """Whether two lemmas, of one or more words, share a synset."""
        one, two = first.replace(" ", "_"), second.replace(" ", "_")
        return any(
            not table.get(one, frozenset()).isdisjoint(table.get(two, frozenset())) for table in self._synsets.values()
        )

    @cached_property
    def _synsets(self) -> dict[str, dict[str, frozenset[str]]]:
        """Of each part of speech, lemma -> offsets of its synsets."""
        tables = {}
        for pos in _POS:
            table = {}
            for fields in self._lines(f"index.{pos}"):
                table[fields[0]] = frozenset(fields[-int(fields[2]) :])
            tables[pos] = table
        return tables

    @cached_property
    def _exceptions(self) -> dict[str, dict[str, str]]:
        return {pos: {fields[0]: fields[1] for fields in self._lines(f"{pos}.exc")} for pos in _ENDINGS}

    def _lines(self, name: str) -> Iterator[list[str]]:
        with (self.folder / name).open(encoding="latin-1") as file:
            for line in file:
                # The licence stands in front of the entries, indented.
                if not line.startswith("  ") and line.strip():
                    yield line.split()


def find_wordnet(folder: str | Path | None = None, environment: Mapping[str, str] | None = None) -> WordNet | None:
    """WordNet from `folder`, else from where $WNSEARCHDIR or $WNHOME point, else from the usual places, else None.

    Args:
        folder: of the files; must be right when given.
        environment: variables; those of the process by default.

    Raises:
        FileNotFoundError: a folder that was named, or that a variable names, is no WordNet folder.

    >>> find_wordnet(environment={"WNSEARCHDIR": "nowhere"})
    Traceback (most recent call last):
    FileNotFoundError: nowhere is no WordNet folder: ...
    """
    variables = os.environ if environment is None else environment
    named = folder or variables.get("WNSEARCHDIR") or (f"{home}/dict" if (home := variables.get("WNHOME")) else None)
    if named:
        return WordNet(named)
    return next((WordNet(place) for place in _PLACES if Path(place, "index.noun").is_file()), None)
