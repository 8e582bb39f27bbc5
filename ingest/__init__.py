"""Documents in: loading, cutting into passages, and the path into the store.

Depends on rag/; nothing here imports Streamlit or pages/.
"""
