# cpython only: hypothesis
"""Whatever the neighbourhood does, the charger can be reached, soon after it calms down, and it does not flap."""
from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_tests.services.network.around import MASK, Around

NAMES = ("home", "cafe", "quiet")
KEYS = ("key-number-1", "key-number-2")
points = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from(KEYS), st.booleans(), st.booleans()))
known = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(KEYS), st.booleans()), max_size=3, unique_by=lambda row: row[0])
events = st.one_of(
    st.tuples(st.just("points"), points), st.tuples(st.just("known"), known), st.tuples(st.just("clients"), st.integers(0, 2)),
    st.tuples(st.just("wire"), st.sampled_from(("down", "up", "no_address"))), st.tuples(st.just("retry"), st.none()),
    st.tuples(st.just("scans"), st.booleans()), st.tuples(st.just("mode"), st.sampled_from(("auto", "always"))))
stories = st.lists(st.tuples(events, st.integers(0, 90)), max_size=12)


def happen(a, event):
    what, value = event
    if what == "points":
        a.points = value
    elif what == "known":
        a.know(*value)
    elif what == "clients":
        a.clients = value
    elif what == "wire":
        a.wire = value
    elif what == "retry":
        a.manager.retry()
    elif what == "scans":
        a.scans = value
    else:
        a.manager.hotspot_mode = value


def reachable(a):
    return a.manager.hotspot or a.manager.connected()


@given(stories, st.booleans(), st.sampled_from((0, MASK - 100_000)))
@example([(("points", {"home": ("key-number-1", False, False)}), 0), (("known", [("home", "key-number-1", False)]), 45),
          (("retry", None), 79), (("clients", 0), 34), (("scans", False), 45)], False, 0)
@settings(max_examples=120, deadline=None)
def test_it_ends_in_a_network_or_with_the_hotspot_open(story, has_wire, start_ms):
    a = Around({}, start_ms, has_wire)
    a.know()
    for event, seconds in story:
        happen(a, event)
        a.run(seconds)
    a.run(130)                  # every round of three networks with dead DHCP is over by then
    assert reachable(a) or a.manager.ssid is not None      # it may be one of the moments of which the next lines judge
    gap = 0
    for _ in range(1300):       # and from then on without a gap, but for the moments in which DHCP is asked once more
        a.step()
        gap = 0 if reachable(a) else gap + 1
        assert gap == 0 or gap < 45 and a.manager.ssid is not None


@given(stories, st.booleans())
@settings(max_examples=80, deadline=None)
def test_who_can_join_is_joined_and_nothing_flaps_once_the_neighbourhood_is_calm(story, has_wire):
    a = Around({}, 0, has_wire)
    a.know()
    for event, seconds in story:
        happen(a, event)
        a.run(seconds)
    a.clients = 0
    a.scans = True
    a.run(400)
    can_join = [row for row in a.manager.known if row[0] in a.points and a.points[row[0]][0] == row[1]
                and (row[2] or not a.points[row[0]][1])]
    assert a.manager.connected() == bool(can_join or has_wire and a.wire != "down")
    before = len(a.orders)
    a.run(3600)
    later = [order[0] for _, order in a.orders[before:]]
    assert later.count("hotspot") <= 1          # the last of its clients may have gone only a minute ago
    if a.manager.connected():
        assert later.count("scan") == 0         # nobody looks for what he has
        assert later.count("join") <= 8         # only where DHCP is silent it is asked again
        assert a.manager.mode() in ("wifi", "ethernet")
    else:
        assert a.manager.hotspot
