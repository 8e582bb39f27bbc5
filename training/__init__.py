"""How the embedded cross-encoder was trained: plain PyTorch, seeded, one command."""
