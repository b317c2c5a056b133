# cpython only: starts VM processes
"""A sample of the power-cut sweep; `python -m host_tests.vm_powercut` does every cut point and the flash's wear."""

import io

import pytest

from host_tests.vm_powercut import wear
from host_tests.vm_powercut.sweep import case_names, sample, sweep_case
from tools.setup.vm import VmMissing, find_vm

MOST = 16


@pytest.fixture(scope="module", autouse=True)
def vm():
    try:
        return find_vm()
    except VmMissing as missing:
        pytest.skip("no MicroPython VM: %s" % missing)


CASES = ("atomic_replace", "settings_change", "inline_replace", "access_change", "boot_number", "log_append", "session",
         "session_with_meter", "recovery", "card_edits", "cards_imported", "curves", "factory_reset")


@pytest.mark.parametrize("name", CASES)
def test_a_power_cut_at_any_flash_operation_loses_nothing_that_was_promised(name):
    points, operations, findings = sweep_case(name, MOST)
    assert findings == []
    assert points == 2 * min(MOST, operations) and operations > 4


def test_every_case_is_tested():
    assert tuple(case_names()) == CASES


def test_the_sweep_finds_what_is_careless():
    points, operations, findings = sweep_case("careless")
    assert points == 2 * operations
    assert any("two minds" in finding for finding in findings)
    assert any("ENOENT" in finding for finding in findings)


def test_samples_are_spread_with_first_and_last():
    assert sample(5, None) == [0, 1, 2, 3, 4]
    assert sample(5, 9) == [0, 1, 2, 3, 4]
    assert sample(101, 3) == [0, 50, 100]


def test_three_thousand_sessions_cost_no_ram_while_nobody_looks(vm):
    if vm.bits != 32:
        pytest.skip("cpython only: object sizes of a 32-bit VM")
    held = wear.heap()
    assert held["sessions"] >= 3000
    assert held["idle_bytes"] <= 2048
    assert held["rows"] == 20
    assert held["page_bytes"] <= 12000


def test_a_minutes_progress_is_one_program(vm):
    rows = {name: (programs, erases) for name, programs, erases, _ in wear.operations()}
    programs, erases = rows["a minute's progress"]
    assert programs < 2 and erases <= 0.1
    assert rows["log, ten records of 64 B in one write"][0] < 2 * rows["log, one record of 64 B"][0]


def test_days_of_charging_leaves_the_flash_its_promised_years():
    life = wear.live(10, 90)
    assert life["years"] >= wear.PROMISED_YEARS
    assert life["sessions"] >= 3000 and life["free_blocks"] > 50


def test_the_report_prints_the_operations(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(wear, "LIVES", ((2, 5, "a short life"),))
    assert wear.report(out) >= wear.PROMISED_YEARS
    assert "a minute's progress" in out.getvalue() and "years" in out.getvalue()
