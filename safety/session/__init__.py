"""A living person's consent session: a code to say and turns of the head, drawn for this one time.

`challenge` draws them, `checks` judges a film against them in one straight page, `store` keeps what became of
it. What it does not catch is said in docs/session.md.
"""
