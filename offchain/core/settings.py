"""Settings: everything that a deployment chooses, read from `QUANTATRADE_*` variables of the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from offchain.core.errors import ConfigurationError

_Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
_Wallet = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class Settings(BaseSettings):
    """The defaults run the whole exchange embedded, on one machine, with nothing else installed."""

    model_config = SettingsConfigDict(env_prefix="QUANTATRADE_", frozen=True)

    state: Path = Field(Path(".quantatrade"), description="Folder of the journal, the database, keys and manifest.")
    data: Path = Field(Path("../shared/data"), description="Folder of recorded market data.")
    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the API listens on.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the state folder.")
    node_urls: tuple[str, ...] = Field(("http://127.0.0.1:8545",), description="JSON-RPC nodes of the chain.")
    finality_confirmations: int = Field(2, ge=1, description="Blocks on top of a block that make it final here.")
    poll_interval_s: float = Field(0.5, gt=0, description="Pause between settlement's looks at the chain.")
    head_interval_s: float = Field(0.1, gt=0, description="Pause between the indexer's looks at the chain's head.")
    batch_max_fills: int = Field(250, ge=1, le=500, description="A settlement batch closes at this many fills.")
    batch_max_age_s: float = Field(2.0, gt=0, description="A settlement batch closes when its first fill is this old.")
    net_wait_ms: int = Field(
        500, ge=0, le=60_000, description="How long a batch waits for netted statements of who listens; 0: none asked."
    )
    net_unanswered_max: int = Field(
        3, ge=1, description="After so many statements in a row that an account left unanswered no batch waits for it."
    )
    engine_signer_url: str = Field(
        "", description="Remote signer (web3signer, eth1) of the engine's key; empty: keyfile."
    )
    engine_signer_address: str = Field(
        "", pattern=r"^(0x[0-9a-fA-F]{40})?$", description="Address of the engine's key in the remote signer."
    )
    engine_signer_timeout_s: float = Field(5.0, gt=0, description="How long the remote signer may take for one try.")
    order_min_lifetime_s: int = Field(480, ge=1, description="An order must outlive its arrival by this much.")
    order_expiry_margin_s: int = Field(360, ge=1, description="An order leaves the book this long before it expires.")
    orders_held_after_s: int = Field(300, ge=1, description="New orders wait once a trade is off chain for so long.")
    snapshot_every_commands: int = Field(200_000, ge=1_000, description="Commands between two snapshots.")
    journal_archive: Path | None = Field(None, description="Where segments go that no snapshot needs.")
    session_minutes: int = Field(15, ge=1, description="Life of a session token; it can be refreshed.")
    origins: tuple[str, ...] = Field((), description="Origins that the web app is served from; empty: the port's own.")
    operators: tuple[_Wallet, ...] = Field((), description="Wallets that may use operator routes; empty: none.")
    holder_minimum: int = Field(
        1_000, ge=1, description="Whole QTRA, in the wallet and staked, from which on it pays a holder's fees."
    )
    staking_discounts: tuple[tuple[_Ppm, _Ppm], ...] = Field(
        ((820_000, 790_000), (850_000, 820_000), (880_000, 850_000), (900_000, 880_000)),
        description="What staking tiers 1, 2, ... take off a maker's and a taker's rate, in parts per million of it.",
    )
    requests_per_s: int = Field(2_000, ge=1, description="Requests that one network address may make a second.")
    address_orders_per_s: int = Field(10_000, ge=1, description="Orders and cancels of one network address a second.")
    account_orders_per_s: int = Field(1_000, ge=1, description="Orders and cancels of one account a second.")
    websockets: int = Field(5_000, ge=1, description="Open websockets in all.")
    address_websockets: int = Field(1_000, ge=1, description="Open websockets of one network address.")
    metrics_token: str = Field("", description="Who sends it as a bearer token may read /metrics; empty: nobody.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What the log tells.")

    @property
    def effective_database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite+pysqlite:///{self.state / 'quantatrade.db'}"

    @property
    def effective_origins(self) -> tuple[str, ...]:
        """The origins in force: wallets sign in for them, and browsers may open websockets from them."""
        hosts = dict.fromkeys(("localhost", "127.0.0.1", self.host))
        return self.origins or tuple(f"http://{host}:{self.port}" for host in hosts)

    @property
    def operator_owners(self) -> frozenset[bytes]:
        """The operators' wallets as 20-byte addresses."""
        return frozenset(bytes.fromhex(address[2:]) for address in self.operators)

    @property
    def journal_folder(self) -> Path:
        """Where journal segments and snapshots live."""
        return self.state / "journal"

    @property
    def manifest_path(self) -> Path:
        """The deployment manifest that the deploy script writes."""
        return self.state / "deployment.json"

    @property
    def session_secret_path(self) -> Path:
        """The secret that session tokens are signed with."""
        return self.state / "keys" / "session.secret"

    @property
    def engine_keyfile(self) -> Path:
        """The encrypted keyfile of the key that signs batches and approvals."""
        return self.state / "keys" / "engine.json"

    @property
    def submitter_keyfile(self) -> Path:
        """The encrypted keyfile of the key that pays for settlement transactions; it holds no other power."""
        return self.state / "keys" / "submitter.json"


def load_settings() -> Settings:
    """The settings of this environment.

    Raises:
        ConfigurationError: a variable has a value that cannot be used.
    """
    try:
        return Settings()
    except SettingsError as error:
        field = str(error).split('"')[1]
        raise ConfigurationError(
            f"QUANTATRADE_{field.upper()} is not JSON.", """Write lists like this: '["http://127.0.0.1:8545"]'."""
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"QUANTATRADE_{str(first['loc'][0]).upper()} is {first['input']!r}: {first['msg']}.",
            "offchain/core/settings.py says what it takes.",
        ) from error
