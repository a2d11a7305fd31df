"""The check of a chat model's prose: what it says is proven by a passage and cited, or taken out."""
