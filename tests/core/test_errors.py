"""The exception tree: every error of every room has a code and a name of its own, and says what to do next."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import indexer
import offchain
from offchain.core.errors import QuantaTradeError


def _all_errors(base: type[QuantaTradeError] = QuantaTradeError) -> Iterator[type[QuantaTradeError]]:
    yield base
    for child in base.__subclasses__():
        yield from _all_errors(child)


def _import_every_room() -> None:
    for package in (offchain, indexer):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def test_codes_and_names_are_unique() -> None:
    _import_every_room()
    # A refinement that callers need not tell apart may keep its parent's code.
    errors = {error for error in _all_errors() if "code" in vars(error)}

    assert [code for code, count in Counter(error.code for error in errors).items() if count > 1] == []
    assert [name for name, count in Counter(error.name for error in errors).items() if count > 1] == []


def test_every_error_says_what_it_means() -> None:
    assert [error for error in _all_errors() if not error.__doc__] == []


def test_an_error_reads_as_name_code_message_and_next_step() -> None:
    assert str(QuantaTradeError("It broke.", "Call us.")) == "INTERNAL (5000): It broke. Call us."
    assert str(QuantaTradeError("It broke.")) == "INTERNAL (5000): It broke."
