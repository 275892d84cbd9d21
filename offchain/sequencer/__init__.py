"""The single writer: it gives every command its place, makes it durable, and only then lets it be known."""
