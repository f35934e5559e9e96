"""Bags of words and of character n-grams: what the cheap models of `baselines` and `mining`, and the search of `neighbours`, read.

Chinese is not separated by spaces, so its "words" are single characters and pairs of them. The vocabulary is capped at the most frequent
terms: a linear model over 119 classes then stays within a few hundred MB, and accuracy on the data sets tried did not change.
"""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

WORDS = 20_000
CHARACTERS = 50_000


def words(language: str) -> TfidfVectorizer:
    """Single words and pairs; for `zh` single characters and pairs."""
    if language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 2), max_features=WORDS, sublinear_tf=True)
    return TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), max_features=WORDS, sublinear_tf=True)


def characters(language: str) -> TfidfVectorizer:
    """Runs of 2 to 5 characters within a word; for `zh` of 1 to 4 anywhere."""
    if language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 4), max_features=CHARACTERS, sublinear_tf=True)
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), max_features=CHARACTERS, sublinear_tf=True)


def words_and_characters(language: str) -> FeatureUnion:
    """Both, side by side; for `zh` the words alone, which are characters: longer runs cost much time there and gained no accuracy."""
    both = [("words", words(language)), ("characters", characters(language))]
    return FeatureUnion(both[:1] if language == "zh" else both)
