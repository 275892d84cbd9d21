import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type ExchangeInfo = Schemas["ExchangeInfo"];
export type Order = Schemas["OrderBody"];
export type Fill = Schemas["FillBody"];
export type Trade = Schemas["TradeBody"];
export type Balance = Schemas["BalanceBody"];
export type Balances = Schemas["BalancesBody"];
export type Deposit = Schemas["DepositBody"];
export type Withdrawal = Schemas["WithdrawalBody"];
export type SessionKey = Schemas["SessionKeyBody"];
export type MarketStatus = Schemas["MarketStatus"];
export type Session = Schemas["SessionBody"];
export type TickerBody = Schemas["TickerBody"];
export type Status = Schemas["StatusBody"];
export type ErrorBody = Schemas["ErrorMessage"];
