"""The bodies that the API takes and answers: camelCase, decimals as strings, times in milliseconds since 1970."""
