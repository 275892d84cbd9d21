// A plain order book: a std::map of prices to a std::list of orders for each side, and a hash from ids to places.
// It knows no accounts, funds, fees or events, so it does far less than the engine; it is the yardstick all the same.
//
// Reads rows as `offchain/core/commands.py` describes them: the file of opening rows first, then the file that is timed.
// Writes one line: nanoseconds per timed command, fills and lots traded by them, and orders left open.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

namespace {

struct Command {
    uint64_t sequence, timestamp_us;
    uint8_t kind, side, time_in_force, reason;
    uint32_t account, counter_account;
    uint16_t market;
    uint8_t order_type, post_only;
    uint16_t asset;
    uint8_t self_trade_prevention, mode;
    uint32_t counter_asset;
    int32_t maker_fee_ppm, taker_fee_ppm;
    uint64_t order_id;
    int64_t price, quantity, amount, counter_amount;
};
static_assert(sizeof(Command) == 88, "rows are 88 bytes");

constexpr uint8_t PLACE = 6, CANCEL = 7, REPLACE = 19, AMEND = 20, BUY = 0, GTC = 0;

struct Order {
    uint64_t id;
    int64_t quantity;
};

using Queue = std::list<Order>;

struct Book {
    std::map<int64_t, Queue, std::greater<int64_t>> bids;
    std::map<int64_t, Queue> asks;
};

struct Place {
    uint32_t market;
    uint8_t side;
    int64_t price;
    Queue::iterator order;
};

struct Exchange {
    std::vector<Book> books = std::vector<Book>(65536);
    std::unordered_map<uint64_t, Place> places;
    uint64_t fills = 0, lots = 0;

    template <class Levels, class Crosses>
    void match(Levels& levels, int64_t& quantity, Crosses crosses) {
        while (quantity > 0 && !levels.empty() && crosses(levels.begin()->first)) {
            auto level = levels.begin();
            Order& oldest = level->second.front();
            int64_t traded = quantity < oldest.quantity ? quantity : oldest.quantity;
            fills += 1;
            lots += static_cast<uint64_t>(traded);
            quantity -= traded;
            oldest.quantity -= traded;
            if (oldest.quantity == 0) {
                places.erase(oldest.id);
                level->second.pop_front();
                if (level->second.empty()) levels.erase(level);
            }
        }
    }

    template <class Levels>
    void rest(Levels& levels, const Command& command, int64_t quantity) {
        Queue& queue = levels[command.price];
        queue.push_back({command.sequence, quantity});
        places[command.sequence] = {command.market, command.side, command.price, std::prev(queue.end())};
    }

    template <class Levels>
    static void remove(Levels& levels, const Place& place) {
        auto level = levels.find(place.price);
        level->second.erase(place.order);
        if (level->second.empty()) levels.erase(level);
    }

    void place(const Command& command) {
        Book& book = books[command.market];
        int64_t quantity = command.quantity;
        if (command.side == BUY) {
            match(book.asks, quantity, [&](int64_t price) { return price <= command.price; });
        } else {
            match(book.bids, quantity, [&](int64_t price) { return price >= command.price; });
        }
        if (quantity == 0 || command.time_in_force != GTC) return;
        command.side == BUY ? rest(book.bids, command, quantity) : rest(book.asks, command, quantity);
    }

    void cancel(uint64_t order_id) {
        auto found = places.find(order_id);
        if (found == places.end()) return;
        Book& book = books[found->second.market];
        found->second.side == BUY ? remove(book.bids, found->second) : remove(book.asks, found->second);
        places.erase(found);
    }

    void apply(const Command& command) {
        if (command.kind == CANCEL || command.kind == REPLACE) cancel(command.order_id);
        if (command.kind == PLACE || command.kind == REPLACE) place(command);
        if (command.kind == AMEND) {
            auto found = places.find(command.order_id);
            if (found != places.end()) found->second.order->quantity = command.quantity;
        }
    }
};

std::vector<Command> read_rows(const char* name) {
    std::FILE* file = std::fopen(name, "rb");
    if (file == nullptr) {
        std::perror(name);
        std::exit(1);
    }
    std::fseek(file, 0, SEEK_END);
    std::vector<Command> rows(static_cast<size_t>(std::ftell(file)) / sizeof(Command));
    std::rewind(file);
    if (std::fread(rows.data(), sizeof(Command), rows.size(), file) != rows.size()) std::exit(1);
    std::fclose(file);
    return rows;
}

}  // namespace

int main(int count, char** names) {
    if (count != 3) return 2;
    const std::vector<Command> opening = read_rows(names[1]), timed = read_rows(names[2]);
    Exchange exchange;
    for (const Command& command : opening) exchange.apply(command);
    exchange.fills = exchange.lots = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const Command& command : timed) exchange.apply(command);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    std::printf("%.3f %llu %llu %zu\n", spent.count() / static_cast<double>(timed.size()),
                static_cast<unsigned long long>(exchange.fills), static_cast<unsigned long long>(exchange.lots),
                exchange.places.size());
}
