"""Lists of few items are as the style has them from the first moment."""

from __future__ import annotations

from ksys_hmi.widgets.item_list import ItemList
from tests.gui.conftest import Run


def test_a_row_made_current_before_the_list_is_shown_leaves_the_others_where_they_belong(run: Run) -> None:
    async def scenario() -> None:
        view = ItemList()
        view.addItems(["one", "two", "three"])
        view.setCurrentRow(0)
        view.show()
        first, second = (view.visualItemRect(view.item(row)) for row in (0, 1))
        assert second.top() == first.bottom() + 1
        view.close()

    run(scenario())
