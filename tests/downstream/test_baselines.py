from collections import Counter

from usg.downstream.baselines import majority, regression
from usg.downstream.questions import Question
from usg.downstream.scores import accuracy_by, is_right
from usg.downstream.table import baseline_answers


def test_majority_falls_back_and_breaks_ties_by_name():
    train = [Question(0, "a", "b", "t"), Question(0, "a", "a", "t")]
    assert majority(train, [Question(1, "x", "?", "new")], lambda q: q.type) == ["a"]


def test_question_only_learns_what_the_words_tell():
    words = {"who": "man", "where": "home", "when": "noon"}
    questions = [Question(i, f"{word} is it", answer) for i in range(10) for word, answer in words.items()]
    assert regression(questions, questions, questions) == [question.answer for question in questions]


def test_on_toy_scenes(data):
    """Existence can be told from labels alone, colours cannot; words alone tell neither."""
    questions = data.questions("test")
    tables = {
        name: accuracy_by(questions, is_right(questions, given)) for name, given in baseline_answers(data).items()
    }
    assert tables["bag of labels + question"]["type exist"] > 0.95
    assert tables["bag of labels + question"]["type query"] < 0.85
    assert tables["question only"]["type query"] < 0.55
    answers = Counter(question.answer for question in data.questions("train"))
    share = sum(question.answer == answers.most_common(1)[0][0] for question in questions) / len(questions)
    assert tables["majority"]["all"] == share
