# cpython only: hypothesis
import tempfile

from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.storage import framing
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.inline_file import MAX_BYTES, InlineFile
from firmware.storage.segment_log import SegmentLog

SEGMENT = 700
payloads = st.binary(max_size=90)
steps = st.lists(st.one_of(
    st.tuples(st.just("append"), st.lists(payloads, min_size=1, max_size=12)),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("tear"), st.integers(1, 200)),
    st.tuples(st.just("garbage"), st.binary(min_size=1, max_size=60)),
    st.tuples(st.just("clear"), st.none()),
), max_size=30)


@given(st.integers(1, 254), st.integers(1, 254), st.integers(0, 2**32 - 1), st.binary(max_size=512))
def test_every_record_comes_back(kind, version, number, payload):
    assert framing.unpack(framing.pack(kind, version, number, payload)) == (kind, version, number, payload)


@given(st.binary(max_size=600))
def test_any_bytes_are_survived(data):
    record = framing.unpack(data)
    assert record is None or framing.pack(*record) == data


@given(steps, st.integers(0, 40))
@example([("append", [b"record"]), ("tear", 1), ("garbage", b"\xe2")], 0)       # the very byte
@settings(max_examples=120, deadline=None)
def test_a_log_keeps_what_it_took_whatever_happens_to_its_end(actions, keep):
    """Against a plain list: only what a torn tail hit or the bound dropped may be missing, numbers never come twice."""
    with tempfile.TemporaryDirectory() as folder:
        def new():
            return SegmentLog(folder + "/log", SEGMENT, 3, keep)

        log, model, highest = new(), {}, 0
        torn = set()                # (file, offset, byte) of all that was torn off: garbage must not mend a record
        for action, value in actions:
            if action == "append":
                first = log.append_many([(1, 1, payload) for payload in value])
                assert first > highest
                for offset, payload in enumerate(value):
                    model[first + offset] = payload
                highest = first + len(value) - 1
            elif action == "clear":
                log.clear()
                model = {}
            elif action in ("tear", "garbage") and log.count():
                path = log._path(log._bases[-1])
                with open(path, "rb") as file:
                    data = file.read()
                if action == "garbage":
                    first = next(byte for byte in range(value[0], value[0] + 256) if (path, len(data), byte & 255) not in torn)
                    data += bytes((first & 255,)) + value[1:]
                else:
                    left, base = max(0, len(data) - value), log._bases[-1]
                    end = 0
                    for seq in sorted(seq for seq in model if seq >= base):
                        end += len(model[seq]) + framing.OVERHEAD_BYTES
                        if end > left:
                            del model[seq]
                    torn.update((path, offset, data[offset]) for offset in range(left, len(data)))
                    data = data[:left]
                    # A cut at a border, or of everything, is no torn tail: those numbers may be used again.
                    highest = max([0, *model])
                with open(path, "wb") as file:
                    file.write(data)
                log = new()
            elif action == "restart":
                log = new()
            found = {row[0]: row[3] for row in log.oldest_first()}
            assert list(found) == sorted(found)
            downwards = [row[0] for row in log.newest_first()]
            assert downwards == sorted(found, reverse=True)
            assert [row[0] for row in log.page(0, 10**6)] == downwards
            oldest = min(found, default=highest + 1)
            assert found == {seq: payload for seq, payload in model.items() if seq >= oldest}
            # What is missing at the old end went by the bound, and never below what was promised.
            assert not [seq for seq in model if seq < oldest] or highest - oldest + 1 >= keep
            model = found


@given(st.lists(st.tuples(payloads, st.booleans(), st.integers(0, 10**6)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_one_damaged_file_of_a_pair_never_costs_more_than_the_newest(writes):
    with tempfile.TemporaryDirectory() as folder:
        for make, limit in ((lambda: AtomicFile(folder + "/a", 3), 90), (lambda: InlineFile(folder + "/i", 3), MAX_BYTES)):
            history = []
            for payload, damaged, at in writes:
                file = make()
                file.write(payload[:limit])
                history.append(payload[:limit])
                if damaged:
                    path = "%s.%d" % (file.path, file.read()[1] & 1) if isinstance(file, InlineFile) else file.path
                    with open(path, "rb") as broken:
                        data = bytearray(broken.read())
                    data[at % len(data)] ^= 1 << at % 8
                    with open(path, "wb") as broken:
                        broken.write(data)
                    history.pop()
                read = make().read()
                assert read[0] == (history[-1] if history else None)
                assert bool(read[-1]) == damaged
                if damaged:  # written over before the next one is damaged: one at a time is the promise
                    make().write(b"mended")
                    history.append(b"mended")
