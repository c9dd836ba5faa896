"""The face for people: a page in Gradio. It shows what the engine returns, and decides nothing."""
