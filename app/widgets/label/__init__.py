"""Labelling on the screen: the desk where cards are answered, fast or with Streamlit's own buttons."""
