"""Our codes as terms of the W3C community's Data Privacy Vocabulary, DPV 2.0 (https://w3id.org/dpv).

DPV's taxonomy of purposes has no term for entertainment or politics: those are `dpv:Purpose`, its root. The
exact purpose of a record is our own code beside the term.
"""

from collections.abc import Mapping

DPV = "https://w3id.org/dpv#"

_PURPOSES = {
    "personal": "NonCommercialPurpose",
    "greeting": "NonCommercialPurpose",
    "remembrance": "NonCommercialPurpose",
    "internal-communication": "CommunicationManagement",
    "announcement": "CommunicationManagement",
    "training": "PersonnelManagement",
    "education": "PublicBenefit",
    "course": "PublicBenefit",
    "museum": "PublicBenefit",
    "medical": "ImproveHealthcare",
    "accessibility": "ServiceProvision",
    "translation": "ServiceProvision",
    "voice-restoration": "RequestedServiceProvision",
    "entertainment": "Purpose",
    "film": "Purpose",
    "game": "Purpose",
    "music": "Purpose",
    "intimate": "Purpose",
    "commercial": "CommercialPurpose",
    "customer-service": "CommunicationForCustomerCare",
    "product-explanation": "CommercialPurpose",
    "advertising": "Advertising",
    "financial-advice": "CommercialPurpose",
    "public-information": "PublicBenefit",
    "news": "PublicBenefit",
    "political": "Purpose",
    "political-persuasion": "Purpose",
    "research": "ResearchAndDevelopment",
}
PURPOSES: Mapping[str, str] = {code: DPV + term for code, term in _PURPOSES.items()}
"""DPV's nearest term for each purpose of `safety.vocabulary`, as an IRI."""

STATUS: Mapping[str, str] = {
    "granted": DPV + "ConsentGiven",
    "amended": DPV + "RenewedConsentGiven",
    "renewed": DPV + "RenewedConsentGiven",
    "withdrawn": DPV + "ConsentWithdrawn",
}
"""What a consent is after each event. DPV knows renewed consent for a new agreement to changed terms too."""
