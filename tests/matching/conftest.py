import pytest

from offchain.matching.engine import Engine
from tests.matching.desk import Desk
from tests.matching.engines import EngineType, UncompiledEngine, compiled_engine
from tests.matching.naive import NaiveEngine


@pytest.fixture(scope="session")
def compiled_type(tmp_path_factory: pytest.TempPathFactory) -> type[Engine]:
    found = compiled_engine(tmp_path_factory.mktemp("compiled"))
    if found is None:
        pytest.skip("no C compiler works here")
    return found


@pytest.fixture(params=["compiled", "uncompiled", "naive"], scope="session")
def engine_type(request: pytest.FixtureRequest) -> EngineType:
    """Each of the three engines, for behaviour that all must show."""
    if request.param == "compiled":
        return request.getfixturevalue("compiled_type")
    return UncompiledEngine if request.param == "uncompiled" else NaiveEngine


@pytest.fixture(params=["compiled", "uncompiled"], scope="session")
def real_type(request: pytest.FixtureRequest) -> type[Engine]:
    """The engine itself, for what the model does not have."""
    return request.getfixturevalue("compiled_type") if request.param == "compiled" else UncompiledEngine


@pytest.fixture
def desk(engine_type: EngineType) -> Desk:
    return Desk(engine_type())
