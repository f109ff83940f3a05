"""How the demo's characters are drawn: proportions, relief, light, features, hair. Code only, no pictures."""
