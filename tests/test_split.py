import pandas as pd

from gencls.alike import plain
from gencls.sources.split import stratified


def frame(counts: dict[str, int]) -> pd.DataFrame:
    rows = [(f"{label} {i}", label) for label, n in counts.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["text", "label"], dtype="str").sample(frac=1, random_state=0, ignore_index=True)


def test_one_file_is_split_by_seed_and_stratified() -> None:
    whole = frame({"a": 100, "b": 50, "c": 10})
    splits = stratified(whole, validation=0.1, test=0.2, seed=7)
    counts = {split: part["label"].value_counts().to_dict() for split, part in splits.items()}
    assert counts == {
        "train": {"a": 70, "b": 35, "c": 7},
        "validation": {"a": 10, "b": 5, "c": 1},
        "test": {"a": 20, "b": 10, "c": 2},
    }
    again, other = (stratified(whole, validation=0.1, test=0.2, seed=seed) for seed in (7, 8))
    assert all(splits[split].equals(again[split]) for split in splits)
    assert not splits["test"].equals(other["test"])
    assert sorted(pd.concat(splits.values())["text"]) == sorted(whole["text"])


def test_rows_of_a_split_keep_the_order_of_the_file() -> None:
    whole = frame({"a": 30, "b": 30})
    order = whole["text"].tolist()
    for part in stratified(whole, validation=0.1, test=0.2, seed=7).values():
        assert part["text"].tolist() == sorted(part["text"], key=order.index)


def test_every_class_keeps_a_training_row_however_small() -> None:
    whole = frame({"a": 40, **{f"small {i}": 1 + i % 2 for i in range(30)}})
    splits = stratified(whole, validation=0.3, test=0.4, seed=1)
    assert set(splits["train"]["label"]) == set(whole["label"])
    assert len(splits["test"]) > 0


def test_rows_of_one_text_stay_together_and_hide_no_class() -> None:
    rows = [(f"text {i % 20}", "a") for i in range(60)] + [("text 1", "rare"), (" text 2 ", "rare")]
    splits = stratified(pd.DataFrame(rows, columns=["text", "label"], dtype="str"), validation=0.2, test=0.3, seed=3)
    texts = [set(part["text"].str.strip()) for part in splits.values()]
    assert sum(map(len, texts)) == len(set.union(*texts)) == 20
    assert "rare" in set(splits["train"]["label"])


def test_texts_that_are_one_to_a_reader_stay_together() -> None:
    rows = [(form.format(i), "a") for i in range(40) for form in ("Where is parcel {}", "where is parcel {}!", " WHERE, is parcel {} ?")]
    splits = stratified(
        pd.DataFrame([*rows, ("!", "a"), ("?", "a")], columns=["text", "label"], dtype="str"), validation=0.2, test=0.3, seed=3
    )
    parcels = [{int(text.strip(" !?").split()[-1]) for text in part["text"] if len(text) > 1} for part in splits.values()]
    assert sum(map(len, parcels)) == 40 and min(map(len, parcels)) > 5


def test_vowel_signs_and_emoji_part_texts() -> None:
    assert len({plain(text) for text in ("दिन", "दीन", "दान", "fine 👍", "fine 👎", "C++", "C")}) == 7
    assert plain(" Wo ist's?\n") == plain("wo ist s") and plain(" !! ") == "!!"


def test_missing_texts_and_labels_do_not_stop_the_split() -> None:
    rows = [(f"t{i}", "a") for i in range(20)] + [(None, "a"), (None, "a"), ("x", None)]
    splits = stratified(pd.DataFrame(rows, columns=["text", "label"], dtype="str"), validation=0.1, test=0.2, seed=3)
    assert sum(map(len, splits.values())) == 23
