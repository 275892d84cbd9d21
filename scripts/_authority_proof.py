"""The last step of a deployment: what the chain says of who may do what, held to the rules of a public network."""

import ape
import click
from ape.api import ProviderAPI
from ape.contracts import ContractInstance

from offchain.chain.authorities import (
    POWERS,
    TIMELOCK_ROLES,
    Holder,
    TimelockMember,
    authority_faults,
    timelock_faults,
)
from offchain.chain.deployment_plan import EXIT_DELAY_S
from scripts._deployment import ANYBODY, Deployment, role_hash, selectors


def prove_authorities(deployment: Deployment, provider: ProviderAPI) -> None:
    """Refuses a deployment to a public network in which somebody can widen a power before everybody can leave.

    Raises:
        click.ClickException: it is one; who can what is named.
    """
    if not deployment.network.public:
        return
    contracts_only = not deployment.network.test_tokens
    timelock = deployment.contracts["ExchangeTimelock"]
    holders, members = _holders(deployment, provider), _members(deployment, provider)
    faults = authority_faults(holders, contracts_only=contracts_only)
    faults += timelock_faults(timelock.address, members, contracts_only=contracts_only)
    if faults:
        raise click.ClickException(f"The roles are not safe: {'; '.join(faults)}. Do not use this deployment.")
    checked = {holder.account for holder in holders} | {member.account for member in members}
    click.echo(f"Nobody can widen a power within the {EXIT_DELAY_S} s of an exit: {len(checked)} accounts checked.")


def _granted(contract: ContractInstance, deployment: Deployment) -> list[str]:
    """Everybody who was ever given a role by a contract."""
    grants = contract.RoleGranted.range(deployment.begun_at_block, ape.chain.blocks.height + 1)
    return sorted({str(log.event_arguments["account"]) for log in grants} - {ANYBODY})


def _members(deployment: Deployment, provider: ProviderAPI) -> list[TimelockMember]:
    timelock = deployment.contracts["ExchangeTimelock"]
    return [
        TimelockMember(
            account,
            len(provider.get_code(account)) > 0,
            tuple(role for role in TIMELOCK_ROLES if timelock.hasRole(role_hash(role), account)),
        )
        for account in _granted(timelock, deployment)
    ]


def _holders(deployment: Deployment, provider: ProviderAPI) -> list[Holder]:
    access, timelock = deployment.contracts["ExchangeAccess"], deployment.contracts["ExchangeTimelock"]
    grants = access.RoleGranted.range(deployment.begun_at_block, ape.chain.blocks.height + 1)
    roles = sorted({int(log.event_arguments["roleId"]) for log in grants})
    own_delay_s = {timelock.address: int(timelock.getMinDelay())}
    holders = []
    for account in sorted({*_granted(access, deployment), deployment.deployer.address}):
        held = {role: access.hasRole(role, account) for role in roles}
        now, later = _callable(deployment, account)
        holders.append(
            Holder(
                account,
                len(provider.get_code(account)) > 0,
                {role: int(delay_s) for role, (is_member, delay_s) in held.items() if is_member},
                now,
                later,
                own_delay_s.get(account, 0),
            )
        )
    return holders


def _callable(deployment: Deployment, account: str) -> tuple[tuple[str, ...], dict[str, int]]:
    """What an account may call of all that can change anything: at once, and after how many seconds."""
    access = deployment.contracts["ExchangeAccess"]
    now, later = [], {}
    for name in POWERS:
        contract = deployment.contracts[name]
        changing = {function.name for function in contract.contract_type.mutable_methods}
        for function, selector in selectors(contract).items():
            if function not in changing:
                continue
            immediate, delay_s = access.canCall(account, contract, selector)
            if immediate:
                now.append(f"{name}.{function}")
            elif delay_s:
                later[f"{name}.{function}"] = int(delay_s)
    return tuple(now), later
