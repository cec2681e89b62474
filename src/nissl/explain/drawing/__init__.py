"""Drawing that several explanations share: layouts, networks, texts that fit, animation."""
