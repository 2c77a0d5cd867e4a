"""Small Gradio apps that the tests call; they run on Gradio 3.16 to 6."""
