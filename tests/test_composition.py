"""The composition root refuses settings that would let a trade outlive its orders."""

import pytest

from offchain.app import sequencer_options
from offchain.core.errors import ConfigurationError
from offchain.core.settings import Settings


def test_orders_leave_the_book_before_a_late_trade_could_outlive_them() -> None:
    options = sequencer_options(Settings())

    assert Settings().orders_held_after_s < options.expiry_margin_s < options.order_min_lifetime_s


def test_a_margin_within_the_time_that_trades_may_wait_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="QUANTATRADE_ORDER_EXPIRY_MARGIN_S"):
        sequencer_options(Settings(orders_held_after_s=300, order_expiry_margin_s=300))
