// Generated from offchain/api/openapi.json by `npm run api:generate`. Do not edit.

export interface paths {
    "/api/v1/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Account
         * @description The account: its rates and how it comes by them, and what it may do.
         */
        get: operations["getAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/balances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Balances
         * @description One row for each listed asset.
         */
        get: operations["getBalances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/nonce": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Nonce
         * @description A nonce, and the EIP-4361 message that holds it, for the wallet to sign within five minutes.
         */
        post: operations["createNonce"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh Session
         * @description A new pair of tokens; the refresh token is used up.
         */
        post: operations["refreshSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign In With Wallet
         * @description A session for a signed message.
         */
        post: operations["signIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign Out
         * @description Ends the session; its tokens stop working at once.
         */
        post: operations["signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deposits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deposits
         * @description Deposits on chain: those that wait for confirmations, and those that are final.
         */
        get: operations["listDeposits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exchange-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Exchange Info
         * @description Everything that a client needs to know before it trades.
         */
        get: operations["getExchangeInfo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/fills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Fills
         * @description Own fills, newest first, each with its way to the chain.
         */
        get: operations["listFills"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markets/{symbol}/book": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Book
         * @description The best levels of both sides.
         */
        get: operations["getBook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markets/{symbol}/candles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Candles
         * @description One-minute candles, oldest first.
         */
        get: operations["listCandles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markets/{symbol}/ticker": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Ticker
         * @description The last price and the last 24 hours.
         */
        get: operations["getTicker"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markets/{symbol}/trades": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Trades
         * @description Trades, newest first.
         */
        get: operations["listTrades"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/account-limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Default Account Limits
         * @description Sets the limits of all accounts that have none of their own.
         */
        put: operations["setDefaultAccountLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/accounts/{owner}/discounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Discounts
         * @description Sets what an account is spared of its tier's rates, as maker and as taker.
         */
        put: operations["setDiscounts"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/accounts/{owner}/fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Account Fees
         * @description Gives an account rates of its own, whatever its tier.
         */
        put: operations["setAccountFees"];
        post?: never;
        /**
         * Remove Account Fees
         * @description Lets an account go back to the rates of its tier.
         */
        delete: operations["removeAccountFees"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/accounts/{owner}/kill-switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Account Kill Switch
         * @description Cancels all orders of an account and takes none, or takes them again.
         */
        put: operations["setAccountKillSwitch"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/accounts/{owner}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Account Limits
         * @description Sets the limits of one account; with none at all, those of all others hold for it again.
         */
        put: operations["setAccountLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/accounts/{owner}/position-caps/{asset}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Position Cap
         * @description Sets the most of an asset that an account may buy up to.
         */
        put: operations["setPositionCap"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/fee-tiers/{tier}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Fee Tier
         * @description Sets a fee tier; accounts find theirs at once.
         */
        put: operations["setFeeTier"];
        post?: never;
        /**
         * Remove Fee Tier
         * @description Removes a fee tier; its accounts go back to the one below.
         */
        delete: operations["removeFeeTier"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Base Fees
         * @description Sets the rates of tier 1, in which every account begins.
         */
        put: operations["setBaseFees"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/kill-switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Kill Switch
         * @description Cancels all orders of the exchange and takes none, or takes them again.
         */
        put: operations["setKillSwitch"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/markets/{symbol}/circuit-breaker": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Circuit Breaker
         * @description Sets how fast a market's price may move before it is halted.
         */
        put: operations["setCircuitBreaker"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/markets/{symbol}/kill-switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Market Kill Switch
         * @description Cancels all orders of a market and takes none, or takes them again.
         */
        put: operations["setMarketKillSwitch"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/markets/{symbol}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Market Limits
         * @description Sets the sizes that a market takes.
         */
        put: operations["setMarketLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/markets/{symbol}/risk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Market Risk
         * @description Sets the price band, the fat-finger limit and the largest order of a market.
         */
        put: operations["setMarketRisk"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/markets/{symbol}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Market Status
         * @description Opens, halts or restricts a market.
         */
        put: operations["setMarketStatus"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operator/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Settings
         * @description What was set last for accounts and the exchange, by whom and when.
         */
        get: operations["listSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Orders
         * @description Own orders, newest first. `status=open` lists all that are in the book, in one page.
         */
        get: operations["listOrders"];
        put?: never;
        /** Place a signed order */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Place, replace and cancel in one request */
        post: operations["submitBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/by-client-id/{client_order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Order By Client Id
         * @description An own order by the id that the client gave it.
         */
        get: operations["getOrderByClientId"];
        /** Place a signed order instead of an open one, by its client id */
        put: operations["replaceOrderByClientId"];
        post?: never;
        /** Cancel an own order, by its client id */
        delete: operations["cancelOrderByClientId"];
        options?: never;
        head?: never;
        /** Let less of an own order remain, by its client id */
        patch: operations["amendOrderByClientId"];
        trace?: never;
    };
    "/api/v1/orders/cancel-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel all own orders */
        post: operations["cancelAllOrders"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check a signed order without placing it */
        post: operations["testOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Order
         * @description An own order by its id.
         */
        get: operations["getOrder"];
        /** Place a signed order instead of an open one */
        put: operations["replaceOrder"];
        post?: never;
        /** Cancel an own order */
        delete: operations["cancelOrder"];
        options?: never;
        head?: never;
        /** Let less of an own order remain */
        patch: operations["amendOrder"];
        trace?: never;
    };
    "/api/v1/prevented-matches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Prevented Matches
         * @description Matches that self-trade prevention kept from happening, newest first.
         */
        get: operations["listPreventedMatches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/revenue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Revenue
         * @description Fees in, how they are split, auctions, burned and distributed.
         */
        get: operations["getRevenue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sale": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Sale
         * @description The rounds: terms, state, raised and sold.
         */
        get: operations["getSale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sale/vouchers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Vouchers
         * @description The vouchers that were issued to the signed-in wallet.
         */
        get: operations["listVouchers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sale/wallets/{address}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Wallet
         * @description What a wallet paid, gets, can take back and may still pay.
         */
        get: operations["getSaleWallet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Session Keys
         * @description Keys that may sign orders for the wallet, with what is left of their limits.
         */
        get: operations["listSessionKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/staking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Staking
         * @description Totals, tiers, and what the rewards pay and who pays them in.
         */
        get: operations["getStaking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/staking/{address}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Position
         * @description An account's stake, tier, rewards, and what is on its way out.
         */
        get: operations["getStakingOf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answer Statement
         * @description Takes an account's net result of a batch, and its orders signed anew.
         */
        post: operations["answerStatement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Status
         * @description How each part does. The answer is 200 even when a part is down: reading on may still make sense.
         */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/time": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Time
         * @description The server's clock.
         */
        get: operations["getTime"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vesting": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Pools
         * @description The pools: funded, published, claimed.
         */
        get: operations["getVesting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vesting/{address}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Account
         * @description What an account gets of each pool, what it can claim now, and the proof that claims it.
         */
        get: operations["getVestingOf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/withdrawals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Withdrawals
         * @description Own withdrawals, newest first. One with an approval can be sent to the contract by its owner alone.
         */
        get: operations["listWithdrawals"];
        put?: never;
        /**
         * Request Withdrawal
         * @description Takes the amount out of the available balance; the contract pays it to the owner.
         */
        post: operations["requestWithdrawal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Metrics
         * @description The indexer's metrics in Prometheus' text format.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Ready
         * @description Whether the exchange takes commands and has caught up with the chain; 503 until then, and while it is halted.
         */
        get: operations["getReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AccountBody
         * @description The signed-in wallet. `accountId` is null until its first final deposit. `fees` are the rates in force.
         */
        AccountBody: {
            /** Accountid */
            accountId: number | null;
            feeTier: components["schemas"]["FeeTierOfAccount"];
            fees: components["schemas"]["FeesBody"];
            /**
             * Killed
             * @description A kill switch is on: only cancels and withdrawals are taken.
             */
            killed: boolean;
            limits: components["schemas"]["AccountLimitsBody"];
            /**
             * Owner
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            owner: string;
            /** Positioncaps */
            positionCaps: components["schemas"]["PositionCapBody"][];
        };
        /**
         * AccountLimitsBody
         * @description What the account may do; null: any number. Messages are orders, replacements and amendments.
         */
        AccountLimitsBody: {
            /**
             * Messages
             * @description Within `windowCommands` commands of the whole exchange.
             */
            messages: number | null;
            /** Openorders */
            openOrders: number | null;
            /** Windowcommands */
            windowCommands: number | null;
        };
        /**
         * AccountLimitsSetting
         * @description Open orders, and messages (orders, replacements, amendments) within so many commands of the log.
         */
        AccountLimitsSetting: {
            /**
             * Messages
             * @description 0: no limit.
             * @default 0
             */
            messages: number;
            /**
             * Openorders
             * @description 0: no limit.
             * @default 0
             */
            openOrders: number;
            /**
             * Windowcommands
             * @default 0
             */
            windowCommands: number;
        };
        /**
         * Ack
         * @description The request with this `id` was carried out.
         */
        Ack: {
            id: number;
            op: string;
            /** @enum {unknown} */
            type: "ack";
        };
        /**
         * AllCancelledMessage
         * @description The orders that left the book.
         */
        AllCancelledMessage: {
            orderIds: number[];
            sequence: number;
            timestampMs: number;
        };
        /**
         * AmendMessage
         * @description Let less of an open order remain. It keeps its place in the queue.
         */
        AmendMessage: {
            /**
             * @description What may still be filled from now on.
             * @example 0.1
             */
            remaining: string;
        };
        /**
         * AmendedMessage
         * @description An order of which less remains.
         */
        AmendedMessage: {
            clientOrderId: string;
            orderId: number;
            reducedQuantity: string;
            remainingQuantity: string;
            sequence: number;
            timestampMs: number;
        };
        /**
         * AsOf
         * @description The newest block that is stored. What came after `finalBlock` is pending: a reorg can still undo it.
         */
        AsOf: {
            /** Block */
            block: number;
            /** Finalblock */
            finalBlock: number;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
        };
        /**
         * AssetBody
         * @description A listed token. Amounts inside the exchange are whole ledger units of `unitScale` base units each.
         */
        AssetBody: {
            /** Assetid */
            assetId: number;
            /**
             * Decimals
             * @description Decimals of an amount in ledger units.
             * @example 6
             */
            decimals: number;
            /**
             * Symbol
             * @example USDC
             */
            symbol: string;
            /**
             * Token
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            token: string;
            /**
             * Tokendecimals
             * @example 6
             */
            tokenDecimals: number;
            /**
             * Unitscale
             * @description Base units of the token in one ledger unit.
             * @example 1
             */
            unitScale: string;
        };
        /**
         * AuctionBody
         * @description An auction for QTRA. Prices are QTRA for one token; `asks` is null once it is over.
         */
        AuctionBody: {
            /**
             * Amount
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            amount: string;
            /** Asks */
            asks: string | null;
            /** Auction */
            auction: number;
            /**
             * Endms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            endMs: number;
            /** Final */
            final: boolean;
            /**
             * Floorprice
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            floorPrice: string;
            /**
             * Sold
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            sold: string;
            /**
             * Soldfor
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            soldFor: string;
            /**
             * Startms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            startMs: number;
            /**
             * Startprice
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            startPrice: string;
            token: components["schemas"]["TokenBody"];
            /**
             * Unsold
             * @description What was left at its end; null until then.
             */
            unsold: string | null;
        };
        /**
         * AuthRequest
         * @description Tells who is asking; again with a fresh token before the old one expires.
         */
        AuthRequest: {
            id: number;
            /** @enum {unknown} */
            op: "auth";
            token: string;
        };
        /**
         * BalanceBody
         * @description `total` is `available` plus `reserved` (for open orders).
         */
        BalanceBody: {
            /** Asset */
            asset: string;
            /**
             * Available
             * @description An exact decimal number.
             * @example 60000.1
             */
            available: string;
            /**
             * Pendingwithdrawal
             * @description Taken out of the balance and not yet paid on chain.
             * @example 60000.1
             */
            pendingWithdrawal: string;
            /**
             * Reserved
             * @description An exact decimal number.
             * @example 60000.1
             */
            reserved: string;
            /**
             * Total
             * @description An exact decimal number.
             * @example 60000.1
             */
            total: string;
        };
        /**
         * BalancesBody
         * @description One row for each listed asset. `sequence` is that of the last command that the figures contain.
         */
        BalancesBody: {
            /** Balances */
            balances: components["schemas"]["BalanceBody"][];
            /**
             * Pendingdeposits
             * @description On chain and not final yet: not in the balances.
             */
            pendingDeposits: components["schemas"]["DepositBody"][];
            /** Sequence */
            sequence: number;
        };
        /**
         * BatchMessage
         * @description Operations that are carried out in this order; each stands for itself.
         *
         *         Each of `ladders` is one signature over all orders of the batch that name it, in their order: EIP-712 `Ladder` with
         *         floor 0. They are of one market and one owner.
         */
        BatchMessage: {
            /** @default [] */
            ladders: string[];
            operations: components["schemas"]["Operation"][];
        };
        /**
         * BatchResult
         * @description One result for each operation, in order.
         */
        BatchResult: {
            results: components["schemas"]["OperationResult"][];
        };
        /**
         * BookBody
         * @description The best levels of both sides, best first. `seq` is what the websocket's book updates continue.
         */
        BookBody: {
            /** Asks */
            asks: [
                string,
                string
            ][];
            /** Bids */
            bids: [
                string,
                string
            ][];
            /** Market */
            market: string;
            /** Seq */
            seq: number;
        };
        /**
         * BookSnapshotMessage
         * @description All levels, best first.
         */
        BookSnapshotMessage: {
            asks: [
                string,
                string
            ][];
            bids: [
                string,
                string
            ][];
            market: string;
            seq: number;
            /** @enum {unknown} */
            type: "book_snapshot";
        };
        /**
         * BookUpdateMessage
         * @description The levels that changed, each with all that it holds now.
         */
        BookUpdateMessage: {
            asks: [
                string,
                string
            ][];
            bids: [
                string,
                string
            ][];
            market: string;
            prevSeq: number;
            seq: number;
            timestampMs: number;
            /** @enum {unknown} */
            type: "book_update";
        };
        /**
         * CancelAllMessage
         * @description Cancel every order of the signed-in wallet, or only those in one market, or in the markets of one asset.
         */
        CancelAllMessage: {
            /** @default null */
            asset: string | null;
            /** @default null */
            market: string | null;
        };
        /**
         * CancelMessage
         * @description A cancel, signed as EIP-712 `CancelOrder`.
         */
        CancelMessage: {
            /**
             * @description Unique for the account, for ever.
             * @example bot-1
             */
            clientOrderId: string;
            /** @description The wallet whose order it is. */
            owner: string;
            /** @default null */
            sessionKey: string | null;
            /** @description EIP-712 signature: r, s, v. */
            signature: string;
        };
        /**
         * CancelledMessage
         * @description An order that left the book.
         */
        CancelledMessage: {
            cancelledQuantity: string;
            clientOrderId: string;
            /** @enum {unknown} */
            operation: "cancel";
            orderId: number;
            sequence: number;
            status: components["schemas"]["OrderStatus"];
            timestampMs: number;
        };
        /**
         * CandleBody
         * @description The trades of one minute.
         */
        CandleBody: {
            /**
             * Close
             * @description An exact decimal number.
             * @example 60000.1
             */
            close: string;
            /**
             * High
             * @description An exact decimal number.
             * @example 60000.1
             */
            high: string;
            /**
             * Low
             * @description An exact decimal number.
             * @example 60000.1
             */
            low: string;
            /**
             * Open
             * @description An exact decimal number.
             * @example 60000.1
             */
            open: string;
            /**
             * Opentimems
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            openTimeMs: number;
            /**
             * Quotevolume
             * @description An exact decimal number.
             * @example 60000.1
             */
            quoteVolume: string;
            /** Trades */
            trades: number;
            /**
             * Volume
             * @description An exact decimal number.
             * @example 60000.1
             */
            volume: string;
        };
        /**
         * CandlesBody
         * @description The minutes that saw trades, oldest first.
         */
        CandlesBody: {
            /** Candles */
            candles: components["schemas"]["CandleBody"][];
            /** Market */
            market: string;
        };
        /**
         * CheckedMessage
         * @description The order would be taken as things stand; nothing was journaled. `digest` is what its signature is over.
         */
        CheckedMessage: {
            clientOrderId: string;
            digest: string;
            flags: number;
            market: string;
        };
        /**
         * CircuitBreakerBody
         * @description A move of the price by more than `movePpm` within `windowMs` halts the market.
         */
        CircuitBreakerBody: {
            /**
             * Moveppm
             * @description Parts per million of the price.
             * @example 100000
             */
            movePpm: number;
            /**
             * Windowms
             * @example 300000
             */
            windowMs: number;
        };
        /**
         * CircuitBreakerSetting
         * @description A move of the price by more than `movePpm` within `windowMs` halts the market; both 0: none does.
         */
        CircuitBreakerSetting: {
            /**
             * Moveppm
             * @description Parts per million; 0: none.
             * @default 0
             * @example 100000
             */
            movePpm: number;
            /**
             * Windowms
             * @default 0
             */
            windowMs: number;
        };
        /**
         * ComponentStatus
         * @description One part of the exchange: the engine, the sequencer, projections, indexer, settlement, node.
         */
        ComponentStatus: {
            /**
             * Detail
             * @description One line for people.
             * @example batch 41 is waiting for the node
             */
            detail: string;
            /**
             * Figures
             * @description Figures of this part by name.
             * @example {
             *       "lastBatch": 41
             *     }
             */
            figures?: {
                [key: string]: number | string | boolean;
            };
            health: components["schemas"]["Health"];
            /**
             * Name
             * @example settlement
             */
            name: string;
        };
        /**
         * DepositBody
         * @description A deposit into `Settlement`.
         */
        DepositBody: {
            /**
             * Amount
             * @description An exact decimal number.
             * @example 60000.1
             */
            amount: string;
            /** Asset */
            asset: string;
            /** Blocknumber */
            blockNumber: number;
            /** Confirmations */
            confirmations: number;
            /** Confirmationsrequired */
            confirmationsRequired: number;
            /** Creditedatms */
            creditedAtMs: number | null;
            /** Creditedsequence */
            creditedSequence: number | null;
            state: components["schemas"]["DepositState"];
            /** Transactionhash */
            transactionHash: string;
        };
        /**
         * DepositState
         * @description A deposit is pending until its block is final, and then in the balance, or refused by the engine.
         * @enum {string}
         */
        DepositState: "PENDING" | "CREDITED" | "REFUSED";
        /**
         * DepositsBody
         * @description Deposits, the pending ones first, then newest first.
         */
        DepositsBody: {
            /** Deposits */
            deposits: components["schemas"]["DepositBody"][];
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
        };
        /**
         * DiscountsSetting
         * @description What an account is spared of its tier's rates; rebates stay as they are.
         */
        DiscountsSetting: {
            /**
             * Makerppm
             * @description Parts per million; 0: none.
             * @default 0
             * @example 100000
             */
            makerPpm: number;
            /**
             * Takerppm
             * @description Parts per million; 0: none.
             * @default 0
             * @example 100000
             */
            takerPpm: number;
        };
        /**
         * EarnedBody
         * @description An account's rewards in one token. `claimable` is null where no node tells.
         */
        EarnedBody: {
            /** Claimable */
            claimable: string | null;
            /**
             * Paid
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            paid: string;
            /** Reward */
            reward: number;
            token: components["schemas"]["TokenBody"];
        };
        /**
         * ErrorMessage
         * @description A refusal: nothing was journaled and nothing changed.
         */
        ErrorMessage: {
            code: number;
            message: string;
            name: string;
            nextStep: string;
            requestId: string;
        };
        /**
         * ExchangeInfo
         * @description Everything that a client needs to know before it trades.
         */
        ExchangeInfo: {
            /** Assets */
            assets: components["schemas"]["AssetBody"][];
            /** Chainid */
            chainId: number;
            /**
             * Confirmations
             * @description Blocks on top of a block that make it final here.
             */
            confirmations: number;
            /**
             * Contracts
             * @description Contract addresses by name.
             */
            contracts: {
                [key: string]: string;
            };
            /** @description Of tier 1, in which every account begins. */
            defaultFees: components["schemas"]["FeesBody"];
            /** Feetiers */
            feeTiers: components["schemas"]["FeeTierBody"][];
            /** Markets */
            markets: components["schemas"]["MarketBody"][];
            /**
             * Maxfeebps
             * @description The highest fee cap that an order may sign, in basis points.
             */
            maxFeeBps: number;
            /** Network */
            network: string;
            /**
             * Nodeurl
             * @description A node that wallets may use: our own on a local chain, else null.
             */
            nodeUrl: string | null;
            /**
             * Orderminlifetimes
             * @description An order must outlive its arrival by this many seconds.
             */
            orderMinLifetimeS: number;
            /** Ratelimits */
            rateLimits: components["schemas"]["RateLimitBody"][];
            /**
             * Servertimems
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            serverTimeMs: number;
            typedData: components["schemas"]["TypedDataBody"];
        };
        /**
         * FeeTierBody
         * @description A tier's rates, and the 30-day volume (millionths of a dollar) from which on it applies.
         */
        FeeTierBody: {
            fees: components["schemas"]["FeesBody"];
            /** Tier */
            tier: number;
            /** Volumeunits */
            volumeUnits: string;
        };
        /**
         * FeeTierOfAccount
         * @description How the account comes by its rates. Its tier follows its volume once a day.
         */
        FeeTierOfAccount: {
            /**
             * Makerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            makerDiscountPpm: number;
            /**
             * Ownrates
             * @description An operator set the rates, whatever the tier.
             */
            ownRates: boolean;
            /**
             * Takerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            takerDiscountPpm: number;
            /** Tier */
            tier: number;
            /**
             * Volumeunits
             * @description Of the 30 days before the last count, in millionths of a dollar.
             */
            volumeUnits: string;
        };
        /**
         * FeeTierSetting
         * @description A tier's rates, and the 30-day volume from which on it applies.
         */
        FeeTierSetting: {
            /**
             * Makerppm
             * @description Parts per million of the notional.
             * @example 1500
             */
            makerPpm: number;
            /**
             * Takerppm
             * @description Parts per million of the notional.
             * @example 1500
             */
            takerPpm: number;
            /**
             * Volumeunits
             * @description Millionths of a dollar.
             */
            volumeUnits: string;
        };
        /**
         * FeesBody
         * @description Fee rates in parts per million of the notional, taken in the quote asset; a negative rate is a rebate.
         */
        FeesBody: {
            /**
             * Makerppm
             * @description Parts per million of the notional; below 0 it is paid out.
             * @example 1500
             */
            makerPpm: number;
            /**
             * Takerppm
             * @description Parts per million of the notional; below 0 it is paid out.
             * @example 1500
             */
            takerPpm: number;
        };
        /**
         * FeesSetting
         * @description Rates; a negative maker rate is a rebate.
         */
        FeesSetting: {
            /**
             * Makerppm
             * @description Parts per million of the notional.
             * @example 1500
             */
            makerPpm: number;
            /**
             * Takerppm
             * @description Parts per million of the notional.
             * @example 1500
             */
            takerPpm: number;
        };
        /**
         * FillBody
         * @description One side of a trade. `settledBatch` is the batch that settled it on chain.
         */
        FillBody: {
            /**
             * Fee
             * @description An exact decimal number.
             * @example 60000.1
             */
            fee: string;
            /** Feeasset */
            feeAsset: string;
            /** Fillid */
            fillId: number;
            /** Market */
            market: string;
            /**
             * Notional
             * @description An exact decimal number.
             * @example 60000.1
             */
            notional: string;
            /** Orderid */
            orderId: number;
            /**
             * Price
             * @description An exact decimal number.
             * @example 60000.1
             */
            price: string;
            /**
             * Quantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            quantity: string;
            role: components["schemas"]["LiquidityRole"];
            /** Settledbatch */
            settledBatch: number | null;
            settlement: components["schemas"]["FillState"];
            side: components["schemas"]["SideName"];
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
        };
        /**
         * FillState
         * @description How far a fill is on its way to the chain.
         * @enum {string}
         */
        FillState: "PENDING" | "SETTLED" | "UNWOUND";
        /**
         * FillsBody
         * @description Fills, newest first.
         */
        FillsBody: {
            /** Fills */
            fills: components["schemas"]["FillBody"][];
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
        };
        /**
         * Health
         * @description How a part does.
         * @enum {string}
         */
        Health: "OK" | "DEGRADED" | "DOWN";
        /**
         * Heartbeat
         * @description Comes every second; `counter` grows by one.
         */
        Heartbeat: {
            counter: number;
            serverTimeMs: number;
            /** @enum {unknown} */
            type: "heartbeat";
        };
        /**
         * HolderBody
         * @description What holding takes off: a wallet that has at least the minimum, its stake included.
         */
        HolderBody: {
            /**
             * Makerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            makerDiscountPpm: number;
            /**
             * Minimum
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            minimum: string;
            /**
             * Takerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            takerDiscountPpm: number;
        };
        /**
         * ImmediateFill
         * @description A fill that the order met when it came in; the fee is in the quote asset.
         */
        ImmediateFill: {
            fee: string;
            fillId: number;
            price: string;
            quantity: string;
        };
        /**
         * KillSwitchSetting
         * @description On: every open order is cancelled and no new one is taken. Off: orders are taken again.
         */
        KillSwitchSetting: {
            /** On */
            on: boolean;
        };
        /**
         * LiquidityRole
         * @description Whether the order was resting (maker) or came in (taker).
         * @enum {string}
         */
        LiquidityRole: "MAKER" | "TAKER";
        /**
         * MarketBody
         * @description A market and its limits. Signed prices are in ticks of `tickSize`, signed quantities in lots of `lotSize`.
         */
        MarketBody: {
            /**
             * Baseasset
             * @example BTC
             */
            baseAsset: string;
            /** Baseunitsperlot */
            baseUnitsPerLot: string;
            circuitBreaker: components["schemas"]["CircuitBreakerBody"] | null;
            /**
             * Fatfingerppm
             * @description A limit may be so far past the last price; 0: any.
             * @example 50000
             */
            fatFingerPpm: number;
            /**
             * Killed
             * @description A kill switch is on: only cancels are taken.
             */
            killed: boolean;
            /**
             * Lastprice
             * @description The last trade's, or an operator's reference.
             */
            lastPrice: string | null;
            /**
             * Lotsize
             * @description An exact decimal number.
             * @example 60000.1
             */
            lotSize: string;
            /** Marketid */
            marketId: number;
            /** Maxnotional */
            maxNotional: string | null;
            /**
             * Maxprice
             * @description An exact decimal number.
             * @example 60000.1
             */
            maxPrice: string;
            /** Maxpriceticks */
            maxPriceTicks: string;
            /**
             * Maxquantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            maxQuantity: string;
            /** Maxquantitylots */
            maxQuantityLots: string;
            /**
             * Minnotional
             * @description An exact decimal number.
             * @example 60000.1
             */
            minNotional: string;
            /** Minnotionalunits */
            minNotionalUnits: string;
            /**
             * Minquantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            minQuantity: string;
            /** Minquantitylots */
            minQuantityLots: string;
            /** Ordertypes */
            orderTypes: components["schemas"]["OrderTypeName"][];
            /** Postonly */
            postOnly: components["schemas"]["PostOnlyName"][];
            /**
             * Pricebandppm
             * @description A limit may be so far from the last price; 0: any.
             * @example 100000
             */
            priceBandPpm: number;
            /**
             * Quoteasset
             * @example USDC
             */
            quoteAsset: string;
            /** Quoteunitsperticklot */
            quoteUnitsPerTickLot: string;
            /**
             * Quoteunitspervolumeunit
             * @description So many count as a millionth of a dollar of volume, rounded down a fill; 0: none does.
             */
            quoteUnitsPerVolumeUnit: string;
            /** Selftradeprevention */
            selfTradePrevention: components["schemas"]["SelfTradePreventionName"][];
            status: components["schemas"]["MarketStatus"];
            /**
             * Symbol
             * @example BTC-USDC
             */
            symbol: string;
            /**
             * Ticksize
             * @description An exact decimal number.
             * @example 60000.1
             */
            tickSize: string;
            /** Timeinforce */
            timeInForce: components["schemas"]["TimeInForceName"][];
        };
        /**
         * MarketLimitsSetting
         * @description The sizes that a market takes.
         */
        MarketLimitsSetting: {
            /**
             * Maxprice
             * @description An exact decimal number.
             * @example 60000.1
             */
            maxPrice: string;
            /**
             * Maxquantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            maxQuantity: string;
            /** Minnotional */
            minNotional?: string | null;
            /**
             * Minquantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            minQuantity: string;
        };
        /**
         * MarketRiskSetting
         * @description How far from the last price, and how large, an order may be.
         */
        MarketRiskSetting: {
            /**
             * Bandppm
             * @description Parts per million; 0: none.
             * @default 0
             * @example 100000
             */
            bandPpm: number;
            /**
             * Fatfingerppm
             * @description Parts per million; 0: none.
             * @default 0
             * @example 100000
             */
            fatFingerPpm: number;
            /** Maxnotional */
            maxNotional?: string | null;
            /**
             * Referenceprice
             * @description Replaces the last price; without it that stays.
             */
            referencePrice?: string | null;
        };
        /**
         * MarketStatus
         * @description What a market takes.
         * @enum {string}
         */
        MarketStatus: "TRADING" | "HALT" | "CANCEL_ONLY" | "POST_ONLY";
        /**
         * MarketStatusSetting
         * @description What a market takes from now on. Its circuit breaker starts afresh.
         */
        MarketStatusSetting: {
            status: components["schemas"]["MarketStatus"];
        };
        /**
         * NonceBody
         * @description `message` is ready to be signed with `personal_sign`; a client may build its own with the same fields.
         */
        NonceBody: {
            /** Chainid */
            chainId: number;
            /** Domain */
            domain: string;
            /**
             * Expiresatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            expiresAtMs: number;
            /** Message */
            message: string;
            /** Nonce */
            nonce: string;
            /** Uri */
            uri: string;
        };
        /**
         * NonceRequest
         * @description Which wallet will sign in.
         */
        NonceRequest: {
            /**
             * Address
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            address: string;
        };
        /**
         * Operation
         * @description One operation of a batch: one of the three.
         */
        Operation: {
            /** @default null */
            cancel: components["schemas"]["CancelMessage"] | null;
            /** @default null */
            place: components["schemas"]["PlaceMessage"] | null;
            /** @default null */
            replace: components["schemas"]["ReplaceMessage"] | null;
        };
        /**
         * OperationResult
         * @description What became of one operation: either of the two.
         */
        OperationResult: {
            /** @default null */
            error: components["schemas"]["ErrorMessage"] | null;
            /** @default null */
            ok: (components["schemas"]["PlacedMessage"] | components["schemas"]["CancelledMessage"] | components["schemas"]["ReplacedMessage"]) | null;
        };
        /**
         * OrderBody
         * @description An order of the account. `lane` and `seq` are the signed ones; an open order occupies its lane.
         */
        OrderBody: {
            /**
             * Armed
             * @description An open stop that has not been triggered: it is not in the book.
             */
            armed: boolean;
            /**
             * Budget
             * @description Of FOK_BUDGET, in the quote asset.
             */
            budget: string | null;
            /**
             * Cancelreason
             * @example USER
             */
            cancelReason: string | null;
            /** Clientorderid */
            clientOrderId: string;
            /**
             * Createdatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            createdAtMs: number;
            /**
             * Expiry
             * @description Seconds since 1970.
             */
            expiry: number;
            /**
             * Fee
             * @description Fees of all fills, in the quote asset; negative: rebates.
             * @example 60000.1
             */
            fee: string;
            /**
             * Fillednotional
             * @description What the fills were worth, in the quote asset.
             * @example 60000.1
             */
            filledNotional: string;
            /**
             * Filledquantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            filledQuantity: string;
            /** Lane */
            lane: number;
            /**
             * Limitprice
             * @description The limit in force: slid, or clamped to the market's collar.
             * @example 60000.1
             */
            limitPrice: string;
            /** Market */
            market: string;
            /**
             * Maxfeebps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            maxFeeBps: number;
            /** Orderid */
            orderId: number;
            postOnly: components["schemas"]["PostOnlyName"];
            /**
             * Preventedquantity
             * @description What met the account's own orders and did not match.
             * @example 60000.1
             */
            preventedQuantity: string;
            /**
             * Price
             * @description The signed limit.
             * @example 60000.1
             */
            price: string;
            /**
             * Quantity
             * @description As it was signed.
             * @example 60000.1
             */
            quantity: string;
            /**
             * Remainingquantity
             * @description What may still be filled; 0 once the order has ended.
             * @example 60000.1
             */
            remainingQuantity: string;
            /**
             * Replacedbyorderid
             * @description The order that came as this one went.
             */
            replacedByOrderId: number | null;
            /**
             * Replacesorderid
             * @description The order that went as this one came.
             */
            replacesOrderId: number | null;
            selfTradePrevention: components["schemas"]["SelfTradePreventionName"];
            /** Seq */
            seq: number;
            side: components["schemas"]["SideName"];
            status: components["schemas"]["OrderStatus"];
            /**
             * Stopprice
             * @description Of a stop.
             */
            stopPrice: string | null;
            timeInForce: components["schemas"]["TimeInForceName"];
            type: components["schemas"]["OrderTypeName"];
            /**
             * Updatedatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            updatedAtMs: number;
            /**
             * Updatedsequence
             * @description Sequence of the command that changed it last.
             */
            updatedSequence: number;
        };
        /**
         * OrderFilter
         * @description Which orders to list.
         * @enum {string}
         */
        OrderFilter: "open" | "all";
        /**
         * OrderName
         * @description An order by either of its ids.
         */
        OrderName: {
            /** @default null */
            clientOrderId: string | null;
            /** @default null */
            orderId: number | null;
        };
        /**
         * OrderStatus
         * @description Where an order is in its life.
         * @enum {unknown}
         */
        OrderStatus: "CANCELLED" | "EXPIRED" | "FILLED" | "NEW" | "PARTIALLY_FILLED" | "PENDING_NEW" | "REJECTED";
        /**
         * OrderToRenewMessage
         * @description An own order to be signed again, with the statement's floor plus `seqStep` as its seq and so many lots.
         */
        OrderToRenewMessage: {
            marketId: number;
            orderId: number;
            quantityLots: number;
            seqStep: number;
        };
        /**
         * OrderTypeName
         * @description How an order's price is meant.
         * @enum {string}
         */
        OrderTypeName: "LIMIT" | "MARKET" | "STOP_LIMIT" | "STOP_MARKET";
        /**
         * OrdersBody
         * @description Orders, newest first. `nextBefore` is the `before` of the next page, null on the last.
         */
        OrdersBody: {
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
            /** Orders */
            orders: components["schemas"]["OrderBody"][];
        };
        /**
         * PingRequest
         * @description Asks for an `ack`.
         */
        PingRequest: {
            id: number;
            /** @enum {unknown} */
            op: "ping";
        };
        /**
         * PlaceMessage
         * @description An order, signed as EIP-712 `Order` with price in ticks and quantity in lots, or with others as a `Ladder`.
         *
         *         The signed `flags` are time in force (bits 0 to 2), type (3 and 4), post-only (5 and 6) and self-trade prevention
         *         (7 to 9).
         */
        PlaceMessage: {
            /**
             * @description FOK_BUDGET: quote to spend at most, or to receive at least; not signed.
             * @default null
             * @example 15000
             */
            budget: string | null;
            /**
             * @description Unique for the account, for ever.
             * @example bot-1
             */
            clientOrderId: string;
            /** @description Seconds since 1970. */
            expiry: number;
            /** @default null */
            flags: number | null;
            /** @default null */
            ladder: number | null;
            /** @description 0 for orders that never rest, else a free lane. */
            lane: number;
            /** @example BTC-USDC */
            market: string;
            /** @description The highest fee that the owner accepts. */
            maxFeeBps: number;
            /** @description The wallet whose order it is. */
            owner: string;
            /**
             * @description An order that would match at once is refused, or rests one tick short of it.
             * @default NO
             * @enum {unknown}
             */
            postOnly: "NO" | "REJECT" | "SLIDE";
            /**
             * @description The limit; of a market order the worst price that it takes.
             * @example 60000.1
             */
            price: string;
            /** @example 0.25 */
            quantity: string;
            /**
             * @description What becomes of the two when it meets an order of its own account.
             * @default NONE
             * @enum {unknown}
             */
            selfTradePrevention: "CANCEL_BOTH" | "CANCEL_INCOMING" | "CANCEL_RESTING" | "DECREMENT_AND_CANCEL" | "NONE";
            /** @description Higher than any before it in its lane. */
            seq: number;
            /** @default null */
            sessionKey: string | null;
            /** @enum {unknown} */
            side: "BUY" | "SELL";
            /** @default null */
            signature: string | null;
            /**
             * @description Stops: from which traded price on it matches; not signed.
             * @default null
             * @example 59000
             */
            stopPrice: string | null;
            /**
             * @description Without it: IOC of MARKET and STOP_MARKET, else GTC. GTD is GTC until `expiry`.
             * @default null
             */
            timeInForce: ("FOK" | "FOK_BUDGET" | "GTC" | "GTD" | "IOC") | null;
            /**
             * @default LIMIT
             * @enum {unknown}
             */
            type: "LIMIT" | "MARKET" | "STOP_LIMIT" | "STOP_MARKET";
        };
        /**
         * PlacedMessage
         * @description A durable order. `repeated`: the same order was taken before, and this is how it stands now, without fills.
         *
         *         `price` is the limit in force: that of the order, or where a post-only order slid to, or the market's collar.
         *         `cancelReason` says why it ended without being filled whole, or null.
         */
        PlacedMessage: {
            cancelReason: string | null;
            clientOrderId: string;
            filledQuantity: string;
            fills: components["schemas"]["ImmediateFill"][];
            market: string;
            /** @enum {unknown} */
            operation: "place";
            orderId: number;
            price: string;
            repeated: boolean;
            sequence: number;
            status: components["schemas"]["OrderStatus"];
            timestampMs: number;
        };
        /**
         * PositionCapBody
         * @description The most that buys may bring the balance to.
         */
        PositionCapBody: {
            /** Asset */
            asset: string;
            /**
             * Cap
             * @description An exact decimal number.
             * @example 60000.1
             */
            cap: string;
        };
        /**
         * PositionCapSetting
         * @description The most that buys may bring the balance to; without it there is no cap.
         */
        PositionCapSetting: {
            /** Cap */
            cap?: string | null;
        };
        /**
         * PostOnlyName
         * @description What becomes of an order that would match at once.
         * @enum {string}
         */
        PostOnlyName: "NO" | "REJECT" | "SLIDE";
        /**
         * PreventedMatchBody
         * @description Two orders of the account that did not match. Quantities are of before; the mode is the incoming order's.
         */
        PreventedMatchBody: {
            /** Market */
            market: string;
            /**
             * Orderid
             * @description The incoming order.
             */
            orderId: number;
            /** Preventedmatchid */
            preventedMatchId: number;
            /**
             * Price
             * @description Of the resting order.
             * @example 60000.1
             */
            price: string;
            /**
             * Quantity
             * @description What would have matched.
             * @example 60000.1
             */
            quantity: string;
            /** Restingorderid */
            restingOrderId: number;
            selfTradePrevention: components["schemas"]["SelfTradePreventionName"];
            /** @description Of the incoming order. */
            side: components["schemas"]["SideName"];
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
        };
        /**
         * PreventedMatchesBody
         * @description Prevented matches, newest first.
         */
        PreventedMatchesBody: {
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
            /** Preventedmatches */
            preventedMatches: components["schemas"]["PreventedMatchBody"][];
        };
        /**
         * PriceBody
         * @description The price that was reported last: QTRA for one token.
         */
        PriceBody: {
            /**
             * Atms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            atMs: number;
            /**
             * Price
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            price: string;
        };
        /**
         * PrivateSnapshotMessage
         * @description Open orders and balances, as the HTTP API tells them.
         */
        PrivateSnapshotMessage: {
            balances: components["schemas"]["BalanceBody"][];
            orders: components["schemas"]["OrderBody"][];
            seq: number;
            /** @enum {unknown} */
            type: "private_snapshot";
        };
        /**
         * PrivateUpdateMessage
         * @description Orders and balances that changed, as they are now, new fills, and matches that were prevented.
         */
        PrivateUpdateMessage: {
            balances: components["schemas"]["BalanceBody"][];
            fills: components["schemas"]["FillBody"][];
            orders: components["schemas"]["OrderBody"][];
            prevSeq: number;
            preventedMatches: components["schemas"]["PreventedMatchBody"][];
            seq: number;
            timestampMs: number;
            /** @enum {unknown} */
            type: "private_update";
        };
        /**
         * PurchaseBody
         * @description A purchase; `allocation` is the wallet's in the round after it.
         */
        PurchaseBody: {
            /**
             * Allocation
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            allocation: string;
            /** Final */
            final: boolean;
            /**
             * Paid
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            paid: string;
            /** Payment */
            payment: number;
            /** Referrer */
            referrer: string | null;
            /** Round */
            round: number;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
            /**
             * Transactionhash
             * @description Bytes in hexadecimal.
             */
            transactionHash: string;
        };
        /**
         * RaisedInPayment
         * @description What was paid in one token.
         */
        RaisedInPayment: {
            /** Payment */
            payment: number;
            /**
             * Raised
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            raised: string;
        };
        /**
         * RateLimitBody
         * @description A budget that refills steadily and holds at most `burst`.
         */
        RateLimitBody: {
            /** Burst */
            burst: number;
            /**
             * Name
             * @example ordersPerAccount
             */
            name: string;
            /** Persecond */
            perSecond: number;
        };
        /**
         * ReadyBody
         * @description The exchange takes commands and has caught up with the chain.
         */
        ReadyBody: {
            /** Ready */
            ready: boolean;
        };
        /**
         * RefreshRequest
         * @description A refresh token works once; using it twice ends the session.
         */
        RefreshRequest: {
            /** Refreshtoken */
            refreshToken: string;
        };
        /**
         * RenewalLadderBody
         * @description The signature over `Ladder(floor, orders)` of the renewed orders of one market, in the order of the request.
         */
        RenewalLadderBody: {
            /** Marketid */
            marketId: number;
            /** Signature */
            signature: string;
        };
        /**
         * ReplaceMessage
         * @description An open order goes and a new one, signed like any, comes: both or neither.
         *
         *         They are of one market and side. The new one may use the lane of the old one.
         */
        ReplaceMessage: {
            order: components["schemas"]["PlaceMessage"];
            replaces: components["schemas"]["OrderName"];
        };
        /**
         * ReplacedMessage
         * @description Both are done. `cancelled` is null when the same replacement was taken before.
         */
        ReplacedMessage: {
            cancelled: components["schemas"]["CancelledMessage"] | null;
            /** @enum {unknown} */
            operation: "replace";
            placed: components["schemas"]["PlacedMessage"];
        };
        /**
         * RevenueBody
         * @description The flow of revenue, and the newest auctions, newest first.
         */
        RevenueBody: {
            asOf: components["schemas"]["AsOf"] | null;
            /** Auctions */
            auctions: components["schemas"]["AuctionBody"][];
            /**
             * Burned
             * @description By auctions, and of fees in QTRA.
             * @example 30000.25
             */
            burned: string;
            /**
             * Burnedpending
             * @description What of `burned` is not final yet.
             * @example 30000.25
             */
            burnedPending: string;
            /** Contract */
            contract: string | null;
            /** Flows */
            flows: components["schemas"]["RevenueFlowBody"][];
            split: components["schemas"]["SplitBody"] | null;
        };
        /**
         * RevenueFlowBody
         * @description The fees of one token, in all.
         */
        RevenueFlowBody: {
            /**
             * Bounty
             * @description To whoever routed it.
             */
            bounty: string;
            /**
             * Buyback
             * @description Set aside for auctions; of QTRA, burned at once.
             */
            buyback: string;
            /**
             * Collected
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            collected: string;
            /**
             * Insurance
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            insurance: string;
            price: components["schemas"]["PriceBody"] | null;
            /**
             * Sold
             * @description By auctions.
             */
            sold: string;
            /**
             * Soldfor
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            soldFor: string;
            /**
             * Stakers
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            stakers: string;
            token: components["schemas"]["TokenBody"];
            /**
             * Treasury
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            treasury: string;
        };
        /**
         * RewardBody
         * @description A reward token. `stream` is null where no node tells.
         */
        RewardBody: {
            /** Livepayments */
            livePayments: components["schemas"]["RewardPaymentBody"][];
            /**
             * Notified
             * @description Paid in, in all.
             */
            notified: string;
            /**
             * Paid
             * @description Paid to stakers, in all.
             */
            paid: string;
            /** Reward */
            reward: number;
            stream: components["schemas"]["StreamBody"] | null;
            token: components["schemas"]["TokenBody"];
        };
        /**
         * RewardPaymentBody
         * @description A payment into a reward that is streamed now.
         */
        RewardPaymentBody: {
            /**
             * Amount
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            amount: string;
            /**
             * Atms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            atMs: number;
            /**
             * Endms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            endMs: number;
            /** Final */
            final: boolean;
            /**
             * Payer
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            payer: string;
            source: components["schemas"]["RewardSource"];
        };
        /**
         * RewardSource
         * @description Who pays a reward in.
         * @enum {string}
         */
        RewardSource: "REVENUE" | "OTHER";
        /**
         * RoundState
         * @description Where a round stands; the names are the contract's.
         * @enum {string}
         */
        RoundState: "UPCOMING" | "OPEN" | "ENDED" | "SUCCEEDED" | "FAILED";
        /**
         * SaleBody
         * @description The sale. `asOf` is null, and there are no rounds, where nothing is configured.
         */
        SaleBody: {
            asOf: components["schemas"]["AsOf"] | null;
            /** Contract */
            contract: string | null;
            /** Payments */
            payments: components["schemas"]["SalePaymentBody"][];
            /** Rounds */
            rounds: components["schemas"]["SaleRoundBody"][];
            /** Shares */
            shares: components["schemas"]["SaleShareBody"][];
            /**
             * Tokens
             * @description For sale in all rounds.
             */
            tokens: string | null;
            /** Vouchersigner */
            voucherSigner: string | null;
            /**
             * Walletcap
             * @description What one wallet may pay in all rounds that do not fail.
             */
            walletCap: string | null;
        };
        /**
         * SalePaymentBody
         * @description A token that the sale takes; `payment` is its number in purchases.
         */
        SalePaymentBody: {
            /** Payment */
            payment: number;
            token: components["schemas"]["TokenBody"];
        };
        /**
         * SaleRoundBody
         * @description A round: its terms, and how it stands.
         */
        SaleRoundBody: {
            /**
             * Endms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            endMs: number;
            /** Finalised */
            finalised: boolean;
            /**
             * Hardcap
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            hardCap: string;
            /**
             * Minpurchase
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            minPurchase: string;
            /** Needsvoucher */
            needsVoucher: boolean;
            /**
             * Price
             * @description Of one QTRA.
             * @example 1250.5
             */
            price: string;
            /**
             * Raised
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            raised: string;
            /** Raisedbypayment */
            raisedByPayment: components["schemas"]["RaisedInPayment"][];
            /**
             * Raisedpending
             * @description What of `raised` is not final yet.
             * @example 1250.5
             */
            raisedPending: string;
            /**
             * Referralbps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            referralBps: number;
            /** Round */
            round: number;
            /**
             * Softcap
             * @description Below it the round fails and everybody can take back what they paid.
             * @example 1250.5
             */
            softCap: string;
            /**
             * Sold
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            sold: string;
            /**
             * Startms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            startMs: number;
            state: components["schemas"]["RoundState"];
            /**
             * Tokens
             * @description For sale in the round.
             * @example 30000.25
             */
            tokens: string;
            /**
             * Unsold
             * @description What is done with what is left.
             * @example BURN
             * @example TREASURY
             */
            unsold: string;
            /**
             * Unsoldtokens
             * @description What was left when the round was finalised.
             */
            unsoldTokens: string | null;
            /**
             * Walletcap
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            walletCap: string;
        };
        /**
         * SaleShareBody
         * @description A treasury's share of the proceeds.
         */
        SaleShareBody: {
            /**
             * Bps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            bps: number;
            /**
             * Treasury
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            treasury: string;
        };
        /**
         * ScheduleBody
         * @description A share vests at the start, nothing more until the cliff, then in proportion to the time since the start.
         */
        ScheduleBody: {
            /**
             * Cliffms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            cliffMs: number;
            /**
             * Endms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            endMs: number;
            /** Revocable */
            revocable: boolean;
            /**
             * Startbps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            startBps: number;
            /**
             * Startms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            startMs: number;
        };
        /**
         * SchedulePoint
         * @description What has vested by a time. It stays so from the first to the second point, and rises straight from there on.
         */
        SchedulePoint: {
            /**
             * Atms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            atMs: number;
            /**
             * Vested
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            vested: string;
        };
        /**
         * SelfTradePreventionName
         * @description What an incoming order does on meeting one of its own account.
         * @enum {string}
         */
        SelfTradePreventionName: "NONE" | "CANCEL_RESTING" | "CANCEL_INCOMING" | "CANCEL_BOTH" | "DECREMENT_AND_CANCEL";
        /**
         * ServerShutdown
         * @description The server is about to close the connection; connect again after `retryAfterMs`.
         */
        ServerShutdown: {
            reason: string;
            retryAfterMs: number;
            /** @enum {unknown} */
            type: "server_shutdown";
        };
        /**
         * SessionBody
         * @description Send `Authorization: Bearer <accessToken>`. Renew with the refresh token before it expires.
         */
        SessionBody: {
            /** Accesstoken */
            accessToken: string;
            /**
             * Accesstokenexpiresatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            accessTokenExpiresAtMs: number;
            /**
             * Owner
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            owner: string;
            /** Refreshtoken */
            refreshToken: string;
            /**
             * Refreshtokenexpiresatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            refreshTokenExpiresAtMs: number;
        };
        /**
         * SessionKeyAmounts
         * @description What may leave the account by the key, in one asset of its market.
         */
        SessionKeyAmounts: {
            /** Asset */
            asset: string;
            /**
             * Limit
             * @description As it was registered; null: any amount.
             */
            limit: string | null;
            /**
             * Reserved
             * @description The most that its open orders could still spend.
             * @example 60000.1
             */
            reserved: string;
            /**
             * Spent
             * @description By fills, as the contract counts them; skipped fills stay counted.
             * @example 60000.1
             */
            spent: string;
        };
        /**
         * SessionKeyBody
         * @description A key that may sign orders of one market for the account, and never withdraw.
         */
        SessionKeyBody: {
            base: components["schemas"]["SessionKeyAmounts"];
            /**
             * Expiry
             * @description Seconds since 1970: when the contract stops taking it, unless it is revoked.
             */
            expiry: number;
            /**
             * Key
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            key: string;
            /** Market */
            market: string;
            quote: components["schemas"]["SessionKeyAmounts"];
            /**
             * Revokedat
             * @description Seconds since 1970: when the contract stops taking a revoked key.
             */
            revokedAt: number | null;
            status: components["schemas"]["SessionKeyStatus"];
        };
        /**
         * SessionKeyStatus
         * @description Whether a session key may sign orders.
         * @enum {string}
         */
        SessionKeyStatus: "ACTIVE" | "EXPIRING" | "REVOKED";
        /**
         * SessionKeysBody
         * @description All that the account ever registered, newest first.
         */
        SessionKeysBody: {
            /** Sessionkeys */
            sessionKeys: components["schemas"]["SessionKeyBody"][];
        };
        /**
         * SettingBody
         * @description The last command of its kind for an account, a market, an asset or a tier; null where it is not about one.
         *
         *     The figures are the command's own, in ledger units; offchain/core/commands.py tells what they are.
         */
        SettingBody: {
            /** Amount */
            amount: string;
            /** Asset */
            asset: string | null;
            /** Counteramount */
            counterAmount: string;
            /**
             * Kind
             * @example SET_FEE_TIER
             */
            kind: string;
            /**
             * Makerppm
             * @description Parts per million of the notional; below 0 it is paid out.
             * @example 1500
             */
            makerPpm: number;
            /** Market */
            market: string | null;
            /** Mode */
            mode: number;
            /**
             * Operator
             * @description The wallet that asked for it, if one did.
             */
            operator: string | null;
            /** Owner */
            owner: string | null;
            /** Quantity */
            quantity: string;
            /** Sequence */
            sequence: number;
            /**
             * Takerppm
             * @description Parts per million of the notional; below 0 it is paid out.
             * @example 1500
             */
            takerPpm: number;
            /** Tier */
            tier: number | null;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
        };
        /**
         * SettingTaken
         * @description The setting is in the log, as this command, and in force.
         */
        SettingTaken: {
            /**
             * Cancelledorderids
             * @description Orders that a kill switch took out of the books.
             */
            cancelledOrderIds: number[];
            /** Sequence */
            sequence: number;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
        };
        /**
         * SettingsBody
         * @description What operators have set for accounts and the exchange, newest first; what they set for markets is with those.
         */
        SettingsBody: {
            /** Settings */
            settings: components["schemas"]["SettingBody"][];
        };
        /**
         * SideName
         * @description Side of the book.
         * @enum {string}
         */
        SideName: "BUY" | "SELL";
        /**
         * SignInRequest
         * @description The EIP-4361 message exactly as signed, and the signature.
         */
        SignInRequest: {
            /** Message */
            message: string;
            /** Signature */
            signature: string;
        };
        /**
         * SplitBody
         * @description The shares in force, in basis points.
         */
        SplitBody: {
            /**
             * Buybackbps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            buybackBps: number;
            /**
             * Insurancebps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            insuranceBps: number;
            /**
             * Stakersbps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            stakersBps: number;
            /**
             * Treasurybps
             * @description Basis points: hundredths of a percent.
             * @example 25
             */
            treasuryBps: number;
        };
        /**
         * StakingBody
         * @description Staking as a whole.
         */
        StakingBody: {
            asOf: components["schemas"]["AsOf"] | null;
            /** Contract */
            contract: string | null;
            holder: components["schemas"]["HolderBody"];
            /** Rewards */
            rewards: components["schemas"]["RewardBody"][];
            /**
             * Staked
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            staked: string;
            /** Stakers */
            stakers: number;
            /** Tiers */
            tiers: components["schemas"]["StakingTierBody"][];
        };
        /**
         * StakingPositionBody
         * @description An account's stake. The discounts are those of its staking tier alone.
         */
        StakingPositionBody: {
            /**
             * Address
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            address: string;
            asOf: components["schemas"]["AsOf"] | null;
            /**
             * Forfeits
             * @description How often it left without its rewards.
             */
            forfeits: number;
            /**
             * Makerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            makerDiscountPpm: number;
            /**
             * Nextthreshold
             * @description What the next tier asks for.
             */
            nextThreshold: string | null;
            /** Requests */
            requests: components["schemas"]["UnstakeRequestBody"][];
            /** Rewards */
            rewards: components["schemas"]["EarnedBody"][];
            /**
             * Staked
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            staked: string;
            /**
             * Stakedfinal
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            stakedFinal: string;
            /**
             * Takerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            takerDiscountPpm: number;
            /** Tier */
            tier: number;
        };
        /**
         * StakingTierBody
         * @description A tier, and what it takes off the rates of the account's volume tier.
         */
        StakingTierBody: {
            /**
             * Makerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            makerDiscountPpm: number;
            /**
             * Takerdiscountppm
             * @description Parts per million that come off the rate.
             * @example 800000
             */
            takerDiscountPpm: number;
            /**
             * Threshold
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            threshold: string;
            /** Tier */
            tier: number;
        };
        /**
         * StatementAccepted
         * @description The statement settles with the batch, unless the contract leaves its group out: then the orders do.
         */
        StatementAccepted: {
            /** Batch */
            batch: number;
            /**
             * Fills
             * @description How many fills it stands for.
             */
            fills: number;
        };
        /**
         * StatementRequest
         * @description The answer to a `statement_request`: what it asked for, signed with a floor in its range.
         */
        StatementRequest: {
            /** Batch */
            batch: number;
            /** Floor */
            floor: number;
            /** Ladders */
            ladders: components["schemas"]["RenewalLadderBody"][];
            /**
             * Owner
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            owner: string;
            /** Previoushash */
            previousHash: string;
            /**
             * Signature
             * @description Over `NetStatement`.
             */
            signature: string;
        };
        /**
         * StatementRequestMessage
         * @description A batch is about to settle: sign what it comes to for you, or stay silent and have your orders proved.
         *
         *         `deltas` are (asset id, ledger units as text) of the slots that the statement names. It stands for `fillIds`. Its
         *         floor may be from `floor` to `floorMax`. An answer after `deadlineMs` is too late.
         */
        StatementRequestMessage: {
            batch: number;
            deadlineMs: number;
            deltas: [
                number,
                string
            ][];
            fillIds: number[];
            floor: number;
            floorMax: number;
            previousHash: string;
            renewals: components["schemas"]["OrderToRenewMessage"][];
            /** @enum {unknown} */
            type: "statement_request";
        };
        /**
         * StatusBody
         * @description `status` is the worst of the components'.
         */
        StatusBody: {
            /** Components */
            components: components["schemas"]["ComponentStatus"][];
            /** Enginecompiled */
            engineCompiled: boolean;
            /**
             * Lastsequence
             * @description Sequence of the last durable command.
             */
            lastSequence: number;
            /**
             * Servertimems
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            serverTimeMs: number;
            status: components["schemas"]["Health"];
            /**
             * Tradinghalted
             * @description Why no command is taken, or null.
             */
            tradingHalted: string | null;
            /**
             * Version
             * @example 0.1.0
             */
            version: string;
        };
        /**
         * StatusSnapshotMessage
         * @description What the market takes, a `MarketStatus`. `killed`: a kill switch is on, and only cancels are taken.
         */
        StatusSnapshotMessage: {
            killed: boolean;
            market: string;
            seq: number;
            status: string;
            /** @enum {unknown} */
            type: "status_snapshot";
        };
        /**
         * StatusUpdateMessage
         * @description What the market takes from now on. `haltedAtPrice`: the price that the circuit breaker did not let trade.
         */
        StatusUpdateMessage: {
            haltedAtPrice: string | null;
            killed: boolean;
            market: string;
            prevSeq: number;
            seq: number;
            status: string;
            timestampMs: number;
            /** @enum {unknown} */
            type: "status_update";
        };
        /**
         * StreamBody
         * @description What a reward pays now, as the contract says at the block.
         */
        StreamBody: {
            /**
             * Endms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            endMs: number;
            /**
             * Left
             * @description An exact decimal number of tokens; of a token whose decimals are not known, base units.
             */
            left: string;
            /**
             * Perday
             * @description To all stakes together.
             */
            perDay: string;
            /**
             * Perqtrayear
             * @description What a year at this rate pays on one QTRA staked; null while nothing is staked.
             */
            perQtraYear: string | null;
            /**
             * Waiting
             * @description Joins the next stream.
             */
            waiting: string;
        };
        /**
         * StreamError
         * @description The request with this `id` was refused; null: it is about the connection or a message without one.
         */
        StreamError: {
            code: number;
            id: number | null;
            message: string;
            name: string;
            nextStep: string;
            /** @enum {unknown} */
            type: "error";
        };
        /**
         * SubscribeRequest
         * @description `private` and `statements` need `auth` before them, and no market; `sinceSeq` asks for updates after that one.
         */
        SubscribeRequest: {
            /** @enum {unknown} */
            channel: "book" | "private" | "statements" | "status" | "trades";
            id: number;
            /** @default null */
            market: string | null;
            /** @enum {unknown} */
            op: "subscribe";
            /** @default null */
            sinceSeq: number | null;
        };
        /**
         * TickerBody
         * @description The last 24 hours. Prices are null where nothing traded.
         */
        TickerBody: {
            /** Highprice */
            highPrice: string | null;
            /** Lastprice */
            lastPrice: string | null;
            /** Lowprice */
            lowPrice: string | null;
            /** Market */
            market: string;
            /** Openprice */
            openPrice: string | null;
            /**
             * Quotevolume
             * @description An exact decimal number.
             * @example 60000.1
             */
            quoteVolume: string;
            /** Trades */
            trades: number;
            /**
             * Volume
             * @description In the base asset.
             * @example 60000.1
             */
            volume: string;
        };
        /**
         * TimeBody
         * @description The server's clock.
         */
        TimeBody: {
            /**
             * Servertimems
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            serverTimeMs: number;
        };
        /**
         * TimeInForceName
         * @description How long an order lives: until cancelled, immediate or cancel, fill or kill (within a budget in quote).
         * @enum {string}
         */
        TimeInForceName: "GTC" | "IOC" | "FOK" | "FOK_BUDGET";
        /**
         * TokenBody
         * @description A token. Symbol and decimals are null where the exchange does not list it.
         */
        TokenBody: {
            /**
             * Address
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            address: string;
            /** Decimals */
            decimals: number | null;
            /** Symbol */
            symbol: string | null;
        };
        /**
         * TradeBody
         * @description A trade. `tradeId` grows; `takerSide` is the side of the order that came in.
         */
        TradeBody: {
            /**
             * Price
             * @description An exact decimal number.
             * @example 60000.1
             */
            price: string;
            /**
             * Quantity
             * @description An exact decimal number.
             * @example 60000.1
             */
            quantity: string;
            takerSide: components["schemas"]["SideName"];
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
            /** Tradeid */
            tradeId: number;
            /**
             * Unwound
             * @description The contract refused it later, and it was taken back.
             */
            unwound: boolean;
        };
        /**
         * TradeMessage
         * @description A trade. `unwound`: the contract refused it later and it was taken back.
         */
        TradeMessage: {
            price: string;
            quantity: string;
            /** @enum {unknown} */
            takerSide: "BUY" | "SELL";
            timestampMs: number;
            tradeId: number;
            unwound: boolean;
        };
        /**
         * TradesBody
         * @description Trades, newest first.
         */
        TradesBody: {
            /** Market */
            market: string;
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
            /** Trades */
            trades: components["schemas"]["TradeBody"][];
        };
        /**
         * TradesSnapshotMessage
         * @description The latest trades, oldest first.
         */
        TradesSnapshotMessage: {
            market: string;
            seq: number;
            trades: components["schemas"]["TradeMessage"][];
            /** @enum {unknown} */
            type: "trades_snapshot";
        };
        /**
         * TradesUpdateMessage
         * @description New trades, oldest first, and ids of earlier ones that were unwound.
         */
        TradesUpdateMessage: {
            market: string;
            prevSeq: number;
            seq: number;
            trades: components["schemas"]["TradeMessage"][];
            /** @enum {unknown} */
            type: "trades_update";
            unwound: number[];
        };
        /**
         * TypedDataBody
         * @description The EIP-712 domain and types, ready for `eth_signTypedData_v4`.
         */
        TypedDataBody: {
            domain: components["schemas"]["TypedDomain"];
            /** Types */
            types: {
                [key: string]: components["schemas"]["TypedField"][];
            };
        };
        /**
         * TypedDomain
         * @description The EIP-712 domain of everything that is signed for this exchange.
         */
        TypedDomain: {
            /** Chainid */
            chainId: number;
            /**
             * Name
             * @example QuantaTrade
             */
            name: string;
            /**
             * Verifyingcontract
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            verifyingContract: string;
            /**
             * Version
             * @example 1
             */
            version: string;
        };
        /**
         * TypedField
         * @description A field of a signed struct.
         */
        TypedField: {
            /** Name */
            name: string;
            /** Type */
            type: string;
        };
        /**
         * UnstakeRequestBody
         * @description QTRA on its way out.
         */
        UnstakeRequestBody: {
            /**
             * Amount
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            amount: string;
            /** Final */
            final: boolean;
            /** Request */
            request: number;
            /**
             * Withdrawable
             * @description Whether its cooldown is over by the block's time.
             */
            withdrawable: boolean;
            /**
             * Withdrawablems
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            withdrawableMs: number;
        };
        /**
         * UnsubscribeRequest
         * @description Names a channel like `subscribe`.
         */
        UnsubscribeRequest: {
            /** @enum {unknown} */
            channel: "book" | "private" | "statements" | "status" | "trades";
            id: number;
            /** @default null */
            market: string | null;
            /** @enum {unknown} */
            op: "unsubscribe";
        };
        /**
         * VestingBody
         * @description An account in every pool that has it. What has vested is told for the time of the block.
         */
        VestingBody: {
            /**
             * Address
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            address: string;
            asOf: components["schemas"]["AsOf"] | null;
            /** Holdings */
            holdings: components["schemas"]["VestingHoldingBody"][];
        };
        /**
         * VestingClaimBody
         * @description A payment.
         */
        VestingClaimBody: {
            /**
             * Amount
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            amount: string;
            /** Final */
            final: boolean;
            /**
             * Recipient
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            recipient: string;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
            /**
             * Transactionhash
             * @description Bytes in hexadecimal.
             */
            transactionHash: string;
        };
        /**
         * VestingHoldingBody
         * @description An account in a pool. `allocation` and `proof` are what `claim` takes; null where the pool's tree is not here.
         */
        VestingHoldingBody: {
            /** Allocation */
            allocation: string | null;
            /**
             * Allocationunits
             * @description The same in base units, as `claim` takes it.
             */
            allocationUnits: string | null;
            /**
             * Claimable
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            claimable: string;
            /**
             * Claimed
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            claimed: string;
            /**
             * Claimedpending
             * @description What of `claimed` is not final yet.
             * @example 30000.25
             */
            claimedPending: string;
            /**
             * Claims
             * @description Newest first, of the account's newest 100; `claimed` counts all.
             */
            claims: components["schemas"]["VestingClaimBody"][];
            /** Points */
            points: components["schemas"]["SchedulePoint"][];
            /** Pool */
            pool: number;
            /** Proof */
            proof: string[] | null;
            /** Revoked */
            revoked: boolean;
            schedule: components["schemas"]["ScheduleBody"];
            /**
             * Vested
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            vested: string;
        };
        /**
         * VestingPoolBody
         * @description A pool. Root, total and schedule are null until they are published; a pool of a sale's round has its number.
         */
        VestingPoolBody: {
            /**
             * Claimed
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            claimed: string;
            /**
             * Final
             * @description Whether what was published is final.
             */
            final: boolean;
            /**
             * Funded
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            funded: string;
            /** Pool */
            pool: number;
            /**
             * Returned
             * @description What was taken back from revoked accounts.
             * @example 30000.25
             */
            returned: string;
            /** Root */
            root: string | null;
            schedule: components["schemas"]["ScheduleBody"] | null;
            /** Total */
            total: string | null;
        };
        /**
         * VestingPoolsBody
         * @description All pools.
         */
        VestingPoolsBody: {
            asOf: components["schemas"]["AsOf"] | null;
            /** Contract */
            contract: string | null;
            /** Pools */
            pools: components["schemas"]["VestingPoolBody"][];
        };
        /**
         * VoucherBody
         * @description A voucher, as `buy` takes it: `cap` is micros, `deadline` seconds since 1970.
         */
        VoucherBody: {
            /**
             * Cap
             * @description Millionths of a dollar.
             */
            cap: string;
            /**
             * Deadline
             * @description Seconds since 1970, UTC, as it is signed for the contract.
             * @example 1800000000
             */
            deadline: number;
            /** Nonce */
            nonce: string;
            /** Revoked */
            revoked: boolean;
            /** Round */
            round: number;
            /**
             * Signature
             * @description Bytes in hexadecimal.
             */
            signature: string;
        };
        /**
         * VouchersBody
         * @description The vouchers of the signed-in wallet, by round.
         */
        VouchersBody: {
            /** Vouchers */
            vouchers: components["schemas"]["VoucherBody"][];
        };
        /**
         * WalletRoundBody
         * @description A wallet in a round.
         */
        WalletRoundBody: {
            /**
             * Allocation
             * @description An exact decimal number of QTRA.
             * @example 30000.25
             */
            allocation: string;
            /**
             * Paid
             * @description And not paid back.
             * @example 1250.5
             */
            paid: string;
            /**
             * Paidpending
             * @description What of its purchases is not final yet.
             * @example 1250.5
             */
            paidPending: string;
            /**
             * Referral
             * @description Earned as referrer, paid or not.
             * @example 1250.5
             */
            referral: string;
            /**
             * Referralclaimable
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            referralClaimable: string;
            /**
             * Refundable
             * @description What `refund` would pay back now.
             * @example 1250.5
             */
            refundable: string;
            /**
             * Refunded
             * @description An exact decimal number of dollars.
             * @example 1250.5
             */
            refunded: string;
            /**
             * Remaining
             * @description What it may still pay by the caps. A voucher can allow less.
             * @example 1250.5
             */
            remaining: string;
            /** Round */
            round: number;
        };
        /**
         * WalletSaleBody
         * @description A wallet in the sale.
         */
        WalletSaleBody: {
            /**
             * Address
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            address: string;
            asOf: components["schemas"]["AsOf"] | null;
            /**
             * Purchases
             * @description The newest 100, newest first; the rounds count them all.
             */
            purchases: components["schemas"]["PurchaseBody"][];
            /** Rounds */
            rounds: components["schemas"]["WalletRoundBody"][];
        };
        /**
         * WithdrawalAccepted
         * @description The funds have left the available balance; the withdrawal is on its way.
         */
        WithdrawalAccepted: {
            /**
             * Amount
             * @description An exact decimal number.
             * @example 60000.1
             */
            amount: string;
            /** Asset */
            asset: string;
            /** Repeated */
            repeated: boolean;
            /** Sequence */
            sequence: number;
            /**
             * Timestampms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            timestampMs: number;
            /** Withdrawalid */
            withdrawalId: number;
        };
        /**
         * WithdrawalApprovalBody
         * @description With these the owner can call `Settlement.withdraw` without us.
         */
        WithdrawalApprovalBody: {
            /** Amountunits */
            amountUnits: string;
            /** Approvalsignature */
            approvalSignature: string;
            /** Assetid */
            assetId: number;
            /**
             * Contract
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            contract: string;
            /**
             * Deadline
             * @description Seconds since 1970, UTC, as it is signed for the contract.
             * @example 1800000000
             */
            deadline: number;
            /** Nonce */
            nonce: string;
            /**
             * Owner
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            owner: string;
            /** Ownersignature */
            ownerSignature: string;
        };
        /**
         * WithdrawalBody
         * @description A withdrawal. `withdrawalId` is the sequence of its command.
         */
        WithdrawalBody: {
            /**
             * Amount
             * @description An exact decimal number.
             * @example 60000.1
             */
            amount: string;
            approval: components["schemas"]["WithdrawalApprovalBody"] | null;
            /** Asset */
            asset: string;
            /**
             * Deadline
             * @description Seconds since 1970, UTC, as it is signed for the contract.
             * @example 1800000000
             */
            deadline: number;
            /** Nonce */
            nonce: string;
            /**
             * Requestedatms
             * @description Milliseconds since 1970, UTC.
             * @example 1700000000000
             */
            requestedAtMs: number;
            state: components["schemas"]["WithdrawalState"];
            /** Transactionhash */
            transactionHash: string | null;
            /** Withdrawalid */
            withdrawalId: number;
        };
        /**
         * WithdrawalRequest
         * @description The owner signs `Withdrawal(asset, amount, nonce, deadline)`: amount in ledger units, deadline in seconds.
         */
        WithdrawalRequest: {
            /**
             * Amount
             * @description An exact decimal number.
             * @example 60000.1
             */
            amount: string;
            /**
             * Asset
             * @example USDC
             */
            asset: string;
            /**
             * Deadline
             * @description Seconds since 1970; after it the contract pays nothing.
             */
            deadline: number;
            /**
             * Nonce
             * @description A number that the wallet has not used before.
             */
            nonce: string;
            /**
             * Owner
             * @description A wallet's or contract's address.
             * @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
             */
            owner: string;
            /** Signature */
            signature: string;
        };
        /**
         * WithdrawalState
         * @description How far a withdrawal is: waiting for the settlement of earlier fills, co-signed, sent, paid.
         *
         *     One that was not used before its deadline has lapsed, and its funds come back (reverted).
         * @enum {string}
         */
        WithdrawalState: "REQUESTED" | "APPROVED" | "SENT" | "PAID" | "LAPSED" | "REVERTED";
        /**
         * WithdrawalsBody
         * @description Withdrawals, newest first.
         */
        WithdrawalsBody: {
            /**
             * Nextbefore
             * @description `before` of the next page; null on the last one.
             */
            nextBefore: number | null;
            /** Withdrawals */
            withdrawals: components["schemas"]["WithdrawalBody"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getBalances: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BalancesBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    createNonce: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NonceRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NonceBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    refreshSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listDeposits: {
        parameters: {
            query?: {
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DepositsBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getExchangeInfo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExchangeInfo"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listFills: {
        parameters: {
            query?: {
                /** @description Only this market. */
                market?: string | null;
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FillsBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getBook: {
        parameters: {
            query?: {
                /** @description Levels of each side. */
                limit?: number;
            };
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BookBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listCandles: {
        parameters: {
            query?: {
                /** @description From this moment on. */
                sinceMs?: number;
                /** @description The most minutes to return. */
                limit?: number;
            };
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CandlesBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getTicker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TickerBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listTrades: {
        parameters: {
            query?: {
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TradesBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setDefaultAccountLimits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountLimitsSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setDiscounts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscountsSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setAccountFees: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeesSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    removeAccountFees: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setAccountKillSwitch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KillSwitchSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setAccountLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountLimitsSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setPositionCap: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A wallet's or contract's address. */
                owner: string;
                asset: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PositionCapSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setFeeTier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tier: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeeTierSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    removeFeeTier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tier: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setBaseFees: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeesSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setKillSwitch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KillSwitchSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setCircuitBreaker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CircuitBreakerSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setMarketKillSwitch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KillSwitchSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setMarketLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MarketLimitsSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setMarketRisk: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MarketRiskSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    setMarketStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                symbol: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MarketStatusSetting"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingTaken"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listOrders: {
        parameters: {
            query?: {
                status?: components["schemas"]["OrderFilter"];
                /** @description Only this market. */
                market?: string | null;
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrdersBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlacedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    submitBatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResult"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getOrderByClientId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                client_order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    replaceOrderByClientId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                client_order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplacedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    cancelOrderByClientId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                client_order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelledMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    amendOrderByClientId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                client_order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AmendMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AmendedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    cancelAllOrders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelAllMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllCancelledMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    testOrder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    replaceOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplacedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelledMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    amendOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AmendMessage"];
            };
        };
        responses: {
            /** @description Done, and durable. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AmendedMessage"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listPreventedMatches: {
        parameters: {
            query?: {
                /** @description Only this market. */
                market?: string | null;
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreventedMatchesBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getRevenue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevenueBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getSale: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SaleBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listVouchers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VouchersBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getSaleWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The wallet. */
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletSaleBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listSessionKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionKeysBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getStaking: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StakingBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getStakingOf: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The wallet. */
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StakingPositionBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    answerStatement: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatementAccepted"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getTime: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimeBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getVesting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VestingPoolsBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getVestingOf: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The wallet. */
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VestingBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    listWithdrawals: {
        parameters: {
            query?: {
                /** @description The most rows to return. */
                limit?: number;
                /** @description Rows before this id: `nextBefore` of the page before. */
                before?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithdrawalsBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    requestWithdrawal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WithdrawalRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithdrawalAccepted"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
    getReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyBody"];
                };
            };
            /** @description A refusal: a stable code, and what to do next. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorMessage"];
                };
            };
        };
    };
}
