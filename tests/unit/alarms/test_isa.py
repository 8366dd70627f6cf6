"""ISA states are a pure function of the regions."""

from __future__ import annotations

from itertools import product

import pytest

from ksys_core.domain.alarms.isa import ISA_STATES, isa_state


@pytest.mark.parametrize(
    ("active", "latched", "acked", "expected"),
    [
        (False, False, True, "NORM"),
        (True, False, False, "UNACK"),
        (True, False, True, "ACKED"),
        (False, False, False, "RTNUN"),
        (False, True, False, "LUNACK"),
        (False, True, True, "LACKED"),
        (True, True, False, "UNACK"),
        (True, True, True, "ACKED"),
    ],
)
def test_states_of_shown_alarms(active: bool, latched: bool, acked: bool, expected: str) -> None:
    state = isa_state(
        active=active, latched=latched, acked=acked, shelved=False, suppressed=False, out_of_service=False
    )
    assert state == expected


def test_out_of_service_hides_suppression_hides_a_shelf_hides_the_rest() -> None:
    for active, latched, acked in product([False, True], repeat=3):
        shown = {"active": active, "latched": latched, "acked": acked}
        assert isa_state(**shown, shelved=True, suppressed=True, out_of_service=True) == "OOSRV"
        assert isa_state(**shown, shelved=True, suppressed=True, out_of_service=False) == "DSUPR"
        assert isa_state(**shown, shelved=True, suppressed=False, out_of_service=False) == "SHLVD"


def test_acknowledging_never_leads_to_a_state_that_asks_for_it() -> None:
    asking = {"UNACK", "RTNUN", "LUNACK"}
    for active, latched in product([False, True], repeat=2):
        shown = {"active": active, "latched": latched, "shelved": False, "suppressed": False, "out_of_service": False}
        assert isa_state(**shown, acked=False) in asking
        assert isa_state(**shown, acked=True) not in asking
    assert len(set(ISA_STATES)) == len(ISA_STATES) == 9
