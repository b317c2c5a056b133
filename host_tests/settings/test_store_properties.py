# cpython only: hypothesis
import json
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.settings import schema
from firmware.settings.store import FILE_KIND, FILE_VERSION, SettingError, Store
from firmware.storage.atomic_file import AtomicFile

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["off", "socket", "L1-L2-L3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=4)
keys = st.sampled_from([row[0] for row in schema.SETTINGS])
changes = st.dictionaries(keys | st.text(max_size=8), anything, max_size=5)


def good_value(key):
    row = schema.find(key)
    kind, allowed = row[1], row[3]
    if kind == schema.INT:
        return st.integers(*allowed)
    if kind == schema.STR:
        clean = st.characters(blacklist_categories=("Cs", "Cc"))
        return st.text(clean, min_size=allowed[0], max_size=allowed[1]).filter(lambda text: "\x7f" not in text)
    return st.sampled_from(allowed)


good_changes = st.lists(keys, max_size=6, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({key: good_value(key) for key in chosen}))


def snapshot(store):
    return {row[0]: store.get(row[0]) for row in schema.SETTINGS}


@given(st.lists(changes | good_changes, max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_all_or_nothing_happens_and_every_value_stays_allowed(requests):
    store = Store()
    for request in requests:
        before = snapshot(store)
        try:
            changed = store.set_many(request)
        except SettingError as error:
            assert error.key in request or error.code == "bad_value"
            assert snapshot(store) == before
        else:
            expected = dict(before)
            expected.update({key: schema.find(key)[2] if value is None else value for key, value in request.items()})
            assert snapshot(store) == expected
            assert changed == {key: value for key, value in expected.items() if value != before[key]}
        for row in schema.SETTINGS:
            assert schema.is_allowed(row, store.get(row[0]))
        assert all(holds(store.get) for holds, _ in schema.RULES)


RULED = {key for _, sentences in schema.RULES for key, _ in sentences}


@given(st.lists(good_changes, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_was_accepted_is_there_after_a_restart(requests):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(AtomicFile(folder + "/settings", FILE_KIND, FILE_VERSION))
        store.load()
        for request in requests:
            try:
                store.set_many(request)
            except SettingError as error:
                assert (error.rule, error.key in RULED) == ("rule", True), error
        again = Store(AtomicFile(folder + "/settings", FILE_KIND, FILE_VERSION))
        again.load()
        assert snapshot(again) == snapshot(store)
        assert again.load_report == []


@given(changes)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_the_file_the_charger_starts_with_allowed_values(values):
    with tempfile.TemporaryDirectory() as folder:
        file = AtomicFile(folder + "/settings", FILE_KIND, FILE_VERSION)
        file.write(json.dumps({"schema": 1, "values": values}).encode())
        store = Store(file)
        store.load()
        for row in schema.SETTINGS:
            assert schema.is_allowed(row, store.get(row[0]))
        assert all(holds(store.get) for holds, _ in schema.RULES)
        store.save()
        again = json.loads(file.read()[0])["values"]
        for key, value in values.items():
            row = schema.find(key)
            assert again[key] == value if key in again else value == row[2]


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_in_the_file_are_survived(payload):
    with tempfile.TemporaryDirectory() as folder:
        file = AtomicFile(folder + "/settings", FILE_KIND, FILE_VERSION)
        file.write(payload)
        store = Store(file)
        store.load()
        assert store.get("installation.fuse_a") == 6


@pytest.mark.parametrize("row", schema.SETTINGS, ids=lambda row: row[0])
def test_every_rows_refusal_says_what_is_allowed(row):
    with pytest.raises(SettingError) as caught:
        Store().set_many({row[0]: object()})
    text = str(caught.value)
    assert text.startswith(row[0] + ": ") and schema.allowed_text(row) in text and "\n" not in text
