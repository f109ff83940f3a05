"""What the viseme network tells apart: sounds that differ on the lips, whatever the language.

Named by the ARPAbet symbol of one member. Voiced and unvoiced partners, and stops and nasals of one place,
look alike and are one class (Fisher 1968, "Confusions among visually perceived consonants"); rounded front
vowels carry the lips of their rounded back partners.
"""

SILENCE = "SIL"
CLASSES = (
    SILENCE, "P", "F", "TH", "T", "S", "SH", "L", "K", "HH", "R", "ER", "W", "Y",
    "AA", "AE", "AH", "EH", "IH", "IY", "AO", "UH", "UW",
)  # fmt: skip
