"""`make bench-engine`: how long the matching engine takes over a command, beside a plain book of `std::map` in C++."""
